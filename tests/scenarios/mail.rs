//! Mail that does not go out at once. The mail server refuses for everybody in
//! turn, so these run one by one.

use std::sync::Arc;
use std::time::Duration;

use chat_client::Timestamp;
use e2e::harness::Test;
use e2e::people::{Refusal, Visitor};
use e2e::stack::{Kind, Mode, Stack};
use e2e::wait::{PATIENCE, eventually, now};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_mail_that_is_refused_for_now_goes_out_later,
        a_mail_that_is_refused_for_good_is_parked_without_its_code_and_holds_up_nobody,
        a_job_that_makes_no_sense_is_parked_and_holds_up_nobody,
        item_14_a_code_that_has_run_out_is_not_mailed,
        a_job_that_comes_twice_is_mailed_once,
        a_batch_of_all_kinds_ends_as_each_should,
        a_crash_between_the_server_s_taking_a_mail_and_our_mark_mails_it_twice,
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

/// One batch, since all of them wait while the mail server dawdles over the
/// first: a bad address, one refused for now, one for good, a slow one, a code
/// that is over, a job that was mailed already, no job at all, and one that is
/// well.
async fn a_batch_of_all_kinds_ends_as_each_should(stack: Arc<Stack>) {
    let broker = stack.broker().await;
    let [first, well, later, never, slow, late] =
        ["First", "Well", "Later", "Never", "Slow", "Late"].map(|name| Visitor::new(&stack, name));
    let notice = |visitor: &Visitor| json!({"type": "password_changed", "email": visitor.email});
    stack
        .inbox
        .refuse(&[
            Refusal::new(&first.email, 451, 1).after(Duration::from_secs(2)),
            Refusal::new(&later.email, 450, 1),
            Refusal::new(&never.email, 554, 100),
            Refusal::dawdle_for(&slow.email, Duration::from_secs(3), 1),
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
        stack.expect_a_dead_mail();
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
    eventually("the queues to empty", PATIENCE, || async {
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
        let got = stack.inbox.to(&visitor.email).await;
        assert_eq!(got.len(), mails, "{}: {got:?}", visitor.name);
    }
    stack.inbox.refuse(&[]).await;
}

/// The one window in which a mail goes out twice. The consumer is killed while it
/// cannot write its mark; of what shares the batch, nothing is lost.
async fn a_crash_between_the_server_s_taking_a_mail_and_our_mark_mails_it_twice(stack: Arc<Stack>) {
    let broker = stack.broker().await;
    let [first, quick, slow] = ["First", "Quick", "Slow"].map(|name| Visitor::new(&stack, name));
    stack
        .inbox
        .refuse(&[
            Refusal::dawdle_for(&first.email, Duration::from_secs(2), 1),
            Refusal::dawdle_for(&slow.email, Duration::from_secs(3), 1),
        ])
        .await;
    let publish = async |visitor: &Visitor| {
        let job = json!({"type": "password_changed", "email": visitor.email}).to_string();
        broker.publish("mail", job.as_bytes()).await;
    };
    publish(&first).await;
    eventually("the first to be taken", PATIENCE, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    // While the consumer waits for the first, these two gather for one batch.
    publish(&quick).await;
    publish(&slow).await;
    let any = |_: &e2e::people::Mail| true;
    stack.inbox.mail(&quick.email, "the notice", any).await;
    let _expected = stack.journal.outage();
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
    eventually("the queue to empty", PATIENCE, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    assert_eq!(stack.inbox.to(&first.email).await.len(), 1);
    assert!((1..=2).contains(&stack.inbox.to(&quick.email).await.len()));
    assert_eq!(stack.inbox.to(&slow.email).await.len(), 2);
    stack.inbox.refuse(&[]).await;
}
