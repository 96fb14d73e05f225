//! Two requests of which one is overtaken: the reply of one of its database commands
//! is held while the other runs. `docs/data-model.md` lists the pairs of collections.

use std::sync::Arc;

use e2e::people::{Person, Response, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::TIMEOUT;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        an_address_registers_while_it_is_invited,
        an_address_registers_before_its_invitation_is_written,
        an_address_is_invited_while_it_registers,
        an_inviter_is_removed_before_the_invitation_is_written,
        an_inviter_is_removed_after_the_invitation_is_written,
        an_invitation_is_withdrawn_before_it_is_claimed,
        an_invitation_that_is_being_accepted_cannot_be_withdrawn,
        a_member_is_removed_while_being_added,
        a_member_is_removed_while_saying_hello,
        a_member_is_added_while_saying_hello,
        a_message_is_stored_before_a_hello_subscribes,
        a_message_is_stored_after_a_hello_subscribed,
        a_hello_runs_between_a_message_and_its_fan_out,
        a_member_is_removed_between_a_message_and_its_fan_out,
        the_owner_leaves_while_another_joins,
        both_people_open_their_direct_room,
        a_group_is_submitted_twice,
        a_session_ends_during_a_handshake,
        a_session_ends_after_the_socket_was_registered,
        a_socket_opens_while_the_last_one_closes,
    ]
}

/// Runs `first` until its `place`-th `command` on `collection` was executed, then all
/// of `meanwhile`, then the rest of `first`.
async fn overtake<T, U>(
    stack: &Stack,
    (place, command, collection): (usize, &str, &str),
    first: impl Future<Output = T>,
    meanwhile: impl Future<Output = U>,
) -> (T, U) {
    let holds: Vec<_> = (0..place)
        .map(|_| stack.hold(command, collection))
        .collect();
    let second = async {
        let mut held = None;
        for mut hold in holds {
            // Releases the one before.
            drop(held.take());
            let reached = tokio::time::timeout(TIMEOUT, hold.reached()).await;
            reached.unwrap_or_else(|_| panic!("no {command} on {collection}"));
            held = Some(hold);
        }
        let result = meanwhile.await;
        drop(held);
        result
    };
    tokio::join!(first, second)
}

/// The 1st of these commands.
fn first<'a>(command: &'a str, collection: &'a str) -> (usize, &'a str, &'a str) {
    (1, command, collection)
}

/// The 2nd of these commands.
fn second<'a>(command: &'a str, collection: &'a str) -> (usize, &'a str, &'a str) {
    (2, command, collection)
}

async fn members(person: &Person, room: &str) -> Vec<String> {
    let seen = person.room(room).await.expect(200);
    let members = seen.body["room"]["members"].as_array().cloned();
    let members = members.into_iter().flatten();
    members
        .filter_map(|member| member["user"]["id"].as_str().map(str::to_owned))
        .collect()
}

async fn invited(person: &Person, room: &str) -> Value {
    let seen = person.room(room).await.expect(200);
    seen.body["room"]["invited"].clone()
}

async fn accept(person: &Person, room: &str) -> Response {
    let path = format!("/api/invitations/{room}");
    person.client.post_empty(&path).await
}

async fn withdraw(person: &Person, room: &str, email: &str) -> Response {
    let path = format!("/api/rooms/{room}/invitations/{email}");
    person.client.delete(&path).await
}

/// Asserts that `guest` is a member, and stays removed once removed.
async fn assert_joined_once(owner: &Person, room: &str, guest: &Person) {
    assert_eq!(
        members(owner, room).await,
        [owner.id.as_str(), guest.id.as_str()]
    );
    assert_eq!(invited(owner, room).await, json!([]));
    owner.remove(room, &guest.id).await.expect(204);
    guest.sign_in().await;
    guest.room(room).await.refused(404, "unknown_room");
}

async fn an_address_registers_while_it_is_invited(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let eve = Visitor::new(&stack, "Eve");
    let place = first("insert", "invitations");
    let (answer, eve) = overtake(&stack, place, ann.invite(&room, &eve.email), eve.sign_up()).await;
    answer.expect(204);
    assert_joined_once(&ann, &room, &eve).await;
}

async fn an_address_registers_before_its_invitation_is_written(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let eve = Visitor::new(&stack, "Eve");
    // The first read is that of Ann's account, the second that of the address.
    let place = second("find", "users");
    let (answer, eve) = overtake(&stack, place, ann.invite(&room, &eve.email), eve.sign_up()).await;
    answer.expect(204);
    assert_joined_once(&ann, &room, &eve).await;
}

async fn an_address_is_invited_while_it_registers(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let eve = Visitor::new(&stack, "Eve");
    let email = eve.email.clone();
    let place = first("insert", "users");
    let (eve, answer) = overtake(&stack, place, eve.sign_up(), ann.invite(&room, &email)).await;
    answer.expect(204);
    assert_joined_once(&ann, &room, &eve).await;
}

