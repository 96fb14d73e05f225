//! Pages of a room's history.

use domain::history::{Cursor, PageQuery};
use store::Store;

use crate::people::{seqs, talk};
use crate::scratch::Scratch;

async fn ten() -> Scratch {
    let store = Scratch::new().await;
    talk(&store, "other", 3).await;
    talk(&store, "room", 10).await;
    store
}

async fn page(store: &Store, cursor: Cursor, limit: u32) -> Vec<i64> {
    let page = store.page("room", PageQuery { cursor, limit }, "").await;
    seqs(&page.expect("the database answers"))
}

#[tokio::test]
async fn pages_are_ascending_and_exclude_their_cursor() {
    let store = ten().await;
    for (cursor, expected) in [
        (Cursor::Newest, vec![8, 9, 10]),
        (Cursor::Before(5), vec![2, 3, 4]),
        (Cursor::Before(99), vec![8, 9, 10]),
        (Cursor::After(5), vec![6, 7, 8]),
        (Cursor::After(0), vec![1, 2, 3]),
    ] {
        assert_eq!(page(&store, cursor, 3).await, expected, "{cursor:?}");
    }
}

#[tokio::test]
async fn beyond_either_end_a_page_is_short_or_empty() {
    let store = ten().await;
    for (cursor, expected) in [
        (Cursor::Before(3), vec![1, 2]),
        (Cursor::Before(1), vec![]),
        (Cursor::Before(0), vec![]),
        (Cursor::After(8), vec![9, 10]),
        (Cursor::After(10), vec![]),
        (Cursor::After(i64::MAX), vec![]),
    ] {
        assert_eq!(page(&store, cursor, 3).await, expected, "{cursor:?}");
    }
}

#[tokio::test]
async fn around_has_its_cursor_in_the_middle() {
    let store = ten().await;
    assert_eq!(page(&store, Cursor::Around(5), 5).await, [3, 4, 5, 6, 7]);
    assert_eq!(page(&store, Cursor::Around(5), 4).await, [3, 4, 5, 6]);
    assert_eq!(page(&store, Cursor::Around(5), 1).await, [5]);
}

#[tokio::test]
async fn around_fills_from_the_other_side_at_either_end() {
    let store = ten().await;
    for (seq, expected) in [
        (0, vec![1, 2, 3, 4, 5]),
        (1, vec![1, 2, 3, 4, 5]),
        (2, vec![1, 2, 3, 4, 5]),
        (3, vec![1, 2, 3, 4, 5]),
        (4, vec![2, 3, 4, 5, 6]),
        (8, vec![6, 7, 8, 9, 10]),
        (9, vec![6, 7, 8, 9, 10]),
        (10, vec![6, 7, 8, 9, 10]),
        (11, vec![6, 7, 8, 9, 10]),
        (i64::MAX, vec![6, 7, 8, 9, 10]),
    ] {
        assert_eq!(page(&store, Cursor::Around(seq), 5).await, expected);
    }
}

#[tokio::test]
async fn around_in_a_room_shorter_than_the_page_gives_all_of_it() {
    let store = ten().await;
    for seq in [0, 1, 5, 10, 99] {
        let all = page(&store, Cursor::Around(seq), 50).await;
        assert_eq!(all, (1..=10).collect::<Vec<_>>(), "around {seq}");
    }
}

#[tokio::test]
async fn a_page_longer_than_one_batch_of_the_server_comes_whole() {
    let store = Scratch::new().await;
    talk(&store, "room", 130).await;
    let all = page(&store, Cursor::Newest, 200).await;
    assert_eq!(all, (1..=130).collect::<Vec<_>>());
}

#[tokio::test]
async fn no_messages_asked_for_are_none_and_not_all() {
    let store = ten().await;
    assert_eq!(store.messages_after("room", 0, 0, "").await.unwrap(), []);
}
