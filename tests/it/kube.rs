//! Both transports against a scripted API server: every refusal told apart, every fault survived, every end proven or said not
//! to be.

#![expect(
    clippy::unwrap_used,
    reason = "in a test, what cannot be is a failure of the test"
)]

mod access;
mod ahead;
mod made;
mod opening;
mod records;
mod refusals;
mod sessions;

use std::time::Duration;
use tokio_util::sync::CancellationToken;

use housecall::ask::{Ask, Question};
use housecall::cluster::{Attach, Cluster, Refusal, Session};
use housecall::target::{ObjectKind, Selector, Target};

use crate::fake::{Fake, NAMESPACE};

fn attach(image: &str) -> Attach {
    Attach {
        run: "0123456789abcdef".into(),
        start_timeout: Duration::from_secs(20),
        grace: Duration::from_secs(10),
        deadline: Duration::from_secs(60),
        ..Attach::new("own", image)
    }
}

fn script(text: &str) -> Ask {
    Ask::new(Question::Script {
        text: text.into(),
        env: Vec::new(),
    })
}

fn web() -> Target {
    Target::pod(NAMESPACE, "web")
}

async fn patient() -> Fake {
    let fake = Fake::start().await;
    fake.pod("web", "uid-1");
    fake
}

async fn opened(fake: &Fake) -> Box<dyn Session> {
    let cluster = fake.cluster().await;
    match cluster
        .open(&web(), &attach("tools:1"), None, &CancellationToken::new())
        .await
    {
        Ok(session) => session,
        Err(refusal) => panic!("{refusal}"),
    }
}

async fn refused(fake: &Fake, image: &str) -> Refusal {
    let cluster = fake.cluster().await;
    match cluster
        .open(&web(), &attach(image), None, &CancellationToken::new())
        .await
    {
        Ok(_) => panic!("it was opened"),
        Err(refusal) => refusal,
    }
}

fn named(name: &str) -> Selector {
    Selector::Named {
        kind: ObjectKind::Pod,
        name: name.into(),
    }
}
