//! A room's history, page by page.

use std::sync::Arc;

use e2e::people::{Person, Response};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    e2e::tests![
        an_empty_room_has_an_empty_page,
        history_is_paged_by_seq_in_both_directions,
        a_page_without_a_limit_has_fifty_messages,
        an_invalid_page_query_is_refused,
    ]
}

async fn an_empty_room_has_an_empty_page(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let empty = json!({"messages": [], "first_seq": null, "last_seq": null, "rev": 0});
    for query in ["", "after=0", "before=1", "around=1", "after=100&limit=3"] {
        let page = ann.history(&room, query).await.expect(200);
        assert_eq!(page.body, empty, "{query}");
    }
}

async fn history_is_paged_by_seq_in_both_directions(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut socket = ann.online().await;
    for number in 1..=12 {
        let (id, text) = (format!("id-{number}"), format!("no. {number}"));
        let ack = socket.say_as(&id, &room, &text).await;
        assert_eq!(ack["seq"], number);
    }
    let page = ann.history(&room, "limit=1").await.expect(200);
    let message = &page.body["messages"][0];
    let at = message["at"].as_i64().unwrap_or_default();
    assert!(
        (e2e::wait::now().as_millis() - at).abs() < 60_000,
        "{message}"
    );
    assert_eq!(
        message,
        &json!({
            "room": room, "seq": 12, "id": "id-12", "from": ann.user(), "text": "no. 12", "at": at
        })
    );
    let cases: [(&str, std::ops::RangeInclusive<i64>); 12] = [
        ("", 1..=12),
        ("limit=5", 8..=12),
        ("before=8&limit=3", 5..=7),
        ("before=3", 1..=2),
        ("before=1000&limit=2", 11..=12),
        ("after=4&limit=3", 5..=7),
        ("after=0&limit=2", 1..=2),
        ("after=10", 11..=12),
        ("around=6&limit=5", 4..=8),
        ("around=6&limit=1", 6..=6),
        ("around=1&limit=3", 1..=2),
        ("limit=200", 1..=12),
    ];
    for (query, expected) in cases {
        let page = ann.history(&room, query).await.expect(200);
        let expected: Vec<i64> = expected.collect();
        if query.starts_with("around=1&") {
            // A page may have fewer messages before the cursor and more after it.
            assert!(seqs(&page).starts_with(&expected), "{}", page.body);
            continue;
        }
        assert_eq!(seqs(&page), expected, "{query}");
        assert_eq!(page.body["first_seq"].as_i64(), expected.first().copied());
        assert_eq!(page.body["last_seq"].as_i64(), expected.last().copied());
    }
    for query in ["after=12", "before=1", "before=0"] {
        let page = ann.history(&room, query).await.expect(200);
        assert_eq!(page.body["messages"], json!([]), "{query}");
        assert_eq!(page.body["first_seq"], Value::Null);
    }
}

async fn a_page_without_a_limit_has_fifty_messages(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let mut socket = ann.online().await;
    for number in 1..=60 {
        socket.say(&room, &format!("no. {number}")).await;
    }
    let page = ann.history(&room, "").await.expect(200);
    assert_eq!(seqs(&page), (11..=60).collect::<Vec<_>>());
    let page = ann.history(&room, "after=3").await.expect(200);
    assert_eq!(seqs(&page), (4..=53).collect::<Vec<_>>());
}

async fn an_invalid_page_query_is_refused(stack: Arc<Stack>) {
    let ann = Person::join(&stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    for query in [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=ten",
        "limit=",
        "before=x",
        "after=-1",
        "around=1.5",
        "before=3&after=1",
        "before=3&around=1",
        "after=3&around=3",
        "before=99999999999999999999",
        "before=%7B%22$gt%22%3A0%7D",
        "before[$gt]=0",
    ] {
        let response = ann.history(&room, query).await;
        response.refused(422, "invalid");
    }
}

fn seqs(page: &Response) -> Vec<i64> {
    let messages = page.body["messages"].as_array();
    messages
        .into_iter()
        .flatten()
        .filter_map(|message| message["seq"].as_i64())
        .collect()
}
