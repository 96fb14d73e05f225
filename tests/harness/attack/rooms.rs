//! Attacks with rooms, members and invitations.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::iter;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use super::{Limit, Target};
use crate::people::{Person, Response, Visitor};

const SPAM: &str = "Spam";
/// Rooms that strangers may add a user to in a day.
const BY_STRANGERS: usize = 20;
/// Rooms that one person with a common room may add a user to in a day.
const BY_ONE_ACQUAINTANCE: usize = 20;
/// Invitations that are mailed to an address in a day.
const INVITATION_MAILS: usize = 5;
const ROOMS: usize = 500;

async fn create(person: &Person, members: &[&str]) -> Response {
    let body = json!({"name": SPAM, "kind": "group", "members": members});
    person.client.post("/api/rooms", body).await
}

async fn rooms(person: &Person) -> Vec<Value> {
    let listed = person.client.get("/api/rooms").await.expect(200);
    listed.body["rooms"].as_array().cloned().unwrap_or_default()
}

async fn attackers<const COUNT: usize>(target: &Target) -> [Person; COUNT] {
    let all = join_all((0..COUNT).map(|_| Person::join(&target.stack, "Eve"))).await;
    all.try_into()
        .unwrap_or_else(|_| unreachable!("COUNT were joined"))
}

/// Adds the owners to groups without pause, and again after they left.
pub(super) async fn unwanted_rooms(target: Arc<Target>) -> Vec<Limit> {
    let attackers = attackers::<3>(&target).await;
    let [ann, bob] = &target.owners;
    let both = [ann.email.as_str(), bob.email.as_str()];
    // After the first room, each attacker is an acquaintance.
    let allowed = BY_STRANGERS + attackers.len() * BY_ONE_ACQUAINTANCE;
    let mut created = 0;
    loop {
        for attacker in &attackers {
            let answers = join_all((0..4).map(|_| create(attacker, &both))).await;
            created += answers.iter().filter(|answer| answer.status == 201).count();
        }
        target.set_in_effect();
        if !target.continues() && created > allowed + 10 {
            break;
        }
        if !target.continues() && created == 0 {
            break;
        }
    }
    let mut most = 0;
    for owner in &target.owners {
        let all = rooms(owner).await;
        most = most.max(all.iter().filter(|room| room["name"] == SPAM).count());
    }
    // The quotas of the others are used up.
    let attacker = Person::join(&target.stack, "Eve").await;
    let returned = comes_back_against_their_will(&target, &attacker).await;
    vec![
        Limit::new(
            format!("rooms that an owner is in, of {created} by the attackers"),
            most,
            allowed,
        ),
        Limit::new("memberships after leaving", usize::from(returned), 0),
    ]
}

/// Whether a member who left a group is added again by another.
async fn comes_back_against_their_will(target: &Target, attacker: &Person) -> bool {
    let victim = Person::join(&target.stack, "Mia").await;
    let room = create(attacker, &[&victim.email]).await.text("/room/id");
    victim.remove(&room, &victim.id).await;
    attacker.invite(&room, &victim.email).await;
    victim.room(&room).await.status == 200
}

/// With the quota of invitations used up, compares the responses for known and unknown
/// addresses. Each attacker asks about few, so that no other quota is reached.
pub(super) async fn enumeration_by_invitations(target: Arc<Target>) -> Vec<Limit> {
    let (mut asked, mut differing, mut apart) = (0, 0, 0);
    loop {
        let attacker = Person::join(&target.stack, "Eve").await;
        let by_one = asked_by(&target, &attacker).await;
        asked += ASKED;
        differing += by_one.0;
        apart = apart.max(by_one.1);
        target.set_in_effect();
        if !target.continues() {
            break;
        }
    }
    vec![
        Limit::new(
            format!("of {asked} responses, those whose status reveals an account"),
            differing,
            0,
        ),
        Limit::new(
            "seconds by which `retry_at` reveals whether accounts exist",
            apart,
            TOLERANCE,
        ),
    ]
}

/// Addresses that one attacker asks about.
const ASKED: usize = 40;
/// Each address that used up an invitation would move `retry_at` by 72 s.
const TOLERANCE: usize = 36;

/// How many responses differ by their status, and by how many seconds `retry_at` moves
/// more for one kind of addresses than for the other.
async fn asked_by(target: &Target, attacker: &Person) -> (usize, usize) {
    let unknown = |number: usize| format!("unknown.{number}.{}", attacker.email);
    let addresses: Vec<String> = (0..50).map(unknown).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    create(attacker, &addresses).await.expect(201);
    let (mut moved, mut differing) = ([0_i64, 0], 0);
    let mut last: Option<Response> = None;
    for number in 0..ASKED {
        let kind = number % 2;
        let address = match kind {
            0 => target.owners[number / 2 % 2].email.clone(),
            _ => unknown(50 + number),
        };
        let response = create(attacker, &[&address]).await;
        let retry_at = response.body["retry_at"].as_i64();
        if let Some(last) = last {
            differing += usize::from(last.status != response.status);
            let before = last.body["retry_at"].as_i64();
            moved[kind] += retry_at.zip(before).map_or(0, |(now, before)| now - before);
        }
        last = Some(response);
    }
    let apart = (moved[0] - moved[1]).unsigned_abs() / 1_000;
    (differing, usize::try_from(apart).unwrap_or(usize::MAX))
}

