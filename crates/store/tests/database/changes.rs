//! Changes of messages: in order, once only, and within their limits.

use std::time::Duration;

use domain::ClientMessageId;
use domain::history::{Cursor, PageQuery};
use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use protocol::{ChangeKind, Message, Role};
use store::changes::{ChangeDraft, Changed, Refusal};
use store::members::{ActOf, MemberRow};
use store::presence::FrameCost;
use store::rooms::RoomRow;
use store::{Settings, Store};

use crate::people::{hello, member, new, open, person, say, say_as, talk};
use crate::presence::commands;
use crate::scratch::{NOW, Scratch, at_once};

const PAGE: PageQuery = PageQuery {
    cursor: Cursor::Newest,
    limit: 50,
};

fn edit(text: &str) -> ChangeKind {
    ChangeKind::Edit { text: text.into() }
}

fn react(emoji: &str, on: bool) -> ChangeKind {
    ChangeKind::React {
        emoji: emoji.into(),
        on,
    }
}

async fn change(store: &Store, seq: i64, by: &str, id: &str, kind: &ChangeKind) -> Changed {
    change_in(store, "room", seq, by, id, kind).await
}

async fn change_in(
    store: &Store,
    room: &str,
    seq: i64,
    by: &str,
    id: &str,
    kind: &ChangeKind,
) -> Changed {
    let draft = ChangeDraft {
        room,
        seq,
        by: &person(by),
        id: &ClientMessageId::parse("id", id).unwrap(),
        kind,
        edits_since: NOW - Duration::from_hours(24),
    };
    store.append_change(&draft, NOW).await.unwrap()
}

fn refusal(changed: Changed) -> Refusal {
    match changed {
        Changed::Refused(refusal) => refusal,
        other => panic!("it was stored: {other:?}"),
    }
}

fn rev(changed: Changed) -> i64 {
    match changed {
        Changed::New(change, _) => change.rev,
        other => panic!("it is not new: {other:?}"),
    }
}

async fn page(store: &Store, viewer: &str) -> Vec<Message> {
    store.page("room", PAGE, viewer).await.unwrap()
}

async fn only(store: &Store) -> Message {
    page(store, "ada").await.pop().expect("there is a message")
}

async fn join(store: &Store, name: &str, role: Role) {
    let row = MemberRow::new("room", &person(name), role, NOW);
    store.add_member(&row, ActOf::Member).await.unwrap();
}

#[tokio::test]
async fn forty_people_changing_at_once_make_a_gapless_log() {
    let store = Scratch::new().await;
    talk(&store, "room", 3).await;
    for n in 0..40 {
        join(&store, &format!("P{n}"), Role::Member).await;
    }
    // Each sends ten reactions, each of them twice at once.
    let made = at_once(80, async |n| {
        let (who, mut new) = (format!("P{}", n / 2), 0);
        for each in 0..10_i64 {
            let emoji = format!("emoji-{}", each % 3);
            let on = each / 3 % 2 == 0;
            let id = format!("c{each}");
            match change(&store, 1 + each % 3, &who, &id, &react(&emoji, on)).await {
                Changed::New(..) => new += 1,
                Changed::Duplicate(_) => {}
                other => panic!("{other:?}"),
            }
        }
        new
    })
    .await;
    assert_eq!(made.iter().sum::<i64>(), 400);
    let log = store.changes_after("room", 0, 1_000).await.unwrap();
    let revs: Vec<i64> = log.iter().map(|change| change.rev).collect();
    assert_eq!(revs, (1..=400).collect::<Vec<_>>());
    for message in page(&store, "p1").await {
        let counts: Vec<u32> = message.reactions.iter().map(|one| one.count).collect();
        let mine = message
            .reactions
            .iter()
            .all(|one| one.mine && one.by.len() == 20);
        assert!(
            counts.iter().all(|count| *count == 40) && mine,
            "{message:?}"
        );
    }
}

