//! Talking.

use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::Value;

use super::{ask_for_account, say};

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        two_people_register_in_browsers_and_talk,
        history_comes_while_one_scrolls_up_and_nothing_jumps,
        new_messages_follow_a_divider_and_a_draft_survives_a_reload,
    ]
}

async fn two_people_register_in_browsers_and_talk(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let driver = Driver::start(engine).await?;
    let (ann, bob) = (Visitor::new(stack, "Ann"), Visitor::new(stack, "Bob"));
    let (at_ann_s, at_bob_s) = tokio::try_join!(driver.open(), driver.open())?;
    tokio::try_join!(
        register(stack, &at_ann_s, &ann),
        register(stack, &at_bob_s, &bob)
    )?;

    at_ann_s.click("#start").await?;
    at_ann_s.fill("#new-room-name", "Tea").await?;
    at_ann_s.click("#new-room-submit").await?;
    at_ann_s.reads("#room-title", "Tea").await;
    at_ann_s.click("#people").await?;
    at_ann_s.fill("#invite-email", &bob.email).await?;
    at_ann_s.click("#invite-submit").await?;
    at_ann_s.reads("#members .member", "Bob").await;
    at_ann_s.click("#people-dialog .head button").await?;
    at_bob_s.reads("#room-list .room", "Tea").await;
    at_bob_s.click("#room-list .room").await?;

    say(&at_ann_s, "Hello, Bob! See https://example.com/tea.").await?;
    at_bob_s.reads("#messages .message", "Hello, Bob!").await;
    at_bob_s
        .visible("#messages a[href='https://example.com/tea'][rel~=noopener]")
        .await?;
    say(&at_bob_s, "Hello, Ann! <b>&</b>").await?;
    at_ann_s
        .reads("#messages .message", "Hello, Ann! <b>&</b>")
        .await;
    at_ann_s.visible("#messages .mark.seen").await?;
    at_ann_s.reads("#room-list .last", "Bob: Hello, Ann!").await;
    keeps_no_token(&at_ann_s).await?;

    // A reload finds the session by its cookie, and the talk by its history.
    at_ann_s.visit(&stack.ready().web).await?;
    at_ann_s.click("#room-list .room").await?;
    at_ann_s.reads("#messages .message", "Hello, Bob!").await;

    at_bob_s.click("#people").await?;
    at_bob_s.click("#leave").await?;
    at_bob_s.click("#leave").await?;
    at_bob_s.reads(".rooms > .hint", "no chats yet").await;
    at_ann_s.reads("#room-about", "1 member").await;

    at_ann_s.click("#account").await?;
    at_ann_s.click("#sign-out").await?;
    at_ann_s.visible("#sign-in-tab").await?;
    at_ann_s.visit(&stack.ready().web).await?;
    at_ann_s.visible("#sign-in-tab").await?;
    Ok(())
}

async fn register(stack: &Arc<Stack>, browser: &Browser, visitor: &Visitor) -> anyhow::Result<()> {
    browser.visit(&stack.ready().web).await?;
    ask_for_account(browser, visitor).await?;
    // A whole code is sent at once.
    browser.fill("#code", &visitor.code().await).await?;
    browser.visible("#connection[data-state=live]").await?;
    Ok(())
}

/// A script that runs later finds no stored token.
async fn keeps_no_token(browser: &Browser) -> anyhow::Result<()> {
    let script = "return [JSON.stringify(localStorage), JSON.stringify(sessionStorage), \
                  document.cookie, location.href].join(' ')";
    let kept = browser.evaluate(script).await?;
    let kept = kept.as_str().unwrap_or_default().to_owned();
    assert!(!kept.contains("eyJ"), "a token is kept: {kept}");
    Ok(())
}

/// How many messages there are: three pages.
const SAID: usize = 140;
/// Remembers where the message `seen` is, and how far it has moved since.
const WATCH: &str = "window.top_of = () => document.querySelector(`[data-id='${id}']`)\
                     .getBoundingClientRect().top; window.id = seen.dataset.id; \
                     window.stood = top_of();";
