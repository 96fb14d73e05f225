//! What counts as read, where a room opens, and under which day.

use std::sync::Arc;
use std::time::Duration;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use mongodb::bson::doc;
use serde_json::Value;

use crate::database;

use super::say;

pub fn tests() -> Vec<Test> {
    browser_tests![
        a_room_opens_at_its_first_unread_message_and_marks_what_was_seen,
        a_window_without_focus_reads_nothing,
        read_marks_are_right_for_old_messages,
        ones_own_message_is_scrolled_to,
        a_day_is_that_of_its_own_offset,
        leaving_a_room_right_after_a_message_breaks_nothing,
    ]
}

const UNREAD: usize = 130;
/// How long a read mark may take to the service.
const SOON: Duration = Duration::from_secs(20);

async fn a_room_opens_at_its_first_unread_message_and_marks_what_was_seen(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Long", &[&bob]).await;
    let mut socket = bob.online().await;
    for number in 1..=UNREAD {
        socket.say(&room, &format!("number {number}.")).await;
    }
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser
        .comes_true(
            "the first unread message in view",
            "const area = document.querySelector('#messages').getBoundingClientRect(); \
             const at = document.querySelector('#messages [data-seq=\"1\"]')?.getBoundingClientRect(); \
             return !!at && at.top >= area.top && at.bottom <= area.bottom",
        )
        .await;
    // What was in view is read, and no more.
    let read = browser.read_by_service(&ann, &room, 1).await;
    assert!(read < UNREAD as i64 / 2, "{read} are read");
    browser.reads("#latest", "new messages").await;
    browser.click("#latest").await?;
    browser.read_by_service(&ann, &room, UNREAD as i64).await;
    Ok(())
}

async fn a_window_without_focus_reads_nothing(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut socket = bob.online().await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser
        .before_scripts("document.hasFocus = () => window.focused ?? false")
        .await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    socket.say(&room, "unseen").await;
    browser.reads("#messages .message", "unseen").await;
    browser
        .comes_true("an unread title", "return document.title.startsWith('(1)')")
        .await;
    browser
        .evaluate("window.focused = true; window.dispatchEvent(new Event('focus'))")
        .await?;
    browser.read_by_service(&ann, &room, 1).await;
    Ok(())
}

async fn read_marks_are_right_for_old_messages(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Long", &[&bob]).await;
    let mut socket = ann.online().await;
    for number in 1..=110 {
        socket.say(&room, &format!("number {number}.")).await;
    }
    let mut reader = bob.online().await;
    reader
        .send(serde_json::json!({"action": "read", "room": room, "seq": 110}))
        .await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}/1")).await?;
    browser
        .visible("#messages [data-seq=\"1\"] .mark.seen")
        .await?;
    Ok(())
}

async fn ones_own_message_is_scrolled_to(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Long", &[&bob]).await;
    let mut socket = ann.online().await;
    for number in 1..=60 {
        socket.say(&room, &format!("number {number}.")).await;
    }
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}/20")).await?;
    browser.reads("#messages .target", "number 20.").await;
    browser.visible("#latest").await?;
    say(&browser, "and mine").await?;
    browser
        .comes_true(
            "the end",
            "return document.querySelector('#messages').scrollTop > -40",
        )
        .await;
    Ok(())
}

async fn a_day_is_that_of_its_own_offset(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Summer", &[&bob]).await;
    let mut socket = bob.online().await;
    for text in ["after midnight", "today"] {
        socket.say(&room, text).await;
    }
    // 14 July 2020, 00:10 in Berlin, which was two hours ahead of UTC that day.
    let july = 1_594_678_200_000_i64;
    let first = doc! { "room": &room, "seq": 1_i64 };
    database::change(stack, "messages", first, doc! { "at": july }).await;
    let driver = Driver::start_in(engine, "Europe/Berlin").await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser.reads("#messages .day", "14").await;
    browser.reads("#messages .day", "2020").await;
    browser.reads("#messages .day", "Today").await;
    Ok(())
}

async fn leaving_a_room_right_after_a_message_breaks_nothing(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let tea = ann.create_group("Tea", &[&bob]).await;
    let cake = ann.create_group("Cake", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    let note = "window.faults = []; const before = console.error; \
                console.error = (...all) => { faults.push(String(all)); before(...all); };";
    browser.before_scripts(note).await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{tea}")).await?;
    let hop = format!(
        "const done = arguments[0]; \
         const row = id => document.querySelector(`.room[data-room='${{id}}']`); \
         const area = () => document.querySelector('#message-text'); \
         let left = 40; \
         const hop = () => {{ \
           if (!left--) return done(); \
           if (area()) {{ area().value = 'hop ' + left; document.querySelector('#message-send').click(); }} \
           row(left % 2 ? '{tea}' : '{cake}').click(); \
           setTimeout(hop, left % 3); \
         }}; hop();"
    );
    browser.evaluate_async(&hop).await?;
    browser
        .comes_true(
            "all to be sent",
            "return !Object.keys(localStorage).some(key => key.startsWith('unsent'))",
        )
        .await;
    assert_eq!(
        browser.evaluate("return window.faults").await?,
        Value::Array(Vec::new())
    );
    Ok(())
}

/// What the service knows to be read.
trait ReadMark {
    async fn read_by_service(&self, person: &Person, room: &str, least: i64) -> i64;
}

impl ReadMark for Browser {
    async fn read_by_service(&self, person: &Person, room: &str, least: i64) -> i64 {
        e2e::wait::eventually("the read mark", SOON, || async {
            let read = person.room(room).await.body["room"]["read_seq"].as_i64()?;
            (read >= least).then_some(read)
        })
        .await
    }
}
