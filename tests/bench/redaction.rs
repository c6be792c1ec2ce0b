//! What masking costs: `nice cargo bench --bench redaction`.
//!
//! Prints how many MB each second of one core are looked through, of ordinary output with every built-in rule and a secret that is known;
//! the bound is 200. It never fails: a figure of a noisy machine is no verdict. The time is what this process had of the processor
//! (`/proc/self/stat`), so that neighbours do not count.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot be set up has failed"
)]

use std::fmt::Write as _;
use std::time::Duration;

use housecall::ask::{Ask, Canned, Captured, Ended, Question};
use housecall::report::{Key, Redactor, Rules};

/// MB that are looked through in a round: what one stream of a step may hold.
const ROUND: usize = 8 * 1024 * 1024;
const ROUNDS: usize = 60;

/// MB in a second.
const BOUND: f64 = 200.0;

fn main() {
    let text = ordinary();
    let secrets = [(
        "token".to_owned(),
        "correct horse battery staple".to_owned(),
    )];
    let redactors = [
        (
            "built-in rules",
            Redactor::new(&[], Rules::builtin(), Key::known()),
        ),
        (
            "and a secret",
            Redactor::new(&secrets, Rules::builtin(), Key::known()),
        ),
    ];
    println!("figure                MB/s      bound   ratio");
    for (what, redactor) in redactors {
        let ask = Ask::new(Question::Argv(Vec::new()));
        let mut answer = Canned::silent(Ended::Exited(0)).answer;
        answer.stdout = Captured::whole(text.clone());
        let begun = taken();
        for _ in 0..ROUNDS {
            redactor.answer(&ask, &mut answer);
        }
        let took = taken() - begun;
        assert!(answer.stdout.bytes == text && redactor.ledger().is_empty());
        let speed = (text.len() * ROUNDS) as f64 / 1e6 / took.as_secs_f64();
        let word = if speed >= BOUND { "reached" } else { "MISSED" };
        println!(
            "{what:<17} {speed:>8.0} {BOUND:>10.0} {:>7.2}  {word}",
            speed / BOUND
        );
    }
}

/// What this process has had of the processor in its own code, to a hundredth of a second.
fn taken() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').nth(11).unwrap().parse().unwrap();
    Duration::from_millis(ticks * 10)
}

/// Logs of a server and of a program, processes, sockets, metrics, and the manifest of a pod now and then.
fn ordinary() -> Vec<u8> {
    let manifest = include_str!("../redaction/ordinary/cluster.yaml");
    let mut text = String::new();
    for at in 0_u64.. {
        if text.len() >= ROUND {
            break;
        }
        let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let _ = match at % 8 {
            0..3 => writeln!(
                text,
                "10.244.0.{} - - [02/Jan/2026:03:04:{:02} +0000] \"GET /api/v1/items/{at}?page={} HTTP/1.1\" 200 {} \"https://shop.example.test/cart\" \"Mozilla/5.0 (X11; Linux x86_64)\" 0.0{}",
                at % 250,
                at % 60,
                at % 9,
                mixed % 9999,
                at % 90
            ),
            3..5 => writeln!(
                text,
                "{{\"ts\":\"2026-01-02T03:04:05.{:03}Z\",\"level\":\"info\",\"logger\":\"shop.orders\",\"msg\":\"order placed\",\"order_id\":\"{:08x}\",\"trace_id\":\"{mixed:016x}{at:016x}\",\"items\":{},\"duration_ms\":{}}}",
                at % 1000,
                mixed >> 32,
                at % 9,
                at % 400
            ),
            5 => writeln!(
                text,
                "app       {at:5}  1.2  3.4 987654 65432 ?        Sl   03:04   1:23 java -Xmx512m -Djava.security.egd=file:/dev/urandom -jar /app/orders.jar --server.port=8080"
            ),
            6 => writeln!(
                text,
                "tcp   ESTAB  0      0         10.244.1.{}:{}       10.96.0.10:5432  users:((\"orders\",pid={at},fd={}))",
                at % 250,
                40_000 + at % 20_000,
                at % 64
            ),
            _ => writeln!(
                text,
                "http_request_duration_seconds_bucket{{method=\"GET\",path=\"/api/v1/items\",le=\"0.{}\"}} {}",
                at % 10,
                at * 37
            ),
        };
        if at % 2000 == 1999 {
            text.push_str(manifest);
        }
    }
    text.into_bytes()
}
