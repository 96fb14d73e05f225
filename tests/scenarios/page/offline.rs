//! Cut off, and back.

use std::net::SocketAddr;
use std::sync::Arc;

use e2e::browser::{Driver, Engine};
use e2e::people::Person;
use e2e::stack::{Mode, Proxy, Stack};
use e2e::suite::Test;

use super::say;

pub fn tests() -> Vec<Test> {
    browser_tests![
        offline_messages_are_sent_once_and_missed_ones_arrive,
        unsent_messages_outlive_the_page_and_are_sent_once,
        a_session_ended_elsewhere_is_reported,
    ]
}

async fn offline_messages_are_sent_once_and_missed_ones_arrive(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Train", &[&bob]).await;
    let mut socket = bob.online().await;
    let line = Proxy::start_socks(SocketAddr::from(([127, 0, 0, 1], stack.ready().port()))).await?;
    let driver = Driver::start(engine).await?;
    let browser = driver.open_behind(&line).await?;
    browser.visit_as(&ann).await?;
    browser.click("#room-list .room").await?;
    say(&browser, "before the tunnel").await?;
    browser.visible("#messages [data-delivery=sent]").await?;

    let tunnel = line.hold(Mode::Cut);
    browser.visible("#connection[data-state=closed]").await?;
    say(&browser, "in the tunnel").await?;
    say(&browser, "still in it").await?;
    browser.visible("#messages [data-delivery=pending]").await?;
    socket.say(&room, "are you there?").await;
    drop(tunnel);

    browser.visible("#connection[data-state=live]").await?;
    browser.reads("#messages .message", "are you there?").await;
    browser
        .comes_true(
            "everything to be sent",
            "return !document.querySelector('#messages [data-delivery=pending]')",
        )
        .await;
    socket.receive_text(&room, "still in it").await;
    let said = ann.whole_history(&room).await;
    let texts: Vec<&str> = said
        .iter()
        .filter_map(|each| each["text"].as_str())
        .collect();
    let expected = [
        "before the tunnel",
        "are you there?",
        "in the tunnel",
        "still in it",
    ];
    assert_eq!(texts, expected);
    let drawn = browser
        .evaluate(
            "return [...document.querySelectorAll('#messages .text')].map(each => each.textContent)",
        )
        .await?;
    assert_eq!(drawn, serde_json::json!(expected));
    Ok(())
}

async fn unsent_messages_outlive_the_page_and_are_sent_once(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Train", &[&bob]).await;
    let mut socket = bob.online().await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.visit_as(&ann).await?;
    browser.click("#room-list .room").await?;
    browser.visible("#connection[data-state=live]").await?;

    // The page and its rooms come, and what is said does not go.
    let mute = "WebSocket.prototype.send = () => {}";
    browser.evaluate(mute).await?;
    say(&browser, "written on the platform").await?;
    browser.visible("#messages [data-delivery=pending]").await?;
    browser.visit(&stack.ready().web).await?;
    browser.click("#room-list .room").await?;
    socket.receive_text(&room, "written on the platform").await;
    browser.visible("#messages [data-delivery=sent]").await?;
    browser.visit(&stack.ready().web).await?;
    browser.visible("#connection[data-state=live]").await?;
    let said = ann.whole_history(&room).await;
    assert_eq!(said.len(), 1, "{said:?}");
    Ok(())
}

async fn a_session_ended_elsewhere_is_reported(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.visit_as(&ann).await?;
    ann.logout().await.expect(204);
    browser.reads("#form-problem", "signed out").await;
    Ok(())
}
