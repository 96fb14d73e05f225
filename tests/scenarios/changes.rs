//! Edits, deletions, reactions and pins: stored once, in order, and delivered to
//! the sockets that understand them.

use std::sync::Arc;

use e2e::people::{Person, Response, Socket};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_change_reaches_every_socket_that_understands_it,
        a_client_of_the_first_version_sees_what_it_always_saw,
        the_same_change_again_gives_the_same_ack_and_no_second_change,
        a_socket_that_was_cut_receives_the_changes_it_missed,
        a_room_with_too_many_missed_changes_is_stale,
        invalid_changes_are_refused_and_not_stored,
        a_deletion_that_races_an_edit_wins,
        an_edited_message_keeps_its_versions_until_it_is_deleted,
        a_reply_shows_its_message_as_it_is_now,
        only_members_are_mentioned_and_only_the_owner_mentions_everybody,
        changes_do_not_count_as_unread,
        the_pinned_messages_of_a_room_are_listed_for_its_members,
        the_owner_and_moderators_rename_a_group,
        the_owner_gives_roles_and_hands_the_group_over,
        a_group_records_who_joined_left_and_was_removed,
        a_person_changes_their_name,
    ]
}

/// A socket that understands changes.
async fn online(person: &Person) -> Socket {
    let mut socket = person.socket().await;
    socket
        .send(json!({"action": "hello", "understands": ["changes", "of a later version"]}))
        .await;
    socket.expect("welcome").await;
    socket
}

/// Sends a change, which is acknowledged.
async fn change(socket: &mut Socket, frame: Value) -> Value {
    let id = frame["id"].clone();
    socket.send(frame).await;
    socket.expect_where("ack", |ack| ack["id"] == id).await
}

fn edit(room: &str, seq: i64, text: &str) -> Value {
    let id = Socket::fresh_id();
    json!({"action": "edit", "id": id, "room": room, "seq": seq, "text": text})
}

fn delete(room: &str, seq: i64) -> Value {
    json!({"action": "delete", "id": Socket::fresh_id(), "room": room, "seq": seq})
}

fn react(room: &str, seq: i64, emoji: &str, on: bool) -> Value {
    let id = Socket::fresh_id();
    json!({"action": "react", "id": id, "room": room, "seq": seq, "emoji": emoji, "on": on})
}

fn pin(room: &str, seq: i64, on: bool) -> Value {
    json!({"action": "pin", "id": Socket::fresh_id(), "room": room, "seq": seq, "on": on})
}

async fn only_message(person: &Person, room: &str) -> Value {
    let page = person.history(room, "limit=1").await.expect(200);
    page.body["messages"][0].clone()
}

async fn a_change_reaches_every_socket_that_understands_it(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut phone, mut laptop) = tokio::join!(online(&ann), online(&ann));
    let mut b = online(&bob).await;
    phone.say(&room, "hello").await;
    b.receive_text(&room, "hello").await;
    let frames = [
        (edit(&room, 1, "hello!"), json!({"text": "hello!"})),
        (
            react(&room, 1, "👍", true),
            json!({"emoji": "👍", "on": true}),
        ),
        (
            react(&room, 1, "❤", true),
            json!({"emoji": "❤\u{fe0f}", "on": true}),
        ),
        (pin(&room, 1, true), json!({"on": true})),
        (delete(&room, 1), json!({})),
    ];
    for (rev, (frame, fields)) in (1..).zip(frames) {
        let ack = change(&mut phone, frame.clone()).await;
        let expected = json!({
            "event": "ack", "id": frame["id"], "room": room, "seq": 1, "rev": rev, "at": ack["at"]
        });
        assert_eq!(ack, expected);
        let mut event = json!({
            "event": "change", "room": room, "rev": rev, "seq": 1, "by": ann.user(),
            "at": ack["at"], "kind": frame["action"]
        });
        for (name, value) in fields.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        for socket in [&mut laptop, &mut b] {
            assert_eq!(socket.expect("change").await, event);
        }
    }
    phone.ping().await;
    assert_eq!(phone.received("change"), Vec::<Value>::new());
    let path = format!("/api/rooms/{room}/changes?after=3&limit=1");
    let changes = bob.client.get(&path).await.expect(200).body;
    assert_eq!(changes["last_rev"], 5);
    assert_eq!(changes["changes"][0]["kind"], "pin");
}

