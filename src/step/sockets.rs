//! `sockets`: TCP and UDP sockets of the patient's network, read from `/proc`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::about::{About, Fact, Field, Shape};
use super::{Asking, Observation, Registered, Spec, Unfit, answer};
use crate::ask::{Answer, Ask, Question};
use crate::report::Verdict;
use crate::script::{Scope, TemplateError};

pub(super) const KIND: Registered = Registered {
    about: &ABOUT,
    build,
};

const ABOUT: About = About {
    word: "sockets",
    purpose: "TCP and UDP sockets of the patient's network namespace, which all containers of a pod share",
    ways: &[],
    short: None,
    fields: &[
        Field::new(
            "proto",
            Shape::Word(&["tcp", "udp"]),
            "only this protocol, over IPv4 and IPv6",
        )
        .or("both"),
        Field::new(
            "state",
            Shape::Word(&STATES),
            "only `rows` in this state; `by_state` counts all the same",
        )
        .or("every state"),
    ],
    facts: &[
        Fact::new(
            "rows",
            "list of maps: proto, state, local, lport, peer, pport, rq, sq, uid",
            "one for each socket; `proto` is `tcp` or `udp` over either IP, an IPv4 address mapped into IPv6 is told as IPv4, `rq` and \
             `sq` are bytes in the receive and send queues (for LISTEN: `rq` connections not yet accepted)",
        ),
        Fact::new(
            "by_state",
            "map of int",
            "sockets by state, 0 for a state that none is in: `by_state.CLOSE_WAIT`",
        ),
    ],
    example: "sockets: {proto: tcp, state: CLOSE_WAIT}",
};

const SCRIPT: &str = include_str!("sockets.sh");

/// States by the kernel's number less one (include/net/tcp_states.h), and last what it calls CLOSE where a UDP socket has no peer.
const STATES: [&str; 12] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
    "UNCONN",
];

#[derive(Debug)]
struct Sockets {
    spec: Spec,
}

fn build(spec: &Spec, _: &[String]) -> Result<Arc<dyn Asking>, Unfit> {
    Ok(Arc::new(Sockets { spec: spec.clone() }))
}

impl Asking for Sockets {
    fn asks(&self, scope: &Scope<'_>) -> Result<Vec<Ask>, TemplateError> {
        let proto = self.spec.word(ABOUT.fields, "proto", scope)?;
        let state = self.spec.word(ABOUT.fields, "state", scope)?;
        let protos = match proto.as_deref() {
            Some("tcp") => "tcp tcp6",
            Some("udp") => "udp udp6",
            _ => "tcp tcp6 udp udp6",
        };
        let given = [proto.as_deref(), state.as_deref()];
        let shown: Vec<_> = [ABOUT.word]
            .into_iter()
            .chain(given.into_iter().flatten())
            .collect();
        let mut ask = answer::script(SCRIPT, scope, &shown);
        if let Question::Script { env, .. } = &mut ask.question {
            env.push(("protos".into(), protos.into()));
            env.push(("state".into(), state.clone().unwrap_or_default()));
        }
        Ok(vec![ask])
    }

    fn read(&self, answers: &[Answer], image: &str) -> Observation {
        let (mut observation, output) = answer::scripted(answers, image, ABOUT.facts);
        let Some(output) = output else {
            return observation;
        };
        let output = String::from_utf8_lossy(output);
        let Some(output) = output.strip_suffix("end\n") else {
            observation.blocked = Some((Verdict::Error, answer::UNENDED.into()));
            return observation;
        };
        let mut wanted = "";
        let (mut rows, mut counts) = (
            Vec::new(),
            BTreeMap::from(STATES.map(|state| (state.to_owned(), 0u64))),
        );
        let (mut proto, mut order) = ("", Order::Little);
        for line in output.lines() {
            if let Some(state) = line.strip_prefix("state ") {
                wanted = state;
            } else if line == "order big" {
                order = Order::Big;
            } else if let Some(table) = line.strip_prefix("table ") {
                proto = table;
            } else if let Some(socket) = Socket::read(proto, order, line) {
                *counts.entry(socket.state.clone()).or_default() += 1;
                if wanted.is_empty() || wanted == socket.state {
                    rows.push(socket.row());
                }
            }
        }
        observation.facts.insert("rows".into(), rows.into());
        let counts: Map<_, _> = counts
            .into_iter()
            .map(|(state, count)| (state, count.into()))
            .collect();
        observation.facts.insert("by_state".into(), counts.into());
        observation
    }
}

