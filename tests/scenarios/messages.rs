//! Messages: stored once, ordered, and delivered to every member.

use std::collections::BTreeSet;
use std::sync::Arc;

use e2e::people::{Person, Socket};
use e2e::stack::Stack;
use e2e::suite::Test;
use futures_util::future::join_all;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_message_reaches_every_socket_in_the_room_except_the_sending_one,
        the_same_id_again_gives_the_same_ack_and_no_second_message,
        the_same_id_twenty_times_at_once_is_one_message,
        two_hundred_concurrent_messages_get_consecutive_seqs_and_reach_everyone,
        hello_and_ping_return_missed_messages_in_order,
        messages_that_exceed_a_frame_are_named_and_can_be_fetched,
        cursors_of_foreign_rooms_return_nothing,
    ]
}

async fn a_message_reaches_every_socket_in_the_room_except_the_sending_one(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut phone, mut laptop) = tokio::join!(ann.online(), ann.online());
    let (mut b, mut e) = tokio::join!(bob.online(), eve.online());
    let ack = phone.say_as("first", &room, "hello").await;
    assert_eq!(
        ack,
        json!({"event": "ack", "id": "first", "room": room, "seq": 1, "at": ack["at"]})
    );
    for socket in [&mut laptop, &mut b] {
        let message = socket.expect("message").await;
        assert_eq!(
            message,
            json!({
                "event": "message", "room": room, "seq": 1, "id": "first",
                "from": ann.user(), "text": "hello", "at": ack["at"]
            })
        );
    }
    for socket in [&mut phone, &mut e] {
        socket.ping().await;
        assert_eq!(socket.received("message"), Vec::<Value>::new());
    }
}

async fn the_same_id_again_gives_the_same_ack_and_no_second_message(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let ack = a.say_as("once", &room, "hello").await;
    b.receive_text(&room, "hello").await;
    a.say(&room, "something else").await;
    assert_eq!(a.say_as("once", &room, "hello").await, ack);
    assert_eq!(a.say_as("once", &room, "another text").await, ack);
    let mut other = ann.online().await;
    assert_eq!(other.say_as("once", &room, "hello").await, ack);
    b.receive_text(&room, "something else").await;
    other.say(&room, "the end").await;
    b.receive_text(&room, "the end").await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
    let page = bob.history(&room, "").await.expect(200);
    assert_eq!(texts(&page.body), ["hello", "something else", "the end"]);
}

async fn the_same_id_twenty_times_at_once_is_one_message(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut one, mut other) = tokio::join!(ann.online(), ann.online());
    let mut b = bob.online().await;
    for _ in 0..10 {
        let frame = json!({"action": "message", "id": "once", "room": room, "text": "hello"});
        one.send(frame.clone()).await;
        other.send(frame).await;
    }
    let mut acks = BTreeSet::new();
    for _ in 0..10 {
        acks.insert(one.expect("ack").await.to_string());
        acks.insert(other.expect("ack").await.to_string());
    }
    assert_eq!(acks.len(), 1, "{acks:?}");
    b.receive_text(&room, "hello").await;
    one.say(&room, "the end").await;
    b.receive_text(&room, "the end").await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
    let page = bob.history(&room, "").await.expect(200);
    assert_eq!(texts(&page.body), ["hello", "the end"]);
    assert_eq!(page.number("/last_seq"), 2);
}

async fn two_hundred_concurrent_messages_get_consecutive_seqs_and_reach_everyone(
    stack: Arc<Stack>,
) {
    const EACH: usize = 50;
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let dan = Person::join(&stack, "Dan").await;
    let people = [&ann, &bob, &eve, &dan];
    let room = ann.create_group("Tea", &people[1..]).await;
    // All sockets are subscribed before the first message.
    let sockets = join_all(people.map(Person::online)).await;
    let talking = sockets.into_iter().zip(people).map(|(socket, person)| {
        let (room, name) = (room.as_str(), person.name.as_str());
        send_and_receive(socket, room, name, EACH, 3 * EACH)
    });
    join_all(talking).await;
    let all = ann.whole_history(&room).await;
    let seqs: Vec<i64> = all.iter().filter_map(|m| m["seq"].as_i64()).collect();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    let ids: BTreeSet<&str> = all.iter().filter_map(|m| m["id"].as_str()).collect();
    assert_eq!(ids.len(), 200);
    let times: Vec<i64> = all.iter().filter_map(|m| m["at"].as_i64()).collect();
    assert_eq!(times.len(), 200);
}

