//! The details of a group, its members and their roles, and what the conversation says
//! about them.

use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::Value;

use super::say;

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        a_group_is_renamed_and_handed_over_and_its_conversation_says_so,
        a_user_changes_their_name_and_a_member_alone_is_offered_the_next_step,
        a_distant_quoted_message_is_reached_without_all_in_between,
        a_mention_is_marked_in_the_room_list,
    ]
}

async fn open(driver: &Driver, person: &Person, path: &str) -> anyhow::Result<Browser> {
    let browser = driver.open().await?;
    browser.sign_in_as(person).await?;
    browser.visit_path(&person.stack, path).await?;
    Ok(browser)
}

/// Opens the card of a member in the open dialog.
async fn open_card(browser: &Browser, id: &str) -> anyhow::Result<()> {
    browser
        .click(&format!("#members .member[data-user='{id}'] button"))
        .await?;
    browser.visible("#person-dialog[open] .person-card").await?;
    Ok(())
}

async fn a_group_is_renamed_and_handed_over_and_its_conversation_says_so(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[]).await;
    ann.invite(&room, &bob.email).await.expect(204);
    bob.online().await.say(&room, "hello").await;
    let driver = Driver::start(engine).await?;
    let at_ann_s = open(&driver, &ann, &format!("/r/{room}#members")).await?;
    let at_bob_s = open(&driver, &bob, &format!("/r/{room}")).await?;
    at_ann_s.reads(".event", "You added Bob").await;
    at_bob_s.reads(".event", "Ann added you").await;

    at_ann_s.click("#room-edit").await?;
    at_ann_s.fill("#room-name", " ").await?;
    at_ann_s.click("#room-save").await?;
    at_ann_s.visible("#room-name-problem:not(:empty)").await?;
    at_ann_s.fill("#room-name", "Coffee").await?;
    at_ann_s.fill("#room-topic", "Beans and cups").await?;
    at_ann_s.click("#room-save").await?;
    at_bob_s.reads("#room-title", "Coffee").await;
    at_bob_s.reads("#room-about", "Beans and cups").await;
    at_bob_s.reads(".room .name", "Coffee").await;
    at_bob_s
        .reads(".event", "Ann renamed the group to “Coffee”")
        .await;

    open_card(&at_ann_s, &bob.id).await?;
    at_ann_s.click("#person-role").await?;
    at_bob_s.reads(".event", "Ann made you a moderator").await;
    at_bob_s.click("#people").await?;
    at_bob_s.visible("#room-edit").await?;
    // The second click confirms.
    at_ann_s.click("#person-owner").await?;
    at_ann_s.click("#person-owner").await?;
    at_bob_s.reads(".event", "Ann made you the owner").await;
    at_bob_s.reads("#members .member", "owner").await;
    at_ann_s
        .comes_true(
            "nothing left to manage",
            "return !document.querySelector('#person-owner')",
        )
        .await;

    open_card(&at_bob_s, &ann.id).await?;
    at_bob_s.click("#person-remove").await?;
    at_bob_s.click("#person-remove").await?;
    at_bob_s.reads(".event", "You removed Ann").await;
    at_ann_s
        .reads("#departed-dialog[open]", "no longer a member of Coffee")
        .await;
    // After a reload the lines are those of the history.
    at_bob_s.visit_path(stack, &format!("/r/{room}")).await?;
    at_bob_s.reads(".event", "You removed Ann").await;
    let events = at_bob_s
        .evaluate("return [...document.querySelectorAll('.event')].map(each => each.textContent)")
        .await?;
    assert_eq!(
        events,
        serde_json::json!([
            "Ann added you",
            "Ann renamed the group to “Coffee”",
            "Ann made you a moderator",
            "Ann made you the owner",
            "You removed Ann",
        ])
    );
    Ok(())
}

