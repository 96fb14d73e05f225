//! Consent to being in a room: invitations, quotas, and leaving for good.

use std::sync::Arc;

use e2e::people::{Person, Response, Visitor};
use e2e::stack::{Kind, Stack};
use e2e::suite::Test;
use e2e::wait::{TIMEOUT, eventually};
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        item_48_a_person_who_left_a_group_is_invited_and_not_added,
        item_48_one_account_cannot_fill_the_rooms_of_another,
        item_48_a_direct_room_that_was_left_is_left_until_its_owner_returns,
        item_50_a_refused_request_says_nothing_about_its_addresses,
        item_50_an_address_receives_five_invitations_a_day,
        item_48_the_inviter_and_the_owner_may_withdraw_an_invitation,
        item_48_a_removed_member_leaves_no_invitation_behind,
        item_48_a_declined_invitation_is_gone,
        finding_1_an_invitation_that_crosses_a_confirmation_is_accepted_once,
        finding_6_a_client_with_more_cursors_than_rooms_still_works,
        finding_9_read_marks_reach_the_readers_other_sockets,
        finding_15_the_guest_of_an_empty_room_owns_it,
    ]
}

async fn invitations(person: &Person) -> Vec<Value> {
    let answer = person.client.get("/api/invitations").await.expect(200);
    answer.body["invitations"].as_array().cloned().unwrap()
}

async fn accept(person: &Person, room: &str) -> Response {
    let path = format!("/api/invitations/{room}");
    person.client.post_empty(&path).await
}

async fn rooms(person: &Person) -> usize {
    let answer = person.client.get("/api/rooms").await.expect(200);
    answer.body["rooms"].as_array().map_or(0, Vec::len)
}

async fn item_48_a_person_who_left_a_group_is_invited_and_not_added(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    bob.remove(&room, &bob.id).await.expect(204);
    for _ in 0..2 {
        ann.invite(&room, &bob.email).await.expect(204);
        bob.room(&room).await.refused(404, "unknown_room");
    }
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["invited"], json!([bob.email]));

    let invited = invitations(&bob).await;
    assert_eq!(invited.len(), 1);
    assert_eq!(
        invited[0]["room"],
        json!({"id": room, "name": "Tea", "kind": "group"})
    );
    assert_eq!(invited[0]["by"], ann.user());
    let mut a = ann.online().await;
    for _ in 0..2 {
        let accepted = accept(&bob, &room).await.expect(200);
        assert_eq!(accepted.text("/room/id"), room);
    }
    let joined = |frame: &Value| frame["user"]["id"] == bob.id && frame["joined"] == true;
    a.expect_where("member", joined).await;
    assert!(invitations(&bob).await.is_empty());
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["invited"], json!([]));

    // An owner who removes a person cannot add them again either.
    ann.remove(&room, &bob.id).await.expect(204);
    ann.invite(&room, &bob.email).await.expect(204);
    bob.room(&room).await.refused(404, "unknown_room");
}

async fn item_48_one_account_cannot_fill_the_rooms_of_another(stack: Arc<Stack>) {
    let (eve, bob) = Person::join_two(&stack, ["Eve", "Bob"]).await;
    for n in 0..26 {
        let room = eve.create_group(&format!("Spam {n}"), &[&bob]).await;
        if n % 2 == 0 {
            eve.remove(&room, &eve.id).await.expect(204);
        }
    }
    // The first two as a stranger, and twenty with a room in common.
    let filled = rooms(&bob).await;
    assert_eq!(filled, 22);
    assert_eq!(invitations(&bob).await.len(), 4);
    let own = bob.create_group("Mine", &[]).await;
    bob.room(&own).await.expect(200);
}

