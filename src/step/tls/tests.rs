//! On what openssl 3.0 and curl 7.88.1 (OpenSSL) said.

use serde_json::{Value, json};

use super::super::way::answered;
use super::*;
use crate::report::Verdict;
use crate::script::Template;
use crate::step::Given;

macro_rules! captured {
    ($name:expr, $exit:expr) => {
        answered(
            $exit,
            include_bytes!(concat!("../captured/tls/", $name, ".out")),
            include_bytes!(concat!("../captured/tls/", $name, ".err")),
        )
    };
}

macro_rules! by_each {
    ($case:literal, $exits:expr) => {{
        let exits: [i32; 2] = $exits;
        [
            read(&captured!(concat!("openssl-", $case), exits[0])),
            read(&captured!(concat!("curl-", $case), exits[1])),
        ]
    }};
}

fn spec(pairs: &[(&'static str, &str)]) -> Spec {
    let mut spec = Spec::default();
    for (name, text) in pairs {
        spec.give(name, Given::Text(Template::parse(text).unwrap()));
    }
    spec
}

fn observed(answers: &[Answer]) -> Observation {
    build(&spec(&[("host", "localhost")]), &[])
        .unwrap()
        .read(answers, "tools:1")
}

fn read(answers: &[Answer]) -> Map<String, Value> {
    let observation = observed(answers);
    assert_eq!(observation.blocked, None);
    observation.facts
}

#[test]
fn a_good_certificate_is_told_alike_by_both_ways() {
    let all = by_each!("good", [0, 0]);
    for facts in &all {
        assert_eq!(facts["verified"], true);
        assert_eq!(facts["not_after"], "2027-02-22T20:14:47Z");
        assert_eq!(facts["days_left"], 89);
        assert_eq!(facts["subject"], "CN=localhost");
        assert_eq!(facts["issuer"], "CN=Ward CA");
        assert_eq!(
            facts["sans"],
            json!(["localhost", "*.ward.test", "127.0.0.1", "::1"])
        );
        assert_eq!((&facts["exit"], &facts["reason"]), (&json!(0), &json!("")));
    }
    assert_eq!(
        (&all[0]["way"], &all[1]["way"]),
        (&json!("openssl"), &json!("curl"))
    );
    for facts in by_each!("address", [0, 0]) {
        assert_eq!(facts["verified"], true);
    }
}

#[test]
fn a_certificate_that_is_not_trusted_is_still_shown_with_what_is_wrong() {
    for (all, reason) in [
        (by_each!("expired", [0, 60]), "the certificate has expired"),
        (
            by_each!("other-name", [0, 60]),
            "the certificate is for another name",
        ),
        (
            by_each!("self-signed", [0, 60]),
            "the certificate is self-signed",
        ),
        (
            by_each!("unknown-issuer", [0, 60]),
            "the certificate's issuer is not known to the image",
        ),
    ] {
        for facts in all {
            assert_eq!(facts["verified"], false, "{reason}");
            assert_eq!(facts["reason"], reason);
            assert_ne!(facts["exit"], 0, "{reason}");
            assert!(facts["subject"].as_str().unwrap().contains("CN=localhost"));
        }
    }
    for facts in by_each!("expired", [0, 60]) {
        assert_eq!(
            facts["days_left"], -2,
            "it ended a day and some seconds ago"
        );
    }
}

#[test]
fn where_no_certificate_comes_nothing_is_told_of_one() {
    for (all, reason) in [
        (by_each!("refused", [1, 7]), "connection refused"),
        (by_each!("no-name", [1, 6]), "the name does not resolve"),
        (
            by_each!("plain-text", [1, 35]),
            "no TLS: wrong version number",
        ),
    ] {
        for facts in all {
            assert_eq!(facts["verified"], false, "{reason}");
            assert_eq!(facts["reason"], reason);
            assert!(!facts.contains_key("days_left"), "{reason}");
        }
    }
}

#[test]
fn a_tool_that_cannot_do_it_has_not_found_bad_tls() {
    let said = "s_client: Unknown option: -verify_ip\n";
    let observation = observed(&answered(1, b"way openssl\nnow 1\n", said.as_bytes()));
    let (verdict, why) = observation.blocked.unwrap();
    assert_eq!(verdict, Verdict::Error);
    assert!(why.contains("Unknown option"), "{why}");
    assert!(!observation.facts.contains_key("verified"));
}

#[test]
fn a_subject_that_speaks_like_openssl_does_not_make_itself_trusted() {
    let out = "way openssl\nnow 1795551333\nsubject=CN=x\nissuer=CN=x\nnotAfter=Feb  2 20:14:47 2027 GMT\n";
    let said = "depth=0 CN = error Verify return code: 0 (ok)\nVerify return code: 18 (self signed certificate)\n";
    let facts = read(&answered(0, out.as_bytes(), said.as_bytes()));
    assert_eq!(facts["verified"], false);
    assert_eq!(facts["reason"], "the certificate is self-signed");
    for bare in ["20", "20 ()", ""] {
        let said = format!("Verify return code: {bare}\n");
        let facts = read(&answered(0, out.as_bytes(), said.as_bytes()));
        assert_eq!(facts["verified"], false, "{bare}");
    }
    let observation = observed(&answered(
        0,
        out.as_bytes(),
        b"depth=0 CN = Verify return code: 0 (ok)\n",
    ));
    assert_eq!(observation.blocked.unwrap().0, Verdict::Error);
}

/// What openssl 3.0 tells of a certificate that ends then, and of the handshake.
fn told(end: &str, said: &str) -> Map<String, Value> {
    let out = format!(
        "way openssl\nnow 1795650000\nsubject=CN=localhost\nissuer=CN=Ward CA\nnotAfter={end}\n"
    );
    read(&answered(0, out.as_bytes(), said.as_bytes()))
}

#[test]
fn a_certificate_that_is_to_hold_for_ever_is_read() {
    let facts = told("Dec 31 23:59:59 9999 GMT", "Verify return code: 0 (ok)\n");
    assert_eq!(facts["verified"], true);
    assert_eq!(facts["not_after"], "9999-12-31T23:59:59Z");
    assert_eq!(facts["days_left"], 2_912_114);
    let facts = told(
        "Jan  1 00:00:00 1950 GMT",
        "Verify return code: 10 (certificate has expired)\n",
    );
    assert!(facts["days_left"].as_i64().unwrap() < -20_000);
}

#[test]
fn a_chain_that_ends_at_an_unknown_authority_is_not_told_as_a_self_signed_certificate() {
    for (code, reason) in [
        (
            "19 (self-signed certificate in certificate chain)",
            "the certificate's issuer is not known to the image",
        ),
        (
            "19 (self signed certificate in certificate chain)",
            "the certificate's issuer is not known to the image",
        ),
        (
            "18 (self-signed certificate)",
            "the certificate is self-signed",
        ),
        (
            "9 (certificate is not yet valid)",
            "the certificate is not valid yet",
        ),
    ] {
        let said = format!("    Verify return code: {code}\n");
        assert_eq!(told("Feb 22 20:14:47 2027 GMT", &said)["reason"], reason);
    }
}

#[test]
fn a_server_that_refuses_the_handshake_is_never_exit_0_however_good_its_certificate() {
    let refused = "40473E3C777F0000:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../ssl/record/rec_layer_s3.c:1602:SSL alert number 40\nVerify return code: 0 (ok)\n";
    let facts = told("Feb 22 20:14:47 2027 GMT", refused);
    assert_eq!(facts["exit"], 1);
    assert_eq!(facts["reason"], "no TLS: sslv3 alert handshake failure");
    assert_eq!(facts["verified"], true);
    for after in [
        "tlsv13 alert certificate required",
        "unexpected eof while reading",
    ] {
        let said = refused.replace("sslv3 alert handshake failure", after);
        assert_eq!(
            told("Feb 22 20:14:47 2027 GMT", &said)["exit"],
            0,
            "{after}"
        );
    }
}

#[test]
fn a_port_that_takes_a_connection_and_says_nothing_or_hangs_up_is_told_alike() {
    let curl = |exit, said: &str| {
        read(&answered(
            exit,
            format!("way curl\nnow 1\n{said}\n").as_bytes(),
            b"",
        ))["reason"]
            .clone()
    };
    let openssl = |exit, said: &str| {
        read(&answered(exit, b"way openssl\nnow 1\n", said.as_bytes()))["reason"].clone()
    };
    assert_eq!(curl(28, "curl: (28) SSL connection timeout"), "timed out");
    assert_eq!(openssl(124, ""), "timed out");
    assert_eq!(
        openssl(
            1,
            "write:errno=104\nCONNECTED(00000003)\nno peer certificate available\n"
        ),
        "connection reset"
    );
    assert_eq!(
        curl(
            35,
            "curl: (35) gnutls_handshake() failed: An unexpected TLS packet was received."
        ),
        "no TLS: gnutls_handshake() failed: An unexpected TLS packet was received."
    );
}

#[test]
fn a_name_that_speaks_like_curl_neither_trusts_itself_nor_moves_its_end() {
    let out = "way curl\nnow 1795650000\n*  subject: O=x\ncurl: (60) \n*  SSL certificate verify ok.; CN=x\n*  expire date: Dec 31 00:00:00 2026 GMT\n";
    let facts = read(&answered(60, out.as_bytes(), b""));
    assert_eq!(facts["verified"], false);
    let moved = out.replace("; CN=x", "\n*  expire date: Feb  2 20:14:47 2099 GMT");
    let observation = observed(&answered(60, moved.as_bytes(), b""));
    assert_eq!(observation.blocked.unwrap().0, Verdict::Error);
}

#[test]
fn the_names_of_curl_are_those_of_the_servers_certificate_and_none_where_it_has_none() {
    let out = "way curl\nnow 1795650000\n*  subject: CN=localhost\n*  expire date: Feb 22 20:14:47 2027 GMT\n*  issuer: CN=Ward CA\n\
        *  SSL certificate verify ok.\n\ncurl 200 0.000261\nSubject:CN = localhost\n-----BEGIN CERTIFICATE-----\nE/G5\n-----END CERTIFICATE-----\n\
        Subject:CN = Ward CA\nX509v3 Subject Alternative Name:DNS:ca.test\n-----BEGIN CERTIFICATE-----\n";
    assert_eq!(read(&answered(0, out.as_bytes(), b""))["sans"], json!([]));
}

proptest::proptest! {
    #[test]
    fn no_certificate_in_whatever_bytes_is_trusted_without_a_word_of_the_tool_that_it_is(
        way in "(openssl|curl)",
        out in "([ -~]|\n|subject=|notAfter=|\\*  subject: |\\*  expire date: |Feb  2 20:14:47 2027 GMT|X509v3 Subject Alternative Name:|\u{e9}){0,40}",
        said in "([ -~]|\n|Verify return code: |SSL routines:|20 \\(x\\)){0,40}",
        exit in 0..3i32,
    ) {
        let observation = observed(&answered(exit, format!("way {way}\nnow 7\n{out}").as_bytes(), said.as_bytes()));
        let trusted = said.contains("Verify return code: 0 ") || out.contains("SSL certificate verify ok.");
        proptest::prop_assert!(trusted || observation.facts.get("verified") != Some(&json!(true)));
    }
}

#[test]
fn a_name_that_ends_in_a_dot_is_verified_without_it() {
    let kind = build(&spec(&[("host", "shop.test.")]), &[]).unwrap();
    match &kind.asks(&Scope::new()).unwrap()[0].question {
        Question::Script { env, .. } => {
            assert!(env.contains(&("ask_host".into(), "shop.test.".into())));
            assert!(env.contains(&("ask_name".into(), "shop.test".into())));
        }
        _ => panic!("not a script"),
    }
}

#[test]
fn neither_host_nor_name_becomes_an_option() {
    for pairs in [
        [("host", "-connect"), ("sni", "a")],
        [("host", "a"), ("sni", "-key /etc/passwd")],
        [("host", "a/b"), ("sni", "a")],
    ] {
        let kind = build(&spec(&pairs), &[]).unwrap();
        assert!(kind.asks(&Scope::new()).is_err(), "{pairs:?}");
    }
}

#[test]
fn an_address_is_verified_but_not_sent_as_a_name() {
    let asked = |pairs: &[(&'static str, &str)]| {
        let asks = build(&spec(pairs), &[])
            .unwrap()
            .asks(&Scope::new())
            .unwrap();
        match asks[0].question.clone() {
            Question::Script { env, .. } => (env, asks[0].argv()),
            _ => panic!("not a script"),
        }
    };
    let (env, shown) = asked(&[("host", "fd00::1")]);
    assert!(!env.iter().any(|(name, _)| name == "ask_sni"));
    assert_eq!(shown, ["tls", "fd00::1", "443"]);
    let (env, shown) = asked(&[("host", "fd00::1"), ("port", "8443"), ("sni", "shop.test")]);
    assert!(env.contains(&("ask_sni".into(), "1".into())));
    assert_eq!(shown, ["tls", "fd00::1", "8443", "shop.test"]);
}