#[tokio::test]
async fn an_edit_replaces_the_text_and_keeps_the_versions() {
    let store = Scratch::new().await;
    new(say(&store, "room", "Ada", "m1").await);
    assert_eq!(
        rev(change(&store, 1, "Ada", "c1", &edit("second")).await),
        1
    );
    assert_eq!(
        rev(change(&store, 1, "Ada", "c2", &edit("$third")).await),
        2
    );
    let again = change(&store, 1, "Ada", "c1", &edit("other")).await;
    assert!(matches!(again, Changed::Duplicate(change) if change.rev == 1));
    let message = only(&store).await;
    assert_eq!(message.text, "$third");
    assert_eq!((message.edits, message.edited_at), (2, Some(NOW)));
    assert_eq!(message.rev, Some(2));
    let versions = store.versions("room", 1).await.unwrap().unwrap();
    let texts: Vec<&str> = versions.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["m1 by Ada", "second"]);
    assert!(store.versions("room", 2).await.unwrap().is_none());
}

#[tokio::test]
async fn a_deletion_leaves_the_text_in_no_document() {
    let store = Scratch::new().await;
    let text = "a secret that must not stay";
    join(&store, "Ada", Role::Member).await;
    new(say_as(&store, "room", &person("Ada"), "m1", text).await);
    let edited = format!("{text} in a version");
    rev(change(&store, 1, "Ada", "c1", &edit(&edited)).await);
    rev(change(&store, 1, "Ada", "c2", &edit(&format!("{edited} more"))).await);
    rev(change(&store, 1, "Ada", "c3", &react("👍", true)).await);
    assert!(everything(&store).await.contains(text));
    rev(change(&store, 1, "Ada", "c4", &ChangeKind::Delete).await);
    assert!(!everything(&store).await.contains("secret"));
    let message = only(&store).await;
    let deleted = message.deleted.as_ref().expect("a tombstone");
    assert_eq!((deleted.at, deleted.by.id.as_str()), (NOW, "ada"));
    assert_eq!((message.seq, message.id.as_str()), (1, "m1"));
    assert!(message.reactions.is_empty() && message.edits == 0);
    assert_eq!(store.versions("room", 1).await.unwrap(), Some(Vec::new()));
    // Sending it again is acknowledged and restores nothing.
    let again = say_as(&store, "room", &person("Ada"), "m1", text).await;
    assert!(matches!(again, store::messages::Appended::Duplicate(m) if m.text.is_empty()));
    assert!(!everything(&store).await.contains("secret"));
    for kind in [
        edit("x"),
        ChangeKind::Delete,
        react("👍", true),
        ChangeKind::Pin { on: true },
    ] {
        let refused = change(&store, 1, "Ada", "c9", &kind).await;
        assert_eq!(refusal(refused), Refusal::Deleted, "{kind:?}");
    }
    let repeated = change(&store, 1, "Ada", "c1", &edit(&edited)).await;
    assert!(matches!(repeated, Changed::Duplicate(_)));
    assert!(!everything(&store).await.contains("secret"));
}

/// All documents of the database as text.
async fn everything(store: &Scratch) -> String {
    let database = store.database().await;
    let mut all = String::new();
    for name in database.list_collection_names().await.unwrap() {
        let found = database.collection::<Document>(&name).find(doc! {}).await;
        let documents: Vec<Document> = found.unwrap().try_collect().await.unwrap();
        all.extend(documents.iter().map(Document::to_string));
    }
    all
}

#[tokio::test]
async fn a_deletion_wins_against_every_edit_that_races_it() {
    let store = Scratch::new().await;
    join(&store, "Ada", Role::Member).await;
    for round in 0..1_000_i64 {
        let seq = round + 1;
        let said = say_as(&store, "room", &person("Ada"), &format!("m{seq}"), "before").await;
        new(said);
        let (edited, deleted) = (format!("e{seq}"), format!("d{seq}"));
        let edit = edit("after");
        let editing = change(&store, seq, "Ada", &edited, &edit);
        let deleting = change(&store, seq, "Ada", &deleted, &ChangeKind::Delete);
        let (edited, deleted) = match round % 2 {
            0 => tokio::join!(editing, deleting),
            _ => {
                let (deleted, edited) = tokio::join!(deleting, editing);
                (edited, deleted)
            }
        };
        assert!(matches!(deleted, Changed::New(..)), "{deleted:?}");
        match edited {
            Changed::New(edited, _) => assert!(edited.rev < rev(deleted)),
            Changed::Refused(refusal) => assert_eq!(refusal, Refusal::Deleted),
            other => panic!("{other:?}"),
        }
        let message = store.message_at("room", seq).await.unwrap().unwrap();
        assert_eq!(message.text, "");
        assert!(message.deleted.is_some());
    }
    let all = everything(&store).await;
    assert!(!all.contains("before") && !all.contains("after"));
}