async fn a_client_of_the_first_version_sees_what_it_always_saw(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut old) = tokio::join!(online(&ann), bob.online());
    a.say(&room, "first").await;
    change(&mut a, edit(&room, 1, "edited")).await;
    change(&mut a, react(&room, 1, "👍", true)).await;
    let ack = a.say(&room, "second").await;
    old.receive_text(&room, "first").await;
    let message = old.receive_text(&room, "second").await;
    let expected = json!({
        "event": "message", "room": room, "seq": 2, "id": ack["id"], "from": ann.user(),
        "text": "second", "at": ack["at"]
    });
    assert_eq!(message, expected);
    let pong = old.ping().await;
    assert!(
        pong.get("changes").is_none() && pong.get("stale").is_none(),
        "{pong}"
    );
    assert_eq!(old.received("change"), Vec::<Value>::new());
    let said = old.say_as("old", &room, "third").await;
    let expected = json!({
        "event": "ack", "id": "old", "room": room, "seq": 3, "at": said["at"]
    });
    assert_eq!(said, expected);
    let welcome = old.hello_after(json!({room.clone(): 0})).await;
    let texts = &welcome["missed"][&room];
    assert_eq!([&texts[0]["text"], &texts[1]["text"]], ["edited", "second"]);
}

async fn the_same_change_again_gives_the_same_ack_and_no_second_change(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut a = online(&ann).await;
    a.say(&room, "hello").await;
    let frame = edit(&room, 1, "hello!");
    let ack = change(&mut a, frame.clone()).await;
    assert_eq!(change(&mut a, frame.clone()).await, ack);
    change(&mut a, delete(&room, 1)).await;
    assert_eq!(change(&mut a, frame).await, ack, "also after the deletion");
    assert_eq!(only_message(&ann, &room).await["text"], "");
    a.refused(react(&room, 1, "👍", true), "not_found").await;
    let path = format!("/api/rooms/{room}/changes");
    let changes = ann.client.get(&path).await.expect(200).body;
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(2));
}

async fn a_socket_that_was_cut_receives_the_changes_it_missed(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = online(&ann).await;
    a.say(&room, "hello").await;
    let b = online(&bob).await;
    change(&mut a, react(&room, 1, "👍", true)).await;
    b.close().await;
    change(&mut a, edit(&room, 1, "hello!")).await;
    change(&mut a, delete(&room, 1)).await;
    let mut b = bob.socket().await;
    b.send(json!({
        "action": "hello", "rooms": {room.clone(): 1}, "revs": {room.clone(): 1},
        "understands": ["changes"]
    }))
    .await;
    let welcome = b.expect("welcome").await;
    let kinds = |frame: &Value| -> Vec<Value> {
        let changes = frame["changes"][&room].as_array().cloned();
        let changes = changes.unwrap_or_default().into_iter();
        changes.map(|change| change["kind"].clone()).collect()
    };
    assert_eq!(kinds(&welcome), ["edit", "delete"]);
    assert_eq!(welcome["changes"][&room][0]["text"], "", "it is deleted");
    assert_eq!(welcome["rooms"][0]["last_rev"], 3);
    b.send(json!({"action": "ping", "revs": {room.clone(): 2}}))
        .await;
    assert_eq!(kinds(&b.expect("pong").await), ["delete"]);
}

async fn a_room_with_too_many_missed_changes_is_stale(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = online(&ann).await;
    a.say(&room, "hello").await;
    for n in 0..6 {
        let text = format!("{n}{}", "x".repeat(3_900));
        change(&mut a, edit(&room, 1, &text)).await;
    }
    let mut b = bob.socket().await;
    b.send(json!({"action": "hello", "revs": {room.clone(): 0}, "understands": ["changes"]}))
        .await;
    let welcome = b.expect("welcome").await;
    assert_eq!(welcome["stale"], json!([room]));
    assert!(welcome.get("changes").is_none(), "{welcome}");
    let page = bob.history(&room, "").await.expect(200);
    assert_eq!(page.number("/rev"), 6);
    assert_eq!(page.number("/messages/0/edits"), 6);
}

