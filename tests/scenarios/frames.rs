//! Every frame, and how invalid ones are refused.

use std::sync::Arc;
use std::time::Duration;

use e2e::people::{Person, Socket};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::now;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::database;
use crate::rooms::refuses_all_frames;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        hello_returns_the_caller_s_rooms,
        join_and_leave_affect_one_socket_and_no_membership,
        typing_is_sent_to_the_others_at_most_every_3_s,
        a_read_mark_moves_forward_only_and_is_sent_to_the_others,
        ping_returns_the_time,
        item_35_36_a_malformed_frame_is_refused_and_the_socket_stays_open,
        a_text_is_trimmed_and_its_newlines_normalised,
        an_invalid_text_is_refused_with_the_message_s_id,
        item_34_every_frame_to_a_foreign_room_is_refused,
        item_34_the_sender_is_the_user_of_the_socket,
        a_socket_left_open_after_its_session_ended_is_closed,
    ]
}

async fn hello_returns_the_caller_s_rooms(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let mut socket = ann.socket().await;
    let welcome = socket.hello().await;
    assert_eq!(welcome["user"], ann.user());
    for (field, value) in [
        ("rooms", json!([])),
        ("missed", json!({})),
        ("more", json!([])),
    ] {
        assert_eq!(welcome[field], value, "{welcome}");
    }
    let tea = ann.create_group("Tea", &[&bob]).await;
    let cake = ann.create_group("Cake", &[]).await;
    let mut b = bob.online().await;
    b.say(&tea, "hello").await;
    let welcome = socket.hello().await;
    let mut rooms = welcome["rooms"].as_array().cloned().unwrap_or_default();
    assert_eq!(rooms.len(), 2, "{welcome}");
    rooms.sort_by_key(|room| room["name"] == "Tea");
    assert_eq!(rooms[0]["id"], cake);
    assert_eq!(rooms[1]["id"], tea);
    assert_eq!(rooms[1]["kind"], "group");
    assert_eq!(
        (&rooms[1]["last_seq"], &rooms[1]["read_seq"]),
        (&json!(1), &json!(0))
    );
}

async fn join_and_leave_affect_one_socket_and_no_membership(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = ann.online().await;
    let mut b = bob.socket().await;
    a.say(&room, "unsubscribed").await;
    b.send(json!({"action": "join", "ref": "j1", "room": room}))
        .await;
    let joined = b.expect("joined").await;
    assert_eq!(
        joined,
        json!({"event": "joined", "ref": "j1", "room": room, "last_seq": 1})
    );
    a.say(&room, "subscribed").await;
    b.receive_text(&room, "subscribed").await;

    b.send(json!({"action": "leave", "ref": "l1", "room": room}))
        .await;
    let left = b.expect("left").await;
    assert_eq!(left, json!({"event": "left", "ref": "l1", "room": room}));
    let mut other = bob.online().await;
    a.say(&room, "another socket").await;
    other.receive_text(&room, "another socket").await;
    b.ping().await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
    bob.room(&room).await.expect(200);
    let ack = b.say(&room, "a member may speak all the same").await;
    assert_eq!(ack["seq"], 4);
    a.receive_text(&room, "a member may speak all the same")
        .await;
}

async fn typing_is_sent_to_the_others_at_most_every_3_s(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let began = tokio::time::Instant::now();
    for _ in 0..5 {
        a.send(json!({"action": "typing", "room": room})).await;
    }
    let typing = b.expect("typing").await;
    assert_eq!(
        typing,
        json!({"event": "typing", "room": room, "user": ann.user()})
    );
    a.ping().await;
    a.say(&room, "done").await;
    b.receive_text(&room, "done").await;
    let most = began.elapsed().as_secs() / 3;
    let more = b.received("typing").len() as u64;
    assert!(more <= most, "{more} more in {:?}", began.elapsed());
    assert_eq!(a.received("typing"), Vec::<Value>::new());
}

