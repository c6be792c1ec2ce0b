//! How a moment is written: RFC 3339, UTC, milliseconds.

use jiff::Timestamp;

/// Writes and reads timestamps as reports do: `2026-01-02T03:04:05.678Z`. For `#[serde(with = "…")]`.
pub mod stamp {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes with exactly three digits of fraction.
    pub fn serialize<S: Serializer>(moment: &Timestamp, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&super::text(moment))
    }

    /// Reads any RFC 3339 moment.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
        String::deserialize(d)?
            .parse()
            .map_err(serde::de::Error::custom)
    }

    /// The same for a moment that may be missing.
    pub mod maybe {
        use jiff::Timestamp;
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        /// Writes `null` for none.
        pub fn serialize<S: Serializer>(
            moment: &Option<Timestamp>,
            s: S,
        ) -> Result<S::Ok, S::Error> {
            moment.as_ref().map(super::super::text).serialize(s)
        }

        /// Reads `null` as none.
        pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Timestamp>, D::Error> {
            Option::<String>::deserialize(d)?
                .map(|text| text.parse().map_err(serde::de::Error::custom))
                .transpose()
        }
    }
}

fn text(moment: &Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_moment_always_has_three_digits_of_fraction() {
        let whole: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        assert_eq!(super::text(&whole), "2026-01-02T03:04:05.000Z");
        let fine: jiff::Timestamp = "2026-01-02T03:04:05.678901Z".parse().unwrap();
        assert_eq!(super::text(&fine), "2026-01-02T03:04:05.678Z");
    }
}
