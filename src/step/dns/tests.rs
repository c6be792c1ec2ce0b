//! On what dig 9.18, drill 1.8.3, nslookup of bind 9.18 and of busybox 1.35.0, and getent of glibc 2.36 said.

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
            include_bytes!(concat!("../captured/dns/", $name, ".out")),
            include_bytes!(concat!("../captured/dns/", $name, ".err")),
        )
    };
}

/// The same question, as each of the four that ask a server answered it.
macro_rules! by_each {
    ($case:literal, $exits:expr) => {{
        let exits: [i32; 4] = $exits;
        [
            read(&captured!(concat!("dig-", $case), exits[0])),
            read(&captured!(concat!("drill-", $case), exits[1])),
            read(&captured!(concat!("nslookup-", $case), exits[2])),
            read(&captured!(concat!("busybox-", $case), exits[3])),
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
    let spec = spec(&[("name", "www.ward.test")]);
    build(&spec, &[]).unwrap().read(answers, "tools:1")
}

fn read(answers: &[Answer]) -> Map<String, Value> {
    let observation = observed(answers);
    assert_eq!(observation.blocked, None);
    observation.facts
}

/// Name, type and data of each record.
fn records(facts: &Map<String, Value>) -> Vec<String> {
    facts["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            let text = |key: &str| record[key].as_str().unwrap();
            format!("{} {} {}", text("name"), text("type"), text("data"))
        })
        .collect()
}

fn asked(pairs: &[(&'static str, &str)]) -> Result<Vec<(String, String)>, String> {
    let asks = build(&spec(pairs), &[])
        .unwrap()
        .asks(&Scope::new())
        .map_err(|error| error.to_string())?;
    match asks.first().map(|ask| &ask.question) {
        Some(Question::Script { env, .. }) => Ok(env.clone()),
        _ => panic!("not a script"),
    }
}

#[test]
fn an_alias_and_its_address_are_told_alike_by_every_way() {
    let all = by_each!("a", [0; 4]);
    for facts in &all {
        assert_eq!(
            records(facts),
            [
                "www.ward.test CNAME web.ward.test",
                "web.ward.test A 10.1.2.3"
            ]
        );
        assert_eq!(facts["addrs"], json!(["10.1.2.3"]));
        assert_eq!(facts["rcode"], "NOERROR");
        assert_eq!(facts["server"], "127.0.9.9");
        assert_eq!((&facts["exit"], &facts["reason"]), (&json!(0), &json!("")));
        assert!(facts["time"].is_f64());
    }
    let ways: Vec<_> = all.iter().map(|facts| facts["way"].clone()).collect();
    assert_eq!(ways, ["dig", "drill", "nslookup", "busybox nslookup"]);
    assert_eq!(all[0]["records"][1]["ttl"], 30);
    assert_eq!(all[1]["records"][1]["ttl"], 30);
}

#[test]
fn records_of_every_type_are_told_alike_by_every_way() {
    for facts in by_each!("aaaa", [0; 4]) {
        assert_eq!(facts["addrs"], json!(["fd00::1"]));
    }
    for facts in by_each!("mx", [0; 4]) {
        assert_eq!(
            records(&facts),
            [
                "ward.test MX 10 mail.ward.test",
                "ward.test MX 20 mx2.ward.test"
            ]
        );
    }
    for facts in by_each!("ns", [0; 4]) {
        assert_eq!(records(&facts), ["ward.test NS ns.ward.test"]);
    }
    for facts in by_each!("srv", [0; 4]) {
        assert_eq!(
            records(&facts),
            ["_http._tcp.ward.test SRV 1 2 8080 web.ward.test"]
        );
    }
    for facts in by_each!("ptr", [0; 4]) {
        assert_eq!(records(&facts), ["3.2.1.10.in-addr.arpa PTR web.ward.test"]);
    }
    let [dig, .., busybox] = by_each!("soa", [0; 4]);
    assert_eq!(
        records(&dig),
        ["ward.test SOA ns.ward.test. root.ward.test. 1 2 3 4 5"]
    );
    assert_eq!(
        records(&busybox),
        ["ward.test SOA ns.ward.test root.ward.test 1 2 3 4 5"]
    );
    for facts in [
        read(&captured!("dig-txt", 0)),
        read(&captured!("drill-txt", 0)),
        read(&captured!("nslookup-txt", 0)),
    ] {
        assert_eq!(records(&facts)[1], r#"ward.test TXT "a b" "cd""#);
    }
}

#[test]
fn what_a_server_says_no_to_is_data_and_never_exit_0() {
    for facts in by_each!("nxdomain", [0, 0, 1, 1]) {
        assert_eq!(
            (&facts["rcode"], &facts["exit"]),
            (&json!("NXDOMAIN"), &json!(1))
        );
        assert_eq!(facts["addrs"], json!([]));
        assert_eq!(facts["reason"], "NXDOMAIN");
    }
    for facts in by_each!("servfail", [0, 0, 1, 1]) {
        assert_eq!(
            (&facts["rcode"], &facts["exit"]),
            (&json!("SERVFAIL"), &json!(1))
        );
    }
    for facts in by_each!("nodata", [0; 4]) {
        assert_eq!(
            (&facts["rcode"], &facts["exit"]),
            (&json!("NOERROR"), &json!(1))
        );
        assert_eq!(facts["reason"], "no MX record");
    }
}

#[test]
fn a_server_that_is_not_there_leaves_the_addresses_unknown() {
    let silent = by_each!("silent", [9, 124, 1, 1]);
    let nobody = by_each!("nobody", [9, 124, 1, 1]);
    for (facts, exit) in silent.iter().zip([9, 124, 1, 1]) {
        assert_eq!(facts["reason"], "no answer: timed out");
        assert_eq!(facts["exit"], exit);
    }
    for facts in silent.iter().chain(&nobody) {
        assert_eq!(facts["rcode"], "");
        assert!(!facts.contains_key("addrs"), "it is not known");
    }
    assert_eq!(nobody[0]["reason"], "no answer: connection refused");
    assert_eq!(nobody[3]["reason"], "no answer: connection refused");
}

#[test]
fn getent_tells_addresses_and_names_but_no_server() {
    let facts = read(&captured!("getent-a", 0));
    assert_eq!(facts["addrs"], json!(["127.0.0.1"]));
    assert_eq!(
        (&facts["rcode"], &facts["exit"]),
        (&json!("NOERROR"), &json!(0))
    );
    assert!(!facts.contains_key("server"));
    let facts = read(&captured!("getent-ptr", 0));
    assert_eq!(records(&facts), ["127.0.0.1 PTR localhost"]);
    for facts in [
        read(&captured!("getent-none", 2)),
        // IPv4 addresses in the dress of IPv6.
        read(&captured!("getent-aaaa", 0)),
    ] {
        assert_eq!(facts["addrs"], json!([]));
        assert_ne!(facts["exit"], 0);
    }
    let dressed = read(&captured!("getent-aaaa", 0));
    assert_eq!(dressed["reason"], "no AAAA record", "it does resolve");
    let unknown = observed(&captured!("getent-none", 1));
    assert_eq!(unknown.blocked.unwrap().0, Verdict::Error);
}

#[test]
fn of_the_names_of_a_search_list_the_known_one_counts_else_the_one_as_written() {
    let no =
        "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10:53\n\n** server can't find it: NXDOMAIN\n\n";
    let broken = no.replace("NXDOMAIN", "SERVFAIL");
    let yes =
        "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10:53\n\nName:\tdb.shop.svc\nAddress: 10.1.2.3\n\n";
    let told = format!("way busybox nslookup\nask db.shop.svc. A\n{no}ask db.svc. A\n{yes}");
    let facts = read(&answered(0, told.as_bytes(), b""));
    assert_eq!(facts["addrs"], json!(["10.1.2.3"]));
    let told = format!("way busybox nslookup\nask db. A\n{broken}ask db.shop.svc. A\n{no}");
    assert_eq!(
        read(&answered(1, told.as_bytes(), b""))["rcode"],
        "SERVFAIL"
    );
}

const NO: &str =
    "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10:53\n\n** server can't find it: NXDOMAIN\n\n";

/// What comes of names that were tried one after another, each with what busybox's nslookup said.
fn searched(exit: i32, tried: &[(&str, &str)]) -> Map<String, Value> {
    let mut told = String::from("way busybox nslookup\n");
    for (name, said) in tried {
        told.push_str(&format!("ask {name} A\n{said}"));
    }
    read(&answered(exit, told.as_bytes(), b""))
}

#[test]
fn a_server_that_falls_silent_in_the_search_list_is_not_hidden_by_names_it_did_not_know() {
    let silent = ";; connection timed out; no servers could be reached\n\n";
    let facts = searched(1, &[("db.svc.", NO), ("db.cluster.local.", silent)]);
    assert_eq!(facts["reason"], "no answer: timed out");
    assert_eq!(facts["rcode"], "");
    assert!(!facts.contains_key("addrs"), "it is not known");
}

#[test]
fn of_a_search_list_without_a_find_what_the_resolver_tells_is_told() {
    let broken = NO.replace("NXDOMAIN", "SERVFAIL");
    let other = "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10:53\n\n*** Can't find it: No answer\n\n";
    let rcode = |tried: &[(&str, &str)]| searched(1, tried)["reason"].clone();
    assert_eq!(rcode(&[("db.svc.", &broken), ("db.", NO)]), "SERVFAIL");
    assert_eq!(
        rcode(&[("db.svc.", &broken), ("db.shop.", other), ("db.", NO)]),
        "no A record"
    );
    assert_eq!(
        rcode(&[("db.x.", NO), ("db.x.svc.", &broken)]),
        "NXDOMAIN",
        "a name with dots enough is tried as written, and that counts"
    );
}

#[test]
fn an_answer_that_its_tool_cannot_read_is_no_answer() {
    for told in [
        "way dig\nask a. A\n;; Warning: Message parser reports malformed message packet.\n;; Got answer:\n\
         ;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 63604\n;; flags: qr rd ra; QUERY: 1, ANSWER: 5, AUTHORITY: 0, ADDITIONAL: 0\n\n\
         ;; Query time: 0 msec\n;; SERVER: 127.0.53.1#53(127.0.53.1) (UDP)\n",
        "way busybox nslookup\nask a. A\nServer:\t\t127.0.53.1\nAddress:\t127.0.53.1:53\n\nNon-authoritative answer:\n\
         *** Can't find a.: Parse error\n",
        "way nslookup\nask a. A\n;; Got bad packet: unexpected end of input\n31 bytes\n64 4f 81 80 00 01 00 05          dO......\n",
    ] {
        let facts = read(&answered(1, told.as_bytes(), b""));
        assert_eq!(facts["reason"], "no answer: what came cannot be read");
        assert_eq!(facts["rcode"], "");
        assert!(!facts.contains_key("records"), "{told}");
    }
}

#[test]
fn an_address_of_ipv6_is_read_as_nslookup_of_bind_9_11_told_it() {
    let told = "way nslookup\nask a.test. AAAA\nServer:\t\t10.0.0.10\nAddress:\t10.0.0.10#53\n\na.test\thas AAAA address fd00::1\n\n";
    let facts = read(&answered(0, told.as_bytes(), b""));
    assert_eq!(facts["addrs"], json!(["fd00::1"]));
    assert_eq!(records(&facts), ["a.test AAAA fd00::1"]);
}

#[test]
fn why_a_tool_could_not_ask_is_told_in_its_own_words() {
    let told = "way dig\nask a..b. A\ndig: 'a..b.' is not a legal name (empty label)\n";
    let facts = read(&answered(10, told.as_bytes(), b""));
    assert_eq!(
        facts["reason"],
        "no answer: dig: 'a..b.' is not a legal name (empty label)"
    );
}

#[test]
fn a_domain_that_takes_no_mail_keeps_its_dot_and_drill_speaks_as_dig_does() {
    let told = "way dig\nask a. MX\n;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;; ANSWER SECTION:\na.\t30\tIN\tMX\t0 .\n";
    assert_eq!(
        records(&read(&answered(0, told.as_bytes(), b""))),
        ["a MX 0 ."]
    );
    let told = "way drill\nask a. A\n;; ->>HEADER<<- opcode: QUERY, rcode: NOTIMPL, id: 2858\n";
    assert_eq!(read(&answered(0, told.as_bytes(), b""))["rcode"], "NOTIMP");
}

proptest::proptest! {
    #[test]
    fn no_answer_in_whatever_bytes_is_read_without_panic_or_as_well_without_a_record(
        way in "(dig|drill|nslookup|busybox nslookup|getent)",
        said in "([ -~\t\n]|;; |ask a\\. A\n|;; ANSWER SECTION:\n|Address:|Name:|status: | = |\u{e9}){0,60}",
        exit in 0..3i32,
    ) {
        let observation = observed(&answered(exit, format!("way {way}\nask a. A\n{said}").as_bytes(), b""));
        if observation.blocked.is_none() && observation.facts["exit"] == 0 {
            let records = observation.facts["records"].as_array().unwrap();
            proptest::prop_assert!(records.iter().any(|record| record["type"] == "A"));
        }
    }
}

#[test]
fn a_cut_answer_is_no_answer() {
    let mut answers = captured!("dig-a", 0);
    answers[0].stdout.truncated = true;
    let (verdict, why) = observed(&answers).blocked.unwrap();
    assert_eq!(verdict, Verdict::Error);
    assert!(why.contains("cut"), "{why}");
}

#[test]
fn neither_a_name_nor_a_server_becomes_an_option() {
    for name in [
        "-f/etc/passwd",
        "@10.0.0.1",
        "+trace",
        "a b",
        "a\nask x A",
        "$(id)",
        "",
        "..",
        ".a",
        "a..b",
        "a..",
        &"a".repeat(64),
    ] {
        assert!(asked(&[("name", name)]).is_err(), "{name:?}");
    }
    for name in [".", "a.", "_x._tcp.a-b.test", &"a".repeat(63)] {
        assert!(asked(&[("name", name)]).is_ok(), "{name:?}");
    }
    for server in ["-p", "10.0.0.1#53", "10.0.0.1:dns", "a b"] {
        assert!(
            asked(&[("name", "a"), ("server", server)]).is_err(),
            "{server:?}"
        );
    }
}

#[test]
fn a_server_may_have_a_port_and_an_address_has_a_name() {
    let env = asked(&[("name", "a"), ("server", "[fd00::1]:5353")]).unwrap();
    assert!(env.contains(&("ask_server".into(), "fd00::1".into())));
    assert!(env.contains(&("ask_port".into(), "5353".into())));
    let env = asked(&[("name", "a"), ("server", "fd00::1")]).unwrap();
    assert!(env.contains(&("ask_server".into(), "fd00::1".into())));
    let env = asked(&[("name", "10.1.2.3"), ("type", "PTR")]).unwrap();
    assert!(env.contains(&("ask_name".into(), "3.2.1.10.in-addr.arpa.".into())));
    assert!(env.contains(&("ask_address".into(), "10.1.2.3".into())));
    let env = asked(&[("name", "::1"), ("type", "PTR")]).unwrap();
    assert!(env[1].1.starts_with("1.0.0.0.") && env[1].1.ends_with(".0.ip6.arpa."));
}
