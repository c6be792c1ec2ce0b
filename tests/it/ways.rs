//! The portable kinds that ask the network, on this machine, by whatever tool it has.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use serde_json::{Value, json};

const RUNBOOK: &str = r#"
version: 1
id: ways
title: Ways
params:
  url: {type: string, required: true}
  port: {type: int, required: true}
  closed: {type: int, required: true}
steps:
  - {id: web, http: '{{url}}', expect: [{id: web-up, that: 'code == 503 && headers["retry-after"] == "7" && body == "later\n"'}]}
  - {id: gone, http: 'http://127.0.0.1:{{closed}}/'}
  - {id: taken, tcp: {host: 127.0.0.1, port: '{{port}}'}}
  - {id: shut, tcp: {host: 127.0.0.1, port: '{{closed}}'}}
  - {id: resolved, dns: {name: localhost.invalid., server: '127.0.0.1:{{closed}}'}}
"#;

/// A server that says the same to everyone, for as long as the tests run.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

fn answer(mut stream: TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    while !lines.next()?.ok()?.is_empty() {}
    let head = "HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 6\r\nConnection: close\r\n";
    write!(stream, "{head}\r\nlater\n").ok()
}

/// A port that nobody listens on: one that was free a moment ago, and which the kernel gives to nobody else so soon.
fn closed() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn steps(url: &str, port: u16, closed: u16) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runbook.yaml");
    std::fs::write(&path, RUNBOOK).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_housecall"))
        .args(["run", path.to_str().unwrap(), "local", "-o", "json", "-q"])
        .args(["-p", &format!("url={url}")])
        .args(["-p", &format!("port={port}")])
        .args(["-p", &format!("closed={closed}")])
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    report["targets"][0]["steps"].as_array().unwrap().clone()
}

#[test]
fn what_the_network_says_is_told_and_judged() {
    let (port, closed) = (server(), closed());
    let steps = steps(&format!("http://127.0.0.1:{port}/"), port, closed);
    let [web, gone, taken, shut, resolved] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    assert_eq!(web["facts"]["code"], 503, "{web}");
    assert_eq!(web["facts"]["exit"], 0, "an answer is an answer");
    assert_eq!(web["argv"][0], "http");
    if web["facts"]["way"] != "busybox wget" {
        assert_eq!(web["status"], "pass", "{web}");
    }

    assert_eq!(gone["status"], "fail", "{gone}");
    assert_eq!(gone["facts"]["code"], 0);
    assert_eq!(gone["checks"][0]["id"], "exit");

    assert_eq!(taken["facts"]["open"], true, "{taken}");
    assert_eq!(taken["status"], "pass");

    assert_eq!(shut["facts"]["open"], false, "{shut}");
    let message = shut["checks"][0]["message"].as_str().unwrap();
    assert!(message.ends_with(": connection refused"), "{message}");

    // Where no tool can ask a given server, that is said; never that the name is not there.
    match resolved["status"].as_str() {
        Some("fail") => assert_eq!(resolved["facts"]["rcode"], "", "{resolved}"),
        status => assert_eq!(status, Some("unavailable"), "{resolved}"),
    }
}

#[test]
fn a_url_that_would_be_an_option_or_another_line_is_never_asked() {
    let (port, closed) = (server(), closed());
    for url in [
        "-o/tmp/x",
        "http://a/\nurl = \"file:///etc/passwd\"",
        "file:///etc/passwd",
    ] {
        let steps = steps(url, port, closed);
        assert_eq!(steps[0]["status"], "error", "{url}");
        assert_eq!(steps[0]["attempts"], json!([]), "{url}");
    }
}
