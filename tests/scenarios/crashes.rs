//! Processes killed with SIGKILL, one kind after another, lose nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use e2e::people::{Person, SmtpReply, Socket, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// How long a restart may take on a busy machine.
const RECOVERY: Duration = Duration::from_secs(90);

pub fn tests() -> Vec<Test> {
    e2e::tests![
        functions_killed_under_load_lose_and_duplicate_nothing,
        a_mail_consumer_killed_at_work_loses_no_mail,
        a_killed_broker_keeps_its_jobs,
        a_killed_runner_restarts_with_everything,
    ]
}

async fn functions_killed_under_load_lose_and_duplicate_nothing(stack: Arc<Stack>) {
    const EACH: usize = 40;
    const KILLS: usize = 30;
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob, &eve]).await;
    let mut listener = eve.online().await;
    let (a, b) = tokio::join!(ann.online(), bob.online());
    let _expected = stack.journal.expect_errors();
    let room = room.as_str();
    let sending = join_all(
        [(&ann, a), (&bob, b)].map(|(person, mut socket)| async move {
            for number in 0..EACH {
                let id = format!("{}-{number}", person.name);
                send_until_acknowledged(person, &mut socket, &id, room).await;
            }
        }),
    );
    let mut sending = std::pin::pin!(sending);
    let mut kills = 0;
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            _ = &mut sending => break,
            _ = pace.tick(), if kills < KILLS => {}
        }
        let all = stack.processes_of("message").await;
        if let Some(process) = all.iter().find(|process| process.is_busy()) {
            process.kill();
            kills += 1;
        }
    }
    assert!(kills > 3, "{kills} busy processes were killed");

    let all = eve.whole_history(room).await;
    let seqs: Vec<i64> = all.iter().filter_map(|m| m["seq"].as_i64()).collect();
    assert_eq!(seqs, (1..=2 * EACH as i64).collect::<Vec<_>>());
    let ids: BTreeSet<&str> = all.iter().filter_map(|m| m["id"].as_str()).collect();
    assert_eq!(ids.len(), 2 * EACH);
    let mut received = BTreeSet::new();
    for message in listener.received("message") {
        let new = received.insert(message["id"].as_str().unwrap_or_default().to_owned());
        assert!(new, "received twice: {message}");
    }
    // What a killed function did not deliver is replayed by the cursor.
    let first_gap = (1..).find(|seq| {
        let message = all.get(*seq as usize - 1);
        !message.is_some_and(|m| received.contains(m["id"].as_str().unwrap_or_default()))
    });
    let cursor = first_gap.unwrap_or(1) - 1;
    let frame = json!({"action": "ping", "rooms": {room: cursor}});
    listener.send(frame).await;
    let pong = listener.expect("pong").await;
    for message in pong["missed"][room].as_array().into_iter().flatten() {
        received.insert(message["id"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(received.len(), 2 * EACH);
}

async fn a_mail_consumer_killed_at_work_loses_no_mail(stack: Arc<Stack>) {
    let _expected = stack.journal.expect_errors();
    // A slow mail server keeps the consumer busy long enough to be killed.
    let slow = SmtpReply::slow(Duration::from_millis(1_500), 8);
    stack.inbox.set_replies(&[slow]).await;
    let visitors: Vec<_> = (0..4).map(|_| Visitor::new(&stack, "Ann")).collect();
    let mut challenges = Vec::new();
    for visitor in &visitors {
        challenges.push(visitor.register().await.expect(202).text("/challenge"));
    }
    for _ in 0..2 {
        let busy = eventually("a busy mail consumer", TIMEOUT, || async {
            let all = stack.processes_of("mail").await;
            all.into_iter().find(|process| process.is_busy())
        });
        busy.await.kill();
    }
    for (visitor, challenge) in visitors.iter().zip(challenges) {
        let code = visitor.code().await;
        visitor.verify(&challenge, &code).await.expect(200);
    }
    stack.inbox.set_replies(&[]).await;
}

async fn a_killed_broker_keeps_its_jobs(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let waiting = Visitor::new(&stack, "Eve");
    let later = SmtpReply::new(&waiting.email, 451, 1);
    stack.inbox.set_replies(&[later]).await;
    let _expected = stack.journal.expect_errors();
    let challenge = waiting.register().await.expect(202).text("/challenge");
    let broker = stack.descendants("beam.smp").await;
    assert_eq!(broker.len(), 1, "one broker: {broker:?}");
    broker[0].signal("KILL");
    a.say(&room, "we can still talk").await;
    b.receive_text(&room, "we can still talk").await;

    let (stranger, new) = eventually("a registration", RECOVERY, || async {
        registered(&stack).await
    })
    .await;
    let code = stranger.code().await;
    stranger.verify(&new, &code).await.expect(200);
    let code = waiting.code().await;
    waiting.verify(&challenge, &code).await.expect(200);
    stack.inbox.set_replies(&[]).await;
}

async fn a_killed_runner_restarts_with_everything(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = ann.online().await;
    for number in 1..=10 {
        a.say_as(&format!("id-{number}"), &room, &format!("no. {number}"))
            .await;
    }
    let waiting = Visitor::new(&stack, "Eve");
    let later = SmtpReply::new(&waiting.email, 451, 1_000);
    stack.inbox.set_replies(&[later]).await;
    let challenge = waiting.register().await.expect(202).text("/challenge");
    let _expected = stack.journal.expect_errors();
    let ack = a.say_as("last", &room, "the last before the crash").await;
    assert_eq!(ack["seq"], 11);
    stack.kill_and_restart().await;

    assert!(ann.is_signed_in().await, "tokens outlive the runner");
    let mut a = ann.online().await;
    let again = a.say_as("last", &room, "the last before the crash").await;
    assert_eq!(again, ack);
    let all = bob.whole_history(&room).await;
    let texts: Vec<_> = all.iter().map(|message| message["text"].clone()).collect();
    let mut expected: Vec<Value> = (1..=10).map(|n| json!(format!("no. {n}"))).collect();
    expected.push(json!("the last before the crash"));
    assert_eq!(texts, expected);
    let mut b = bob.online().await;
    a.say(&room, "and on").await;
    assert_eq!(b.receive_text(&room, "and on").await["seq"], 12);
    ann.refresh(&ann.cookie).await.expect(200);
    let code = waiting.code().await;
    waiting.verify(&challenge, &code).await.expect(200);
    ann.sign_in().await;
}

/// Registers a new address each time, since codes per address are limited.
async fn registered(stack: &Arc<Stack>) -> Option<(Visitor, String)> {
    let visitor = Visitor::new(stack, "Dan");
    let response = visitor.register().await;
    if response.status != 202 {
        response.refused(503, "try_again");
        return None;
    }
    Some((visitor, response.text("/challenge")))
}

/// Sends until there is an `ack`, over a new socket when the old one is closed.
async fn send_until_acknowledged(person: &Person, socket: &mut Socket, id: &str, room: &str) {
    for _ in 0..60 {
        let frame = json!({"action": "message", "id": id, "room": room, "text": id});
        if !socket.try_send(frame).await || socket.is_closed() {
            *socket = person.online().await;
            continue;
        }
        let is_it = |ack: &Value| ack["id"] == id;
        if socket
            .within(Duration::from_secs(1), "ack", is_it)
            .await
            .is_some()
        {
            return;
        }
    }
    panic!("{id} was never acknowledged: {:?}", socket.summary());
}