async fn invalid_changes_are_refused_and_not_stored(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(online(&ann), online(&bob));
    for text in ["first", "second"] {
        a.say(&room, text).await;
    }
    change(&mut a, delete(&room, 2)).await;
    let long = "x".repeat(4_001);
    for (frame, code) in [
        (edit(&room, 1, "x"), "forbidden"),
        (delete(&room, 1), "forbidden"),
        (edit(&room, 2, "x"), "not_found"),
        (react(&room, 2, "👍", true), "not_found"),
        (edit(&room, 9, "x"), "not_found"),
        (edit(&room, -1, "x"), "not_found"),
        (delete(&room, i64::MAX), "not_found"),
        (pin(&room, 0, true), "not_found"),
        (edit(&room, 1, " "), "invalid"),
        (edit(&room, 1, &long), "invalid"),
        (react(&room, 1, "", true), "invalid"),
        (react(&room, 1, "a", true), "invalid"),
        (react(&room, 1, "👍👍", true), "invalid"),
        (react(&room, 1, &"👍".repeat(500), true), "invalid"),
        (react("nothing", 1, "👍", true), "unknown_room"),
        (
            json!({"action": "react", "id": "c", "room": room, "seq": 1, "emoji": "👍"}),
            "invalid",
        ),
        (
            json!({"action": "react", "id": "c", "room": room, "seq": 1, "emoji": "👍", "on": 1}),
            "invalid",
        ),
        (
            json!({"action": "delete", "id": "", "room": room, "seq": 1}),
            "invalid",
        ),
        (
            json!({"action": "delete", "id": "c", "room": room, "seq": "1"}),
            "invalid",
        ),
        (
            json!({"action": "hello", "revs": {room.clone(): -1}}),
            "invalid",
        ),
        (
            json!({"action": "hello", "understands": "changes"}),
            "invalid",
        ),
    ] {
        b.refused(frame, code).await;
    }
    // Of a thousand different emoji twenty are taken.
    let many: Vec<String> = ('\u{1f600}'..='\u{1f64f}').map(String::from).collect();
    let mut taken = 0;
    for emoji in &many {
        let frame = react(&room, 1, emoji, true);
        let id = frame["id"].clone();
        b.send(frame).await;
        let answer = b
            .within_any(std::time::Duration::from_secs(20), &["ack", "problem"])
            .await
            .expect("an answer");
        assert_eq!(answer["id"], id);
        match answer["event"] == "ack" {
            true => taken += 1,
            false => assert_eq!(answer["error"], "invalid", "{answer}"),
        }
    }
    assert_eq!(taken, 20);
    ann.remove(&room, &bob.id).await.expect(204);
    b.refused(react(&room, 1, "👍", true), "unknown_room").await;
    b.refused(edit(&room, 1, "x"), "unknown_room").await;
    let changes = ann
        .client
        .get(&format!("/api/rooms/{room}/changes?limit=200"))
        .await;
    let changes = changes.expect(200).body;
    // The last one is the removal of Bob.
    assert_eq!(changes["changes"].as_array().map(Vec::len), Some(22));
}

async fn a_deletion_that_races_an_edit_wins(stack: Arc<Stack>) {
    const ROUNDS: i64 = 25;
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let (mut one, mut other) = tokio::join!(online(&ann), online(&ann));
    for seq in 1..=ROUNDS {
        one.say(&room, "before").await;
        let (edit, delete) = (edit(&room, seq, "after"), delete(&room, seq));
        let deleted = delete["id"].clone();
        if seq % 2 == 0 {
            tokio::join!(one.send(edit), other.send(delete));
        } else {
            tokio::join!(other.send(delete), one.send(edit));
        }
        other.expect_where("ack", |ack| ack["id"] == deleted).await;
        let limit = std::time::Duration::from_secs(20);
        one.within_any(limit, &["ack", "problem"])
            .await
            .expect("an answer");
    }
    for message in ann.whole_history(&room).await {
        assert_eq!(message["text"], "", "{message}");
        assert_eq!(message["deleted"]["by"], ann.user());
    }
}

async fn an_edited_message_keeps_its_versions_until_it_is_deleted(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = online(&ann).await;
    a.say(&room, "first").await;
    change(&mut a, edit(&room, 1, "second")).await;
    change(&mut a, edit(&room, 1, "third")).await;
    let path = format!("/api/rooms/{room}/messages/1/versions");
    let versions = bob.client.get(&path).await.expect(200).body;
    let texts = [
        &versions["versions"][0]["text"],
        &versions["versions"][1]["text"],
    ];
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(versions["versions"][0]["by"], ann.user());
    let message = only_message(&bob, &room).await;
    assert_eq!(
        (&message["text"], &message["edits"]),
        (&json!("third"), &json!(2))
    );
    change(&mut a, delete(&room, 1)).await;
    let versions = bob.client.get(&path).await.expect(200).body;
    assert_eq!(versions, json!({"versions": []}));
    for seq in ["2", "0", "-1", "x"] {
        let path = format!("/api/rooms/{room}/messages/{seq}/versions");
        bob.client.get(&path).await.refused(404, "not_found");
    }
}