async fn a_user_changes_their_name_and_a_member_alone_is_offered_the_next_step(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let driver = Driver::start(engine).await?;
    let browser = open(&driver, &ann, "/").await?;
    browser.reads("#welcome", "Welcome, Ann").await;
    browser.click("#welcome-group").await?;
    browser
        .comes_true(
            "the focus on the name of the group",
            "return document.activeElement.id === 'new-room-name'",
        )
        .await;
    browser.type_keys("Tea\u{e007}").await?;
    browser.reads("#alone", "the only member").await;
    browser.click("#alone button").await?;
    browser.fill("#invite-email", &bob.email).await?;
    browser.click("#invite-submit").await?;
    browser.reads("#members .member", "Bob").await;
    browser
        .comes_true("no banner", "return !document.querySelector('#alone')")
        .await;
    browser.click("#people-dialog .head button").await?;
    say(&browser, "hello").await?;

    browser.reads("#room-list .room", "Tea").await;
    let room = browser
        .evaluate("return document.querySelector('.room').dataset.room")
        .await?;
    let room = room.as_str().unwrap_or_default();
    let at_bob_s = open(&driver, &bob, &format!("/r/{room}")).await?;
    at_bob_s.reads(".author", "Ann").await;
    browser.click("#account").await?;
    browser.fill("#own-name", "Anna Bell").await?;
    browser.click("#name-submit").await?;
    browser.reads("#name-done", "Name changed").await;
    browser.reads("#me", "Anna Bell").await;
    browser.click("#theme [data-value=dark]").await?;
    browser.click("#text [data-value=large]").await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    let look = "const style = getComputedStyle(document.documentElement); \
                return [style.colorScheme, style.fontSize].join()";
    browser
        .comes_true(
            "the chosen appearance",
            &format!("return (() => {{ {look} }})() === 'dark,18px'"),
        )
        .await;
    // The messages of before show the name of now.
    at_bob_s.visit_path(stack, &format!("/r/{room}")).await?;
    at_bob_s.reads(".author", "Anna Bell").await;
    Ok(())
}

/// More than are loaded before a distant message.
const MESSAGES: usize = 260;

async fn a_distant_quoted_message_is_reached_without_all_in_between(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Long", &[&bob]).await;
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    for number in 1..=MESSAGES / 2 {
        a.say(&room, &format!("question {number}")).await;
        b.say(&room, &format!("answer {number}")).await;
    }
    a.send(
        serde_json::json!({"action": "message", "id": "reply", "room": room,
        "text": "about that", "reply_to": 2}),
    )
    .await;
    a.expect_where("ack", |ack| ack["id"] == "reply").await;
    a.send(serde_json::json!({"action": "read", "room": room, "seq": MESSAGES + 1}))
        .await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser
        .before_scripts(
            "window.asked = []; const before = window.fetch; \
             window.fetch = (path, options) => { asked.push(String(path)); return before(path, options); };",
        )
        .await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser.click("#messages .quote").await?;
    browser
        .comes_true(
            "the quoted message in view",
            "const area = document.querySelector('#messages').getBoundingClientRect(); \
             const at = document.querySelector('#messages [data-seq=\"2\"]')?.getBoundingClientRect(); \
             return !!at && at.top >= area.top && at.bottom <= area.bottom",
        )
        .await;
    let asked = browser
        .evaluate("return asked.filter(path => path.includes('before=')).length")
        .await?;
    assert_eq!(asked, Value::from(0), "pages in between");
    // What is in between follows.
    browser.click("#latest").await?;
    browser.reads("#messages .text", "about that").await;
    browser
        .comes_true(
            "all messages",
            &format!(
                "return document.querySelectorAll('#messages .message').length === {}",
                MESSAGES + 1
            ),
        )
        .await;
    Ok(())
}

async fn a_mention_is_marked_in_the_room_list(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = open(&driver, &ann, "/").await?;
    browser.reads("#connection", "Connected").await;
    let mut socket = bob.online().await;
    socket.say(&room, "hello all").await;
    browser.reads(".room .unread", "1").await;
    let marked = browser
        .evaluate("return !!document.querySelector('.room .mentioned')")
        .await?;
    assert_eq!(marked, Value::Bool(false), "without a mention");
    socket
        .send(
            serde_json::json!({"action": "message", "id": "m", "room": room,
            "text": "@Ann, tea?", "mentions": [ann.id]}),
        )
        .await;
    browser.reads(".room .unread", "2").await;
    browser.visible(".room .mentioned").await?;
    browser.click(".room").await?;
    browser
        .comes_true(
            "no mark",
            "return !document.querySelector('.room .mentioned')",
        )
        .await;
    Ok(())
}
