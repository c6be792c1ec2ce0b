//! What is read of a pod from outside.

use super::{attach, patient, web};
use housecall::ask::{Answer, ApiRead, Ask, Ended, Question, Whom};
use housecall::cluster::Cluster;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::fake::{Fake, Fault};

async fn events(fake: &Fake, of: Whom) -> Answer {
    let cluster = fake.cluster().await;
    let stop = CancellationToken::new();
    let opened = cluster.consult(&web(), &attach("tools:1"), &stop).await;
    let mut session = opened.ok().unwrap();
    assert_eq!(session.attached(), None);
    let since = Duration::from_secs(3600);
    let ask = Ask::new(Question::Kube(ApiRead::Events { of, since }));
    session.answer(&ask).await.unwrap()
}

#[tokio::test]
async fn the_events_of_a_node_are_read_where_those_of_nodes_are() {
    let fake = patient().await;
    let named = Whom::Named {
        kind: "node".into(),
        name: "node-a".into(),
    };
    for of in [Whom::Node, named] {
        let answer = events(&fake, of).await;
        let text = answer.stdout.text();
        assert_eq!(answer.ended, Ended::Exited(0), "{}", answer.stderr.text());
        assert!(
            text.contains("NodeNotReady") && text.contains("node/node-a"),
            "{text}"
        );
    }
    assert_eq!(fake.calls("LIST events of nodes"), 2);
}

#[tokio::test]
async fn a_missing_right_to_the_events_of_nodes_is_told_with_their_namespace() {
    let fake = patient().await;
    let words = "events is forbidden";
    fake.script("LIST events of nodes", [Fault::Refuse(403, words)]);
    let answer = events(&fake, Whom::Node).await;
    assert_eq!(answer.ended, Ended::Exited(126));
    let said = answer.stderr.text();
    assert!(said.contains("list events in namespace default"), "{said}");
}