#[tokio::test]
async fn what_a_dead_function_did_not_fold_is_folded_by_the_next_reader() {
    let store = Scratch::new().await;
    talk(&store, "room", 2).await;
    rev(change(&store, 1, "Ada", "c1", &edit("edited")).await);
    rev(change(&store, 2, "Ada", "c2", &ChangeKind::Delete).await);
    let messages = store.database().await.collection::<Document>("messages");
    // As they were before the fold.
    let unfolded = doc! {
        "$set": { "text": "before" },
        "$unset": { "folded": "", "edited_at": "", "edits": "", "deleted_at": "", "deleted_by": "" },
    };
    messages.update_many(doc! {}, unfolded).await.unwrap();
    for _ in 0..2 {
        let [first, second] = <[Message; 2]>::try_from(page(&store, "ada").await).unwrap();
        assert_eq!((first.text.as_str(), first.edits), ("edited", 1));
        assert_eq!(second.text, "");
        assert!(second.deleted.is_some());
    }
    assert!(!everything(&store).await.contains("before"));
}

#[tokio::test]
async fn only_those_who_may_change_a_message() {
    let store = Scratch::new().await;
    let group = RoomRow::group(
        "room".into(),
        &domain::RoomName::parse("name", "Tea").unwrap(),
        NOW,
    );
    store.create_room(&group).await.unwrap();
    talk(&store, "room", 4).await;
    join(&store, "Bob", Role::Member).await;
    join(&store, "Owner", Role::Owner).await;
    for (by, seq, kind, expected) in [
        ("Eve", 1, edit("x"), Refusal::NotMember),
        ("Eve", 1, react("👍", true), Refusal::NotMember),
        ("Bob", 1, edit("x"), Refusal::NotYours),
        ("Owner", 1, edit("x"), Refusal::NotYours),
        ("Bob", 1, ChangeKind::Delete, Refusal::NotYours),
        ("Ada", 9, edit("x"), Refusal::UnknownMessage),
        ("Ada", 0, ChangeKind::Delete, Refusal::UnknownMessage),
        ("Ada", -1, react("👍", true), Refusal::UnknownMessage),
        (
            "Ada",
            i64::MAX,
            ChangeKind::Pin { on: true },
            Refusal::UnknownMessage,
        ),
    ] {
        let refused = change(&store, seq, by, "c", &kind).await;
        assert_eq!(refusal(refused), expected, "{by} {seq} {kind:?}");
    }
    assert_eq!(store.changes_after("room", 0, 9).await.unwrap(), []);
    rev(change(&store, 1, "Owner", "c1", &ChangeKind::Delete).await);
    store.remove_member("room", "ada", NOW).await.unwrap();
    let left = change(&store, 2, "Ada", "c2", &ChangeKind::Delete).await;
    assert_eq!(refusal(left), Refusal::NotMember);
}

#[tokio::test]
async fn an_owner_of_a_direct_room_deletes_only_their_own_messages() {
    let store = Scratch::new().await;
    let pair = RoomRow::direct("room".into(), "a@example.com", "b@example.com", NOW);
    store.create_room(&pair).await.unwrap();
    talk(&store, "room", 1).await;
    join(&store, "Bob", Role::Owner).await;
    let refused = change(&store, 1, "Bob", "c1", &ChangeKind::Delete).await;
    assert_eq!(refusal(refused), Refusal::NotYours);
}

#[tokio::test]
async fn an_old_message_can_be_deleted_and_not_edited() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    let (ada, id) = (person("Ada"), ClientMessageId::parse("id", "c1").unwrap());
    let (edited, deleted) = (edit("x"), ChangeKind::Delete);
    let draft = |kind| ChangeDraft {
        room: "room",
        seq: 1,
        by: &ada,
        id: &id,
        kind,
        edits_since: NOW + Duration::from_millis(1),
    };
    let edited = store.append_change(&draft(&edited), NOW).await.unwrap();
    assert_eq!(refusal(edited), Refusal::TooOld);
    let deleted = store.append_change(&draft(&deleted), NOW).await;
    assert_eq!(rev(deleted.unwrap()), 1);
}

