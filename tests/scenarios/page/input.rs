//! Keyboards, fingers, scripts and links.

use std::sync::Arc;

use e2e::browser::{Driver, Engine};
use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::Value;

pub fn tests() -> Vec<Test> {
    let mut tests = browser_tests![with_a_finger_enter_breaks_the_line_and_no_keyboard_is_raised,];
    tests.extend(browser_tests![Everywhere:
        the_enter_that_ends_a_composition_sends_nothing,
        the_composer_grows_with_its_text,
        the_composer_stays_in_view_in_a_low_window,
        texts_of_any_script_stay_in_their_place_and_links_are_what_they_seem,
    ]);
    tests
}

async fn the_enter_that_ends_a_composition_sends_nothing(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser.fill("#message-text", "日本").await?;
    // Safari's order: the composition ends before its Enter is reported.
    let safari = "const area = document.querySelector('#message-text'); \
        area.dispatchEvent(new CompositionEvent('compositionstart')); \
        area.dispatchEvent(new CompositionEvent('compositionend', {data: '日本'})); \
        area.dispatchEvent(new KeyboardEvent('keydown', \
          {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}));";
    // The order of the others.
    let others = "document.querySelector('#message-text').dispatchEvent( \
        new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))";
    for order in [safari, others] {
        browser.evaluate(order).await?;
        let text = browser
            .evaluate("return document.querySelector('#message-text').value")
            .await?;
        assert_eq!(text, Value::from("日本"));
    }
    browser.type_keys("\u{e007}").await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    Ok(())
}

async fn with_a_finger_enter_breaks_the_line_and_no_keyboard_is_raised(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open_phone().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    browser.click(&format!(".room[data-room='{room}']")).await?;
    browser.visible("#message-text").await?;
    let focus = browser
        .evaluate("return document.activeElement.id !== 'message-text'")
        .await?;
    assert_eq!(focus, Value::Bool(true), "the keyboard is raised");
    browser.fill("#message-text", "one").await?;
    browser.type_keys("\u{e007}two").await?;
    let text = browser
        .evaluate("return document.querySelector('#message-text').value")
        .await?;
    assert_eq!(text, Value::from("one\ntwo"));
    browser.click("#message-send").await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    Ok(())
}

async fn the_composer_grows_with_its_text(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let driver = Driver::start(engine).await?;
    for has_sizing in [true, false] {
        let browser = driver.open().await?;
        // WebKitGTK has no `field-sizing` anyway.
        if !has_sizing && browser.has_early_scripts() {
            // As in Safari: neither the property nor its support.
            browser
                .before_scripts(
                    "const before = CSS.supports; \
                     CSS.supports = (...all) => all[0] !== 'field-sizing' && before(...all); \
                     document.addEventListener('DOMContentLoaded', () => { \
                       const sheet = new CSSStyleSheet(); \
                       sheet.replaceSync('textarea { field-sizing: fixed !important }'); \
                       document.adoptedStyleSheets.push(sheet); });",
                )
                .await?;
        }
        browser.sign_in_as(&ann).await?;
        browser.visit_path(stack, &format!("/r/{room}")).await?;
        let height = "return document.querySelector('#message-text').offsetHeight";
        browser.fill("#message-text", "one line").await?;
        let one = browser.evaluate(height).await?.as_f64();
        let lines = "a line\n".repeat(5);
        let set = format!(
            "const area = document.querySelector('#message-text'); area.value = {lines:?}; \
             area.dispatchEvent(new Event('input', {{bubbles: true}}));"
        );
        browser.evaluate(&set).await?;
        let six = browser.evaluate(height).await?.as_f64();
        assert!(six > one.map(|one| one + 60.0), "{one:?} to {six:?}");
        browser.click("#message-send").await?;
        browser.visible("#messages [data-delivery=sent]").await?;
        assert_eq!(browser.evaluate(height).await?.as_f64(), one);
        browser.close().await?;
    }
    Ok(())
}

/// As low as a phone's window above its keyboard.
const LOW: u32 = 420;

async fn the_composer_stays_in_view_in_a_low_window(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut socket = bob.online().await;
    for number in 1..=30 {
        socket.say(&room, &format!("number {number}.")).await;
    }
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}/30")).await?;
    browser.reads("#messages .message", "number 30.").await;
    browser.resize_window(800, LOW).await?;
    browser
        .comes_true(
            "head, messages and composer in a low window",
            "const box = selector => document.querySelector(selector).getBoundingClientRect(); \
             const height = window.visualViewport.height; \
             return height < 500 \
               && box('.talk > .head').top === 0 \
               && box('.composer').bottom <= height + 1 \
               && box('#messages').height > 50 \
               && document.documentElement.scrollHeight <= window.innerHeight",
        )
        .await;
    Ok(())
}

async fn texts_of_any_script_stay_in_their_place_and_links_are_what_they_seem(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("شاي", &[&bob]).await;
    let mut socket = bob.online().await;
    socket
        .say(&room, "مرحبا https://example.com/\u{202e}gpj.exe")
        .await;
    socket.say(&room, "Www.example.com, ann@example.com").await;
    let marks = "\u{30a}".repeat(60);
    socket.say(&room, &format!("Z{marks}algo")).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    browser.reads("#messages .message", "algo").await;
    browser
        .visible("#messages a[href='https://example.com/']")
        .await?;
    browser
        .visible("#messages a[href='https://Www.example.com']")
        .await?;
    browser
        .visible("#messages a[href='mailto:ann@example.com']")
        .await?;
    let directions = browser
        .evaluate(
            "return [...document.querySelectorAll('#messages .text > *, #room-title')] \
             .map(each => getComputedStyle(each).direction)",
        )
        .await?;
    assert_eq!(directions, serde_json::json!(["rtl", "rtl", "ltr", "ltr"]));
    let clip = browser
        .evaluate("return getComputedStyle(document.querySelector('#messages .text')).overflow")
        .await?;
    assert_eq!(clip, Value::from("clip"));
    Ok(())
}
