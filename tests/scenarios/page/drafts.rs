//! Drafts and unsent messages belong to a user and outlive tab and session.

use std::net::SocketAddr;
use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::{Mode, Proxy, Stack};
use e2e::suite::Test;
use serde_json::Value;

use super::say;

pub fn tests() -> Vec<Test> {
    browser_tests![
        a_draft_is_never_shown_to_the_next_person_and_waits_for_its_owner,
        unsent_messages_outlive_their_tab_and_are_sent_once,
        a_sign_out_removes_drafts_and_unsent_messages,
        a_draft_in_two_tabs_is_one_draft_and_sent_once,
        a_removal_from_a_room_is_announced_and_hands_the_text_back,
    ]
}

const TEXT: &str = "return document.querySelector('#message-text').value";
const STORED: &str = "return JSON.stringify(localStorage)";

async fn a_draft_is_never_shown_to_the_next_person_and_waits_for_its_owner(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, ben) = Person::join_two(stack, ["Ann", "Ben"]).await;
    let room = ann.open_direct(&ben).await.text("/room/id");
    let path = format!("/r/{room}");
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    let again = ann.sign_in().await;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &path).await?;
    browser
        .fill("#message-text", "what Ben must not see")
        .await?;
    ann.logout().await.expect(204);
    browser.visible("#sign-in-tab").await?;

    browser.sign_in_as(&ben).await?;
    browser.visit_path(stack, &path).await?;
    browser.visible("#message-text").await?;
    assert_eq!(browser.evaluate(TEXT).await?, Value::from(""));
    let shown = browser.evaluate("return document.body.innerText").await?;
    assert!(!shown.to_string().contains("must not see"), "{shown}");

    browser.sign_in_as(&again).await?;
    browser.visit_path(stack, "/").await?;
    browser
        .reads(".room .last", "Draft: what Ben must not see")
        .await;
    browser.click(".room").await?;
    browser.visible("#message-text").await?;
    assert_eq!(
        browser.evaluate(TEXT).await?,
        Value::from("what Ben must not see")
    );
    Ok(())
}

async fn unsent_messages_outlive_their_tab_and_are_sent_once(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Train", &[&bob]).await;
    let line = Proxy::start_socks(SocketAddr::from(([127, 0, 0, 1], stack.ready().port()))).await?;
    let driver = Driver::start(engine).await?;
    let browser = driver.open_behind(&line).await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    let tunnel = line.hold(Mode::Cut);
    browser.visible("#connection[data-state=closed]").await?;
    say(&browser, "first from the tunnel").await?;
    say(&browser, "second from the tunnel").await?;
    browser.visible("#messages [data-delivery=pending]").await?;
    let closing = browser.open_tab().await?;
    let next = browser.open_tab().await?;
    browser.switch_to(closing).await?;
    browser.close_tab(next).await?;
    drop(tunnel);
    // In two tabs at once: both send it under the same ids.
    browser.visit_path(stack, "/").await?;
    let other = browser.open_tab().await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    browser
        .comes_true(
            "nothing to be stored",
            "return !Object.keys(localStorage).some(key => key.startsWith('unsent'))",
        )
        .await;
    browser.switch_to(other).await?;
    let texts: Vec<String> = ann
        .whole_history(&room)
        .await
        .iter()
        .filter_map(|each| Some(each["text"].as_str()?.to_owned()))
        .collect();
    assert_eq!(texts, ["first from the tunnel", "second from the tunnel"]);
    Ok(())
}

async fn a_sign_out_removes_drafts_and_unsent_messages(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser
        .evaluate("WebSocket.prototype.send = () => {}")
        .await?;
    say(&browser, "never acknowledged").await?;
    browser.visible("#messages [data-delivery=pending]").await?;
    browser.fill("#message-text", "never sent").await?;
    let stored = browser.evaluate(STORED).await?.to_string();
    assert!(
        stored.contains("never sent") && stored.contains("never acknowledged"),
        "{stored}"
    );
    browser.click("#account").await?;
    browser.click("#sign-out").await?;
    browser.visible("#sign-in-tab").await?;
    let stored = browser.evaluate(STORED).await?.to_string();
    assert!(!stored.contains("never"), "{stored}");
    Ok(())
}

async fn a_draft_in_two_tabs_is_one_draft_and_sent_once(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let path = format!("/r/{room}");
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &path).await?;
    browser.fill("#message-text", "from the first").await?;
    let first = browser.open_tab().await?;
    browser.visit_path(stack, &path).await?;
    browser
        .comes_true("the draft in the other tab", &is_text("from the first"))
        .await;
    browser.fill("#message-text", "from the second").await?;
    let second = browser.open_tab().await?;
    browser.switch_to(first).await?;
    browser
        .comes_true("the draft to follow", &is_text("from the second"))
        .await;
    browser.click("#message-send").await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    browser.switch_to(second).await?;
    browser
        .comes_true("the draft to be sent", &is_text(""))
        .await;
    browser.reads("#messages .message", "from the second").await;
    assert_eq!(ann.whole_history(&room).await.len(), 1);
    Ok(())
}

fn is_text(text: &str) -> String {
    format!("{TEXT} === '{text}'")
}

async fn a_removal_from_a_room_is_announced_and_hands_the_text_back(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&bob).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser.fill("#message-text", "half a thought").await?;
    let id = bob.user()["id"].as_str().unwrap_or_default().to_owned();
    ann.remove(&room, &id).await.expect(204);
    browser.visible("#departed-dialog[open]").await?;
    browser
        .reads("#departed-dialog", "no longer a member of Tea")
        .await;
    browser
        .reads("#departed-dialog .returned", "half a thought")
        .await;
    close_dialog(&browser).await?;
    browser.reads("#room-list + .hint", "no chats yet").await;
    Ok(())
}

async fn close_dialog(browser: &Browser) -> anyhow::Result<()> {
    browser.click("#departed-dialog .head button").await?;
    browser
        .comes_true(
            "the dialog to close",
            "return !document.querySelector('dialog[open]')",
        )
        .await;
    Ok(())
}