async fn an_inviter_is_removed_before_the_invitation_is_written(stack: Arc<Stack>) {
    // The first read is that of the request, the second precedes the write.
    an_inviter_is_removed(stack, second("find", "invitations")).await;
}

async fn an_inviter_is_removed_after_the_invitation_is_written(stack: Arc<Stack>) {
    an_inviter_is_removed(stack, first("insert", "invitations")).await;
}

async fn an_inviter_is_removed(stack: Arc<Stack>, place: (usize, &str, &str)) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let eve = Visitor::new(&stack, "Eve");
    let invite = bob.invite(&room, &eve.email);
    let (_, removed) = overtake(&stack, place, invite, ann.remove(&room, &bob.id)).await;
    removed.expect(204);
    assert_eq!(invited(&ann, &room).await, json!([]));
    let eve = eve.sign_up().await;
    eve.room(&room).await.refused(404, "unknown_room");
}

/// A room of Ann's that Bob left and is invited to again.
async fn with_invitation(stack: &Arc<Stack>) -> (Person, Person, String) {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    bob.remove(&room, &bob.id).await.expect(204);
    ann.invite(&room, &bob.email).await.expect(204);
    (ann, bob, room)
}

async fn an_invitation_is_withdrawn_before_it_is_claimed(stack: Arc<Stack>) {
    let (ann, bob, room) = with_invitation(&stack).await;
    let place = first("find", "invitations");
    // The withdrawal reads it too, after the reply that is held.
    let withdrawal = withdraw(&ann, &room, &bob.email);
    let (accepted, withdrawn) = overtake(&stack, place, accept(&bob, &room), withdrawal).await;
    withdrawn.expect(204);
    accepted.refused(404, "unknown_room");
    assert_eq!(members(&ann, &room).await, [ann.id.as_str()]);
}

async fn an_invitation_that_is_being_accepted_cannot_be_withdrawn(stack: Arc<Stack>) {
    let (ann, bob, room) = with_invitation(&stack).await;
    let place = first("update", "invitations");
    let withdrawal = withdraw(&ann, &room, &bob.email);
    let (accepted, withdrawn) = overtake(&stack, place, accept(&bob, &room), withdrawal).await;
    withdrawn.refused(404, "not_found");
    accepted.expect(200);
    assert_eq!(members(&ann, &room).await.len(), 2);
    assert_eq!(invited(&ann, &room).await, json!([]));
}

async fn a_member_is_removed_while_being_added(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    let place = first("insert", "members");
    let removal = ann.remove(&room, &bob.id);
    let (added, removed) = overtake(&stack, place, ann.invite(&room, &bob.email), removal).await;
    removed.expect(204);
    added.expect(204);
    assert_eq!(members(&ann, &room).await, [ann.id.as_str()]);
    a.say(&room, "alone").await;
    b.ping().await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
}

async fn a_member_is_removed_while_saying_hello(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = (ann.online().await, bob.socket().await);
    let place = first("find", "members");
    let (welcome, removed) = overtake(&stack, place, b.hello(), ann.remove(&room, &bob.id)).await;
    removed.expect(204);
    assert_eq!(welcome["rooms"], json!([]));
    a.say(&room, "alone").await;
    b.ping().await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
}

async fn a_member_is_added_while_saying_hello(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[]).await;
    let (mut a, mut b) = (ann.online().await, bob.socket().await);
    let place = first("find", "members");
    let (welcome, added) = overtake(&stack, place, b.hello(), ann.invite(&room, &bob.email)).await;
    added.expect(204);
    assert_eq!(welcome["rooms"][0]["id"], room);
    a.say(&room, "both").await;
    b.receive_text(&room, "both").await;
}

async fn a_message_is_stored_before_a_hello_subscribes(stack: Arc<Stack>) {
    a_message_is_stored_during_a_hello(stack, first("find", "members")).await;
}

async fn a_message_is_stored_after_a_hello_subscribed(stack: Arc<Stack>) {
    a_message_is_stored_during_a_hello(stack, first("update", "connections")).await;
}

/// Bob receives it with the `welcome` or as an event.
async fn a_message_is_stored_during_a_hello(stack: Arc<Stack>, place: (usize, &str, &str)) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = (ann.online().await, bob.socket().await);
    let hello = b.hello_after(json!({room.clone(): 0}));
    let (welcome, _) = overtake(&stack, place, hello, a.say(&room, "meanwhile")).await;
    if welcome["missed"][&room][0]["text"] != "meanwhile" {
        b.receive_text(&room, "meanwhile").await;
    }
    a.say(&room, "afterwards").await;
    b.receive_text(&room, "afterwards").await;
}

async fn a_hello_runs_between_a_message_and_its_fan_out(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b) = (ann.online().await, bob.socket().await);
    // Stores the message.
    let place = first("aggregate", "members");
    let hello = b.hello_after(json!({room.clone(): 0}));
    let (_, welcome) = overtake(&stack, place, a.say(&room, "stored"), hello).await;
    assert_eq!(welcome["missed"][&room][0]["text"], "stored", "{welcome}");
}

