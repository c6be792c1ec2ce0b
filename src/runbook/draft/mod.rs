//! A first runbook, made of a command line: the same question by a portable kind where the words allow it exactly, else the words.
//!
//! A program whose words are read exactly is a function in `portable.rs` and a line in its table.

mod portable;
mod scalar;

use std::fmt::Write;

use super::Runbook;
use super::names::{is_kebab, unfit_identifier};
use scalar::{one_line, quoted, template};

/// A command line as a runbook, YAML, that has no error; `None` where there is no program. Lint warns of it only where a word is one
/// that a shell alone understands (`|`, `$HOME`): no shell is there, and the words are kept as they were given.
///
/// `portable` says whether a portable kind may ask instead of the words themselves.
pub fn draft(words: &[String], portable: bool) -> Option<String> {
    let program = words.first().filter(|program| !program.is_empty())?;
    let mut candidates = Vec::new();
    if portable {
        candidates.extend(portable::question(words).map(|asked| vec![asked]));
    }
    let (port, argv) = port(words);
    candidates.push(vec![Asked {
        id: basename(program).to_owned(),
        step: format!("run: [{}]", argv.join(", ")),
        port,
        expect: vec![(
            "succeeds".into(),
            "exit == 0".into(),
            format!(
                "{} ended with {{{{exit}}}}",
                scalar::literal(&one_line(basename(program), 40))
            ),
        )],
        tools: (!program.contains('/')).then(|| program.clone()),
    }]);
    let files = portable::patient_files(words);
    if !files.is_empty() {
        candidates.push(files);
    }
    let written: Vec<_> = candidates
        .iter()
        .map(|steps| written(words, steps))
        .collect();
    // A kind that is not there, or that takes less than the words ask for, leaves the words themselves.
    let warned = |text: &String| {
        let (_, warnings) = Runbook::parse(text, "draft").ok()?;
        Some((warnings.len(), text.clone()))
    };
    let sound = written.iter().filter_map(warned);
    sound
        .min_by_key(|(warnings, _)| *warnings)
        .map(|(_, text)| text)
}

/// One step of a draft.
struct Asked {
    /// Made an identifier when it is written.
    id: String,
    /// The kind's key with its value, one line or a block.
    step: String,
    /// The port that became a param.
    port: Option<u16>,
    /// Checks: id, expression, what is told.
    expect: Vec<(String, String, String)>,
    /// The program that the image must have.
    tools: Option<String>,
}

// Writing to a String cannot fail.
fn written(words: &[String], steps: &[Asked]) -> String {
    let command = one_line(&words.join(" "), 80);
    let mut text = String::new();
    let _ = writeln!(text, "version: 1\nid: {}", quoted(&kebab(words)));
    let _ = writeln!(
        text,
        "title: {}",
        quoted(&format!("What does `{command}` say?"))
    );
    if let Some(port) = steps.iter().find_map(|asked| asked.port) {
        let _ = writeln!(
            text,
            "params:\n  port: {{type: int, default: {port}, min: 1, max: 65535}}"
        );
    }
    if let Some(tool) = steps.iter().find_map(|asked| asked.tools.as_ref()) {
        let _ = writeln!(text, "attach:\n  needs: {{tools: [{}]}}", quoted(tool));
    }
    text.push_str("steps:\n");
    for (at, asked) in steps.iter().enumerate() {
        let id = identifier(&asked.id, at, steps.len());
        let _ = writeln!(text, "  - id: {id}\n    {}", asked.step);
        if !asked.expect.is_empty() {
            text.push_str("    expect:\n");
        }
        // Ids of checks are unique in a runbook.
        let number = if steps.len() > 1 {
            format!("-{}", at + 1)
        } else {
            String::new()
        };
        for (id, that, say) in &asked.expect {
            let _ = writeln!(
                text,
                "      - {{id: {id}{number}, that: {}, say: {}}}",
                quoted(that),
                quoted(say)
            );
        }
    }
    text
}

fn basename(program: &str) -> &str {
    program
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or(program)
}

/// An identifier like this text; `port` is the param's.
fn identifier(text: &str, at: usize, of: usize) -> String {
    let mut id: String = text
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(40)
        .collect();
    if of > 1 {
        let _ = write!(id, "_{}", at + 1);
    }
    if id == "port" || unfit_identifier(&id).is_some() {
        id = format!("ask_{}", at + 1);
    }
    id
}

/// An id of the first few words that say something.
fn kebab(words: &[String]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let said = words
        .iter()
        .enumerate()
        .filter(|(at, word)| *at == 0 || !word.starts_with('-'))
        .map(|(at, word)| {
            if at == 0 {
                basename(word)
            } else {
                word.as_str()
            }
        });
    for part in said.flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric())) {
        let part = part.to_ascii_lowercase();
        if !part.is_empty() && part.len() <= 20 && parts.len() < 4 {
            parts.push(part);
        }
    }
    let id = parts.join("-");
    if is_kebab(&id) { id } else { "draft".into() }
}

