//! On what curl 7.88.1, GNU wget 1.21.3 and busybox wget 1.35.0 said.

use serde_json::json;

use super::super::way::answered;
use super::*;
use crate::report::Verdict;

macro_rules! captured {
    ($name:literal, $exit:literal) => {
        answered(
            $exit,
            include_bytes!(concat!("../captured/http/", $name, ".out")),
            include_bytes!(concat!("../captured/http/", $name, ".err")),
        )
    };
}

fn spec(pairs: &[(&'static str, &str)]) -> Spec {
    use crate::step::Given;
    let mut spec = Spec::default();
    for (name, text) in pairs {
        spec.give(name, Given::Text(Template::parse(text).unwrap()));
    }
    spec
}

fn read(answers: &[Answer], follow: bool) -> Map<String, Value> {
    let mut spec = spec(&[("url", "http://localhost/")]);
    spec.give("follow", crate::step::Given::Bool(follow));
    let observation = build(&spec, &[]).unwrap().read(answers, "tools:1");
    assert_eq!(observation.blocked, None);
    observation.facts
}

fn asked(pairs: &[(&'static str, &str)]) -> Result<Vec<(String, String)>, String> {
    let kind = build(&spec(pairs), &[]).map_err(|unfit| unfit.headline)?;
    let asks = kind
        .asks(&Scope::new())
        .map_err(|error| error.to_string())?;
    match asks.first().map(|ask| &ask.question) {
        Some(Question::Script { env, .. }) => Ok(env.clone()),
        _ => panic!("not a script"),
    }
}

#[test]
fn curl_tells_code_head_body_and_every_time() {
    let facts = read(&captured!("curl-redirect", 0), false);
    assert_eq!(facts["way"], "curl");
    assert_eq!(facts["code"], 302);
    assert_eq!(facts["headers"]["location"], "/ok");
    assert_eq!(facts["body"], "gone");
    assert_eq!(facts["remote_ip"], "127.0.0.1");
    assert!(facts["time_total"].as_f64() >= facts["time_connect"].as_f64());
    assert_eq!((&facts["exit"], &facts["reason"]), (&json!(0), &json!("")));
    assert!(!facts.contains_key("time_tls"));

    let facts = read(&captured!("curl-insecure", 0), false);
    assert_eq!(facts["code"], 404);
    assert!(facts["time_tls"].is_f64());
}

#[test]
fn the_last_of_several_heads_is_the_answers() {
    let facts = read(&captured!("curl-follow", 0), true);
    assert_eq!(facts["code"], 200);
    assert_eq!(facts["headers"]["x-two"], "a, b");
    assert!(facts["body"].as_str().unwrap().starts_with("GET /ok\n"));
    assert_eq!(read(&captured!("curl-head", 0), false)["body"], "");
}

#[test]
fn an_interim_head_is_not_the_answers() {
    let told = |interim: &str, err: &str| {
        let out = b"way busybox wget\nok";
        let err = format!("{interim}{err}\nhousecall 1.00 1.01\n");
        answered(i32::from(interim.contains("103")), out, err.as_bytes())
    };
    let facts = read(
        &told(
            "  HTTP/1.1 100 Continue\n  \n",
            "  HTTP/1.1 200 OK\n  X-One: a\n  \n",
        ),
        false,
    );
    assert_eq!(
        (&facts["code"], &facts["body"]),
        (&json!(200), &json!("ok"))
    );
    assert_eq!(facts["headers"]["x-one"], "a");
    // One that its wget takes for the answer, and goes no further.
    let facts = read(
        &told(
            "  HTTP/1.1 103 Early Hints\n",
            "wget: server returned error: HTTP/1.1 103 Early Hints\n",
        ),
        false,
    );
    assert_eq!(facts["code"], 0);
    assert!(facts["reason"].as_str().unwrap().contains("103"));
}

#[test]
fn a_header_that_goes_on_is_one_header() {
    let (code, headers) = head("HTTP/2 200 \nX-Fold: one\n two: three\n\tfour\nX-Next: b".lines());
    assert_eq!(
        (code, &headers["x-fold"]),
        (200, &json!("one two: three four"))
    );
    assert_eq!(headers.len(), 2);
}

#[test]
fn a_body_that_looks_like_a_head_or_like_our_own_words_is_a_body() {
    let facts = read(&captured!("curl-fake", 0), false);
    assert_eq!(facts["code"], 200);
    assert_eq!(
        facts["body"],
        "HTTP/1.1 500 Oops\r\nA: b\r\n\r\nhousecall code 999\n"
    );
}

#[test]
fn an_old_curl_tells_its_figures_after_the_body() {
    let mut answers = captured!("curl-fake", 0);
    let err = std::mem::take(&mut answers[0].stderr.bytes);
    answers[0].stdout.bytes.extend(&err);
    let body = read(&captured!("curl-fake", 0), false)["body"].clone();
    let facts = read(&answers, false);
    assert_eq!((&facts["code"], &facts["body"]), (&json!(200), &body));
}

#[test]
fn a_connection_that_does_not_come_about_is_told_alike_by_every_way() {
    let each = [
        (captured!("curl-no-name", 6), "the name does not resolve"),
        (captured!("wget-no-name", 4), "the name does not resolve"),
        (captured!("busybox-no-name", 1), "the name does not resolve"),
        (captured!("wget-refused", 4), "connection refused"),
        (captured!("busybox-refused", 1), "connection refused"),
        (captured!("curl-slow", 28), "timed out"),
        (captured!("wget-slow", 4), "timed out"),
        (captured!("busybox-slow", 124), "timed out"),
        // It does not say why.
        (
            captured!("curl-refused", 7),
            "Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
        ),
        (
            captured!("curl-untrusted", 60),
            "SSL certificate problem: self-signed certificate",
        ),
    ];
    for (answers, reason) in each {
        let facts = read(&answers, false);
        assert_eq!(facts["reason"], reason);
        assert_eq!(facts["code"], 0, "{reason}");
        assert_ne!(facts["exit"], 0, "{reason}");
        assert!(!facts.contains_key("body"), "{reason}");
    }
}

#[test]
fn an_answer_that_breaks_off_keeps_its_code_and_is_not_well() {
    for (answers, exit) in [
        (captured!("curl-cut-short", 18), 18),
        (captured!("wget-cut-short", 4), 4),
        (captured!("busybox-cut-short", 1), 1),
    ] {
        let facts = read(&answers, false);
        assert_eq!(facts["code"], 200);
        assert_eq!(facts["body"], "part");
        assert_eq!(facts["exit"], exit);
        assert_ne!(facts["reason"], "");
    }
}

#[test]
fn what_wget_calls_an_error_is_an_answer() {
    let facts = read(&captured!("wget-missing", 8), false);
    assert_eq!((&facts["code"], &facts["exit"]), (&json!(404), &json!(0)));
    assert!(facts["body"].as_str().unwrap().starts_with("GET /no\n"));
    assert_eq!(facts["remote_ip"], "127.0.0.1");
    let facts = read(&captured!("busybox-missing", 1), false);
    assert_eq!((&facts["code"], &facts["exit"]), (&json!(404), &json!(0)));
    assert!(!facts.contains_key("body"), "it does not show it");
}

#[test]
fn each_wget_tells_the_first_answer_or_the_last_as_it_was_asked() {
    for (answers, way) in [
        (captured!("wget-redirect", 8), "wget"),
        (captured!("busybox-redirect", 0), "busybox wget"),
    ] {
        let facts = read(&answers, false);
        assert_eq!(facts["way"], way);
        assert_eq!((&facts["code"], &facts["exit"]), (&json!(302), &json!(0)));
        assert_eq!(facts["headers"]["location"], "/ok");
        assert!(!facts.contains_key("body"));
    }
    for answers in [captured!("wget-follow", 0), captured!("busybox-follow", 0)] {
        let facts = read(&answers, true);
        assert_eq!(facts["code"], 200);
        assert_eq!(facts["headers"]["x-two"], "a, b");
        assert!(facts["body"].as_str().unwrap().starts_with("GET /ok\n"));
        assert!(facts["time_total"].is_f64());
    }
}

#[test]
fn a_body_over_the_cap_is_cut_and_the_rest_still_known() {
    let mut answers = captured!("curl-redirect", 23);
    answers[0].stdout.truncated = true;
    let spec = spec(&[("url", "http://localhost/")]);
    let observation = build(&spec, &[]).unwrap().read(&answers, "tools:1");
    assert!(observation.truncated);
    let facts = observation.facts;
    assert_eq!((&facts["code"], &facts["exit"]), (&json!(302), &json!(0)));
    assert_eq!(facts["truncated"], json!(["stdout", "body"]));
    assert!(
        !facts.contains_key("time_total"),
        "it ended when we stopped it"
    );
}

#[test]
fn a_head_over_the_cap_is_no_answer() {
    let mut answers = captured!("curl-redirect", 23);
    answers[0].stdout.bytes.truncate(40);
    answers[0].stdout.truncated = true;
    let spec = spec(&[("url", "http://localhost/")]);
    let blocked = build(&spec, &[]).unwrap().read(&answers, "tools:1").blocked;
    let (verdict, why) = blocked.unwrap();
    assert_eq!(verdict, Verdict::Error);
    assert!(why.contains("cut"), "{why}");
}

#[test]
fn no_url_becomes_an_option_a_line_or_another_protocol() {
    for url in [
        "-K/etc/passwd",
        "file:///etc/passwd",
        "localhost/",
        "http://a/\nurl=file:///etc/passwd",
        "http://a/ -o x",
        "http://a/'\"",
        "http://a/\0",
        "",
    ] {
        assert!(asked(&[("url", url)]).is_err(), "{url:?}");
    }
    let env = asked(&[("url", "HTTPS://[::1]:8443/a?b=$(c)&d={e}")]);
    assert!(env.is_err(), "braces are no part of a URL");
    let env = asked(&[("url", "HTTPS://[::1]:8443/a?b=$(c)&d=%7Be")]).unwrap();
    assert!(env.contains(&("ask_plain".into(), "1".into())));
}

#[test]
fn headers_and_body_reach_curl_in_its_own_quotes() {
    let mut spec = spec(&[
        ("url", "http://a/"),
        ("body", "@a\"\\\n\turl = \"b"),
        ("method", "POST"),
    ]);
    spec.give(
        "headers",
        crate::step::Given::Pairs(vec![
            ("X-A".into(), Template::parse("b\"\\c").unwrap()),
            ("X-Empty".into(), Template::parse("").unwrap()),
        ]),
    );
    let asks = build(&spec, &[]).unwrap().asks(&Scope::new()).unwrap();
    let given = String::from_utf8(asks[0].stdin.clone()).unwrap();
    assert_eq!(
        given.lines().collect::<Vec<_>>(),
        [
            r#"header = "X-A: b\"\\c""#,
            r#"header = "X-Empty;""#,
            r#"data-raw = "@a\"\\\n\turl = \"b""#
        ]
    );
    assert_eq!(asks[0].argv(), ["http", "POST", "http://a/"]);
    let elsewhere = format!("{:?}", asks[0].question);
    assert!(!elsewhere.contains("X-A"), "neither script nor environment");
}

#[test]
fn a_header_that_would_be_two_is_refused_and_not_shown() {
    let error = curl::header("Authorization", "secret\r\nX: y").unwrap_err();
    assert!(error.message.contains("`Authorization` holds a line end"));
    assert!(!error.message.contains("secret"));
}

#[test]
fn the_figures_that_curl_was_told_to_write_are_no_words_of_the_patient() {
    let figures = "\ncurl 200 17 0.5 0.1 0.0 10.0.0.7\n\nhousecall 1.00 1.50\n";
    for (said, own) in [
        (figures.to_owned(), ""),
        (format!("curl: (7) no\n{figures}"), "curl: (7) no\n"),
        ("a\ncurl is not here\n".to_owned(), "a\ncurl is not here\n"),
        (
            "a\ncurl 1 2 3 4 5\nb\n".to_owned(),
            "a\ncurl 1 2 3 4 5\nb\n",
        ),
    ] {
        let http = build(&spec(&[("url", "http://a/")]), &[]).unwrap();
        assert_eq!(http.said(said.as_bytes()), own.as_bytes(), "{said:?}");
        let answers = way::answered(0, b"way curl\nHTTP/1.1 200 OK\n\n", said.as_bytes());
        let facts = http.read(&answers, "tools:1").facts;
        assert_eq!(facts["stderr"], own, "{said:?}");
    }
}
