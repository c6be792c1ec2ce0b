//! Programs whose words a portable kind can ask for: each reads only the words that it knows exactly, and leaves the rest.

use super::scalar::{quoted, template};
use super::{Asked, basename, number, port_in, with_port};

type Read = fn(&[&str]) -> Option<Asked>;

/// Programs and who reads their words.
const PROGRAMS: &[(&str, Read)] = &[
    ("cat", cat),
    ("curl", curl),
    ("df", |words| bare(words, &["-h", "-P", "-k"], "mounts")),
    ("dig", dig),
    ("mount", |words| bare(words, &[], "mounts")),
    ("nc", connect),
    ("ncat", connect),
    ("netstat", sockets),
    ("nslookup", nslookup),
    ("openssl", openssl),
    ("printenv", printenv),
    ("ps", |words| {
        bare(
            words,
            &["aux", "auxww", "ax", "-e", "-ef", "-A", "-a"],
            "processes",
        )
    }),
    ("sh", shell),
    ("ss", sockets),
    ("wget", wget),
];

/// The question that these words are, where a kind can ask it.
pub(super) fn question(words: &[String]) -> Option<Asked> {
    let (program, rest) = words.split_first()?;
    let (_, read) = PROGRAMS
        .iter()
        .find(|(name, _)| *name == basename(program))?;
    let rest: Vec<_> = rest.iter().map(String::as_str).collect();
    read(&rest)
}

/// Files of the patient among the words, one step each: a plain `head` could be led out of the patient's root by a link.
pub(super) fn patient_files(words: &[String]) -> Vec<Asked> {
    words
        .iter()
        .skip(1)
        .filter_map(|word| file(patient_path(word)?))
        .collect()
}

fn asked(id: &str, step: String) -> Asked {
    Asked {
        id: id.into(),
        step,
        port: None,
        expect: Vec::new(),
        tools: None,
    }
}

fn check(id: &str, that: &str, say: String) -> Vec<(String, String, String)> {
    vec![(id.into(), that.into(), say)]
}

fn patient_path(word: &str) -> Option<&str> {
    ["/proc/1/root", "{{target_root}}", "{{ target_root }}"]
        .iter()
        .find_map(|root| word.strip_prefix(root))
        .filter(|path| path.starts_with('/') && path.len() > 1)
}

fn file(path: &str) -> Option<Asked> {
    path.starts_with('/').then(|| Asked {
        expect: check(
            "is-there",
            "exists",
            format!("{} is not there", super::scalar::literal(path)),
        ),
        ..asked("file", format!("file: {}", template(path)))
    })
}

fn cat(words: &[&str]) -> Option<Asked> {
    match words {
        [path] => file(patient_path(path).unwrap_or(path)),
        _ => None,
    }
}

/// A word of no more than these words, each at most once.
fn bare(words: &[&str], known: &[&str], kind: &str) -> Option<Asked> {
    let fits = words.len() <= 1 && words.iter().all(|word| known.contains(word));
    fits.then(|| asked(kind, format!("{kind}: {{}}")))
}

fn shell(words: &[&str]) -> Option<Asked> {
    let ["-c", script] = words else { return None };
    let block = script.starts_with(|c: char| c.is_ascii_graphic())
        && script
            .chars()
            .all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic());
    let step = if block {
        let lines: Vec<_> = script.trim_end().lines().collect();
        format!("sh: |\n      {}", lines.join("\n      "))
    } else {
        format!("sh: {}", quoted(script))
    };
    Some(asked("script", step))
}

/// What a client of HTTP was told.
#[derive(Default)]
struct Request<'w> {
    url: Option<&'w str>,
    method: Option<&'w str>,
    headers: Vec<(&'w str, &'w str)>,
    follow: bool,
    insecure: bool,
    strict: bool,
    timeout: Option<&'w str>,
}

