//! The frame of SARIF 2.1.0 (OASIS), in which code scanning reads what was found: the same around a report and around complaints of
//! runbooks.

use serde_json::{Map, Value, json};

/// A log of one run of this tool, of that version: the rules that it knows, and what else there is to say of the run, such as `results`.
pub fn log(version: &str, rules: Vec<Value>, said: Map<String, Value>) -> Value {
    let mut run = Map::new();
    let driver = json!({"name": "housecall", "version": version, "rules": rules});
    run.insert("tool".into(), json!({"driver": driver}));
    run.insert("columnKind".into(), json!("unicodeCodePoints"));
    run.extend(said);
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    })
}

/// A file name as a reference of RFC 3986: what may not stand in a path is percent-encoded, byte for byte.
pub fn uri(file: &str) -> String {
    let mut uri = String::from(if file.starts_with('/') { "file://" } else { "" });
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_written_as_a_uri_reference() {
        assert_eq!(uri("runbooks/a b.yaml"), "runbooks/a%20b.yaml");
        assert_eq!(uri("/tmp/é"), "file:///tmp/%C3%A9");
        assert_eq!(uri("c:x"), "c%3Ax");
    }
}
