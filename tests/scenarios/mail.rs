//! Mail that does not go out at once. The mail server refuses for everybody in
//! turn, so these run one by one.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::{Refusal, Visitor};
use e2e::stack::{Kind, Stack};
use e2e::wait::{PATIENCE, eventually, now};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_mail_that_is_refused_for_now_goes_out_later,
        a_mail_that_is_refused_for_good_is_parked_without_its_code_and_holds_up_nobody,
        a_job_that_makes_no_sense_is_parked_and_holds_up_nobody,
        item_14_a_code_that_has_run_out_is_not_mailed,
        a_job_that_comes_twice_is_mailed_once,
    ]
}

async fn a_mail_that_is_refused_for_now_goes_out_later(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    stack
        .inbox
        .refuse(&[Refusal::new(&ann.email, 451, 1)])
        .await;
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200);
    assert_eq!(stack.inbox.to(&ann.email).await.len(), 1);
    stack.inbox.refuse(&[]).await;
}

async fn a_mail_that_is_refused_for_good_is_parked_without_its_code_and_holds_up_nobody(
    stack: Arc<Stack>,
) {
    let (ann, bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    stack
        .inbox
        .refuse(&[Refusal::new(&ann.email, 550, 100)])
        .await;
    stack.expect_a_dead_mail();
    let (to_ann, to_bob) = tokio::join!(ann.register(), bob.register());
    to_ann.expect(202);
    let challenge = to_bob.expect(202).text("/challenge");
    let code = bob.code().await;
    bob.verify(&challenge, &code).await.expect(200);

    let broker = stack.broker().await;
    let dead = eventually("the dead mail", PATIENCE, || async {
        let all = broker.dead_mails().await;
        let is_ann_s = |email: Option<Value>| email == Some(json!(ann.email));
        all.into_iter().find(|mail| is_ann_s(mail.field("email")))
    })
    .await;
    assert_eq!(dead.field("type"), Some(json!("send_otp")));
    let code = dead.field("otp");
    assert!(
        code.is_none_or(|code| code == ""),
        "a dead mail has no code"
    );
    assert!(!dead.headers.contains(&ann.email), "{}", dead.headers);
    assert!(dead.headers.contains("reason"), "{}", dead.headers);
    assert!(stack.inbox.to(&ann.email).await.is_empty());
    stack.inbox.refuse(&[]).await;
}

async fn a_job_that_makes_no_sense_is_parked_and_holds_up_nobody(stack: Arc<Stack>) {
    let bob = Visitor::new(&stack, "Bob");
    let broker = stack.broker().await;
    let before = broker.dead_mails().await.len();
    let senseless: [&[u8]; 4] = [b"", b"{", b"{\"type\": \"shout\"}", &[0xff, 0xfe, 0x00]];
    for job in senseless {
        stack.expect_a_dead_mail();
        broker.publish("mail", job).await;
    }
    let challenge = bob.register().await.expect(202).text("/challenge");
    let code = bob.code().await;
    bob.verify(&challenge, &code).await.expect(200);
    eventually("the senseless jobs to be parked", PATIENCE, || async {
        let parked = broker.dead_mails().await.len() - before;
        (parked == senseless.len()).then_some(())
    })
    .await;
}

async fn item_14_a_code_that_has_run_out_is_not_mailed(stack: Arc<Stack>) {
    let (ann, bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    let broker = stack.broker().await;
    stack.secrets.note(Kind::Code, "71717171");
    let job = |visitor: &Visitor, expires_at: i64| {
        json!({
            "type": "send_otp", "email": visitor.email, "otp": "71717171",
            "purpose": "login", "challenge": format!("c-{}", visitor.name), "expires_at": expires_at
        })
    };
    let late = job(&ann, now() - 1_000).to_string();
    broker.publish("mail", late.as_bytes()).await;
    let in_time = job(&bob, now() + 60_000).to_string();
    broker.publish("mail", in_time.as_bytes()).await;
    assert_eq!(bob.code().await, "71717171");
    eventually("the queue to empty", PATIENCE, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    assert!(stack.inbox.to(&ann.email).await.is_empty());
}

async fn a_job_that_comes_twice_is_mailed_once(stack: Arc<Stack>) {
    let (ann, bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    let broker = stack.broker().await;
    let job = json!({"type": "account_exists", "email": ann.email}).to_string();
    for _ in 0..3 {
        broker.publish_as("one-job", "mail", job.as_bytes()).await;
    }
    let mailed = |_: &e2e::people::Mail| true;
    stack.inbox.mail(&ann.email, "the notice", mailed).await;
    broker.publish_as("one-job", "mail", job.as_bytes()).await;
    let other = json!({"type": "account_exists", "email": bob.email}).to_string();
    broker.publish("mail", other.as_bytes()).await;
    stack.inbox.mail(&bob.email, "the notice", mailed).await;
    eventually("the queue to empty", PATIENCE, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.inbox.to(&ann.email).await.len(), 1);
}