/// Sends `count` messages, at most five unacknowledged at a time, and receives
/// `others` messages of other members, each once.
async fn send_and_receive(mut socket: Socket, room: &str, name: &str, count: usize, others: usize) {
    for five in 0..count / 5 {
        for number in 0..5 {
            let id = format!("{name}-{}", five * 5 + number);
            let frame = json!({"action": "message", "id": id, "room": room, "text": id});
            socket.send(frame).await;
        }
        for _ in 0..5 {
            socket.expect("ack").await;
        }
    }
    let mut received = BTreeSet::new();
    while received.len() < others {
        let message = socket.expect("message").await;
        let new = received.insert(message["seq"].as_i64().unwrap_or_default());
        assert!(new, "received twice: {message}");
    }
    socket.ping().await;
    assert_eq!(socket.received("message"), Vec::<Value>::new());
}

async fn hello_and_ping_return_missed_messages_in_order(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let tea = ann.create_group("Tea", &[&bob]).await;
    let cake = ann.create_group("Cake", &[&bob]).await;
    let mut a = ann.online().await;
    for number in 1..=4 {
        a.say(&tea, &format!("tea {number}")).await;
        a.say(&cake, &format!("cake {number}")).await;
    }
    let mut b = bob.socket().await;
    let welcome = b.hello_after(json!({tea.clone(): 2})).await;
    assert_eq!(missed(&welcome, &tea), ["tea 3", "tea 4"]);
    assert!(welcome["missed"].get(&cake).is_none(), "{welcome}");
    assert_eq!(welcome["more"], json!([]));
    b.send(json!({"action": "ping", "rooms": {tea.clone(): 4, cake.clone(): 0}}))
        .await;
    let pong = b.expect("pong").await;
    assert_eq!(missed(&pong, &tea), Vec::<String>::new());
    assert_eq!(
        missed(&pong, &cake),
        ["cake 1", "cake 2", "cake 3", "cake 4"]
    );
    let welcome = b.hello_after(json!({tea.clone(): 99})).await;
    assert_eq!(missed(&welcome, &tea), Vec::<String>::new());
}

async fn messages_that_exceed_a_frame_are_named_and_can_be_fetched(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = ann.online().await;
    for number in 1..=12 {
        a.say(&room, &format!("{number} {}", "x".repeat(3_990)))
            .await;
    }
    let mut b: Socket = bob.socket().await;
    let welcome = b.hello_after(json!({room.clone(): 0})).await;
    assert_eq!(welcome["more"], json!([room]));
    let first = missed(&welcome, &room);
    assert!((1..12).contains(&first.len()), "{} fit", first.len());
    let query = format!("after={}", first.len());
    let rest = bob.history(&room, &query).await.expect(200);
    let all: Vec<String> = first.into_iter().chain(texts(&rest.body)).collect();
    assert_eq!(all.len(), 12);
    for (place, text) in all.iter().enumerate() {
        assert!(text.starts_with(&format!("{} ", place + 1)));
    }
}

async fn cursors_of_foreign_rooms_return_nothing(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let open = ann.create_group("Tea", &[&bob]).await;
    let closed = ann.create_group("Cake", &[]).await;
    let mut a = ann.online().await;
    a.say(&open, "for all").await;
    a.say(&closed, "a secret").await;
    let mut b = bob.socket().await;
    let cursors = json!({open.clone(): 0, closed: 0, "nothing": 0});
    let welcome = b.hello_after(cursors.clone()).await;
    assert_eq!(missed(&welcome, &open), ["for all"]);
    b.send(json!({"action": "ping", "rooms": cursors})).await;
    let pong = b.expect("pong").await;
    assert_eq!(missed(&pong, &open), ["for all"]);
    for frame in [welcome, pong] {
        assert!(!frame.to_string().contains("a secret"), "{frame}");
    }
}

fn missed(frame: &Value, room: &str) -> Vec<String> {
    texts(&json!({"messages": frame["missed"][room]}))
}

fn texts(page: &Value) -> Vec<String> {
    let messages = page["messages"].as_array();
    messages
        .into_iter()
        .flatten()
        .filter_map(|message| message["text"].as_str().map(str::to_owned))
        .collect()
}
