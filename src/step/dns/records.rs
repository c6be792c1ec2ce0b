//! What each tool says of one name.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::{Map, Value};

/// One name, looked up.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    /// The server's word; `None` when none came.
    pub(super) rcode: Option<String>,
    pub(super) records: Vec<Record>,
    pub(super) server: Option<String>,
    /// Seconds, where the tool tells.
    pub(super) time: Option<f64>,
    /// True when what came was no sound answer; nothing else is then told of it.
    pub(super) malformed: bool,
}

/// One record of an answer.
#[derive(Debug)]
pub(super) struct Record {
    name: String,
    kind: String,
    data: String,
    ttl: Option<i64>,
}

impl Lookup {
    /// What comes of an answer that its tool could not read to its end.
    fn malformed() -> Self {
        Self {
            malformed: true,
            ..Self::default()
        }
    }

    /// Whether there is a record of this type.
    pub(super) fn holds(&self, wanted: &str) -> bool {
        self.records.iter().any(|record| record.kind == wanted)
    }

    /// The addresses among the records.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.records
            .iter()
            .filter(|record| matches!(record.kind.as_str(), "A" | "AAAA"))
            .map(|record| record.data.clone())
            .collect()
    }
}

impl Record {
    fn new(name: &str, kind: &str, data: &str) -> Self {
        let named = matches!(kind, "CNAME" | "MX" | "NS" | "PTR" | "SRV");
        Self {
            name: bare(name).into(),
            kind: kind.into(),
            data: if named { bare(data) } else { data }.into(),
            ttl: None,
        }
    }

    fn address(name: &str, address: IpAddr) -> Self {
        let kind = if address.is_ipv4() { "A" } else { "AAAA" };
        Self::new(name, kind, &address.to_string())
    }

    /// As a fact.
    pub(super) fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("name".into(), self.name.clone().into());
        value.insert("type".into(), self.kind.clone().into());
        value.insert("data".into(), self.data.clone().into());
        if let Some(ttl) = self.ttl {
            value.insert("ttl".into(), ttl.into());
        }
        value.into()
    }
}

/// A name without its last dot.
fn bare(name: &str) -> &str {
    match name.strip_suffix('.') {
        // The root, also as the last word of `0 .`, by which a domain says that it takes no mail.
        Some(bare) if !bare.is_empty() && !bare.ends_with(' ') => bare,
        _ => name,
    }
}

/// dig of bind, and drill, which speaks like it: `name ttl class type data` after the heading.
pub(super) fn dig(lines: &[&str]) -> Lookup {
    const UNREAD: [&str; 2] = ["malformed message packet", "Got bad packet"];
    if said(lines, ";; ", &UNREAD) {
        return Lookup::malformed();
    }
    let mut lookup = Lookup::default();
    let mut answer = false;
    for line in lines {
        if let Some(rest) = line.strip_prefix(";;") {
            answer = rest.trim() == "ANSWER SECTION:";
            for key in ["status: ", "rcode: "] {
                if let Some((_, status)) = rest.split_once(key) {
                    let word = status.split(',').next().unwrap_or_default();
                    // drill has a word of its own for this one.
                    let word = word.trim().replace("NOTIMPL", "NOTIMP");
                    lookup.rcode = Some(word);
                }
            }
            if let Some(time) = rest.trim().strip_prefix("Query time: ") {
                let figure: Option<f64> = time.split(' ').next().and_then(|n| n.parse().ok());
                lookup.time = figure.map(|milliseconds| milliseconds / 1000.0);
            }
            if let Some(server) = rest.trim().strip_prefix("SERVER: ") {
                lookup.server = Some(place(server.split('(').next().unwrap_or(server), '#'));
            }
        } else if answer && let Some(record) = row(line) {
            lookup.records.push(record);
        }
    }
    lookup
}

/// Whether a line that begins so holds one of these words.
fn said(lines: &[&str], begin: &str, words: &[&str]) -> bool {
    lines
        .iter()
        .filter_map(|line| line.strip_prefix(begin))
        .any(|line| words.iter().any(|word| line.contains(word)))
}

fn row(line: &str) -> Option<Record> {
    let mut rest = line;
    let mut word = || {
        rest = rest.trim_start();
        let end = rest.find(char::is_whitespace)?;
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    };
    let (name, ttl, _class, kind) = (word()?, word()?, word()?, word()?);
    let mut record = Record::new(name, kind, rest.trim());
    record.ttl = ttl.parse().ok();
    Some(record)
}

