//! The demo's patient: a small web application, as a process of its own, with one deliberate fault.
//!
//! It answers `GET /` over HTTP on loopback, and any name over DNS, so that the demo needs no network. Its fault: it leaks
//! connections. Twelve clients have hung up, and it never closes its end, so twelve sockets stay in CLOSE_WAIT until it runs out of
//! file descriptors. It tells its ports in one line on stdout and serves until its stdin ends.

use std::io::Write;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::exit::Failure;

/// Connections that it leaks: above the eight that the shipped runbook tolerates.
const LEAKS: usize = 12;

/// How long it may take to say its ports.
const START: Duration = Duration::from_secs(10);

/// The largest request it reads.
const REQUEST: usize = 8 * 1024;

/// A patient that runs.
pub(crate) struct Patient {
    child: Child,
    pub(crate) pid: u32,
    /// Port of its HTTP.
    pub(crate) port: u16,
    /// Port of its DNS.
    pub(crate) dns: u16,
}

impl Patient {
    /// Starts this very program as the patient.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let could_not =
            |error: std::io::Error| Failure::could_not("start the demo's patient", &error);
        let mut child = Command::new(std::env::current_exe().map_err(could_not)?)
            .arg("demo-patient")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(could_not)?;
        let out = child
            .stdout
            .take()
            .ok_or_else(|| could_not(std::io::Error::other("it has no stdout")))?;
        let mut line = String::new();
        timeout(START, BufReader::new(out).read_line(&mut line))
            .await
            .map_err(|_| could_not(std::io::Error::other("it does not say its ports")))?
            .map_err(could_not)?;
        let ports: Vec<u16> = line
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let (Some(pid), &[port, dns]) = (child.id(), ports.as_slice()) else {
            return Err(could_not(std::io::Error::other(format!(
                "it says `{}`",
                line.trim()
            ))));
        };
        Ok(Self {
            child,
            pid,
            port,
            dns,
        })
    }

    /// Ends it: its stdin ends, and it is waited for.
    pub(crate) async fn stop(mut self) {
        drop(self.child.stdin.take());
        if timeout(START, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Serves as the patient until stdin ends.
pub(crate) async fn serve() -> Result<u8, Failure> {
    let could_not =
        |error: std::io::Error| Failure::could_not("serve as the demo's patient", &error);
    let web = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(could_not)?;
    let names = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .map_err(could_not)?;
    let leaked = leak(&web).await.map_err(could_not)?;
    let (port, dns) = (
        web.local_addr().map_err(could_not)?.port(),
        names.local_addr().map_err(could_not)?.port(),
    );
    writeln!(std::io::stdout(), "{port} {dns}").map_err(could_not)?;
    tokio::select! {
        () = answer_web(web) => {}
        () = answer_names(names) => {}
        () = end_of_stdin() => {}
    }
    drop(leaked);
    Ok(0)
}

/// The fault: clients that have hung up, and server ends that stay open.
async fn leak(web: &TcpListener) -> std::io::Result<Vec<TcpStream>> {
    let mut leaked = Vec::new();
    for _ in 0..LEAKS {
        let client = TcpStream::connect(web.local_addr()?).await?;
        leaked.push(web.accept().await?.0);
        drop(client);
    }
    Ok(leaked)
}

async fn answer_web(web: TcpListener) {
    while let Ok((stream, _)) = web.accept().await {
        tokio::spawn(async move {
            // A client that goes away in mid-answer is its own affair.
            let _ = timeout(START, answer_one(stream)).await;
        });
    }
}

async fn answer_one(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST {
        match stream.read(&mut chunk).await? {
            0 => return Ok(()),
            length => request.extend_from_slice(&chunk[..length]),
        }
    }
    let (status, page) = if request.starts_with(b"GET / ") {
        ("200 OK", "hello from the patient\n")
    } else {
        ("404 Not Found", "nothing here\n")
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn answer_names(names: UdpSocket) {
    let mut query = [0; 512];
    while let Ok((length, from)) = names.recv_from(&mut query).await {
        if let Some(answer) = named(&query[..length]) {
            let _ = names.send_to(&answer, from).await;
        }
    }
}

/// The answer to a DNS query (RFC 1035, section 4.1): whatever name is asked for is 127.0.0.1. `None` for what is no query.
fn named(query: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let labels = query.get(HEADER..)?;
    let mut end = 0;
    while *labels.get(end)? != 0 {
        end += 1 + usize::from(*labels.get(end)?);
    }
    // The name's last zero, then type and class.
    let question = labels.get(..end + 5)?;
    let mut answer = query[..2].to_vec();
    // A response, recursion desired and available; one question, one answer, no authority, nothing additional.
    answer.extend([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    answer.extend(question);
    // The name at offset 12, type A, class IN, a minute to live, four bytes of address.
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    Some(answer)
}

async fn end_of_stdin() {
    let mut stdin = tokio::io::stdin();
    let mut chunk = [0; 64];
    while matches!(stdin.read(&mut chunk).await, Ok(length) if length > 0) {}
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn any_name_is_answered_and_what_is_no_query_is_not() {
        let mut query = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        query.extend(b"\x07patient\x04demo\0\0\x01\0\x01");
        let answer = named(&query).unwrap();
        assert_eq!(answer[..2], query[..2]);
        assert!(answer.ends_with(&[127, 0, 0, 1]));
        for length in 0..query.len() {
            assert_eq!(named(&query[..length]), None, "{length}");
        }
    }
}
