//! A page that does not load, a network that is gone, a clock that is wrong.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::{Mode, Proxy, Stack};
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    browser_tests![
        a_page_that_cannot_load_says_so_within_two_seconds,
        a_lost_network_is_shown_within_seconds_of_the_offline_event,
        a_clock_that_is_ahead_changes_nothing,
        a_chat_with_a_person_without_an_account_says_so,
        a_persons_colour_is_the_same_everywhere,
    ]
}

/// A little more than what is promised, for a busy machine.
const SOON: Duration = Duration::from_secs(6);

async fn a_page_that_cannot_load_says_so_within_two_seconds(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let driver = Driver::start(engine).await?;
    for blocked in ["*sign_in*.js", "*sign_in*.wasm"] {
        let browser = driver.open().await?;
        browser.block(blocked).await?;
        browser.visit(&stack.ready().web).await?;
        says(&browser, "could not be loaded").await;
        browser.block("*nothing*").await?;
        browser.click("main button").await?;
        browser.visible("#sign-in-tab").await?;
        browser.close().await?;
    }
    let browser = driver.open().await?;
    browser.block("*start*.js").await?;
    browser.visit(&stack.ready().web).await?;
    browser.visible(".late a").await?;
    browser.close().await?;
    let browser = driver.open().await?;
    browser.before_scripts("delete window.WebAssembly").await?;
    browser.visit(&stack.ready().web).await?;
    says(&browser, "needs WebAssembly").await;
    Ok(())
}

async fn says(browser: &Browser, text: &str) {
    let script =
        format!("return !!document.querySelector('#load-failure')?.textContent.includes('{text}')");
    browser.comes_true_within(text, SOON, &script).await;
}

async fn a_lost_network_is_shown_within_seconds_of_the_offline_event(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let line = Proxy::start_socks(SocketAddr::from(([127, 0, 0, 1], stack.ready().port()))).await?;
    let driver = Driver::start(engine).await?;
    let browser = driver.open_behind(&line).await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    let silence = line.hold(Mode::Frozen);
    browser
        .evaluate("window.dispatchEvent(new Event('offline'))")
        .await?;
    browser
        .comes_true_within(
            "the connection to be closed",
            SOON,
            "return document.querySelector('#connection').dataset.state !== 'live'",
        )
        .await;
    drop(silence);
    browser.visible("#connection[data-state=live]").await?;
    Ok(())
}

async fn a_clock_that_is_ahead_changes_nothing(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let room = ann.create_group("Tea", &[]).await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser
        .before_scripts(
            "const now = Date.now; Date.now = () => now() + 1_200_000; \
             window.refreshes = 0; const before = window.fetch; \
             window.fetch = (path, options) => { \
               if (path === '/api/refresh') window.refreshes++; return before(path, options); };",
        )
        .await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, &format!("/r/{room}")).await?;
    super::say(&browser, "on time").await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    browser.click("#account").await?;
    browser.visible(".session").await?;
    browser.click("#totp-begin").await?;
    // Signed in a moment ago, so that the service asks for no password.
    let secret = browser.visible("#totp-secret").await?.text().await?;
    stack.secrets.note(e2e::stack::Kind::Password, &secret);
    let refreshes = browser.evaluate("return window.refreshes").await?;
    assert_eq!(
        refreshes,
        serde_json::json!(1),
        "only the one that resumed the session"
    );
    Ok(())
}

async fn a_chat_with_a_person_without_an_account_says_so(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let bob = e2e::people::Visitor::new(stack, "Bob");
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/#new").await?;
    browser.fill("#direct-email", &bob.email).await?;
    browser.click("#direct-submit").await?;
    browser
        .reads("#waiting-invite", "once they have joined")
        .await;
    Ok(())
}

async fn a_persons_colour_is_the_same_everywhere(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.open_direct(&bob).await.text("/room/id");
    let mut socket = bob.online().await;
    socket.say(&room, "in my colour").await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser
        .visit_path(stack, &format!("/r/{room}#members"))
        .await?;
    browser.reads("#members .member", "Bob").await;
    browser.reads("#messages .message", "in my colour").await;
    let script = "const tone = each => each.querySelector('.avatar').className; \
        const member = [...document.querySelectorAll('.member')] \
          .find(each => each.textContent.includes('Bob')); \
        return [member, document.querySelector('.talk > .head'), \
          document.querySelector('#messages .message'), document.querySelector('.room')] \
          .map(tone).every((each, _, all) => each === all[0])";
    browser.comes_true("one colour", script).await;
    Ok(())
}