#[tokio::test]
async fn a_reaction_that_changes_nothing_is_no_change() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    let off = change(&store, 1, "Ada", "c1", &react("👍", false)).await;
    assert!(matches!(off, Changed::InEffect));
    rev(change(&store, 1, "Ada", "c2", &react("👍", true)).await);
    let on = change(&store, 1, "Ada", "c3", &react("👍", true)).await;
    assert!(matches!(on, Changed::InEffect));
    rev(change(&store, 1, "Ada", "c4", &ChangeKind::Pin { on: true }).await);
    let pinned = change(&store, 1, "Ada", "c5", &ChangeKind::Pin { on: true }).await;
    assert!(matches!(pinned, Changed::InEffect));
    assert!(only(&store).await.pinned);
    rev(change(&store, 1, "Ada", "c6", &ChangeKind::Pin { on: false }).await);
    assert!(!only(&store).await.pinned);
    assert_eq!(store.changes_after("room", 0, 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_message_takes_twenty_emoji_and_a_person_a_hundred_changes() {
    let store = Scratch::new().await;
    talk(&store, "room", 2).await;
    for n in 0..20 {
        rev(change(
            &store,
            1,
            "Ada",
            &format!("c{n}"),
            &react(&format!("e{n}"), true),
        )
        .await);
    }
    let more = change(&store, 1, "Ada", "more", &react("e20", true)).await;
    assert_eq!(refusal(more), Refusal::TooManyReactions);
    join(&store, "Bob", Role::Member).await;
    rev(change(&store, 1, "Bob", "c1", &react("e19", true)).await);
    for n in 0..100 {
        rev(change(&store, 2, "Ada", &format!("d{n}"), &react("e", n % 2 == 0)).await);
    }
    let more = change(&store, 2, "Ada", "more", &react("e", true)).await;
    assert_eq!(refusal(more), Refusal::TooManyReactions);
}

#[tokio::test]
async fn a_message_takes_a_thousand_reactions_and_its_page_stays_fast() {
    let store = Scratch::new().await;
    talk(&store, "room", 50).await;
    let plain = timed(&store).await;
    let rows = (1..=1_000_i64).map(|n| {
        doc! {
            "room": "room", "rev": n, "seq": 25_i64, "by": format!("u{n}"), "name": "U",
            "client_id": "c", "at": 1_i64, "kind": "react", "emoji": "👍", "on": true,
        }
    });
    let changes = store.database().await.collection::<Document>("changes");
    changes.insert_many(rows).await.unwrap();
    let more = change(&store, 25, "Ada", "c", &react("👍", true)).await;
    assert_eq!(refusal(more), Refusal::TooManyReactions);
    assert_eq!(page(&store, "u1000").await[24].reactions[0].count, 1_000);
    let reacted = timed(&store).await;
    println!("a page of 50 without reactions {plain:?}, with a thousand {reacted:?}");
}

/// The median time of a page.
async fn timed(store: &Store) -> Duration {
    let mut times = Vec::new();
    for _ in 0..31 {
        let started = std::time::Instant::now();
        assert_eq!(page(store, "ada").await.len(), 50);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_message_is_edited_a_hundred_times() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    for n in 1..=100 {
        rev(change(
            &store,
            1,
            "Ada",
            &format!("c{n}"),
            &edit(&format!("text {n}")),
        )
        .await);
    }
    let more = change(&store, 1, "Ada", "more", &edit("x")).await;
    assert_eq!(refusal(more), Refusal::TooManyVersions);
    assert_eq!(store.versions("room", 1).await.unwrap().unwrap().len(), 100);
}

#[tokio::test]
async fn a_change_moves_no_counter_of_messages() {
    let store = Scratch::new().await;
    let name = domain::RoomName::parse("name", "Tea").unwrap();
    let group = RoomRow::group("room".into(), &name, NOW);
    store.create_room(&group).await.unwrap();
    talk(&store, "room", 2).await;
    let room = async || {
        let membership = store.membership("room", "ada").await.unwrap();
        membership.unwrap().room()
    };
    let before = room().await;
    for (n, kind) in [edit("x"), react("👍", true), ChangeKind::Pin { on: true }]
        .iter()
        .enumerate()
    {
        rev(change(&store, 2, "Ada", &format!("c{n}"), kind).await);
    }
    let after = room().await;
    assert_eq!(
        (before.last_seq, before.read_seq),
        (after.last_seq, after.read_seq)
    );
    assert_eq!((before.last_rev, after.last_rev), (0, 3));
    assert_eq!(after.last.unwrap().text, "x");
}

#[tokio::test]
async fn a_quote_follows_its_message() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    let quote = store.quotes("room", &[1]).await.unwrap().remove(&1);
    let draft = store::messages::Draft {
        room: "room",
        from: &person("Ada"),
        id: &ClientMessageId::parse("id", "reply").unwrap(),
        text: &domain::MessageText::parse("text", "yes").unwrap(),
        reply_to: quote,
        mentions: &["ada".to_owned()],
    };
    let reply = new(store.append(&draft, NOW).await.unwrap());
    assert_eq!(reply.reply_to.as_ref().unwrap().text, "m1 by Ada");
    let quoted = async || only(&store).await.reply_to.unwrap().text;
    assert_eq!(only(&store).await, reply);
    rev(change(&store, 1, "Ada", "c1", &edit("no")).await);
    assert_eq!(quoted().await, "no");
    rev(change(&store, 1, "Ada", "c2", &ChangeKind::Delete).await);
    assert_eq!(quoted().await, "");
}

#[tokio::test]
async fn a_reaction_costs_three_round_trips_and_an_edit_or_a_deletion_four() {
    // A server of its own, as its commands are counted.
    let server = embedded_mongo::Server::start().unwrap();
    let uri = server.uri();
    let store = Store::connect(Settings { uri: uri.clone() }).await.unwrap();
    store.create_indexes().await.unwrap();
    for n in 0..30 {
        let (socket, name) = (format!("s{n}"), format!("P{n}"));
        open(&store, &socket, &name, "session").await;
        hello(&store, &socket, &["room"]).await;
    }
    store
        .add_member(&member("room", "P0", 0), ActOf::Member)
        .await
        .unwrap();
    new(say_as(&store, "room", &person("P0"), "m1", "first").await);
    new(say_as(&store, "room", &person("P0"), "m2", "second").await);
    for (id, seq, kind, expected) in [
        ("c1", 1, react("👍", true), 3),
        ("c2", 1, edit("x"), 4),
        ("c3", 1, ChangeKind::Pin { on: true }, 4),
        ("c4", 2, ChangeKind::Delete, 4),
        // The texts of its versions are removed too.
        ("c5", 1, ChangeKind::Delete, 5),
    ] {
        let before = commands(&uri).await;
        store
            .begin_frame("s0", false, FrameCost::ONE, NOW)
            .await
            .unwrap()
            .unwrap();
        let changed = change(&store, seq, "P0", id, &kind).await;
        let Changed::New(_, subscribers) = changed else {
            panic!("it is new: {changed:?}");
        };
        assert_eq!(subscribers.len(), 30);
        assert_eq!(commands(&uri).await - before, expected, "{kind:?}");
    }
}

#[tokio::test]
async fn a_socket_that_does_not_understand_changes_receives_none() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    for (socket, understands) in [("old", vec![]), ("new", vec!["changes".to_owned()])] {
        open(&store, socket, "Ada", "s").await;
        let rooms = ["room".to_owned()];
        store
            .mark_ready(socket, &rooms, &understands)
            .await
            .unwrap();
    }
    let changed = change(&store, 1, "Ada", "c1", &react("👍", true)).await;
    let Changed::New(_, subscribers) = changed else {
        panic!("it is new: {changed:?}");
    };
    let ids: Vec<&str> = subscribers.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["new"]);
    let said = say(&store, "room", "Ada", "m2").await;
    let store::messages::Appended::New(_, audience) = said else {
        panic!("it is new: {said:?}");
    };
    assert_eq!(audience.subscribers.len(), 2);
}

#[tokio::test]
async fn changes_are_read_after_a_cursor() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    for n in 0..3 {
        rev(change(
            &store,
            1,
            "Ada",
            &format!("c{n}"),
            &react(&format!("e{n}"), true),
        )
        .await);
    }
    let after = async |rev| {
        let changes = store.changes_after("room", rev, 2).await.unwrap();
        changes.iter().map(|change| change.rev).collect::<Vec<_>>()
    };
    assert_eq!(after(0).await, [1, 2]);
    assert_eq!(after(2).await, [3]);
    assert_eq!(store.change_at("room", 2).await.unwrap().unwrap().rev, 2);
    assert!(store.change_at("room", 4).await.unwrap().is_none());
    let replay = store.changes_to_replay("room", 1).await.unwrap();
    assert_eq!(replay.unwrap().len(), 2);
}