/// Flags whose value may look like an address, and is none.
const NO_ADDRESS: &[&str] = &[
    "-H", "--header", "-d", "--data", "-e", "--env", "-u", "--user", "-v", "--volume", "-b",
    "--cookie",
];

/// The words as templates in YAML, with the one port among them as a param.
fn port(words: &[String]) -> (Option<u16>, Vec<String>) {
    let found: Vec<_> = words
        .iter()
        .enumerate()
        .skip(1)
        .filter_map(|(at, word)| {
            let before = words[at - 1].as_str();
            if NO_ADDRESS.contains(&before) {
                return None;
            }
            let named = before == "--port";
            let (start, end) = match named {
                true => (0, word.len()),
                false => port_in(word)?,
            };
            number(&word[start..end]).map(|port| (at, start, end, port))
        })
        .collect();
    let port = found.first().map(|(.., port)| *port);
    let argv = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let place = found.iter().find(|(word, ..)| *word == at);
            match place.filter(|(.., other)| Some(*other) == port) {
                Some((_, start, end, _)) => quoted(&with_port(word, *start, *end)),
                None => template(word),
            }
        })
        .collect();
    (port, argv)
}

/// The text with `{{port}}` in place of these bytes.
fn with_port(word: &str, start: usize, end: usize) -> String {
    format!(
        "{}{{{{port}}}}{}",
        scalar::literal(&word[..start]),
        scalar::literal(&word[end..])
    )
}

