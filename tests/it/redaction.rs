//! What is masked in a run and what is not: the outputs in `tests/redaction/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use housecall::ask::{Ask, Canned, Captured, Ended, Question};
use housecall::render::Format;
use housecall::report::{Key, Redactor, Rules};

use proptest::prelude::*;

use super::cli::{housecall, stderr};

/// One output of the corpus.
struct Canary {
    name: String,
    /// As a command writes it.
    text: Vec<u8>,
    /// What must not be left of it.
    secrets: Vec<String>,
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/redaction")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

fn canaries() -> Vec<Canary> {
    let mut canaries = Vec::new();
    for file in files("canaries") {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for record in text.split("%% ").skip(1) {
            let (title, marked) = record.split_once('\n').unwrap();
            canaries.push(Canary::of(format!("{name}: {title}"), marked));
        }
    }
    canaries
}

impl Canary {
    fn of(name: String, marked: &str) -> Self {
        let marked = marked.replace('¦', "").replace('␀', "\0");
        let secrets = marked
            .split('⟦')
            .skip(1)
            .map(|part| part.split_once('⟧').unwrap().0);
        // Of several lines each is a secret; `aws` and a cookie's name are not what is sought.
        let secrets = secrets
            .flat_map(str::lines)
            .map(|line| line.trim().to_owned());
        let secrets: Vec<_> = secrets.filter(|line| !line.is_empty()).collect();
        assert!(!secrets.is_empty(), "{name} has no secret");
        Self {
            name,
            text: marked.replace(['⟦', '⟧'], "").into_bytes(),
            secrets,
        }
    }
}

fn redactor() -> Redactor {
    Redactor::new(&[], Rules::builtin(), Key::known())
}

fn masked(redactor: &Redactor, text: &[u8]) -> Vec<u8> {
    let mut answer = Canned::silent(Ended::Exited(0)).answer;
    answer.stdout = Captured::whole(text);
    redactor.answer(&Ask::new(Question::Argv(Vec::new())), &mut answer);
    answer.stdout.bytes
}

/// Pieces of a secret, each of which would tell enough of it: all words with a number of the corpus in them.
fn telling(secret: &str) -> Vec<&str> {
    let words = secret.split(|letter: char| !letter.is_ascii_alphanumeric());
    let telling =
        words.filter(|word| word.len() >= 8 && word.bytes().any(|byte| byte.is_ascii_digit()));
    telling.chain([secret]).collect()
}

#[test]
fn promise_2_no_secret_of_the_corpus_is_left() {
    let canaries = canaries();
    let count: usize = canaries.iter().map(|canary| canary.secrets.len()).sum();
    assert!(count >= 200, "{count} secrets");
    let redactor = redactor();
    let mut left = Vec::new();
    for canary in &canaries {
        let masked = String::from_utf8(masked(&redactor, &canary.text)).unwrap();
        for secret in &canary.secrets {
            if telling(secret).iter().any(|part| masked.contains(part)) {
                left.push(format!("{}: {secret}\n{masked}", canary.name));
            }
        }
    }
    assert!(
        left.is_empty(),
        "{} of {count} left:\n{}",
        left.len(),
        left.join("\n")
    );
}

#[test]
fn ordinary_outputs_stay_as_they_are() {
    let redactor = redactor();
    let mut changed = Vec::new();
    for file in files("ordinary") {
        let text = fs::read(&file).unwrap();
        let masked = masked(&redactor, &text);
        let (before, after) = (
            String::from_utf8_lossy(&text),
            String::from_utf8_lossy(&masked),
        );
        if before != after {
            let lines = before
                .lines()
                .zip(after.lines())
                .filter(|(before, after)| before != after);
            changed.extend(lines.map(|(before, after)| format!("{before}\n    became {after}")));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    assert!(redactor.ledger().is_empty());
}

/// A text in every spelling that it is sought in: as it is, and what base64 of it is whatever stands before and behind.
fn spelled(text: &str) -> Vec<String> {
    let coded = (0..3).map(|lead| {
        let bytes = [&vec![0; lead], text.as_bytes()].concat();
        let (from, to) = ((lead * 8usize).div_ceil(6), bytes.len() * 8 / 6);
        STANDARD_NO_PAD.encode(&bytes)[from..to].to_owned()
    });
    coded.chain([text.to_owned()]).collect()
}

/// Every file below a folder, with what is in it and its path.
fn texts(folder: &Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, all);
        } else {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn promise_2_a_run_leaves_no_secret_in_any_format_record_artefact_or_log() {
    let canaries = canaries();
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name).display().to_string();
    fs::create_dir(room.path().join("patient")).unwrap();
    let mut runbook =
        "version: 1\nid: canaries\ntitle: Canaries\nparams: {pin: {type: secret}}\nsteps:\n"
            .to_owned();
    for (number, canary) in canaries.iter().enumerate() {
        let file = at(&format!("patient/{number}"));
        fs::write(&file, &canary.text).unwrap();
        runbook += &format!(
            "  - {{id: s{number}, run: [cat, {file}], expect: [{{id: c{number}, that: 'stdout == \"\"', say: 'password: {{{{stdout}}}}'}}]}}\n"
        );
        if number % 10 == 0 {
            runbook += &format!(
                "  - {{id: e{number}, sh: 'cat {file} >&2; exit 3'}}\n  - {{id: k{number}, collect: [{{path: {file}, name: k{number}}}]}}\n  - {{id: f{number}, file: {file}}}\n"
            );
        }
    }
    runbook += "  - {id: typed, run: [cat], stdin: '{{pin}}'}\n  - {id: echo, sh: 'read -r pin; echo \"$pin\"; echo \"$pin\" | base64; echo \"$pin\" >&2', stdin: '{{pin}}'}\n";
    fs::write(at("canaries.yaml"), runbook).unwrap();
    let formats: Vec<_> = Format::WORDS
        .iter()
        .map(|(_, word)| format!("{word}={}", at(&format!("report.{word}"))))
        .collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_housecall"));
    command
        .args(["run", &at("canaries.yaml"), "local", "-o", "terminal"])
        .args(["--record", &at("record"), "--artifacts", &at("artefacts")])
        .args(formats.iter().flat_map(|format| ["-o", format]))
        .env("HOUSECALL_PARAM_PIN", "canary0601-known-by-name")
        .env("HOUSECALL_LOG", "trace");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    fs::remove_dir_all(room.path().join("patient")).unwrap();
    // What is packed is sought in as well.
    let packed = at("report.bundle");
    if Path::new(&packed).exists() {
        fs::create_dir(at("unpacked")).unwrap();
        let mut tar = Command::new("tar");
        let tar = tar.args(["-xzf", &packed, "-C", &at("unpacked")]);
        assert!(tar.status().unwrap().success());
    }
    let mut told = vec![
        ("stdout".to_owned(), output.stdout),
        ("stderr".to_owned(), output.stderr),
    ];
    texts(room.path(), &mut told);
    assert!(told.len() > Format::WORDS.len() + 4);

    let pin = vec!["canary0601".to_owned()];
    let secrets = canaries
        .iter()
        .flat_map(|canary| &canary.secrets)
        .chain(&pin);
    let parts = secrets
        .flat_map(|secret| telling(secret))
        .filter(|part| part.len() >= 8);
    let parts: Vec<String> = parts.flat_map(spelled).collect();
    let finder = AhoCorasick::new(&parts).unwrap();
    let left: Vec<_> = told
        .iter()
        .filter_map(|(name, text)| Some((name, finder.find(text)?)))
        .map(|(name, found)| format!("{name}: {}", parts[found.pattern().as_usize()]))
        .collect();
    assert!(left.is_empty(), "{}", left.join("\n"));

    // Equal secrets are equal words, in the record as in the report.
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(at("report.json")).unwrap()).unwrap();
    assert_eq!(report["run"]["params"]["pin"], "***pin***");
    let rules = report["redactions"].as_array().unwrap();
    assert!(
        rules
            .iter()
            .any(|rule| rule["rule"] == "secret pin" && rule["count"].as_u64() > Some(2))
    );
}

#[test]
fn rules_of_a_file_are_masked_as_well_and_what_is_wrong_with_it_is_told_as_of_a_runbook() {
    let room = tempfile::tempdir().unwrap();
    let at = |name: &str| room.path().join(name).display().to_string();
    fs::write(at("r.yaml"), "version: 1\nid: r\ntitle: R\nsteps: [{id: a, run: [echo, 'badge=4711 badge=4711 badge=4712']}]\n").unwrap();
    fs::write(
        at("good.yaml"),
        "redact: {rules: [{name: badge, regex: 'badge=(?<mask>[0-9]+)'}]}\n",
    )
    .unwrap();
    fs::write(at("bad.yaml"), "redact: {ruls: []}\n").unwrap();
    let output = housecall(&[
        "run",
        &at("r.yaml"),
        "local",
        "-o",
        "json",
        "--redact",
        &at("good.yaml"),
    ]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let said = report["targets"][0]["steps"][0]["attempts"][0]["stdout"]["text"]
        .as_str()
        .unwrap();
    let badges: Vec<_> = said.split_whitespace().collect();
    assert_eq!(badges[0], badges[1]);
    assert_ne!(badges[0], badges[2]);
    assert!(!said.contains("471"), "{said}");
    assert_eq!(report["redactions"][0]["rule"], "badge");

    let output = housecall(&["run", &at("r.yaml"), "local", "--redact", &at("bad.yaml")]);
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(
        told.contains("bad.yaml:1:") && told.contains("did you mean `rules`"),
        "{told}"
    );
    let output = housecall(&["run", &at("r.yaml"), "local", "--redact", &at("none.yaml")]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn yaml_stays_yaml() {
    let text = "db:\n  password: hunter2 # why\n  token: 'a b'\n  secret: |\n    one\n    two\n  list: [{name: x, api_key: y9}]\n  env:\n    - name: A_TOKEN\n      value: z9\n";
    let masked = redactor().text(text);
    assert!(housecall::yaml::read(&masked).is_ok(), "{masked}");
    for part in ["hunter2", "a b", "one", "two", "y9", "z9"] {
        assert!(!masked.contains(part), "{part} in {masked}");
    }
}

/// Pieces that hostile texts are put together of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "password",
            "token",
            "=",
            ": ",
            "\"",
            "\\\"",
            "'",
            "\n",
            "\0",
            " ",
            "://",
            "@",
            "-----BEGIN PRIVATE",
            " KEY-----",
            "-----END",
            "|\n ",
            "{",
            "}",
            "[",
            ",",
            "--",
            "<",
            ">",
            "***",
            "***0a1b2c***",
            "export ",
            "Authorization",
            "Bearer ",
            "Set-Cookie: a=",
            "eyJhbGciOi",
            ".",
            "name: ",
            "value: ",
            "$",
            "mysql -p",
            "curl -u ",
            "sig=",
            "\\n",
            "%3D",
            "canary0701",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9 ]{1,24}",
    ]
}

proptest! {
    #[test]
    fn what_was_masked_once_is_masked_the_same_way_again(pieces in prop::collection::vec(piece(), 0..40)) {
        let redactor = redactor();
        let once = masked(&redactor, pieces.concat().as_bytes());
        let again = masked(&redactor, &once);
        prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&again));
    }

    #[test]
    fn promise_2_a_known_secret_is_in_no_output_whatever_stands_around_it(
        secret in "[!-~]{6,40}", pieces in prop::collection::vec(piece(), 0..10), behind in prop::collection::vec(piece(), 0..10),
    ) {
        let secrets = [("it".to_owned(), secret.clone())];
        let redactor = Redactor::new(&secrets, Rules::builtin(), Key::known());
        let text = [pieces.concat(), secret.clone(), behind.concat()].concat();
        let masked = masked(&redactor, text.as_bytes());
        prop_assert!(memchr::memmem::find(&masked, secret.as_bytes()).is_none() || "***it***".contains(&secret));
    }
}

