//! Formatting, emoji and keyboard shortcuts.

use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        messages_are_formatted_and_never_html,
        text_is_formatted_and_emoji_are_inserted_while_writing,
        rooms_are_reached_and_the_shortcuts_shown_by_keyboard,
    ]
}

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const DOWN: &str = "\u{e015}";
const ALT: &str = "\u{e00a}";
const CONTROL: &str = "\u{e009}";
/// Releases the modifiers.
const RELEASE: &str = "\u{e000}";

fn with_control(key: &str) -> String {
    [CONTROL, key, RELEASE].concat()
}

async fn open(driver: &Driver, person: &Person, path: &str) -> anyhow::Result<Browser> {
    let browser = driver.open().await?;
    browser.sign_in_as(person).await?;
    browser.visit_path(&person.stack, path).await?;
    Ok(browser)
}

async fn focus_is(browser: &Browser, selector: &str) {
    let script = format!("return document.activeElement.matches(\"{selector}\")");
    browser
        .comes_true(&format!("the focus to be on {selector}"), &script)
        .await;
}

async fn messages_are_formatted_and_never_html(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let mut socket = bob.online().await;
    socket
        .say(
            &room,
            "**bold** *slanted* ~~gone~~ `code` https://a.example/b_c_d\n> quoted\n> twice\n\
             - one\n- two\n3. three\n```rust\nlet a = \"<i>\";\n**b**\n```\n<b>no</b>",
        )
        .await;
    socket.say(&room, &"a line\n".repeat(60)).await;
    let driver = Driver::start(engine).await?;
    let browser = open(&driver, &ann, &format!("/r/{room}")).await?;
    browser.reads("[data-seq='1'] .text strong", "bold").await;
    let found = browser
        .evaluate(
            "const text = document.querySelector('[data-seq=\"1\"] .text'); \
             const all = (selector) => [...text.querySelectorAll(':scope ' + selector)].map(each => each.textContent); \
             return { em: all('em'), s: all('s'), code: all('p code'), link: all('a'), \
               quote: all('blockquote'), bullets: all('ul li'), numbered: all('ol li'), \
               start: text.querySelector('ol').start, language: all('figcaption span'), \
               block: all('pre'), last: text.lastElementChild.textContent, html: all('b, i') }",
        )
        .await?;
    assert_eq!(
        found,
        json!({
            "em": ["slanted"], "s": ["gone"], "code": ["code"],
            "link": ["https://a.example/b_c_d"], "quote": ["quotedtwice"],
            "bullets": ["one", "two"], "numbered": ["three"], "start": 3,
            "language": ["rust"], "block": ["let a = \"<i>\";\n**b**"],
            "last": "<b>no</b>", "html": [],
        })
    );
    browser.reads("[data-seq='2'] .fold", "Show more").await;
    let height = "document.querySelector('[data-seq=\"2\"] .text').offsetHeight";
    let folded = browser.evaluate(&format!("return {height}")).await?;
    browser.click("[data-seq='2'] .fold").await?;
    browser
        .comes_true(
            "the whole message",
            &format!("return {height} > 2 * {folded}"),
        )
        .await;
    Ok(())
}

async fn text_is_formatted_and_emoji_are_inserted_while_writing(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let driver = Driver::start(engine).await?;
    let browser = open(&driver, &ann, &format!("/r/{room}")).await?;
    focus_is(&browser, "#message-text").await;
    browser.type_keys("so ").await?;
    browser.type_keys(&with_control("b")).await?;
    browser.type_keys("bold").await?;
    browser.type_keys(&with_control("b")).await?;
    browser.type_keys(" :rock").await?;
    browser.reads("#mentions [role=option]", ":rocket:").await;
    browser.type_keys(ENTER).await?;
    let value = "return document.querySelector('#message-text').value";
    assert_eq!(browser.evaluate(value).await?, json!("so **bold** 🚀 "));

    browser.click("#message-emoji").await?;
    focus_is(&browser, "#emoji-search").await;
    browser.type_keys(&format!("crab{ENTER}")).await?;
    browser
        .comes_true(
            "the emoji at the cursor",
            &format!("return (() => {{ {value} }})() === 'so **bold** 🚀 🦀'"),
        )
        .await;
    focus_is(&browser, "#message-text").await;
    browser.type_keys(ENTER).await?;
    browser.reads("[data-seq='1'] .text strong", "bold").await;
    browser.reads(".room .last", "You: so bold").await;
    // What was chosen last comes first.
    browser.click("#message-emoji").await?;
    browser
        .comes_true(
            "the recent emoji",
            "const first = [...document.querySelectorAll('.emoji')].slice(0, 2); \
             return first.map(each => each.textContent).join() === '🦀,🚀'",
        )
        .await;
    browser.type_keys(ESCAPE).await?;

    let write = "const area = document.querySelector('#message-text'); area.value = 'x'.repeat(3990); \
                 area.dispatchEvent(new Event('input', { bubbles: true }))";
    browser.evaluate(write).await?;
    browser.reads("#message-left", "10 characters left").await;
    browser.click("#message-text").await?;
    browser.type_keys("12345678901").await?;
    browser
        .reads("#message-left", "1 characters too many")
        .await;
    browser.click("#message-send").await?;
    browser.visible("#message-text-problem:not(:empty)").await?;
    Ok(())
}

async fn rooms_are_reached_and_the_shortcuts_shown_by_keyboard(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let mut socket = bob.online().await;
    for name in ["Choir", "Garden", "Tea"] {
        let room = ann.create_group(name, &[&bob]).await;
        socket.say(&room, "hello").await;
    }
    let driver = Driver::start(engine).await?;
    let browser = open(&driver, &ann, "/").await?;
    browser.reads(".room", "Tea").await;
    browser.type_keys(&with_control("k")).await?;
    focus_is(&browser, "#jump-search").await;
    browser.type_keys("gar").await?;
    browser
        .comes_true(
            "one room",
            "return document.querySelectorAll('#jump-rooms [role=option]').length === 1",
        )
        .await;
    browser.type_keys(ENTER).await?;
    browser.reads("#room-title", "Garden").await;
    focus_is(&browser, "#message-text").await;
    browser.type_keys(&[ALT, DOWN, RELEASE].concat()).await?;
    browser.reads("#room-title", "Choir").await;
    browser.type_keys("why?").await?;
    let is_open = "return !!document.querySelector('#shortcuts-dialog[open]')";
    assert_eq!(browser.evaluate(is_open).await?, Value::Bool(false));
    browser
        .evaluate("document.querySelector('#messages').focus()")
        .await?;
    browser.type_keys("?").await?;
    browser.reads("#shortcuts-dialog[open]", "Ctrl").await;
    browser.type_keys(ESCAPE).await?;
    browser
        .comes_true(
            "no dialog",
            "return !document.querySelector('dialog[open]')",
        )
        .await;
    Ok(())
}