async fn a_read_mark_moves_forward_only_and_is_sent_to_the_others(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    for number in 1..=5 {
        a.say(&room, &format!("no. {number}")).await;
    }
    b.send(json!({"action": "read", "room": room, "seq": 3}))
        .await;
    let read = a.expect("read").await;
    assert_eq!(read["room"], room);
    assert_eq!(
        (&read["user"]["id"], &read["seq"]),
        (&json!(bob.id), &json!(3))
    );
    let seen = bob.room(&room).await.expect(200);
    assert_eq!(seen.number("/room/read_seq"), 3);
    assert_eq!(seen.number("/room/last_seq"), 5);
    b.send(json!({"action": "read", "room": room, "seq": 2}))
        .await;
    b.send(json!({"action": "read", "room": room, "seq": 4}))
        .await;
    a.expect_where("read", |read| read["seq"] == 4).await;
    b.ping().await;
    let seen = bob.room(&room).await.expect(200);
    assert_eq!(seen.number("/room/read_seq"), 4);
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.number("/room/read_seq"), 0, "speaking is not reading");
    for seq in [
        json!(-1),
        json!("4"),
        json!(4.5),
        json!({"$gt": 0}),
        json!(null),
    ] {
        let frame = json!({"action": "read", "room": room, "seq": seq});
        b.refused(frame, "invalid").await;
    }
}

async fn ping_returns_the_time(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let mut socket = ann.socket().await;
    let pong = socket.ping().await;
    let ks_test = pong["at"].as_i64().unwrap_or_default() - now().as_millis();
    assert!(ks_test.abs() < 10_000, "{pong}");
    assert_eq!((&pong["missed"], &pong["more"]), (&json!({}), &json!([])));
}

async fn item_35_36_a_malformed_frame_is_refused_and_the_socket_stays_open(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut socket = ann.online().await;
    for text in [
        "",
        " ",
        "{",
        "null",
        "[]",
        "3",
        "\"hello\"",
        "hello",
        "{}",
        "[{\"action\":\"ping\"}]",
    ] {
        socket.send_raw(Message::text(text)).await;
        let problem = socket.expect("problem").await;
        let word = problem["error"].as_str().unwrap_or_default();
        assert!(
            ["invalid", "unknown_action"].contains(&word),
            "{text:?}: {problem}"
        );
    }
    for action in [
        "shout",
        "Hello",
        "hello ",
        "$connect",
        "$disconnect",
        "$default",
        "",
    ] {
        let frame = json!({"action": action});
        socket.refused(frame, "unknown_action").await;
    }
    let id = Socket::fresh_id();
    for frame in [
        json!({"action": "hello", "colour": "red"}),
        json!({"action": "hello", "rooms": []}),
        json!({"action": "hello", "rooms": {room.clone(): "1"}}),
        json!({"action": "hello", "rooms": {room.clone(): {"$gt": 0}}}),
        json!({"action": "join"}),
        json!({"action": "join", "room": 3}),
        json!({"action": "join", "room": {"$ne": ""}}),
        json!({"action": "join", "room": room, "ref": 3}),
        json!({"action": "leave", "room": null}),
        json!({"action": "message", "id": id, "room": room}),
        json!({"action": "message", "id": 3, "room": room, "text": "x"}),
        json!({"action": "message", "id": {"$ne": ""}, "room": room, "text": "x"}),
        json!({"action": "message", "id": id, "room": room, "text": ["x"]}),
        json!({"action": "message", "id": id, "room": room, "text": "x", "from": "eve"}),
        json!({"action": "typing", "room": room, "user": "eve"}),
        json!({"action": "read", "room": room}),
        json!({"action": "ping", "rooms": "all"}),
    ] {
        let problem = socket.refused(frame.clone(), "invalid").await;
        if let Some(reference) = frame.get("ref").filter(|value| value.is_string()) {
            assert_eq!(&problem["ref"], reference);
        }
    }
    socket.ping().await;
    let page = bob.history(&room, "").await.expect(200);
    assert_eq!(page.body["messages"], json!([]));
}

