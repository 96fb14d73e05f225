//! Mail that cannot be sent at once. The tests change how the mail server replies
//! to everyone, so they run serially.

use std::sync::Arc;
use std::time::Duration;

use chat_client::Timestamp;
use e2e::people::{SmtpReply, Visitor};
use e2e::stack::{Kind, Mode, Stack};
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually, now};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_temporarily_refused_mail_is_retried,
        a_permanently_refused_mail_is_dead_lettered_without_its_code_and_blocks_no_other,
        an_invalid_job_is_dead_lettered_and_blocks_no_other,
        item_14_an_expired_code_is_not_mailed,
        a_redelivered_job_is_mailed_once,
        a_mixed_batch_settles_each_job_on_its_own,
        a_crash_between_smtp_acceptance_and_our_record_sends_twice,
    ]
}

async fn a_temporarily_refused_mail_is_retried(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    stack
        .inbox
        .set_replies(&[SmtpReply::new(&ann.email, 451, 1)])
        .await;
    let challenge = ann.register().await.expect(202).text("/challenge");
    let code = ann.code().await;
    ann.verify(&challenge, &code).await.expect(200);
    assert_eq!(stack.inbox.to(&ann.email).await.len(), 1);
    stack.inbox.set_replies(&[]).await;
}

async fn a_permanently_refused_mail_is_dead_lettered_without_its_code_and_blocks_no_other(
    stack: Arc<Stack>,
) {
    let (ann, bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    stack
        .inbox
        .set_replies(&[SmtpReply::new(&ann.email, 550, 100)])
        .await;
    stack.expect_dead_letter();
    let (to_ann, to_bob) = tokio::join!(ann.register(), bob.register());
    to_ann.expect(202);
    let challenge = to_bob.expect(202).text("/challenge");
    let code = bob.code().await;
    bob.verify(&challenge, &code).await.expect(200);

    let broker = stack.broker().await;
    let dead = eventually("the dead mail", TIMEOUT, || async {
        let all = broker.dead_letters().await;
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
    stack.inbox.set_replies(&[]).await;
}

async fn an_invalid_job_is_dead_lettered_and_blocks_no_other(stack: Arc<Stack>) {
    let bob = Visitor::new(&stack, "Bob");
    let broker = stack.broker().await;
    let before = broker.dead_letters().await.len();
    let senseless: [&[u8]; 4] = [b"", b"{", b"{\"type\": \"shout\"}", &[0xff, 0xfe, 0x00]];
    for job in senseless {
        stack.expect_dead_letter();
        broker.publish("mail", job).await;
    }
    let challenge = bob.register().await.expect(202).text("/challenge");
    let code = bob.code().await;
    bob.verify(&challenge, &code).await.expect(200);
    eventually("the senseless jobs to be parked", TIMEOUT, || async {
        let parked = broker.dead_letters().await.len() - before;
        (parked == senseless.len()).then_some(())
    })
    .await;
}

async fn item_14_an_expired_code_is_not_mailed(stack: Arc<Stack>) {
    let (ann, bob) = (Visitor::new(&stack, "Ann"), Visitor::new(&stack, "Bob"));
    let broker = stack.broker().await;
    stack.secrets.note(Kind::Code, "71717171");
    let job = |visitor: &Visitor, expires_at: Timestamp| {
        json!({
            "type": "send_otp", "email": visitor.email, "otp": "71717171",
            "purpose": "login", "challenge": format!("c-{}", visitor.name), "expires_at": expires_at
        })
    };
    let late = job(&ann, now() - Duration::from_secs(1)).to_string();
    broker.publish("mail", late.as_bytes()).await;
    let in_time = job(&bob, now() + Duration::from_mins(1)).to_string();
    broker.publish("mail", in_time.as_bytes()).await;
    assert_eq!(bob.code().await, "71717171");
    eventually("the queue to empty", TIMEOUT, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    assert!(stack.inbox.to(&ann.email).await.is_empty());
}

async fn a_redelivered_job_is_mailed_once(stack: Arc<Stack>) {
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
    eventually("the queue to empty", TIMEOUT, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.inbox.to(&ann.email).await.len(), 1);
}

/// The slow reply to the first mail makes the other jobs one batch: an invalid
/// address, a temporary and a permanent refusal, a slow recipient, an expired code,
/// a job that was mailed already, an invalid job, and a valid one.
async fn a_mixed_batch_settles_each_job_on_its_own(stack: Arc<Stack>) {
    let broker = stack.broker().await;
    let [first, well, later, never, slow, late] =
        ["First", "Well", "Later", "Never", "Slow", "Late"].map(|name| Visitor::new(&stack, name));
    let notice = |visitor: &Visitor| json!({"type": "password_changed", "email": visitor.email});
    stack
        .inbox
        .set_replies(&[
            SmtpReply::new(&first.email, 451, 1).after(Duration::from_secs(2)),
            SmtpReply::new(&later.email, 450, 1),
            SmtpReply::new(&never.email, 554, 100),
            SmtpReply::slow_for(&slow.email, Duration::from_secs(3), 1),
        ])
        .await;
    broker
        .publish_as("batch-first", "mail", notice(&first).to_string().as_bytes())
        .await;
    let code = json!({
        "type": "send_otp", "email": late.email, "otp": "72727272", "purpose": "login",
        "challenge": "c-late", "expires_at": now() - Duration::from_millis(1)
    });
    let mut jobs: Vec<String> = [&well, &later, &never, &slow]
        .map(|v| notice(v).to_string())
        .into();
    jobs.push(json!({"type": "invited", "email": "no address", "by": "x", "room": ""}).to_string());
    jobs.push(code.to_string());
    jobs.push("{\"type\": \"shout\"}".to_owned());
    for _ in 0..3 {
        stack.expect_dead_letter();
    }
    for job in &jobs {
        broker.publish("mail", job.as_bytes()).await;
    }
    broker
        .publish_as("batch-first", "mail", notice(&first).to_string().as_bytes())
        .await;

    let any = |_: &e2e::people::Mail| true;
    for visitor in [&first, &well, &later, &slow] {
        stack.inbox.mail(&visitor.email, "the notice", any).await;
    }
    eventually("the queues to empty", TIMEOUT, || async {
        let waiting = broker.waiting("mail").await + broker.waiting("mail.retry").await;
        (waiting == 0).then_some(())
    })
    .await;
    for (visitor, mails) in [
        (&first, 1),
        (&well, 1),
        (&later, 1),
        (&never, 0),
        (&slow, 1),
        (&late, 0),
    ] {
        let received = stack.inbox.to(&visitor.email).await;
        assert_eq!(received.len(), mails, "{}: {received:?}", visitor.name);
    }
    stack.inbox.set_replies(&[]).await;
}

/// The one window in which a mail is sent twice: the consumer is killed while it
/// cannot record the delivery. The other jobs of the batch are not lost.
async fn a_crash_between_smtp_acceptance_and_our_record_sends_twice(stack: Arc<Stack>) {
    let broker = stack.broker().await;
    let [first, quick, slow] = ["First", "Quick", "Slow"].map(|name| Visitor::new(&stack, name));
    stack
        .inbox
        .set_replies(&[
            SmtpReply::slow_for(&first.email, Duration::from_secs(2), 1),
            SmtpReply::slow_for(&slow.email, Duration::from_secs(3), 1),
        ])
        .await;
    let publish = async |visitor: &Visitor| {
        let job = json!({"type": "password_changed", "email": visitor.email}).to_string();
        broker.publish("mail", job.as_bytes()).await;
    };
    publish(&first).await;
    eventually("the first to be taken", TIMEOUT, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    // While the consumer waits for the first, these two queue up for one batch.
    publish(&quick).await;
    publish(&slow).await;
    let any = |_: &e2e::people::Mail| true;
    stack.inbox.mail(&quick.email, "the notice", any).await;
    let _expected = stack.journal.expect_errors();
    let frozen = stack.database().hold(Mode::Frozen);
    stack.inbox.mail(&slow.email, "the notice", any).await;
    for process in stack.processes_of("mail").await {
        process.kill();
    }
    drop(frozen);

    eventually("the second copy", Duration::from_secs(60), || async {
        (stack.inbox.to(&slow.email).await.len() == 2).then_some(())
    })
    .await;
    eventually("the queue to empty", TIMEOUT, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.inbox.to(&first.email).await.len(), 1);
    assert!((1..=2).contains(&stack.inbox.to(&quick.email).await.len()));
    assert_eq!(stack.inbox.to(&slow.email).await.len(), 2);
    stack.inbox.set_replies(&[]).await;
}