#[test]
fn promise_7_a_hostile_text_takes_no_longer_than_its_length_says() {
    // Of what takes time beyond its length a text of 4 MiB would take hours, and no clock is needed to see it.
    let redactor = redactor();
    for piece in [
        "password",
        "password=",
        "\"password\":\"",
        "-----BEGIN ",
        "://",
        "a:b@://",
        "eyJ",
        "$6$",
        "export A_PASSWORD=\"\\\"'",
        "PWD=/",
        " -p",
        "${password=",
        "set-cookie: a=b; ",
        "name: PASSWORD\n",
        "  password: \"x\n",
        "LS0tLS1CRUdJTi",
        "private-lines: 999\n",
        "password%3Dx%26",
        "token%22%3A%22x%22",
        "%3A%2F%2Fa%3Ab%40",
        "--from-literal=secret=x ",
        "A_TOKEN=\"x\n",
        "{\"kind\":\"Secret\",\"data\":{\"a\":\"x\"},\"b\":",
        "kind: Secret\ndata:\n  a: x\n",
        "{\\\"data\\\":{",
    ] {
        let text = piece.repeat(1024 * 1024 / piece.len());
        let masked = masked(&redactor, text.as_bytes());
        assert!(masked.len() <= text.len() * 4, "{piece}");
    }
}