fn number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// Where a word holds a port: after a host, and before the path or the end, or after `--port=`.
fn port_in(word: &str) -> Option<(usize, usize)> {
    if word.starts_with("--port=") {
        return Some((7, word.len()));
    }
    let host = word.find("://").map_or(0, |at| at + 3);
    let end = word[host..]
        .find(['/', '?', '#'])
        .map_or(word.len(), |at| host + at);
    let colon = host + word[host..end].rfind(':')?;
    let name = &word[host..colon];
    let name = name.rsplit('@').next().unwrap_or(name);
    let bracketed = name.starts_with('[') && name.ends_with(']');
    // `12:30` is a time and `a:b:80` is neither.
    let plain = name.contains(|c: char| c.is_ascii_alphabetic() || c == '.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    (bracketed || plain).then_some((colon + 1, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::Diagnostic;
    use proptest::prelude::*;

    fn of(line: &str) -> String {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        draft(&words, true).unwrap()
    }

    #[test]
    fn a_command_line_becomes_a_runbook_with_its_port_as_a_param() {
        let text = draft(
            &["wget2", "--port", "8080", "localhost:8080/x?y=1"].map(str::to_owned),
            true,
        )
        .unwrap();
        assert!(
            text.contains("port: {type: int, default: 8080, min: 1, max: 65535}"),
            "{text}"
        );
        assert!(
            text.contains("run: [wget2, --port, '{{port}}', 'localhost:{{port}}/x?y=1']"),
            "{text}"
        );
        assert!(text.contains("id: wget2-8080-localhost-8080"), "{text}");
    }

    #[test]
    fn what_only_looks_like_a_port_stays_as_it_is() {
        for line in [
            "date 12:30",
            "echo ::1:80",
            "echo a:b:80",
            "echo x:99999",
            "echo x:080",
            "ps -p 80",
        ] {
            assert!(!of(line).contains("params"), "{line}");
        }
    }

    #[test]
    fn one_file_is_asked_for_as_a_file_and_several_words_are_not() {
        assert!(of("cat /etc/hosts").contains("file: /etc/hosts"));
        assert!(of("cat /proc/1/root/etc/hosts").contains("file: /etc/hosts"));
        assert!(of("cat -n /etc/hosts").contains("run: [cat, -n, /etc/hosts]"));
        assert!(of("head -3 /proc/1/root/etc/hosts").contains("file: /etc/hosts"));
        let kept = draft(&["cat", "/etc/hosts"].map(str::to_owned), false).unwrap();
        assert!(kept.contains("run: [cat, /etc/hosts]"));
    }

    /// Each kind that is named is what the words ask for, and not what they nearly ask for.
    #[test]
    fn a_portable_kind_asks_where_it_asks_the_same() {
        for (line, step) in [
            (
                "curl -sSfL -m 5 web",
                "http: {url: 'http://web', follow: true}\n    timeout: 5s",
            ),
            ("curl -H X-A:80 web", "run: [curl, -H, 'X-A:80', web]"),
            (
                "curl -sfk https://localhost:8443/x",
                "http: {url: 'https://localhost:{{port}}/x', insecure: true}",
            ),
            ("curl -I web", "http: {url: 'http://web', method: HEAD}"),
            ("curl -d a=b web", "run: [curl, -d, a=b, web]"),
            ("curl a b", "run: [curl, a, b]"),
            ("curl ftp://a/b", "run: [curl, 'ftp://a/b']"),
            ("wget -qO- web", "http: {url: 'http://web', follow: true}"),
            ("wget web", "run: [wget, web]"),
            (
                "dig @10.0.0.10 +tcp db.shop.svc aaaa",
                "dns: {name: db.shop.svc, type: AAAA, server: '10.0.0.10', tcp: true}",
            ),
            (
                "dig +trace db.shop.svc",
                "run: [dig, '+trace', db.shop.svc]",
            ),
            ("nslookup db.shop.svc", "dns: {name: db.shop.svc}"),
            ("ps aux", "processes: {}"),
            ("ps -o pid", "run: [ps, -o, pid]"),
            ("ss -tanp", "sockets: {proto: tcp}"),
            ("netstat -ltn", "sockets: {proto: tcp, state: LISTEN}"),
            ("ss -t", "run: [ss, -t]"),
            ("df -h", "mounts: {}"),
            ("printenv HOME", "environment: [HOME]"),
            ("nc -z db 5432", "tcp: {host: db, port: '{{port}}'}"),
            (
                "openssl s_client -connect web:443",
                "tls: {host: web, port: '{{port}}'}",
            ),
        ] {
            let text = of(line);
            assert!(text.contains(step), "{line}\n{text}");
        }
    }

    #[test]
    fn a_shell_text_becomes_a_script() {
        let words = ["sh", "-c", "echo \"$HOME\"\n  ls | wc -l"].map(str::to_owned);
        let text = draft(&words, true).unwrap();
        assert!(
            text.contains("sh: |\n      echo \"$HOME\"\n        ls | wc -l\n"),
            "{text}"
        );
    }

    #[test]
    fn without_a_program_there_is_no_runbook() {
        assert_eq!(draft(&[], true), None);
        assert_eq!(draft(&[String::new()], true), None);
    }

    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z]{1,6}",
            "-{1,2}[a-zA-Z0-9=]{1,6}",
            "[ -~]{0,12}",
            "\\PC{0,6}",
            "(http://)?[a-z.]{1,8}(:[0-9]{1,5})?(/[a-z?&=]{0,5})?",
            Just("/proc/1/root/etc/hosts".to_owned()),
            Just("{{target_root}}/x".to_owned()),
            Just("a\nb\t\u{7f}\u{85}\u{2028}\u{feff}\u{1}".to_owned()),
            Just("-c".to_owned()),
            Just("{{ \"{{\" }}".to_owned()),
            Just("no".to_owned()),
            Just("~".to_owned()),
        ]
    }

    fn program() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec![
                "curl", "wget", "dig", "nslookup", "ps", "ss", "netstat", "cat", "head", "nc",
                "openssl", "df", "mount", "printenv", "sh", "bash", "/bin/ls", "port", "exit",
                "if",
            ])
            .prop_map(str::to_owned),
            word().prop_filter("a program has a name", |word| !word.is_empty()),
        ]
    }

    #[test]
    fn a_word_for_a_shell_is_kept_and_warned_of() {
        let words: Vec<_> = ["ps", "aux", "|", "wc"].map(String::from).into();
        let (_, warnings) = Runbook::parse(&draft(&words, false).unwrap(), "x").unwrap();
        let told: Vec<_> = warnings.iter().map(|one| one.headline.as_str()).collect();
        assert_eq!(
            told,
            ["`run` starts `ps` without a shell, where `|` means nothing"]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_command_line_becomes_a_runbook_and_lint_warns_of_nothing_but_words_for_a_shell(
            program in program(), words in prop::collection::vec(word(), 0..6), portable in any::<bool>(),
        ) {
            let words: Vec<_> = std::iter::once(program).chain(words).collect();
            let text = draft(&words, portable);
            let text = text.ok_or_else(|| TestCaseError::fail(format!("nothing was made of {words:?}")))?;
            let (runbook, warnings) = Runbook::parse(&text, "x").map_err(|all| TestCaseError::fail(format!("{all:?}\n{text}")))?;
            // Of a word for a shell the warning is what the user needs; of anything else there is none.
            let meant = |warning: &Diagnostic| warning.headline.contains("without a shell");
            prop_assert!(warnings.iter().all(meant), "{warnings:?}");
            prop_assert!(warnings.len() <= words.iter().filter(|word| word.contains(['|', '&', '>', '<', '$', '*'])).count());
            if !portable && runbook.steps[0].kind.word() == "run" {
                // Word for word what was given.
                let names = serde_json::Map::from_iter(
                    runbook.params.iter().map(|param| (param.name.clone(), param.default.clone().unwrap_or_default())),
                );
                let asks = runbook.steps[0].kind.asks(&crate::script::Scope::of(&names)).map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(&asks[0].question, &crate::ask::Question::Argv(words));
            }
        }
    }
}