async fn a_member_is_removed_between_a_message_and_its_fan_out(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut a = ann.online().await;
    let mut b = bob.online().await;
    // Announcing a person reads `members` as well.
    a.expect("presence").await;
    let place = first("aggregate", "members");
    let removal = ann.remove(&room, &bob.id);
    let (ack, removed) = overtake(&stack, place, a.say(&room, "alone"), removal).await;
    removed.expect(204);
    assert_eq!(ack["seq"], 1);
    b.expect("left").await;
    b.ping().await;
    assert_eq!(b.received("message"), Vec::<Value>::new());
}

async fn the_owner_leaves_while_another_joins(stack: Arc<Stack>) {
    let (ann, bob, room) = with_invitation(&stack).await;
    let place = first("findAndModify", "members");
    let leaving = ann.remove(&room, &ann.id);
    let (left, accepted) = overtake(&stack, place, leaving, accept(&bob, &room)).await;
    left.expect(204);
    accepted.expect(200);
    let seen = bob.room(&room).await.expect(200);
    assert_eq!(
        seen.body["room"]["members"],
        json!([{"user": bob.user(), "role": "owner", "read_seq": 0}])
    );
}

async fn both_people_open_their_direct_room(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let place = first("insert", "rooms");
    let (of_ann, of_bob) =
        overtake(&stack, place, ann.open_direct(&bob), bob.open_direct(&ann)).await;
    let room = of_ann.expect(201).text("/room/id");
    assert_eq!(of_bob.expect(200).text("/room/id"), room);
    for (person, other) in [(&ann, &bob), (&bob, &ann)] {
        let seen = person.room(&room).await.expect(200);
        assert_eq!(seen.text("/room/name"), other.name);
        assert_eq!(
            seen.body["room"]["members"].as_array().map(Vec::len),
            Some(2)
        );
    }
}

async fn a_group_is_submitted_twice(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let body = json!({"name": "Tea", "kind": "group", "members": [bob.email], "id": "c1"});
    let create = || ann.client.post("/api/rooms", body.clone());
    let place = first("insert", "rooms");
    let (created, repeated) = overtake(&stack, place, create(), create()).await;
    let room = created.expect(201).text("/room/id");
    assert_eq!(repeated.expect(200).text("/room/id"), room);
    assert_eq!(create().await.expect(200).text("/room/id"), room);
    assert_eq!(
        members(&ann, &room).await,
        [ann.id.as_str(), bob.id.as_str()]
    );
    // The id is Ann's own.
    let other = bob.client.post("/api/rooms", body.clone()).await;
    assert_ne!(other.expect(201).text("/room/id"), room);
    // It brings back neither a member who left nor the creator.
    bob.remove(&room, &bob.id).await.expect(204);
    create().await.expect(200);
    assert_eq!(members(&ann, &room).await, [ann.id.as_str()]);
    assert_eq!(invited(&ann, &room).await, json!([]));
    ann.remove(&room, &ann.id).await.expect(204);
    create().await.refused(404, "unknown_room");
    let mut invalid = body.clone();
    invalid["id"] = json!("x".repeat(65));
    let refused = ann.client.post("/api/rooms", invalid).await;
    assert_eq!(refused.refused(422, "invalid").body["field"], "id");
}

async fn a_session_ends_during_a_handshake(stack: Arc<Stack>) {
    a_session_ends(stack, first("findAndModify", "presence")).await;
}

async fn a_session_ends_after_the_socket_was_registered(stack: Arc<Stack>) {
    a_session_ends(stack, first("insert", "connections")).await;
}

async fn a_session_ends(stack: Arc<Stack>, place: (usize, &str, &str)) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let handshake = bob.handshake().await;
    let (status, signed_out) = overtake(&stack, place, handshake.refusal(), bob.logout()).await;
    signed_out.expect(204);
    assert_eq!(status, 401);
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["online"], json!([]));
}

async fn a_socket_opens_while_the_last_one_closes(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut b = bob.online().await;
    let closing = ann.online().await;
    let online = |value: bool| {
        let ann = ann.id.clone();
        move |frame: &Value| frame["user"]["id"] == ann && frame["online"] == value
    };
    b.expect_where("presence", online(true)).await;
    // The event of the closed socket is held before it notifies the others.
    let place = first("findAndModify", "presence");
    let ((), _open) = overtake(&stack, place, closing.close(), ann.online()).await;
    b.expect_where("presence", online(true)).await;
    b.expect_where("presence", online(false)).await;
    // What was overtaken is put right.
    b.expect_where("presence", online(true)).await;
    let seen = bob.room(&room).await.expect(200);
    let listed = seen.body["room"]["online"].as_array().map(Vec::len);
    assert_eq!(listed, Some(2));
}
