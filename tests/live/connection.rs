//! The connection is lost while a step runs, and the cluster is as it was.

use std::cell::OnceCell;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use tempfile::NamedTempFile;

use crate::ground::Ground;
use crate::node::Ward;
use crate::patience::eventually;
use crate::situation::as_held;
use crate::visit::{Running, Seen, Visit};

const STEPS: &str = "  - {id: long, sh: 'echo asked >>/tmp/asked; sleep 1001 | cat', timeout: 60s}\n  - {id: next, run: [cat, /tmp/asked]}\n";

/// What stands between the run and the API server.
struct Proxy {
    address: SocketAddr,
    open: Arc<Mutex<Vec<Connection>>>,
    /// Whether it takes no more.
    closed: Arc<AtomicBool>,
}

/// One connection, both its sides, and whether it still carries anything.
struct Connection {
    sides: [TcpStream; 2],
    frozen: Arc<Mutex<bool>>,
}

impl Proxy {
    fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let (kept, shut) = (Arc::clone(&open), Arc::clone(&closed));
        thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.unwrap();
                if shut.load(Ordering::Relaxed) {
                    continue;
                }
                let (near, far) = (near, TcpStream::connect(&server).unwrap());
                let frozen = Arc::new(Mutex::new(false));
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let frozen = Arc::clone(&frozen);
                    thread::spawn(move || carry(from, to, &frozen));
                }
                let sides = [near, far];
                kept.lock().unwrap().push(Connection { sides, frozen });
            }
        });
        Self {
            address,
            open,
            closed,
        }
    }

    /// Ends every connection there is.
    fn cut(&self) {
        for connection in self.open.lock().unwrap().drain(..) {
            for side in connection.sides {
                let _ = side.shutdown(Shutdown::Both);
            }
        }
    }

    /// Ends every connection there is, and every later one at its beginning.
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.cut();
    }

    /// Lets nothing through any more on the connections there are, and tells neither side.
    fn freeze(&self) {
        for connection in self.open.lock().unwrap().iter() {
            *connection.frozen.lock().unwrap() = true;
        }
    }
}

/// Until either side ends; what comes on a frozen connection is dropped.
fn carry(mut from: TcpStream, mut to: TcpStream, frozen: &Mutex<bool>) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !*frozen.lock().unwrap() && to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    if !*frozen.lock().unwrap() {
        let _ = to.shutdown(Shutdown::Both);
    }
}

/// A kubeconfig whose server is reached through the proxy.
fn through_proxy(ground: &Ground) -> (Proxy, NamedTempFile) {
    let proxy = OnceCell::new();
    let file = ground.changed_kubeconfig(|kubeconfig| {
        for cluster in &mut kubeconfig.clusters {
            let cluster = cluster.cluster.as_mut().unwrap();
            let server: http::Uri = cluster.server.as_ref().unwrap().parse().unwrap();
            let host = server.host().unwrap().to_owned();
            let port = server.port_u16().unwrap_or(443);
            let begun = proxy.get_or_init(|| Proxy::before(format!("{host}:{port}")));
            cluster.server = Some(format!("https://{}", begun.address));
            cluster.tls_server_name.get_or_insert(host);
        }
    });
    (proxy.into_inner().unwrap(), file)
}

/// A run through the proxy, whose first step is under way.
fn in_mid_step(ground: &Ground, ward: &Ward) -> (Proxy, Running) {
    let (proxy, kubeconfig) = through_proxy(ground);
    let visit = Visit::steps(ground, STEPS, "web --transport live");
    let run = visit.kubeconfig(kubeconfig.path()).start();
    eventually("the step's own process", 30, || {
        ward.with_words("sleep 1001")
    });
    (proxy, run)
}

/// A run whose connections are lost in mid-step goes on with the next step, and leaves nothing.
fn lost_by(lose: fn(&Proxy)) -> Option<Seen> {
    let ground = Ground::ours()?;
    ground.admit(ground.patient("web"));
    let (ward, before) = (Ward::of(&ground, "web"), ground.standing("web"));
    let (proxy, run) = in_mid_step(&ground, &ward);
    lose(&proxy);
    let seen = run.end();
    assert_eq!(seen.code, Some(5), "{}", seen.told());
    assert_eq!(seen.step("long")["status"], "unreachable");
    let told = "step long: the connection was lost during this step and taken up again";
    assert!(seen.told().contains(told), "{}", seen.told());
    assert_eq!(seen.step("next")["status"], "pass", "{}", seen.told());
    assert_eq!(seen.text("next"), "asked\n", "the step ran once");
    let attach = &seen.only()["attach"];
    assert_eq!(
        (&attach["proven"], &attach["terminated"]["exit_code"]),
        (&true.into(), &0.into())
    );
    assert_eq!((ward.zombies(), ward.others()), (0, Vec::new()));
    assert_eq!(ground.standing("web"), before);
    Some(seen)
}

#[test]
fn promise_4_a_killed_connection_costs_the_step_under_way_and_no_other() {
    let Some(seen) = lost_by(Proxy::cut) else {
        return;
    };
    as_held(
        "the connection lost, and taken up again",
        &seen,
        seen.only(),
    );
}

#[test]
fn promise_5_a_connection_that_dies_in_silence_leaves_no_second_shell_behind() {
    lost_by(Proxy::freeze);
}

#[test]
fn promise_3_a_connection_lost_for_good_is_an_end_that_is_not_proven() {
    let Some(ground) = Ground::ours() else { return };
    ground.admit(ground.patient("web"));
    let (ward, before) = (Ward::of(&ground, "web"), ground.standing("web"));
    let (proxy, run) = in_mid_step(&ground, &ward);
    proxy.close();
    let seen = run.end();
    as_held("the connection lost for good", &seen, seen.only());
    // It ends by itself all the same, when its grace is over.
    ground.end_of_only_guest("web", 60);
    assert_eq!((ward.zombies(), ward.others()), (0, Vec::new()));
    assert_eq!(ground.standing("web"), before);
}