impl<'w> Request<'w> {
    /// Takes the one address; a second one is another question.
    fn take_url(&mut self, word: &'w str) -> Option<()> {
        let address = !word.is_empty() && !word.starts_with('-') && !word.contains(['{', '[', ' ']);
        (address && self.url.replace(word).is_none()).then_some(())
    }

    fn asked(self) -> Option<Asked> {
        let given = self.url?;
        let whole = match given.split_once("://") {
            Some(("http" | "https", _)) => given.to_owned(),
            Some(_) => return None,
            None => format!("http://{given}"),
        };
        let place = port_in(&whole)
            .and_then(|(start, end)| Some((start, end, number(&whole[start..end])?)));
        let url = match place {
            Some((start, end, _)) => quoted(&with_port(&whole, start, end)),
            None => template(&whole),
        };
        let mut keys = vec![format!("url: {url}")];
        if let Some(method) = self.method {
            keys.push(format!("method: {}", template(method)));
        }
        if !self.headers.is_empty() {
            let headers: Vec<_> = self
                .headers
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), template(value)))
                .collect();
            keys.push(format!("headers: {{{}}}", headers.join(", ")));
        }
        for (key, holds) in [("follow", self.follow), ("insecure", self.insecure)] {
            if holds {
                keys.push(format!("{key}: true"));
            }
        }
        let mut step = format!("http: {{{}}}", keys.join(", "));
        if let Some(seconds) = self.timeout {
            step.push_str(&format!("\n    timeout: {seconds}s"));
        }
        let that = if self.strict {
            "code > 0 && code < 400"
        } else {
            "code > 0"
        };
        Some(Asked {
            port: place.map(|(.., port)| port),
            expect: check("http-answers", that, "the answer was {{code}}".into()),
            ..asked("http", step)
        })
    }
}

fn curl(words: &[&str]) -> Option<Asked> {
    let mut request = Request::default();
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-X" | "--request" => request.method = Some(words.next()?),
            "-H" | "--header" => {
                let (name, value) = words.next()?.split_once(": ")?;
                request.headers.push((name, value));
            }
            "-m" | "--max-time" => request.timeout = Some(seconds(words.next()?)?),
            "-o" | "--output" => (words.next()? == "/dev/null").then_some(())?,
            "--fail" => request.strict = true,
            "--location" => request.follow = true,
            "--insecure" => request.insecure = true,
            "--head" => request.method = Some("HEAD"),
            "--silent" | "--show-error" => {}
            _ => match word.strip_prefix('-') {
                Some(letters) if !letters.is_empty() => {
                    for letter in letters.chars() {
                        match letter {
                            's' | 'S' => {}
                            'f' => request.strict = true,
                            'L' => request.follow = true,
                            'k' => request.insecure = true,
                            'I' => request.method = Some("HEAD"),
                            _ => return None,
                        }
                    }
                }
                _ => request.take_url(word)?,
            },
        }
    }
    request.asked()
}

fn wget(words: &[&str]) -> Option<Asked> {
    let mut request = Request {
        follow: true,
        strict: true,
        ..Request::default()
    };
    let mut words = words.iter().copied();
    let mut printed = false;
    while let Some(word) = words.next() {
        match word {
            "-q" => {}
            "--spider" => {
                request.method = Some("HEAD");
                printed = true;
            }
            "-qO-" | "-O-" => printed = true,
            "-O" | "-qO" => {
                matches!(words.next()?, "-" | "/dev/null").then_some(())?;
                printed = true;
            }
            "-T" => request.timeout = Some(seconds(words.next()?)?),
            "--no-check-certificate" => request.insecure = true,
            _ => request.take_url(word)?,
        }
    }
    // Else it writes a file, which is more than a question.
    printed.then_some(())?;
    request.asked()
}

fn seconds(word: &str) -> Option<&str> {
    let whole =
        !word.is_empty() && word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    (whole && word.bytes().any(|byte| byte != b'0')).then_some(word)
}

