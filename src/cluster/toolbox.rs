//! An image made of the tools that are wished for: a Nixery server composes it of the Nix packages that its name lists
//! (tazjin/nixery `cmd/server/main.go`: `SERVER/shell/PACKAGE/PACKAGE`, with `arm64/` before it for that architecture).

/// Where images are composed when nobody says otherwise.
pub const NIXERY: &str = "nixery.dev";

/// Packages, and who composes an image of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolbox {
    packages: Vec<String>,
    server: String,
    tag: Option<String>,
}

impl Toolbox {
    /// The packages of a list such as `curl,dig,htop`.
    pub fn of(list: &str) -> Result<Self, String> {
        let mut packages: Vec<String> = Vec::new();
        for package in list.split(',').map(str::trim) {
            let fits = package.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && package.chars().all(|c| {
                    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
                });
            if !fits {
                return Err(format!(
                    "`{package}` cannot name a package in an image's name: write names of Nix packages, in lower case, such as `curl,dig,htop`"
                ));
            }
            if !packages.iter().any(|known| known == package) {
                packages.push(package.to_owned());
            }
        }
        Ok(Self {
            packages,
            server: NIXERY.into(),
            tag: None,
        })
    }

    /// The same from another server, and with a tag: a server that takes its packages from a Git repository takes a commit.
    #[must_use]
    pub fn from(self, server: Option<String>, tag: Option<String>) -> Self {
        Self {
            server: server.unwrap_or(self.server),
            tag,
            ..self
        }
    }

    /// The image for an architecture, by the name that Kubernetes has for it: `amd64`, `arm64`.
    pub fn image(&self, architecture: &str) -> String {
        let arm = if architecture == "arm64" {
            "arm64/"
        } else {
            ""
        };
        let tag = self.tag.iter().map(|tag| format!(":{tag}"));
        format!(
            "{}/{arm}shell/{}{}",
            self.server,
            self.packages.join("/"),
            tag.collect::<String>()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_names_its_packages_once_and_its_architecture() {
        let tools = Toolbox::of("curl, dig,curl").unwrap();
        assert_eq!(tools.image("amd64"), "nixery.dev/shell/curl/dig");
        let own = tools.from(Some("nixery.shop:5000".into()), Some("0a1b".into()));
        assert_eq!(
            own.image("arm64"),
            "nixery.shop:5000/arm64/shell/curl/dig:0a1b"
        );
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for list in ["", "curl,", "Curl", "a/b", "-x", "a b", "a:b"] {
            assert!(Toolbox::of(list).is_err(), "{list}");
        }
    }
}
