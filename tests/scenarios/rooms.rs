//! Rooms, members and permissions.

use std::sync::Arc;

use e2e::people::{Person, Socket, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use http::Method;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        the_creator_owns_a_group_and_its_members_see_it,
        a_pair_of_users_has_one_direct_room,
        a_direct_room_accepts_no_third_member,
        an_invalid_room_is_refused_by_field,
        item_34_a_foreign_room_is_unknown_on_every_route,
        any_member_can_add_others_and_all_members_are_notified,
        adding_a_member_twice_changes_nothing,
        only_the_owner_can_remove_others,
        item_34_a_removed_member_can_neither_receive_nor_send,
        when_the_owner_leaves_the_longest_standing_member_owns_the_room,
        an_invited_address_joins_once_it_is_confirmed,
        an_address_can_be_invited_when_a_room_is_created,
        the_fifty_first_invitation_in_an_hour_is_too_fast,
    ]
}

async fn the_creator_owns_a_group_and_its_members_see_it(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let body = json!({"name": "Tea", "kind": "group", "members": [bob.email]});
    let made = ann.client.post("/api/rooms", body).await.expect(201);
    assert_eq!(made.text("/room/name"), "Tea");
    assert_eq!(made.text("/room/kind"), "group");
    let room = made.text("/room/id");
    assert!(room.len() <= 64);
    for person in [&ann, &bob] {
        let seen = person.room(&room).await.expect(200);
        assert_eq!(seen.number("/room/last_seq"), 0);
        assert_eq!(seen.number("/room/read_seq"), 0);
        let owner = json!({"user": ann.user(), "role": "owner", "read_seq": 0});
        let member = json!({"user": bob.user(), "role": "member", "read_seq": 0});
        let members = members(&seen.body);
        assert!(members.contains(&owner), "{members:?}");
        assert!(members.contains(&member), "{members:?}");
        let listed = person.client.get("/api/rooms").await.expect(200);
        assert_eq!(listed.text("/rooms/0/id"), room);
        assert_eq!(listed.body["rooms"].as_array().map(Vec::len), Some(1));
    }
}

async fn a_pair_of_users_has_one_direct_room(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let (one, other) = tokio::join!(ann.open_direct(&bob), bob.open_direct(&ann));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "{} {}", one.body, other.body);
    let room = one.text("/room/id");
    assert_eq!(other.text("/room/id"), room);
    assert_eq!(one.text("/room/kind"), "direct");
    let again = ann.open_direct(&bob).await.expect(200);
    assert_eq!(again.text("/room/id"), room);
    let seen = bob.room(&room).await.expect(200);
    assert_eq!(members(&seen.body).len(), 2);
    let ack = bob.online().await.say(&room, "hello").await;
    assert_eq!(ack["seq"], 1);
}

async fn a_direct_room_accepts_no_third_member(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.open_direct(&bob).await.expect(201).text("/room/id");
    let response = ann.invite(&room, &eve.email).await;
    response.refused(403, "forbidden");
    eve.room(&room).await.refused(404, "unknown_room");
}

async fn an_invalid_room_is_refused_by_field(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let cases = [
        ("name", json!({"name": "", "kind": "group", "members": []})),
        (
            "name",
            json!({"name": "x".repeat(81), "kind": "group", "members": []}),
        ),
        (
            "members",
            json!({"name": "", "kind": "direct", "members": []}),
        ),
        (
            "members",
            json!({"name": "", "kind": "direct", "members": [ann.email]}),
        ),
        (
            "members",
            json!({"name": "", "kind": "direct", "members": [bob.email, "eve@example.com"]}),
        ),
        (
            "members",
            json!({"name": "Tea", "kind": "group", "members": ["bob"]}),
        ),
    ];
    for (field, body) in cases {
        let response = ann.client.post("/api/rooms", body.clone()).await;
        let response = response.refused(422, "invalid");
        let named = response.text("/field");
        assert!(named.starts_with(field), "{body}: {named}");
    }
    let wrong_kind = json!({"name": "Tea", "kind": "public", "members": []});
    let response = ann.client.post("/api/rooms", wrong_kind).await;
    response.refused(422, "invalid");
    let rooms = ann.client.get("/api/rooms").await.expect(200);
    assert_eq!(rooms.body, json!({"rooms": []}));
}