async fn a_text_is_trimmed_and_its_newlines_normalised(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let longest = "🐎".repeat(4_000);
    for (sent, received) in [
        ("  one\r\n\ttwo \n", "one\n\ttwo"),
        (
            "žluťoučký 🐎 & <b>\"quoted\"</b> \\ مرحبا",
            "žluťoučký 🐎 & <b>\"quoted\"</b> \\ مرحبا",
        ),
        ("{\"$ne\": \"\"}", "{\"$ne\": \"\"}"),
        (&longest, &longest),
    ] {
        a.say(&room, sent).await;
        b.receive_text(&room, received).await;
    }
    let page = bob.history(&room, "limit=1").await.expect(200);
    assert_eq!(page.text("/messages/0/text"), longest);
}

async fn an_invalid_text_is_refused_with_the_message_s_id(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut socket = ann.online().await;
    for text in [
        "",
        "  \r\n ",
        "bell\u{7}",
        "nul\u{0}",
        "\u{85}next line\u{85}x",
        &"x".repeat(4_001),
    ] {
        let id = Socket::fresh_id();
        let frame = json!({"action": "message", "id": id, "room": room, "text": text});
        let problem = socket.refused(frame, "invalid").await;
        assert_eq!(problem["id"], id, "{problem}");
    }
    for id in ["", &"x".repeat(65)] {
        let frame = json!({"action": "message", "id": id, "room": room, "text": "x"});
        socket.refused(frame, "invalid").await;
    }
    let ack = socket.say_as(&"x".repeat(64), &room, "x").await;
    assert_eq!(ack["seq"], 1);
}

async fn item_34_every_frame_to_a_foreign_room_is_refused(stack: Arc<Stack>) {
    let (ann, eve) = Person::join_two(&stack, ["Ann", "Eve"]).await;
    let room = ann.create_group("Tea", &[]).await;
    let mut a = ann.online().await;
    a.say(&room, "a secret").await;
    let mut e = eve.online().await;
    refuses_all_frames(&mut e, &room).await;
    refuses_all_frames(&mut e, "nothing").await;
    let welcome = e.hello_after(json!({room.clone(): 0})).await;
    assert!(!welcome.to_string().contains("a secret"), "{welcome}");
    a.ping().await;
    for event in ["message", "typing", "read", "member"] {
        assert_eq!(a.received(event), Vec::<Value>::new());
    }
    let page = ann.history(&room, "").await.expect(200);
    assert_eq!(page.number("/last_seq"), 1);
}

async fn item_34_the_sender_is_the_user_of_the_socket(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let ack = a.say_as("same", &room, "from Ann").await;
    assert_eq!(ack["seq"], 1);
    let received = b.receive_text(&room, "from Ann").await;
    assert_eq!(received["from"], ann.user());
    let ack = b.say_as("same", &room, "from Bob").await;
    assert_eq!(ack["seq"], 2, "an id is unique per sender");
    let received = a.receive_text(&room, "from Bob").await;
    assert_eq!(received["from"], bob.user());
}

/// The state after a function ended the session and was killed before it closed
/// the sockets.
async fn a_socket_left_open_after_its_session_ended_is_closed(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    // A sign-out that was cut off before it closed the socket.
    let session = doc! { "user": &ann.id };
    let ended = DateTime::from_millis(0);
    database::change(&stack, "sessions", session, doc! { "expires": ended }).await;
    let hers = doc! { "_id": &ann.id };
    let nothing: [Document; 0] = [];
    database::change(&stack, "presence", hers, doc! { "sockets": nothing }).await;

    let frame = json!({"action": "message", "id": "late", "room": room, "text": "late"});
    a.refused(frame, "signed_out").await;
    a.closed_within(Duration::from_secs(5)).await;
    b.ping().await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
}