fn lookup(name: &str, kind: Option<&str>, server: Option<&str>, tcp: bool) -> Asked {
    let mut keys = vec![format!("name: {}", template(name))];
    keys.extend(kind.map(|kind| format!("type: {}", template(&kind.to_ascii_uppercase()))));
    keys.extend(server.map(|server| format!("server: {}", template(server))));
    if tcp {
        keys.push("tcp: true".into());
    }
    Asked {
        expect: check(
            "resolves",
            "exit == 0",
            format!("{} does not resolve", super::scalar::literal(name)),
        ),
        ..asked("dns", format!("dns: {{{}}}", keys.join(", ")))
    }
}

fn dig(words: &[&str]) -> Option<Asked> {
    let (mut name, mut kind, mut server, mut tcp) = (None, None, None, false);
    for word in words {
        match *word {
            "+short" => {}
            "+tcp" => tcp = true,
            word if word.starts_with(['-', '+']) => return None,
            word => match word.strip_prefix('@') {
                Some(at) => server.replace(at).is_none().then_some(())?,
                None if name.is_none() => name = Some(word),
                None => kind.replace(word).is_none().then_some(())?,
            },
        }
    }
    Some(lookup(
        name.filter(|name| name.contains(['.', '-']) || name.len() > 5)?,
        kind,
        server,
        tcp,
    ))
}

fn nslookup(words: &[&str]) -> Option<Asked> {
    match words {
        [name] if !name.starts_with('-') => Some(lookup(name, None, None, false)),
        [name, server] if !name.starts_with('-') => Some(lookup(name, None, Some(server), false)),
        _ => None,
    }
}

fn sockets(words: &[&str]) -> Option<Asked> {
    let [letters] = words else { return None };
    let letters = letters.strip_prefix('-')?;
    if letters.is_empty() || letters.chars().any(|c| !"tuanpl".contains(c)) {
        return None;
    }
    let mut keys = Vec::new();
    match (letters.contains('t'), letters.contains('u')) {
        (true, false) => keys.push("proto: tcp"),
        (false, true) => keys.push("proto: udp"),
        _ => {}
    }
    if letters.contains('l') {
        keys.push("state: LISTEN");
    } else if !letters.contains('a') {
        return None;
    }
    Some(asked(
        "sockets",
        format!("sockets: {{{}}}", keys.join(", ")),
    ))
}

fn connect(words: &[&str]) -> Option<Asked> {
    let (flags, host, port) = match words {
        [flags, host, port] => (*flags, *host, *port),
        _ => return None,
    };
    let port =
        number(port).filter(|_| matches!(flags, "-z" | "-zv" | "-vz") && !host.starts_with('-'))?;
    Some(Asked {
        port: Some(port),
        expect: check(
            "takes-connections",
            "open",
            format!(
                "nothing takes connections at {}, port {{{{port}}}}",
                super::scalar::literal(host)
            ),
        ),
        ..asked(
            "tcp",
            format!("tcp: {{host: {}, port: '{{{{port}}}}'}}", template(host)),
        )
    })
}

fn openssl(words: &[&str]) -> Option<Asked> {
    let (address, name) = match words {
        ["s_client", "-connect", address] => (address, None),
        ["s_client", "-connect", address, "-servername", name]
        | ["s_client", "-servername", name, "-connect", address] => (address, Some(name)),
        _ => return None,
    };
    let (start, end) = port_in(address)?;
    let port = number(&address[start..end])?;
    let host = address[..start - 1].trim_matches(['[', ']']);
    let name = name.map_or_else(String::new, |name| format!(", sni: {}", template(name)));
    Some(Asked {
        port: Some(port),
        expect: check(
            "verified",
            "verified",
            format!(
                "the certificate of {} cannot be verified",
                super::scalar::literal(host)
            ),
        ),
        ..asked(
            "tls",
            format!(
                "tls: {{host: {}, port: '{{{{port}}}}'{name}}}",
                template(host)
            ),
        )
    })
}

fn printenv(words: &[&str]) -> Option<Asked> {
    let [name] = words else { return None };
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    plain.then(|| asked("environment", format!("environment: [{}]", quoted(name))))
}