#[derive(Debug, PartialEq)]
struct Socket<'t> {
    proto: &'t str,
    state: String,
    local: (IpAddr, u16),
    peer: (IpAddr, u16),
    queued: (u64, u64),
    uid: u32,
}

impl<'t> Socket<'t> {
    /// A line of a table (`tcp4_seq_show` in net/ipv4/tcp_ipv4.c and its like); `None` for the heading.
    fn read(table: &'t str, order: Order, line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().skip(1);
        let local = address(words.next()?, order)?;
        let peer = address(words.next()?, order)?;
        let number = words.next()?;
        let (sent, received) = words.next()?.split_once(':')?;
        let uid = words.nth(2)?.parse().ok()?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        let proto = if table.starts_with("udp") {
            "udp"
        } else {
            "tcp"
        };
        let state = match (proto, number) {
            ("udp", "07") => Some("UNCONN"),
            _ => hex(number).and_then(|n| {
                STATES
                    .get(usize::try_from(n.checked_sub(1)?).ok()?)
                    .copied()
            }),
        };
        Some(Self {
            proto,
            state: state.map_or_else(|| number.to_owned(), str::to_owned),
            local,
            peer,
            queued: (hex(received)?, hex(sent)?),
            uid,
        })
    }

    fn row(&self) -> Value {
        json!({
            "proto": self.proto, "state": self.state, "local": self.local.0.to_string(), "lport": self.local.1,
            "peer": self.peer.0.to_string(), "pport": self.peer.1, "rq": self.queued.0, "sq": self.queued.1, "uid": self.uid,
        })
    }
}

/// In which order a machine keeps the bytes of a number.
#[derive(Clone, Copy, Debug)]
enum Order {
    Little,
    /// On s390x.
    Big,
}