/// nslookup of bind and of busybox: who was asked, an empty line, then a sentence for each record.
pub(super) fn nslookup(lines: &[&str]) -> Lookup {
    const SENTENCES: [(&str, &str); 7] = [
        ("\tcanonical name = ", "CNAME"),
        ("\tmail exchanger = ", "MX"),
        ("\tnameserver = ", "NS"),
        ("\ttext = ", "TXT"),
        ("\tservice = ", "SRV"),
        ("\tname = ", "PTR"),
        // Of bind before 9.12; later it has `Name:` and `Address:` as for IPv4.
        ("\thas AAAA address ", "AAAA"),
    ];
    if said(lines, "*** Can't find ", &[": Parse error"]) || said(lines, ";; ", &["Got bad packet"])
    {
        return Lookup::malformed();
    }
    let mut lookup = Lookup::default();
    let (mut asked, mut named) = (false, "");
    let mut authority = Vec::new();
    for line in lines {
        if line.starts_with("Authoritative answers can be found") {
            break;
        }
        if let Some((_, word)) = line
            .strip_prefix("** server can't find ")
            .and_then(|rest| rest.rsplit_once(": "))
        {
            lookup.rcode = Some(word.trim().into());
        } else if line.starts_with("Server:") {
            asked = true;
        } else if let Some(address) = line.strip_prefix("Address:") {
            let address = address.trim();
            if lookup.server.is_none() && asked {
                let mark = if address.contains('#') { '#' } else { ':' };
                lookup.server = Some(place(address, mark));
            } else if let Ok(address) = address.parse() {
                lookup.records.push(Record::address(named, address));
            }
        } else if let Some(name) = line.strip_prefix("Name:") {
            named = name.trim();
        } else if let Some((name, kind, data)) = SENTENCES.iter().find_map(|(sentence, kind)| {
            let (name, data) = line.split_once(sentence)?;
            Some((name, kind, data))
        }) {
            lookup.records.push(Record::new(name, kind, data.trim()));
        } else if let Some((_, value)) = line
            .strip_prefix('\t')
            .and_then(|rest| rest.split_once(" = "))
        {
            authority.push(value.trim());
        } else if !line.trim().is_empty() && !line.starts_with([';', '*']) {
            named = line.trim();
        }
    }
    if !authority.is_empty() {
        lookup
            .records
            .push(Record::new(named, "SOA", &authority.join(" ")));
    }
    let silent = lines
        .iter()
        .any(|line| line.contains("no servers could be reached"));
    if lookup.rcode.is_none() && lookup.server.is_some() && !silent {
        lookup.rcode = Some("NOERROR".into());
    }
    lookup
}

/// getent: an address and its names in each row, the same address once for each kind of socket.
pub(super) fn getent(asked: &str, lines: &[&str]) -> Lookup {
    let mut lookup = Lookup::default();
    for line in lines {
        let mut words = line.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else {
            continue;
        };
        lookup.rcode = Some("NOERROR".into());
        // An IPv4 address in the dress of IPv6 is no AAAA.
        if matches!(address, IpAddr::V6(address) if mapped(address)) {
            continue;
        }
        let record = match (asked.parse::<IpAddr>(), words.next()) {
            (Ok(_), Some(name)) => Record::new(asked, "PTR", name),
            _ => Record::address(asked, address),
        };
        if !lookup.records.iter().any(|known| known.data == record.data) {
            lookup.records.push(record);
        }
    }
    lookup
}

fn mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

/// Address and port as `address` or `address:port`; 53 goes without saying.
fn place(told: &str, mark: char) -> String {
    let told = told.trim();
    let Some((address, port)) = told.rsplit_once(mark).filter(|(_, port)| {
        !port.is_empty()
            && port.chars().all(|c| c.is_ascii_digit())
            && told.parse::<Ipv6Addr>().is_err()
    }) else {
        return told.into();
    };
    let bare = address.trim_start_matches('[').trim_end_matches(']');
    match (port, bare.contains(':')) {
        ("53", _) => bare.into(),
        (port, true) => format!("[{bare}]:{port}"),
        (port, false) => format!("{bare}:{port}"),
    }
}
