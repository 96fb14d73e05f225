//! The operator's program for dead letters.

use std::sync::Arc;

use e2e::people::{SmtpReply, Visitor};
use e2e::stack::{DeadLetter, Stack};
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use serde_json::json;

pub fn tests() -> Vec<Test> {
    e2e::tests![dead_letters_are_listed_replayed_and_discarded]
}

/// Discards the dead letters of all other scenarios too, so it runs after them.
async fn dead_letters_are_listed_replayed_and_discarded(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let broker = stack.broker().await;
    let dead = broker.dead_letters().await;
    let before = dead.len();
    // Jobs of other scenarios with an invalid address fail again when replayed.
    let is_hopeless = |mail: &&DeadLetter| mail.field("email") == Some(json!("no address"));
    let hopeless = dead.iter().filter(is_hopeless).count();
    stack
        .inbox
        .set_replies(&[SmtpReply::new(&ann.email, 554, 100)])
        .await;
    ann.register().await.expect(202);
    let notice = json!({"type": "password_changed", "email": ann.email}).to_string();
    broker
        .publish_as("dead-notice", "mail", notice.as_bytes())
        .await;
    eventually("both to be given up", TIMEOUT, || async {
        (broker.dead_letters().await.len() == before + 2).then_some(())
    })
    .await;
    stack.inbox.set_replies(&[]).await;
    // Another batch counts them, while no message is held by a check of this test.
    let from = stack.journal.length();
    broker
        .publish_as("nothing", "mail", br#"{"type": "nothing"}"#)
        .await;
    eventually("the metric of the alarm", TIMEOUT, || async {
        let lines = stack.journal.of_functions(from);
        let mut counts = lines
            .iter()
            .filter_map(|line| line.fields["MailDead"].as_u64());
        counts.any(|count| count == before as u64 + 2).then_some(())
    })
    .await;

    let listed = dead_letters(&stack, "list").await;
    let line = |text: &str| {
        listed
            .lines()
            .find(|line| line.contains(text))
            .unwrap_or_default()
    };
    assert!(line("dead-notice").contains("554") && line("dead-notice").contains("[replayable]"));
    assert!(line("send_otp").contains("not replayable"), "{listed}");
    assert!(!listed.contains(&ann.email), "{listed}");
    assert_eq!(broker.dead_letters().await.len(), before + 2);

    let replayed = dead_letters(&stack, "replay").await;
    assert!(replayed.contains("dead-notice"), "{replayed}");
    let any = |_: &e2e::people::Mail| true;
    stack.inbox.mail(&ann.email, "the notice", any).await;
    dead_letters(&stack, "discard").await;
    eventually("the rest to be gone", TIMEOUT, || async {
        (broker.dead_letters().await.len() == hopeless).then_some(())
    })
    .await;
    stack.expect_dead_letters(hopeless);
    assert_eq!(stack.inbox.to(&ann.email).await.len(), 1);
}

/// The output of the operator's program.
async fn dead_letters(stack: &Stack, command: &str) -> String {
    let program = e2e::stack::binary("dead-letters").expect("it is built");
    let run = tokio::process::Command::new(program)
        .arg(command)
        .env("RABBITMQ_URL", stack.ready().rabbitmq)
        .output()
        .await
        .expect("it starts");
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{command}: {stderr}");
    String::from_utf8_lossy(&run.stdout).into_owned()
}