const MOVED: &str = "return Math.abs(top_of() - stood)";

async fn history_comes_while_one_scrolls_up_and_nothing_jumps(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Long", &[&bob]).await;
    let mut socket = bob.online().await;
    for number in 1..=SAID {
        socket.say(&room, &format!("number {number}")).await;
    }
    // All of it is read, so that the room opens at its end.
    let mut reader = ann.online().await;
    reader
        .send(serde_json::json!({"action": "read", "room": room, "seq": SAID}))
        .await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.visit_as(&ann).await?;
    browser.click("#room-list .room").await?;
    browser.reads("#messages .message", "number 140").await;

    // The position of a message before and after older ones have come above it.
    let place = "const all = [...document.querySelectorAll('#messages .message')]; \
                 const list = document.querySelector('#messages');";
    let scroll = format!(
        "{place} list.scrollTop = -(list.scrollHeight - list.clientHeight - 300); \
         const seen = all.find(each => each.getBoundingClientRect().top > 100); \
         {WATCH}"
    );
    browser.evaluate(&scroll).await?;
    browser
        .comes_true("an older page", &format!("{place} return all.length > 90"))
        .await;
    let moved = browser.evaluate(MOVED).await?;
    assert!(
        moved.as_f64().is_some_and(|by| by < 2.0),
        "it moved: {moved}"
    );
    browser
        .comes_true(
            "the first message",
            &format!(
                "{place} list.scrollTop = -list.scrollHeight; \
                 return all.length === {SAID} && all[0].textContent.includes('number 1')"
            ),
        )
        .await;

    // A new message is announced and does not move the text being read, once
    // the browser has laid out elements whose height it had estimated.
    browser
        .evaluate_async(&format!(
            "{place} const done = arguments[0]; list.scrollTop = -1500; \
             const settled = () => {{ \
             const seen = all.find(each => each.getBoundingClientRect().top > 100); \
             {WATCH} done(); }}; \
             requestAnimationFrame(() => requestAnimationFrame(settled));"
        ))
        .await?;
    socket.say(&room, "and one more").await;
    browser.reads("#latest", "1 new message").await;
    let moved = browser.evaluate(MOVED).await?;
    assert!(
        moved.as_f64().is_some_and(|by| by < 2.0),
        "it moved: {moved}"
    );
    browser
        .comes_true("an unread title", "return document.title.startsWith('(1)')")
        .await;
    browser.click("#latest").await?;
    browser
        .comes_true("a read title", "return document.title === 'Banter'")
        .await;
    Ok(())
}

async fn new_messages_follow_a_divider_and_a_draft_survives_a_reload(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let tea = ann.create_group("Tea", &[&bob]).await;
    let cake = ann.create_group("Cake", &[&bob]).await;
    let mut socket = bob.online().await;
    socket.say(&tea, "first").await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.visit_as(&ann).await?;
    let row = |id: &str| format!(".room[data-room='{id}']");
    browser.click(&row(&tea)).await?;
    browser.reads("#messages .message", "first").await;
    browser.fill("#message-text", "not yet sent").await?;
    browser.click(&row(&cake)).await?;
    browser
        .comes_true(
            "an empty field",
            "return !document.querySelector('#message-text').value",
        )
        .await;

    socket.say(&tea, "second").await;
    browser.reads(&format!("{} .unread", row(&tea)), "1").await;
    browser
        .comes_true(
            "a badge on the icon",
            "return document.querySelector('#icon').href.includes('icon-unread')",
        )
        .await;
    browser.fill("#search", "te").await?;
    browser
        .comes_true(
            "one room found",
            "return document.querySelectorAll('.room').length === 1",
        )
        .await;
    browser.click(&row(&tea)).await?;
    browser.reads("#messages .new ~ .message", "second").await;

    browser.visit(&stack.ready().web).await?;
    browser.click(&row(&tea)).await?;
    browser.visible("#message-text").await?;
    let draft = browser
        .evaluate("return document.querySelector('#message-text').value")
        .await?;
    assert_eq!(draft, Value::from("not yet sent"));
    Ok(())
}
