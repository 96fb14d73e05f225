//! Rooms with more sockets than one invocation posts to; the limit is set to five.

use std::sync::Arc;

use e2e::people::{Person, Socket};
use e2e::stack::Stack;
use e2e::suite::Test;
use futures_util::future::join_all;

/// Sockets of each member: three and a half chunks in total.
const SOCKETS: usize = 6;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        every_member_of_a_large_room_receives_everything_once_and_in_order,
        a_member_removed_from_a_large_room_receives_nothing_more,
        a_fan_out_killed_at_work_is_redone,
    ]
}

/// Redeploys the stack with chunks of five sockets.
async fn deploy(stack: &Stack) {
    stack.kill_and_redeploy(&["FanOutChunk=5"], |_| ()).await;
}

async fn sockets_of(person: &Person) -> Vec<Socket> {
    join_all((0..SOCKETS).map(|_| person.online())).await
}

async fn every_member_of_a_large_room_receives_everything_once_and_in_order(stack: Arc<Stack>) {
    deploy(&stack).await;
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Hall", &[&bob, &eve]).await;
    let mut sockets = Vec::new();
    for person in [&ann, &bob, &eve] {
        sockets.extend(sockets_of(person).await);
    }
    let mut speaker = ann.online().await;
    for number in 0..5 {
        let text = format!("no. {number}");
        let ack = speaker.say(&room, &text).await;
        assert_eq!(ack["seq"], number + 1);
        // Sequentially, since concurrent deliveries may arrive in any order.
        join_all(
            sockets
                .iter_mut()
                .map(|socket| socket.receive_text(&room, &text)),
        )
        .await;
    }
    sockets.push(speaker);
    for socket in &mut sockets {
        socket.ping().await;
        assert_eq!(
            socket.received("message").len(),
            0,
            "received twice, or by its sender"
        );
    }
    assert!(
        !stack.processes_of("fanout").await.is_empty(),
        "chunks went another way"
    );
}

async fn a_member_removed_from_a_large_room_receives_nothing_more(stack: Arc<Stack>) {
    deploy(&stack).await;
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Hall", &[&bob, &eve]).await;
    let mut hers = sockets_of(&eve).await;
    let mut his = sockets_of(&bob).await;
    let mut speaker = ann.online().await;
    ann.remove(&room, &eve.id).await.expect(204);
    speaker.say(&room, "between us").await;
    join_all(
        his.iter_mut()
            .map(|socket| socket.receive_text(&room, "between us")),
    )
    .await;
    for socket in &mut hers {
        socket.ping().await;
        assert!(socket.received("message").is_empty());
    }
}

async fn a_fan_out_killed_at_work_is_redone(stack: Arc<Stack>) {
    const MESSAGES: usize = 30;
    deploy(&stack).await;
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Hall", &[&bob]).await;
    let mut sockets = sockets_of(&ann).await;
    sockets.extend(sockets_of(&bob).await);
    let mut speaker = ann.online().await;
    let _expected = stack.journal.expect_errors();
    let mut kills = 0;
    for number in 0..MESSAGES {
        speaker.say(&room, &format!("no. {number}")).await;
        let all = stack.processes_of("fanout").await;
        if let Some(process) = all.iter().find(|process| process.is_busy()) {
            process.kill();
            kills += 1;
        }
    }
    assert!(kills > 3, "{kills} busy processes were killed");
    // The broker redelivers the chunks of a dead process to another one.
    for number in 0..MESSAGES {
        let text = format!("no. {number}");
        join_all(
            sockets
                .iter_mut()
                .map(|socket| socket.receive_text(&room, &text)),
        )
        .await;
    }
}