async fn a_reply_shows_its_message_as_it_is_now(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(online(&ann), online(&bob));
    a.say(&room, &"é".repeat(100)).await;
    let reply = |id: &str, seq: i64| json!({"action": "message", "id": id, "room": room, "text": "yes", "reply_to": seq});
    b.refused(reply("r0", 9), "invalid").await;
    change(&mut b, reply("r1", 1)).await;
    let quote = |text: &str| json!({"seq": 1, "from": ann.user(), "text": text});
    let event = a.receive_text(&room, "yes").await;
    assert_eq!(event["reply_to"], quote(&"é".repeat(80)));
    change(&mut a, edit(&room, 1, "edited")).await;
    assert_eq!(only_message(&ann, &room).await["reply_to"], quote("edited"));
    change(&mut a, delete(&room, 1)).await;
    assert_eq!(only_message(&ann, &room).await["reply_to"], quote(""));
}

async fn only_members_are_mentioned_and_only_the_owner_mentions_everybody(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(online(&ann), online(&bob));
    let message = |mentions: Value| {
        let id = Socket::fresh_id();
        json!({"action": "message", "id": id, "room": room, "text": "@", "mentions": mentions})
    };
    change(&mut a, message(json!([bob.id, "@room", bob.id]))).await;
    let event = b.receive_text(&room, "@").await;
    let mut mentions = [bob.id.as_str(), "@room"];
    mentions.sort_unstable();
    assert_eq!(event["mentions"], json!(mentions));
    change(&mut b, message(json!([ann.id]))).await;
    b.refused(message(json!(["@room"])), "forbidden").await;
    b.refused(message(json!([eve.id])), "invalid").await;
    b.refused(message(json!(["stranger"])), "invalid").await;
    let many: Vec<String> = (0..51).map(|n| format!("user-{n}")).collect();
    b.refused(message(json!(many)), "invalid").await;
}

async fn changes_do_not_count_as_unread(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = online(&ann).await;
    a.say(&room, "hello").await;
    let before = bob.room(&room).await.expect(200);
    for frame in [
        edit(&room, 1, "x"),
        react(&room, 1, "👍", true),
        pin(&room, 1, true),
    ] {
        change(&mut a, frame).await;
    }
    let after = bob.room(&room).await.expect(200);
    for counter in ["/room/last_seq", "/room/read_seq"] {
        assert_eq!(before.number(counter), after.number(counter));
    }
    assert_eq!(after.number("/room/last_rev"), 3);
    assert_eq!(after.text("/room/last/text"), "x");
}

async fn the_pinned_messages_of_a_room_are_listed_for_its_members(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let path = format!("/api/rooms/{room}/pins");
    let pins = async || bob.client.get(&path).await.expect(200).body["pins"].clone();
    let mut a = online(&ann).await;
    for text in ["one", "two", &"three".repeat(20)] {
        a.say(&room, text).await;
    }
    assert_eq!(pins().await, json!([]));
    for seq in [3, 1, 2] {
        change(&mut a, pin(&room, seq, true)).await;
    }
    change(&mut a, pin(&room, 2, false)).await;
    let expected = [(1, "one"), (3, &"three".repeat(16))];
    let expected =
        expected.map(|(seq, text)| json!({"seq": seq, "from": ann.user(), "text": text}));
    assert_eq!(pins().await, json!(expected));
    change(&mut a, delete(&room, 1)).await;
    assert_eq!(pins().await[0]["seq"], 3);
    eve.client.get(&path).await.refused(404, "unknown_room");
}

async fn patch(person: &Person, path: &str, body: Value) -> Response {
    person.client.patch(path, body).await
}

async fn set_role(by: &Person, room: &str, of: &Person, role: &str) -> Response {
    let path = format!("/api/rooms/{room}/members/{}", of.id);
    patch(by, &path, json!({"role": role})).await
}

