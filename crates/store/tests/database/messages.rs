//! Sending: in order, without holes, once only.

use domain::history::{Cursor, PageQuery};
use protocol::{Message, User};
use store::members::ActOf;
use store::messages::Appended;

use crate::people::{hello, member, new, open, person, say, say_as, seqs, talk};
use crate::scratch::{NOW, Scratch, at_once};

const NEWEST: PageQuery = PageQuery {
    cursor: Cursor::Newest,
    limit: 200,
};

#[tokio::test]
async fn fifty_senders_at_once_get_fifty_places_without_a_hole() {
    let store = Scratch::new().await;
    let said = at_once(50, async |n| {
        new(say(&store, "room", &format!("P{n}"), "same-id").await)
    })
    .await;
    let mut places = seqs(&said);
    places.sort_unstable();
    assert_eq!(places, (1..=50).collect::<Vec<_>>());
    let mut said = said;
    said.sort_by_key(|message| message.seq);
    assert_eq!(store.page("room", NEWEST, "").await.unwrap(), said);
}

#[tokio::test]
async fn the_same_id_twenty_times_at_once_is_one_message() {
    let store = Scratch::new().await;
    let said = at_once(20, async |_| say(&store, "room", "Ada", "m1").await).await;
    let mut fresh = 0;
    for appended in said {
        let message = match appended {
            Appended::New(message, _) => {
                fresh += 1;
                message
            }
            Appended::Duplicate(message) => message,
            Appended::NotMember => panic!("Ada is a member"),
        };
        assert_eq!((message.seq, message.id.as_str()), (1, "m1"));
    }
    assert_eq!(fresh, 1);
    assert_eq!(store.newest_seq("room").await.unwrap(), 1);
}

#[tokio::test]
async fn repeats_amid_other_senders_leave_neither_a_hole_nor_a_second_copy() {
    let store = Scratch::new().await;
    // Five messages, each four times.
    at_once(20, async |n| {
        say(&store, "room", "Ada", &format!("m{}", n % 5)).await
    })
    .await;
    let kept = store.page("room", NEWEST, "").await.unwrap();
    let mut ids: Vec<_> = kept.iter().map(|message| message.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["m0", "m1", "m2", "m3", "m4"]);
}

#[tokio::test]
async fn a_repeated_message_returns_the_stored_one() {
    let store = Scratch::new().await;
    talk(&store, "room", 3).await;
    let again = say(&store, "room", "Ada", "m2").await;
    let Appended::Duplicate(kept) = again else {
        panic!("it became a second message");
    };
    assert_eq!((kept.seq, kept.text.as_str()), (2, "m2 by Ada"));
    assert_eq!((kept.from.name.as_str(), kept.at), ("Ada", NOW));
    assert_eq!(store.newest_seq("room").await.unwrap(), 3);
}

#[tokio::test]
async fn an_id_belongs_to_one_sender_in_one_room() {
    let store = Scratch::new().await;
    talk(&store, "room", 1).await;
    assert_eq!(new(say(&store, "room", "Bob", "m1").await).seq, 2);
    assert_eq!(new(say(&store, "other", "Ada", "m1").await).seq, 1);
}

#[tokio::test]
async fn a_room_in_which_nothing_was_said_has_seq_0() {
    let store = Scratch::new().await;
    talk(&store, "other", 2).await;
    assert_eq!(store.newest_seq("room").await.unwrap(), 0);
    assert_eq!(store.page("room", NEWEST, "").await.unwrap(), []);
}

#[tokio::test]
async fn only_members_send_and_repeat_messages() {
    let store = Scratch::new().await;
    talk(&store, "room", 2).await;
    let said = say_as(&store, "room", &person("Eve"), "e1", "hello").await;
    assert!(matches!(said, Appended::NotMember), "{said:?}");
    store.remove_member("room", "ada", NOW).await.unwrap();
    let again = say_as(&store, "room", &person("Ada"), "m1", "m1 by Ada").await;
    assert!(matches!(again, Appended::NotMember), "{again:?}");
    assert_eq!(store.newest_seq("room").await.unwrap(), 2);
}

#[tokio::test]
async fn text_that_looks_like_an_operator_is_stored_unchanged() {
    let store = Scratch::new().await;
    store
        .add_member(&member("room", "Ada", 0), ActOf::Member)
        .await
        .unwrap();
    let from = User {
        name: "$name".to_owned(),
        ..person("Ada")
    };
    let said = new(say_as(&store, "room", &from, "$$ROOT", "$text").await);
    let kept = store.page("room", NEWEST, "").await.unwrap();
    assert_eq!(kept, [said]);
    let Message { id, from, text, .. } = &kept[0];
    assert_eq!(
        (id.as_str(), from.name.as_str(), text.as_str()),
        ("$$ROOT", "$name", "$text")
    );
}

#[tokio::test]
async fn a_message_comes_with_the_subscribers_of_its_room() {
    let store = Scratch::new().await;
    for (id, name, room) in [
        ("a1", "Ada", "room"),
        ("b1", "Bob", "room"),
        ("c1", "Cleo", "other"),
    ] {
        open(&store, id, name, "s").await;
        hello(&store, id, &[room]).await;
    }
    let said = say(&store, "room", "Ada", "m1").await;
    let Appended::New(_, audience) = said else {
        panic!("it is new: {said:?}");
    };
    let mut receivers: Vec<_> = audience
        .subscribers
        .iter()
        .map(|one| (&*one.id, &*one.user))
        .collect();
    receivers.sort_unstable();
    assert_eq!(receivers, [("a1", "ada"), ("b1", "bob")]);
}
