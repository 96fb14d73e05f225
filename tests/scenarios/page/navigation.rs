//! Addresses, history, and late responses.

use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::Value;

use super::{ask_for_account, ask_for_sign_in};

pub fn tests() -> Vec<Test> {
    browser_tests![
        a_late_response_does_not_switch_the_room,
        a_form_under_members_keeps_its_text_in_a_busy_room,
        back_forward_and_reload_lead_through_rooms_and_dialogs,
        a_shared_link_opens_its_message_also_through_the_sign_in,
        the_code_step_survives_a_reload,
    ]
}

async fn a_late_response_does_not_switch_the_room(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob, eve) = Person::join_three(stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    // The response comes when the test lets it.
    browser
        .evaluate(
            "const before = window.fetch; window.fetch = (path, options) => \
             path === '/api/rooms' && options.method === 'POST' \
             ? new Promise(done => window.letGo = () => done(before(path, options))) \
             : before(path, options);",
        )
        .await?;
    browser.click("#start").await?;
    browser.fill("#direct-email", &eve.email).await?;
    browser.click("#direct-submit").await?;
    browser
        .comes_true("the request", "return !!window.letGo")
        .await;
    browser.click("#start-dialog .head button").await?;
    browser.fill("#message-text", "for Bob only").await?;
    browser.evaluate("window.letGo()").await?;
    browser.reads("#room-list .room", "Eve").await;
    browser.reads("#room-title", "Tea").await;
    browser.click("#message-send").await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    assert_eq!(ann.whole_history(&room).await.len(), 1);
    Ok(())
}

async fn a_form_under_members_keeps_its_text_in_a_busy_room(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob, eve) = Person::join_three(stack, ["Ann", "Bob", "Eve"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut socket = bob.online().await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser
        .visit_path(stack, &format!("/r/{room}#members"))
        .await?;
    browser.fill("#invite-email", &eve.email).await?;
    browser.click("#leave").await?;
    for number in 0..3 {
        let text = format!("busy {number}");
        socket.say(&room, &text).await;
        browser.reads("#messages .message", &text).await;
    }
    let typed = browser
        .evaluate("return document.querySelector('#invite-email').value")
        .await?;
    assert_eq!(typed, Value::from(eve.email.as_str()));
    browser.reads("#leave", "Click again").await;
    browser.click("#invite-submit").await?;
    browser.reads("#invite-done", "Invited").await;
    socket.say(&room, "busy again").await;
    browser.reads("#messages .message", "busy again").await;
    browser.reads("#invite-done", "Invited").await;
    Ok(())
}

async fn back_forward_and_reload_lead_through_rooms_and_dialogs(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let tea = ann.create_group("Tea", &[&bob]).await;
    let cake = ann.create_group("Cake", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open_phone().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    browser.click(&format!(".room[data-room='{tea}']")).await?;
    browser.reads("#room-title", "Tea").await;
    browser.click("#people").await?;
    browser.visible("#people-dialog[open]").await?;
    browser.back().await?;
    no_dialog(&browser).await;
    browser.reads("#room-title", "Tea").await;
    browser.back().await?;
    browser.visible("#room-list").await?;
    is_at(&browser, "/").await;
    browser.click(&format!(".room[data-room='{cake}']")).await?;
    browser.reads("#room-title", "Cake").await;
    browser.click("#back").await?;
    is_at(&browser, "/").await;
    browser.forward().await?;
    browser.reads("#room-title", "Cake").await;
    browser.reload().await?;
    browser.reads("#room-title", "Cake").await;
    browser.back().await?;
    is_at(&browser, "/").await;
    browser.visible("#room-list").await?;
    Ok(())
}

async fn no_dialog(browser: &Browser) {
    browser
        .comes_true(
            "the dialog to close",
            "return !document.querySelector('dialog[open]')",
        )
        .await;
}

async fn is_at(browser: &Browser, path: &str) {
    let script = format!("return location.pathname === '{path}'");
    browser
        .comes_true(&format!("the address {path}"), &script)
        .await;
}

async fn a_shared_link_opens_its_message_also_through_the_sign_in(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Long", &[&bob]).await;
    let mut socket = bob.online().await;
    for number in 1..=70 {
        socket.say(&room, &format!("number {number}.")).await;
    }
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    let web = stack.ready().web;
    let link = format!("{}/r/{room}/3", web.trim_end_matches('/'));
    browser.visit(&link).await?;
    ask_for_sign_in(&browser, &ann).await?;
    browser.fill("#code", &ann.code().await).await?;
    browser.reads("#messages .target", "number 3.").await;
    browser
        .comes_true(
            "the message to be in view",
            "const area = document.querySelector('#messages').getBoundingClientRect(); \
             const at = document.querySelector('#messages .target').getBoundingClientRect(); \
             return at.top >= area.top && at.bottom <= area.bottom",
        )
        .await;

    // A room of others: no content, and a sentence.
    let theirs = bob.create_group("Secret", &[]).await;
    browser.visit_path(stack, &format!("/r/{theirs}")).await?;
    browser.reads("#notice", "not a member").await;
    is_at(&browser, "/").await;
    Ok(())
}

async fn the_code_step_survives_a_reload(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<()> {
    let ann = Visitor::new(stack, "Ann");
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.visit(&stack.ready().web).await?;
    ask_for_account(&browser, &ann).await?;
    browser.reload().await?;
    browser.reads("#code-sent", &ann.email).await;
    browser.fill("#code", &ann.code().await).await?;
    browser.visible("#connection[data-state=live]").await?;
    browser.reload().await?;
    browser.visible("#connection[data-state=live]").await?;
    let stored = browser
        .evaluate("return sessionStorage.getItem('code')")
        .await?;
    assert_eq!(stored, Value::Null);
    Ok(())
}