async fn item_48_a_direct_room_that_was_left_is_left_until_its_owner_returns(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.open_direct(&bob).await.expect(201).text("/room/id");
    bob.remove(&room, &bob.id).await.expect(204);
    for _ in 0..2 {
        let again = ann.open_direct(&bob).await.expect(200);
        assert_eq!(again.text("/room/id"), room);
        assert_eq!(again.body["room"]["invited"], json!([bob.email]));
        assert_eq!(again.text("/room/name"), "Bob");
        bob.room(&room).await.refused(404, "unknown_room");
    }
    let returned = bob.open_direct(&ann).await.expect(200);
    assert_eq!(returned.text("/room/id"), room);
    assert_eq!(returned.body["room"]["invited"], json!([]));
    assert_eq!(returned.text("/room/name"), "Ann");
}

async fn item_50_a_refused_request_says_nothing_about_its_addresses(stack: Arc<Stack>) {
    let (eve, bob) = Person::join_two(&stack, ["Eve", "Bob"]).await;
    let room = eve.create_group("Probe", &[]).await;
    let (number, _) = stack.next_person();
    let unknown = |n: usize| {
        let address = format!("probe.{number}.{n}@example.com");
        stack.secrets.note(Kind::Address, &address);
        address
    };
    let some: Vec<String> = (0..48).map(unknown).collect();
    let body = json!({"name": "Probe", "kind": "group", "members": some});
    eve.client.post("/api/rooms", body).await.expect(201);
    // Two are left: three are refused and use them up.
    let many: Vec<String> = (48..51).map(unknown).collect();
    let body = json!({"name": "Probe", "kind": "group", "members": many});
    let refused = eve.client.post("/api/rooms", body).await;
    refused.too_fast();
    let mut answers = Vec::new();
    for email in [&unknown(60), &bob.email] {
        let answer = eve.invite(&room, email).await;
        answers.push((answer.status, answer.body.clone()));
        let body = json!({"name": "", "kind": "direct", "members": [email]});
        let answer = eve.client.post("/api/rooms", body).await;
        answers.push((answer.status, answer.body.clone()));
    }
    for answer in &answers {
        assert_eq!(answer.0, 429, "{}", answer.1);
        assert_eq!(answer.1["error"], "too_fast");
    }
    // The wait is that of the quota, and not that of what was found.
    let at = |n: usize| answers[n].1["retry_at"].as_i64().unwrap();
    assert!((at(0) - at(2)).abs() < 60_000, "{answers:?}");
    assert!(invitations(&bob).await.is_empty());
    assert_eq!(rooms(&bob).await, 0);
}

async fn item_50_an_address_receives_five_invitations_a_day(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let guest = Visitor::new(&stack, "Guest");
    for n in 0..8 {
        let inviter = [&ann, &bob][n % 2];
        let room = inviter.create_group(&format!("Room {n}"), &[]).await;
        inviter.invite(&room, &guest.email).await.expect(204);
        let seen = inviter.room(&room).await.expect(200);
        assert_eq!(seen.body["room"]["invited"], json!([guest.email]));
    }
    // The code of the registration comes after all that was published before.
    let guest = guest.sign_up().await;
    let mailed = async || {
        let mails = stack.inbox.to(&guest.email).await;
        let invitations = mails.iter().filter(|mail| mail.text.contains("Room "));
        invitations.count()
    };
    eventually("five invitations", TIMEOUT, || async {
        (mailed().await >= 5).then_some(())
    })
    .await;
    assert_eq!(mailed().await, 5);
    assert_eq!(rooms(&guest).await, 8);
}

async fn item_48_the_inviter_and_the_owner_may_withdraw_an_invitation(stack: Arc<Stack>) {
    let (ann, bob, eve) = Person::join_three(&stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob, &eve]).await;
    let guest = Visitor::new(&stack, "Guest");
    let path = format!("/api/rooms/{room}/invitations/{}", guest.email);
    for allowed in [&bob, &ann] {
        bob.invite(&room, &guest.email).await.expect(204);
        eve.client.delete(&path).await.refused(403, "forbidden");
        allowed.client.delete(&path).await.expect(204);
        allowed.client.delete(&path).await.expect(404);
        let seen = ann.room(&room).await.expect(200);
        assert_eq!(seen.body["room"]["invited"], json!([]));
    }
    let guest = guest.sign_up().await;
    guest
        .client
        .delete(&path)
        .await
        .refused(404, "unknown_room");
    assert_eq!(rooms(&guest).await, 0);
    accept(&guest, &room).await.refused(404, "unknown_room");
}