async fn item_34_a_foreign_room_is_unknown_on_every_route(stack: Arc<Stack>) {
    let (ann, eve) = Person::join_two(&stack, ["Ann", "Eve"]).await;
    let room = ann.create_group("Tea", &[]).await;
    let operator = "%7B%22$ne%22%3A%22%22%7D";
    for room in [room.as_str(), "nothing", operator, "$ne"] {
        eve.room(room).await.refused(404, "unknown_room");
        let response = eve.history(room, "").await;
        response.refused(404, "unknown_room");
        let response = eve.invite(room, &eve.email).await;
        response.refused(404, "unknown_room");
        let response = eve.remove(room, &eve.id).await;
        response.refused(404, "unknown_room");
        let response = eve.remove(room, &ann.id).await;
        response.refused(404, "unknown_room");
    }
    let response = ann.remove(&room, &eve.id).await;
    assert_eq!(response.status, 404, "{}", response.body);
}

async fn any_member_can_add_others_and_all_members_are_notified(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b, mut e) = tokio::join!(ann.online(), bob.online(), eve.online());
    a.say(&room, "before Eve").await;
    bob.invite(&room, &eve.email).await.expect(204);

    let added = e.expect("added").await;
    assert_eq!(added["room"]["id"], room);
    assert_eq!(added["room"]["name"], "Tea");
    assert_eq!(added["room"]["last_seq"], 1);
    for socket in [&mut a, &mut b] {
        let joined = |frame: &Value| frame["user"]["id"] == eve.id;
        let member = socket.expect_where("member", joined).await;
        assert_eq!(
            member,
            json!({"event": "member", "room": room, "user": eve.user(), "joined": true})
        );
    }
    a.say(&room, "welcome").await;
    e.receive_text(&room, "welcome").await;
    e.say(&room, "thank you").await;
    a.receive_text(&room, "thank you").await;
    let page = eve.history(&room, "").await.expect(200);
    assert_eq!(page.text("/messages/0/text"), "before Eve");
}

async fn adding_a_member_twice_changes_nothing(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    ann.invite(&room, &bob.email).await.expect(204);
    bob.invite(&room, &ann.email).await.expect(204);
    let seen = ann.room(&room).await.expect(200);
    let members = members(&seen.body);
    assert_eq!(members.len(), 2);
    let owners = members.iter().filter(|member| member["role"] == "owner");
    assert_eq!(owners.count(), 1);
}

async fn only_the_owner_can_remove_others(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob, &eve]).await;
    bob.remove(&room, &eve.id).await.refused(403, "forbidden");
    bob.remove(&room, &ann.id).await.refused(403, "forbidden");
    ann.remove(&room, &eve.id).await.expect(204);
    bob.remove(&room, &bob.id).await.expect(204);
    for gone in [&bob, &eve] {
        gone.room(&room).await.refused(404, "unknown_room");
        let rooms = gone.client.get("/api/rooms").await.expect(200);
        assert_eq!(rooms.body, json!({"rooms": []}));
    }
    ann.room(&room).await.expect(200);
}

async fn item_34_a_removed_member_can_neither_receive_nor_send(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob, &eve]).await;
    let (mut a, mut b, mut e) = tokio::join!(ann.online(), bob.online(), eve.online());
    let mut second = eve.socket().await;
    second.send(json!({"action": "join", "room": room})).await;
    second.expect("joined").await;
    a.say(&room, "still here?").await;
    for socket in [&mut b, &mut e, &mut second] {
        socket.receive_text(&room, "still here?").await;
    }

    ann.remove(&room, &eve.id).await.expect(204);
    for socket in [&mut e, &mut second] {
        let left = socket.expect("left").await;
        assert_eq!(left["room"], room);
    }
    let gone = |frame: &Value| frame["joined"] == false;
    let member = b.expect_where("member", gone).await;
    assert_eq!(member["user"], eve.user());
    a.say(&room, "she is gone").await;
    b.receive_text(&room, "she is gone").await;
    for socket in [&mut e, &mut second] {
        socket.ping().await;
        assert_eq!(socket.received("message"), Vec::<Value>::new());
    }
    refuses_all_frames(&mut e, &room).await;
    b.ping().await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
    let welcome = e.hello_after(json!({room.clone(): 0})).await;
    assert!(!welcome.to_string().contains("still here?"), "{welcome}");
    assert_eq!(welcome["rooms"], json!([]));
}