async fn the_owner_and_moderators_rename_a_group(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let path = format!("/api/rooms/{room}");
    let mut b = online(&bob).await;
    let renamed = patch(&ann, &path, json!({"name": "Coffee", "topic": "Beans"})).await;
    let renamed = renamed.expect(200);
    assert_eq!(renamed.text("/room/name"), "Coffee");
    assert_eq!(renamed.text("/room/topic"), "Beans");
    let event = b.expect("change").await;
    let expected = json!({
        "event": "change", "room": room, "rev": event["rev"], "by": ann.user(),
        "at": event["at"], "kind": "room", "name": "Coffee", "topic": "Beans"
    });
    assert_eq!(event, expected);
    patch(&bob, &path, json!({"name": "Mine"}))
        .await
        .refused(403, "forbidden");
    set_role(&ann, &room, &bob, "moderator").await.expect(204);
    let cleared = patch(&bob, &path, json!({"topic": ""})).await.expect(200);
    assert!(
        cleared.body["room"].get("topic").is_none(),
        "{}",
        cleared.body
    );
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"topic": "x".repeat(251)}),
    ] {
        patch(&ann, &path, body).await.expect(422);
    }
    let direct = ann.open_direct(&bob).await.expect(201).text("/room/id");
    let path = format!("/api/rooms/{direct}");
    patch(&ann, &path, json!({"name": "Us"}))
        .await
        .refused(403, "forbidden");
    patch(&ann, "/api/rooms/nothing", json!({"name": "x"}))
        .await
        .refused(404, "unknown_room");
}

async fn the_owner_gives_roles_and_hands_the_group_over(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut b = online(&bob).await;
    let mut a = online(&ann).await;
    a.say(&room, "from Ann").await;
    b.refused(delete(&room, 1), "forbidden").await;
    set_role(&bob, &room, &bob, "owner")
        .await
        .refused(403, "forbidden");
    set_role(&ann, &room, &eve, "moderator")
        .await
        .refused(404, "not_found");
    set_role(&ann, &room, &ann, "member")
        .await
        .refused(403, "forbidden");
    set_role(&ann, &room, &bob, "moderator").await.expect(204);
    assert_eq!(b.expect("change").await["act"], "moderator");
    // A moderator deletes the messages of others.
    change(&mut b, delete(&room, 1)).await;
    let members = ann.room(&room).await.expect(200).body;
    let of_bob = |body: &Value| {
        let members = body["room"]["members"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let found = members
            .into_iter()
            .find(|member| member["user"] == bob.user());
        found.expect("Bob is a member")
    };
    // Clients of the first version know no other role.
    assert_eq!(of_bob(&members)["role"], "member");
    assert_eq!(of_bob(&members)["moderator"], true);
    set_role(&ann, &room, &bob, "owner").await.expect(204);
    let members = ann.room(&room).await.expect(200).body;
    assert_eq!(of_bob(&members)["role"], "owner");
    set_role(&ann, &room, &bob, "member")
        .await
        .refused(403, "forbidden");
    ann.remove(&room, &bob.id).await.refused(403, "forbidden");
    bob.remove(&room, &ann.id).await.expect(204);
}

async fn a_group_records_who_joined_left_and_was_removed(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[]).await;
    ann.invite(&room, &bob.email).await.expect(204);
    ann.invite(&room, &eve.email).await.expect(204);
    ann.remove(&room, &eve.id).await.expect(204);
    bob.remove(&room, &bob.id).await.expect(204);
    let path = format!("/api/rooms/{room}/changes");
    let body = ann.client.get(&path).await.expect(200).body;
    let changes = body["changes"].as_array().cloned().unwrap_or_default();
    let lines: Vec<[Value; 3]> = changes
        .into_iter()
        .map(|change| ["by", "act", "user"].map(|field| change[field].clone()))
        .collect();
    let line = |by: &Person, act: &str, user: &Person| [by.user(), json!(act), user.user()];
    let expected = [
        line(&ann, "joined", &bob),
        line(&ann, "joined", &eve),
        line(&ann, "removed", &eve),
        line(&bob, "left", &bob),
    ];
    assert_eq!(lines, expected);
}

async fn a_person_changes_their_name(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = ann.online().await;
    a.say(&room, "before").await;
    let renamed = patch(&ann, "/api/me", json!({"name": "Anna"}))
        .await
        .expect(200);
    assert_eq!(renamed.text("/user/name"), "Anna");
    assert_eq!(renamed.text("/user/email"), ann.email);
    a.say(&room, "after").await;
    let page = bob.history(&room, "").await.expect(200);
    assert_eq!(page.text("/messages/0/from/name"), ann.name);
    assert_eq!(page.text("/messages/1/from/name"), "Anna");
    let room = bob.room(&room).await.expect(200).body.to_string();
    assert!(room.contains("\"Anna\""), "{room}");
    patch(&ann, "/api/me", json!({"name": " "}))
        .await
        .invalid("name");
}
