use std::sync::Mutex;

use serde_json::json;

use super::*;

/// A door that answers every step alike, and keeps what was asked.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Request>>>);

impl Door for Heard {
    fn pass(&mut self, request: Request) -> Result<Value, Refusal> {
        let answer = match &request {
            Request::Ask { id, kind, .. } if id.as_deref() == Some("late") => {
                json!({"id": "late", "kind": kind, "status": "timeout", "reason": "no end within 5s", "facts": {"stdout": ""}})
            }
            Request::Ask { id, kind, .. } if id.as_deref() == Some("stop") => {
                let _ = (id, kind);
                return Err(Refusal::Stopped("interrupted".into()));
            }
            Request::Ask { id, kind, .. } => {
                json!({"id": id.as_deref().unwrap_or("auto"), "kind": kind, "status": "pass", "reason": null,
                       "facts": {"exit": 0, "stdout": "a 1\nb 2\n", "stderr": "", "duration": 0.1}})
            }
            Request::Target("target_root") => json!("/proc/7/root"),
            Request::Simulate { given, .. } => {
                json!({"status": "fail", "steps": [{"id": "s", "given": given, "checks": [{"id": "c", "status": "fail"}]}]})
            }
            _ => Value::Null,
        };
        self.0.lock().unwrap().push(request);
        Ok(answer)
    }
}

struct Shelf;

impl Beside for Shelf {
    fn text(&self, path: &str) -> Result<String, String> {
        match path {
            "lib/rows.rhai" => Ok("const LIMIT = 5; fn twice(n) { n * 2 }".into()),
            "lib/broken.rhai" => Ok("fn f() {\n  g()\n}".into()),
            "a.rhai" => Ok("import \"b\" as b;".into()),
            "b.rhai" => Ok("import \"a\" as a;".into()),
            "out.txt" => Ok("recorded".into()),
            _ => Err(format!("there is no `{path}` beside it")),
        }
    }
}

const HEADER: &str =
    "const RUNBOOK = #{ version: 1, id: \"t\", params: #{ limit: #{ type: \"int\" } } };\n";

fn compile(body: &str) -> Compiled {
    let words = Words {
        kinds: ["run", "sh", "file"].map(String::from).to_vec(),
        short: vec![("kube_logs".into(), "kube".into(), "logs".into())],
    };
    Program::compile(&format!("{HEADER}{body}"), words, &Shelf)
}

fn on_a_large_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

fn call(function: &'static str, body: &str) -> (Result<Ending, Thrown>, Vec<Request>) {
    let compiled = compile(body);
    let program = compiled
        .program
        .unwrap_or_else(|| panic!("{:?}", compiled.faults));
    let heard = Heard::default();
    let door = heard.clone();
    let Value::Object(params) = json!({"limit": 3}) else {
        unreachable!()
    };
    let ended = on_a_large_stack(move || {
        program.call(function, &params, Box::new(door), Arc::new(|| None))
    });
    let requests = heard.0.lock().unwrap().clone();
    (ended, requests)
}

fn main_of(lines: &str) -> (Result<Ending, Thrown>, Vec<Request>) {
    call("main", &format!("fn main(p) {{\n{lines}\n}}"))
}

fn thrown(lines: &str) -> Thrown {
    main_of(lines).0.unwrap_err()
}

fn faults(body: &str) -> Vec<(String, String)> {
    let source = format!("{HEADER}{body}");
    compile(body)
        .faults
        .into_iter()
        .map(|fault| (source[fault.start..fault.end].to_owned(), fault.headline))
        .collect()
}