async fn when_the_owner_leaves_the_longest_standing_member_owns_the_room(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[]).await;
    ann.invite(&room, &eve.email).await.expect(204);
    ann.invite(&room, &bob.email).await.expect(204);
    ann.remove(&room, &ann.id).await.expect(204);
    let seen = bob.room(&room).await.expect(200);
    let owner: Vec<Value> = members(&seen.body)
        .into_iter()
        .filter(|member| member["role"] == "owner")
        .collect();
    assert_eq!(owner.len(), 1, "{}", seen.body);
    assert_eq!(owner[0]["user"], eve.user());
    eve.remove(&room, &bob.id).await.expect(204);
}

async fn an_invited_address_joins_once_it_is_confirmed(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut b = bob.online().await;
    let guest = Visitor::new(&stack, "Guest");
    ann.invite(&room, &guest.email).await.expect(204);
    let seen = bob.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["invited"], json!([guest.email]));
    assert_eq!(members(&seen.body).len(), 2);
    let is_invitation = |mail: &e2e::people::Mail| mail.text.contains("Tea");
    let mail = stack
        .inbox
        .mail(&guest.email, "an invitation", is_invitation)
        .await;
    assert!(mail.text.contains("Ann"), "it names the inviter");

    let guest = guest.sign_up().await;
    let joined = |frame: &Value| frame["user"]["id"] == guest.id && frame["joined"] == true;
    b.expect_where("member", joined).await;
    let seen = guest.room(&room).await.expect(200);
    assert_eq!(members(&seen.body).len(), 3);
    assert!(
        seen.body["room"]["invited"]
            .as_array()
            .is_none_or(Vec::is_empty),
        "{}",
        seen.body
    );
    guest.online().await.say(&room, "here I am").await;
    b.receive_text(&room, "here I am").await;
}

async fn an_address_can_be_invited_when_a_room_is_created(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let guest = Visitor::new(&stack, "Guest");
    let body = json!({"name": "Tea", "kind": "group", "members": [guest.email]});
    let made = ann.client.post("/api/rooms", body).await.expect(201);
    let room = made.text("/room/id");
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["invited"], json!([guest.email]));
    let guest = guest.sign_up().await;
    guest.room(&room).await.expect(200);
}

async fn the_fifty_first_invitation_in_an_hour_is_too_fast(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let (number, _) = stack.next_person();
    for count in 1..=51 {
        let guest = format!("guest.{number}.{count}@example.com");
        stack.secrets.note(e2e::stack::Kind::Address, &guest);
        let response = ann.invite(&room, &guest).await;
        if count <= 50 {
            response.expect(204);
        } else {
            response.too_fast();
        }
    }
    let response = ann.ask(Method::GET, &format!("/api/rooms/{room}")).await;
    let invited = response.expect(200).body["room"]["invited"].clone();
    assert_eq!(invited.as_array().map(Vec::len), Some(50));
}

/// Every action on the room is refused.
pub async fn refuses_all_frames(socket: &mut Socket, room: &str) {
    let id = Socket::fresh_id();
    let frames = [
        json!({"action": "join", "room": room, "ref": "r"}),
        json!({"action": "message", "id": id, "room": room, "text": "let me in"}),
        json!({"action": "typing", "room": room}),
        json!({"action": "read", "room": room, "seq": 1}),
    ];
    for frame in frames {
        let problem = socket.refused(frame.clone(), "unknown_room").await;
        for name in ["ref", "id"] {
            assert_eq!(problem[name], frame[name], "{problem}");
        }
    }
}

fn members(response: &Value) -> Vec<Value> {
    let members = response["room"]["members"].as_array();
    members.cloned().expect("a list of members")
}
