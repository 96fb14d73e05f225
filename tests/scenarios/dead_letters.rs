//! The operator's program for what could not be mailed.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::{Refusal, Visitor};
use e2e::stack::{DeadMail, Stack};
use e2e::wait::{PATIENCE, eventually};
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![a_dead_letter_is_listed_and_put_back_where_it_makes_sense]
}

/// It leaves no dead letter, also of other scenarios, so it comes after them.
async fn a_dead_letter_is_listed_and_put_back_where_it_makes_sense(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let broker = stack.broker().await;
    let dead = broker.dead_mails().await;
    let before = dead.len();
    // What other scenarios sent to no address comes back, however often.
    let is_hopeless = |mail: &&DeadMail| mail.field("email") == Some(json!("no address"));
    let hopeless = dead.iter().filter(is_hopeless).count();
    stack
        .inbox
        .refuse(&[Refusal::new(&ann.email, 550, 100)])
        .await;
    ann.register().await.expect(202);
    let notice = json!({"type": "password_changed", "email": ann.email}).to_string();
    broker
        .publish_as("dead-notice", "mail", notice.as_bytes())
        .await;
    eventually("both to be given up", PATIENCE, || async {
        (broker.dead_mails().await.len() == before + 2).then_some(())
    })
    .await;
    stack.inbox.refuse(&[]).await;

    let listed = dead_letters(&stack, "list").await;
    let line = |text: &str| {
        listed
            .lines()
            .find(|line| line.contains(text))
            .unwrap_or_default()
    };
    assert!(line("dead-notice").contains("550") && line("dead-notice").contains("can be put back"));
    assert!(
        line("send_otp").contains("makes no sense any more"),
        "{listed}"
    );
    assert!(!listed.contains(&ann.email), "{listed}");
    assert_eq!(broker.dead_mails().await.len(), before + 2);

    let replayed = dead_letters(&stack, "replay").await;
    assert!(replayed.contains("dead-notice"), "{replayed}");
    let any = |_: &e2e::people::Mail| true;
    stack.inbox.mail(&ann.email, "the notice", any).await;
    dead_letters(&stack, "discard").await;
    eventually("the rest to be gone", PATIENCE, || async {
        (broker.dead_mails().await.len() == hopeless).then_some(())
    })
    .await;
    stack.expect_dead_mails(hopeless);
    assert_eq!(stack.inbox.to(&ann.email).await.len(), 1);
}

/// What the operator's program prints.
async fn dead_letters(stack: &Stack, command: &str) -> String {
    let program = e2e::stack::binary("dead-letters").expect("it is built");
    let run = tokio::process::Command::new(program)
        .arg(command)
        .env("RABBITMQ_URL", stack.ready().rabbitmq)
        .output()
        .await
        .expect("it starts");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{command}: {said}");
    String::from_utf8_lossy(&run.stdout).into_owned()
}