/// `0100007F:1F90`: words of 32 bits as the machine keeps them in memory, read as a number. The port is in plain hexadecimal.
fn address(text: &str, order: Order) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        bytes.extend(match order {
            Order::Little => word.to_le_bytes(),
            Order::Big => word.to_be_bytes(),
        });
    }
    let address = match *bytes.as_slice() {
        [a, b, c, d] => IpAddr::from([a, b, c, d]),
        _ => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
    };
    Some((address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::answer::said;

    /// From Linux 6.18: a listener on `::` with two connections that wait to be accepted, one of whose peers has closed after five bytes.
    const TABLES: &str = "state \ntable tcp
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
2736: 0100007F:EAEA 0100007F:ECCD 05 00000000:00000000 03:0000175A 00000000     0        0 0 3 00000000cad27e35                                      
2737: 0100007F:EAF6 0100007F:ECCD 01 00000000:00000000 00:00000000 00000000     0        0 4713865 2 00000000d449ffd6 20 0 0 10 -1                   
table tcp6
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:ECCD 00000000000000000000000000000000:0000 0A 00000000:00000002 00:00000000 00000000  1000        0 4713863 3 00000000efa0a01a 100 0 0 10 0
  11: 0000000000000000FFFF00000100007F:ECCD 0000000000000000FFFF00000100007F:EAEA 08 00000000:00000006 00:00000000 00000000     0        0 4713867 1 00000000ce253148 20 4 28 10 -1
table udp
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops            
 5301: 0100007F:CABD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713868 2 000000005c834839 0       
table udp6
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 6102: 00000000000000000000000001000000:CDDE B80D0120000000000000000001000000:0009 01 00000000:00000000 00:00000000 00000000     0        0 4713869 2 000000008c8321d7 0
end
";

    fn read(output: &str) -> Observation {
        let sockets = Sockets {
            spec: Spec::default(),
        };
        sockets.read(
            &said(crate::ask::Ended::Exited(0), output.as_bytes(), ""),
            "this machine",
        )
    }

    #[test]
    fn addresses_states_and_queues_are_read_from_the_kernels_tables() {
        let rows = read(TABLES).facts["rows"].clone();
        assert_eq!(
            rows[2],
            json!({"proto": "tcp", "state": "LISTEN", "local": "::", "lport": 60621, "peer": "::", "pport": 0, "rq": 2, "sq": 0, "uid": 1000})
        );
        assert_eq!(
            rows[3],
            json!({"proto": "tcp", "state": "CLOSE_WAIT", "local": "127.0.0.1", "lport": 60621, "peer": "127.0.0.1", "pport": 60138, "rq": 6, "sq": 0, "uid": 0})
        );
        assert_eq!(
            (&rows[4]["proto"], &rows[4]["state"]),
            (&json!("udp"), &json!("UNCONN"))
        );
        assert_eq!(
            (&rows[5]["local"], &rows[5]["peer"]),
            (&json!("::1"), &json!("2001:db8::1"))
        );
    }

    #[test]
    fn every_state_is_counted_also_one_that_no_socket_is_in() {
        let counts = &read(TABLES).facts["by_state"];
        assert_eq!(
            (
                &counts["CLOSE_WAIT"],
                &counts["LISTEN"],
                &counts["ESTABLISHED"]
            ),
            (&json!(1), &json!(1), &json!(2))
        );
        assert_eq!(
            (&counts["FIN_WAIT2"], &counts["SYN_SENT"]),
            (&json!(1), &json!(0))
        );
    }

    #[test]
    fn a_wanted_state_narrows_the_rows_and_not_the_counts() {
        let facts = read(&TABLES.replacen("state ", "state LISTEN", 1)).facts;
        assert_eq!(facts["rows"].as_array().unwrap().len(), 1);
        assert_eq!(facts["by_state"]["ESTABLISHED"], 2);
    }

    #[test]
    fn a_table_without_its_end_is_no_answer() {
        let cut = read(&TABLES[..TABLES.len() - 4]);
        assert_eq!(cut.blocked.unwrap().0, Verdict::Error);
    }

    #[test]
    fn lines_that_are_no_sockets_are_passed_over() {
        assert_eq!(
            read("state \ntable tcp\n 0: é00007F:0050 x\n:\n 1: 00:00 00:00 0A 0:0\nend\n").facts["rows"],
            json!([])
        );
    }

    #[test]
    fn addresses_of_a_machine_with_the_other_order_of_bytes_are_told_as_they_are() {
        let output = "state \norder big\ntable tcp\n 0: 7F000001:0050 0A010203:ECCD 01 0:0 0:0 0 0 0 1\ntable tcp6\n\
             1: 00000000000000000000000000000001:0051 0000000000000000 0000FFFF0A010203:1 01 0:0 0:0 0 0 0 1\n\
             2: 20010DB8000000000000000000000001:0051 00000000000000000000FFFF0A010203:0001 01 0:0 0:0 0 0 0 1\nend\n";
        let rows = read(output).facts["rows"].clone();
        let of = |at: usize| (rows[at]["local"].clone(), rows[at]["peer"].clone());
        assert_eq!(of(0), (json!("127.0.0.1"), json!("10.1.2.3")));
        assert_eq!(of(1), (json!("2001:db8::1"), json!("10.1.2.3")));
    }

    proptest::proptest! {
        #[test]
        fn whatever_stands_in_a_table_every_row_is_counted_once(
            lines in "(([ -~]|\\PC){0,12}|table (tcp6?|udp6?)| 0: [0-9A-F]{8}:[0-9A-F]{4} [0-9A-F]{8}:[0-9A-F]{4} [0-9A-F]{2} 0:0 0:0 0 [0-9]{1,3} 0 1|\n){0,40}",
        ) {
            let observation = read(&format!("state \n{lines}\nend\n"));
            let rows = observation.facts["rows"].as_array().unwrap().len();
            let counted: u64 = observation.facts["by_state"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
            let wanted = lines.lines().any(|line| line.starts_with("state "));
            proptest::prop_assert!(wanted || rows as u64 == counted);
        }
    }
}