async fn item_48_a_removed_member_leaves_no_invitation_behind(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let guest = Visitor::new(&stack, "Guest");
    bob.invite(&room, &guest.email).await.expect(204);
    ann.remove(&room, &bob.id).await.expect(204);
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["invited"], json!([]));
    let guest = guest.sign_up().await;
    guest.room(&room).await.refused(404, "unknown_room");
    assert!(invitations(&guest).await.is_empty());
}

async fn item_48_a_declined_invitation_is_gone(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    bob.remove(&room, &bob.id).await.expect(204);
    ann.invite(&room, &bob.email).await.expect(204);
    let path = format!("/api/invitations/{room}");
    bob.client.delete(&path).await.expect(204);
    bob.client.delete(&path).await.refused(404, "unknown_room");
    accept(&bob, &room).await.refused(404, "unknown_room");
    ann.invite(&room, &bob.email).await.expect(204);
    assert!(invitations(&bob).await.is_empty());
    for strange in ["nothing", "%24ne"] {
        accept(&bob, strange).await.refused(404, "unknown_room");
    }
}

async fn finding_1_an_invitation_that_crosses_a_confirmation_is_accepted_once(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    for _ in 0..6 {
        let guest = Visitor::new(&stack, "Guest");
        let challenge = guest.register().await.expect(202).text("/challenge");
        let code = guest.code().await;
        let email = guest.email.clone();
        let (verified, invited) =
            tokio::join!(guest.verify(&challenge, &code), ann.invite(&room, &email));
        invited.expect(204);
        let guest = Person::new(guest.clone(), &verified.expect(200));
        guest.room(&room).await.expect(200);
        assert!(invitations(&guest).await.is_empty());
        ann.remove(&room, &guest.id).await.expect(204);
        let guest = guest.sign_in().await;
        guest.room(&room).await.refused(404, "unknown_room");
    }
    let seen = ann.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["invited"], json!([]));
}

async fn finding_6_a_client_with_more_cursors_than_rooms_still_works(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut cursors = json!({room.clone(): 0});
    for n in 0..600 {
        cursors[format!("left-{n}")] = json!(1);
    }
    let mut socket = ann.socket().await;
    let welcome = socket.hello_after(cursors.clone()).await;
    assert_eq!(welcome["missed"], json!({room: []}));
    socket
        .send(json!({"action": "ping", "rooms": cursors}))
        .await;
    socket.expect("pong").await;
}

async fn finding_9_read_marks_reach_the_readers_other_sockets(stack: Arc<Stack>) {
    let (ann, bob) = Person::join_two(&stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let (mut a, mut b, mut other) = tokio::join!(ann.online(), bob.online(), bob.online());
    a.say(&room, "read me").await;
    b.receive_text(&room, "read me").await;
    b.send(json!({"action": "read", "room": room, "seq": 1}))
        .await;
    let read = other.expect("read").await;
    assert_eq!((&read["seq"], &read["user"]), (&json!(1), &bob.user()));
    assert_eq!(other.ping().await["reads"], json!({room: 1}));
    assert_eq!(a.ping().await.get("reads"), None);
}

async fn finding_15_the_guest_of_an_empty_room_owns_it(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let guest = Visitor::new(&stack, "Guest");
    ann.invite(&room, &guest.email).await.expect(204);
    ann.remove(&room, &ann.id).await.expect(204);
    let guest = guest.sign_up().await;
    let seen = guest.room(&room).await.expect(200);
    assert_eq!(seen.body["room"]["members"][0]["role"], "owner");
}