/// Invites one address without an account from several accounts to many rooms.
pub(super) async fn repeated_invitations(target: Arc<Target>) -> Vec<Limit> {
    let attackers = attackers::<3>(&target).await;
    let guest = Visitor::new(&target.stack, "Guest");
    let mut invited = 0;
    loop {
        for attacker in &attackers {
            let answer = create(attacker, &[&guest.email]).await;
            invited += usize::from(answer.status == 201);
        }
        target.set_in_effect();
        if !target.continues() && invited >= 3 * INVITATION_MAILS {
            break;
        }
    }
    // A later mail has arrived, so no earlier one is still queued.
    Person::join(&target.stack, "Mia").await;
    let mails = target.stack.inbox.to(&guest.email).await.len();
    vec![Limit::new(
        format!("mails to one address, of {invited} invitations"),
        mails,
        INVITATION_MAILS,
    )]
}

/// Removes a member in the database only, as a function does that fails before it
/// updates the sockets, and listens on the open socket.
pub(super) async fn stale_subscription(target: Arc<Target>) -> Vec<Limit> {
    let members = members(&target).await;
    let (mut rounds, mut received) = (0, 0);
    loop {
        let (ann, eve) = Person::join_two(&target.stack, ["Ann", "Eve"]).await;
        let room = ann.create_group("Tea", &[&eve]).await;
        let (mut a, mut e) = tokio::join!(ann.online(), eve.online());
        a.say(&room, "for both").await;
        e.receive_text(&room, "for both").await;
        let row = doc! {"room": &room, "user": &eve.id};
        let removed = members.delete_one(row).await.expect("the database answers");
        assert_eq!(removed.deleted_count, 1, "Eve was a member");
        a.say(&room, "for Ann alone").await;
        e.ping().await;
        received += e.received("message").len();
        rounds += 1;
        target.set_in_effect();
        tokio::join!(a.close(), e.close());
        if !target.continues() {
            break;
        }
    }
    vec![Limit::new(
        format!("messages received after the membership ended, in {rounds} rounds"),
        received,
        0,
    )]
}

async fn members(target: &Target) -> mongodb::Collection<Document> {
    let client = mongodb::Client::with_uri_str(&target.stack.database_uri()).await;
    let database = client.expect("a URI").default_database();
    database
        .expect("the URI names a database")
        .collection("members")
}

/// Names that are invisible or change the direction of the text around them.
pub(crate) const DECEPTIVE: [&str; 7] = [
    "\u{200b}",
    "\u{3164}",
    "Ann\u{202e}nnA",
    "Ann\u{2028}Bob",
    "Ann\u{2066}Bob",
    "\u{e0041}\u{e0042}",
    "Ann\u{ad}\u{feff}",
];

/// Registers and creates rooms under deceptive names, and joins a room under a name
/// that looks like a member's.
pub(super) async fn deceptive_names(target: Arc<Target>) -> Vec<Limit> {
    let eve = Person::join(&target.stack, "Eve").await;
    let mut accepted = 0;
    target.set_in_effect();
    loop {
        for name in DECEPTIVE {
            let mut visitor = target.attacker();
            visitor.name = name.to_owned();
            accepted += usize::from(visitor.register().await.status == 202);
            let body = json!({"name": name, "kind": "group", "members": []});
            let room = eve.client.post("/api/rooms", body).await;
            accepted += usize::from(room.status == 201);
        }
        if !target.continues() {
            break;
        }
    }
    let unmarked = unmarked_members(&target).await;
    vec![
        Limit::new("deceptive names accepted", accepted, 0),
        Limit::new("members with the same appearance, not marked", unmarked, 0),
    ]
}

/// Joins a room with an owner under a name that looks like the owner's; returns how
/// many of the two the owner sees without a mark.
async fn unmarked_members(target: &Target) -> usize {
    let [ann, bob] = &target.owners;
    let look_alike = ann.name.replace('A', "\u{410}");
    assert_ne!(look_alike, ann.name);
    let mut impostor = target.attacker();
    impostor.name = look_alike;
    let impostor = impostor.sign_up().await;
    let room = impostor.create_group("Tea", &[ann, bob]).await;
    let room = ann.room(&room).await.expect(200);
    let members = room.body["room"]["members"].as_array();
    let members = members.expect("a list of members");
    assert_eq!(members.len(), 3, "{members:?}");
    let is_alike = |member: &&Value| member["user"]["id"] != bob.id.as_str();
    let alike = members.iter().filter(is_alike);
    alike.filter(|member| member["confusable"] != true).count()
}

/// Fills an account with rooms and races for the last places, with groups, and with
/// direct rooms that others open.
pub(super) async fn racing_past_the_room_limit(target: Arc<Target>) -> Vec<Limit> {
    let eve = Person::join(&target.stack, "Eve").await;
    target.set_in_effect();
    let others: [Person; 4] = attackers(&target).await;
    let (ann, name) = (&eve, "Own");
    let created: usize = iter(0..ROOMS - 4)
        .map(|_| async move {
            let body = json!({"name": name, "kind": "group", "members": []});
            usize::from(ann.client.post("/api/rooms", body).await.status == 201)
        })
        .buffer_unordered(8)
        .fold(0, |sum, one| async move { sum + one })
        .await;
    let mut attempted = ROOMS - 4;
    loop {
        let groups = join_all((0..8).map(|_| create(&eve, &[])));
        let direct = join_all(others.iter().map(|other| eve.open_direct(other)));
        let (groups, direct) = tokio::join!(groups, direct);
        attempted += groups.len() + direct.len();
        if !target.continues() {
            break;
        }
    }
    let count = rooms(&eve).await.len();
    assert!(created > 0, "no room was created");
    vec![Limit::new(
        format!("rooms of one account, of {attempted} attempted"),
        count,
        ROOMS,
    )]
}