#[test]
fn the_header_is_read_with_the_place_of_every_key_and_value() {
    let source = "const RUNBOOK = #{\n  version: 1, id: \"é\", \"default\": -5, // [ not this\n  list: [1.5, true, `x`, #\"r\"#], none: (),\n};\nfn main(p) {}";
    let compiled = Program::compile(source, Words::default(), &Alone);
    assert_eq!(compiled.faults, []);
    let header = compiled.header.unwrap();
    let written = |datum: &Datum| source[datum.start..datum.end].to_owned();
    let Data::Map(entries) = &header.value else {
        panic!("no map")
    };
    let told: Vec<_> = entries
        .iter()
        .map(|(label, datum)| (source[label.start..label.end].to_owned(), written(datum)))
        .collect();
    let expected = [
        ("version", "1"),
        ("id", "\"é\""),
        ("\"default\"", "-5"),
        ("list", "[1.5, true, `x`, #\"r\"#]"),
        ("none", "()"),
    ];
    assert_eq!(told, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    assert!(written(&header).starts_with("#{") && written(&header).ends_with(",\n}"));
    let Data::List(items) = &header.get("list").unwrap().value else {
        panic!("no list")
    };
    assert_eq!(
        items.iter().map(written).collect::<Vec<_>>(),
        ["1.5", "true", "`x`", "#\"r\"#"]
    );
}

#[test]
fn every_name_that_stands_for_nothing_is_told_at_once() {
    let told = faults(
        "const DEPTH = 4;\nfn main(p) {\n  let rows = run(\"a\", [\"ls\"]);\n  let n = rws.len() + DEPTH + limit;\n  chek(\"x\", true);\n  check(\"x\");\n  rows.stdout.lines().fliter(|r| r == wanted);\n  p.limt;\n  sleep(5);\n  lib::f();\n  target_pid;\n}\nfn on_fial(p) {}",
    );
    let expected = [
        ("rws", "unknown name `rws`"),
        ("DEPTH", "unknown name `DEPTH`"),
        ("limit", "unknown name `limit`"),
        ("chek", "there is no function `chek`; did you mean `check`?"),
        ("check", "`check` is called with 1 argument"),
        (
            "fliter",
            "there is no function `fliter`; did you mean `filter`?",
        ),
        ("wanted", "unknown name `wanted`"),
        ("limt", "there is no param `limt`; did you mean `limit`?"),
        (
            "sleep",
            "`sleep` cannot be used in a runbook: nothing would bound it",
        ),
        ("f", "nothing is imported as `lib`"),
        ("target_pid", "unknown name `target_pid`"),
        (
            "on_fial",
            "nothing calls `on_fial`; did you mean `on_fail`?",
        ),
    ];
    for (at, (word, headline)) in expected.iter().enumerate() {
        assert_eq!(
            told.get(at).map(|t| (t.0.as_str(), t.1.as_str())),
            Some((*word, *headline)),
            "{told:#?}"
        );
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

#[test]
fn what_is_sound_is_not_complained_about() {
    let told = faults(
        "import \"lib/rows\" as rows;\nconst MOST = 5;\nfn half(n) { n / 2 }\nfn worst(list) { let w = 0; for (x, i) in list { if x > w + i { w = x; } } w }\nfn main(p) {\n  let seen = #{};\n  let f = |x, y| { let z = x + y; half(z) };\n  let most = p.limit;\n  let a = [1, 2].map(half).filter(|x| x < most && x < global::MOST);\n  f.call(1, 2); a.push(worst(a)); seen[\"k\"] = a.len; seen.k = `${most} of ${rows::twice(2)}`;\n  switch most { 1 if a.is_empty() => log(\"x\"), 2..5 => log(\"y\"), _ => log(\"z\") }\n  try { throw \"x\" } catch (err) { log(err); }\n  let o = sh(\"one\", \"id\"); o.stdout.trim().to_int(); kube_logs(#{ tail: 5 }); check(\"c\", true, #{ evidence: [o] });\n  do { most -= 1 } while most > 0;\n}\nfn finally(p) {}\nfn test_it() { assert(simulate(#{}).check(\"c\").status == \"fail\"); }",
    );
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn powers_are_refused_where_they_are_written() {
    for (body, word, part) in [
        ("fn main(p) { eval(\"1\") }", "eval", "cannot be used"),
        ("fn main(p) { print(1) }", "print", "cannot be used"),
        ("fn main(p) { exit(1) }", "exit", "cannot be used"),
        ("import \"../x\" as x;\nfn main(p) {}", "", "leads out of"),
        (
            "import \"/etc/x\" as x;\nfn main(p) {}",
            "",
            "no relative path",
        ),
        ("import \"a\" as a;\nfn main(p) {}", "", "in a circle"),
        (
            "import \"lib/broken\" as b;\nfn main(p) {}",
            "",
            "line 2: there is no function `g`",
        ),
        (
            "import \"gone\" as g;\nfn main(p) {}",
            "",
            "there is no `gone.rhai`",
        ),
        (
            "fn main(p) { import \"lib/rows\" as r; }",
            "import",
            "inside of a function",
        ),
        (
            "run(\"x\", [\"id\"]);\nfn main(p) {}",
            "run",
            "outside of functions",
        ),
        (
            "const X = run(\"x\");\nfn main(p) {}",
            "run",
            "no plain value",
        ),
        ("fn main() {}", "main", "is called with 1"),
        ("fn help(p) {}", "c", "has no `main`"),
        ("fn main(p) { let = 5; }", "=", "this is no program"),
    ] {
        let told = faults(body);
        assert!(
            told.iter()
                .any(|(at, said)| said.contains(part) && (word.is_empty() || at == word)),
            "{body}: {told:?}"
        );
    }
}

#[test]
fn steps_are_asked_and_judged_through_the_door() {
    let (ended, heard) = main_of(
        "let s = run(\"one\", [\"ss\", 5], #{ timeout: \"8s\" });\nlet t = file(\"/etc/hosts\");\nfact(\"rows\", s.stdout.table(#{columns: [\"k\", \"v\"]}).count_by(\"k\"));\ncheck(\"small\", s.exit == 0, #{ severity: \"critical\", say: \"x\", evidence: [s, t] });\nkube_logs(#{ tail: 2 });\nlog(target_root()); warn(`w ${p.limit}`);",
    );
    assert_eq!(ended, Ok(Ending::Returned));
    assert_eq!(
        heard[0],
        Request::Ask {
            kind: "run".into(),
            id: Some("one".into()),
            value: json!(["ss", 5]),
            options: json!({"timeout": "8s"}).as_object().unwrap().clone(),
        }
    );
    assert!(
        matches!(&heard[1], Request::Ask { kind, id: None, value, .. } if kind == "file" && value == "/etc/hosts")
    );
    assert!(heard.contains(&Request::Looked {
        step: "one".into(),
        fact: "exit".into()
    }));
    assert!(heard.contains(&Request::Fact {
        name: "rows".into(),
        value: json!({"a": 1, "b": 1})
    }));
    assert!(heard.contains(&Request::Check(Check {
        id: "small".into(),
        holds: true,
        severity: Some("critical".into()),
        say: Some("x".into()),
        evidence: vec!["one".into(), "auto".into()],
        ..Check::default()
    })));
    assert!(heard.iter().any(|one| matches!(one, Request::Ask { kind, value, .. } if kind == "kube" && value == &json!({"logs": {"tail": 2}}))));
    assert!(heard.contains(&Request::Log("/proc/7/root".into())));
    assert!(heard.contains(&Request::Warn("w 3".into())));
}

#[test]
fn what_is_missing_or_unlike_is_an_error_with_its_place() {
    for (lines, message) in [
        (
            "let s = run(\"one\", []);\ns.stdot;",
            "step `one` has no `stdot`; did you mean `stdout`?",
        ),
        (
            "let s = run(\"late\", []);\ns.exit;",
            "step `late` has no `exit`: it came to timeout (no end within 5s)",
        ),
        (
            "log(\"\");\ncheck(\"a\", 5);",
            "the check `a` is given the number 5, neither true nor false",
        ),
        (
            "log(\"\");\ncheck(\"a\", true, #{ severty: \"x\" });",
            "the check `a` knows no `severty`; did you mean `severity`?",
        ),
        (
            "log(\"\");\nlet x = 1 == \"1\";",
            "the number 1 and the text \"1\" cannot be compared with `==`",
        ),
        ("log(\"\");\nthrow \"by hand\";", "by hand"),
        ("log(\"\");\nlet m = #{a: 1}; m.b;", "there is no `b` in it"),
        (
            "log(\"\");\ntarget_pid();",
            "`target_pid()` is not known here",
        ),
        (
            "log(\"\");\nrun(\"a b\", [], #{});",
            "`a b` cannot be the id of a step: letters, digits and `_`, not beginning with a digit",
        ),
    ] {
        let thrown = thrown(lines);
        assert_eq!(thrown.message, message, "{lines}");
        assert_eq!(thrown.line, 4, "{lines}: {thrown:?}");
        assert!(thrown.column > 0, "{lines}");
    }
}

#[test]
fn an_end_from_outside_is_caught_by_nothing() {
    for (lines, ending) in [
        (
            "try { skip(\"none of it\") } catch { log(\"caught\") }",
            Ending::Skipped("none of it".into()),
        ),
        (
            "try { run(\"stop\", []); } catch { log(\"caught\") }",
            Ending::Stopped("interrupted".into()),
        ),
    ] {
        let (ended, heard) = main_of(lines);
        assert_eq!(ended, Ok(ending));
        assert_eq!(heard, [], "{lines}");
    }
    let program = compile("fn main(p) { try { loop {} } catch { } }")
        .program
        .unwrap();
    let ended = program.call(
        "main",
        &Map::new(),
        Box::new(Heard::default()),
        Arc::new(|| Some("deadline".into())),
    );
    assert_eq!(ended, Ok(Ending::Stopped("deadline".into())));
}

#[test]
fn a_hostile_program_has_an_end() {
    for (lines, part) in [
        ("try { loop {} } catch { }", "takes too long"),
        ("let s = \"x\"; loop { s += s; }", "grows beyond"),
        ("let s = \"x\".pad(1000000000, 'y');", "grows beyond"),
        ("let a = [1]; loop { a += a; }", "grows beyond"),
        ("Fn(\"sleep\").call(1000000000);", "cannot be used"),
        ("let f = \"x\"; 42", "gives the number 42 back"),
        ("\"text\"", "gives the text \"text\" back"),
    ] {
        let thrown = thrown(lines);
        assert!(thrown.message.contains(part), "{lines}: {thrown:?}");
    }
    let (ended, _) = call("main", "fn deep(n) { deep(n + 1) }\nfn main(p) { deep(0) }");
    assert_eq!(ended.unwrap_err().message, "it calls itself too deep");
    let deep = format!(
        "fn deep(n) {{ {}deep(n + 1){} }}\nfn main(p) {{ deep(0) }}",
        "(1+".repeat(14),
        ")".repeat(14)
    );
    let (ended, _) = call("main", &deep);
    assert_eq!(ended.unwrap_err().message, "it calls itself too deep");
    assert!(
        faults(&format!(
            "fn main(p) {{ {}{} }}",
            "[".repeat(5000),
            "]".repeat(5000)
        ))[0]
            .1
            .contains("no program")
    );
    let long = format!("fn main(p) {{ }}{}", " ".repeat(1 << 20));
    assert!(faults(&long)[0].1.contains("at most 262144 are read"));
}

#[test]
fn a_test_simulates_and_asserts() {
    let body = "fn main(p) {}\nfn test_good() { let r = simulate(#{ s: #{ stdout: fixture(\"out.txt\") } }, #{ limit: 1 }); assert(r.check(\"c\").status == \"fail\"); }\nfn test_bad() { assert(1 == 2, \"one is not two\"); }\nfn test_missing() { simulate(#{}).check(\"d\"); }";
    let program = compile(body).program.unwrap();
    assert_eq!(
        program.tests().collect::<Vec<_>>(),
        ["test_bad", "test_good", "test_missing"]
    );
    let (ended, heard) = call("test_good", body);
    assert_eq!(ended, Ok(Ending::Returned));
    assert!(
        matches!(&heard[0], Request::Simulate { given, .. } if given["s"]["stdout"] == "recorded")
    );
    assert_eq!(
        call("test_bad", body).0.unwrap_err().message,
        "one is not two"
    );
    assert!(
        call("test_missing", body)
            .0
            .unwrap_err()
            .message
            .contains("there were c")
    );
    for (name, part) in [("../x", "leads out of"), ("gone", "there is no `gone`")] {
        let told = faults(&format!(
            "fn main(p) {{}}\nfn test_a() {{ fixture(\"{name}\"); }}"
        ));
        assert!(told[0].1.contains(part), "{told:?}");
    }
}
