//! The page in a real browser.

use std::sync::Arc;

use e2e::browser::{Browser, Driver, driver};
use e2e::harness::Test;
use e2e::people::Visitor;
use e2e::stack::{Stack, screenshots};

pub fn tests() -> Vec<Test> {
    let tests = e2e::tests![two_people_register_in_browsers_and_talk];
    // On a developer's machine without a driver the rest is worth running; what
    // is checked for everybody leaves nothing out.
    if driver().is_some() || std::env::var_os("CI").is_some() {
        return tests;
    }
    let reason = "chromedriver is not installed (Debian: chromium and chromium-driver)";
    tests.into_iter().map(|test| test.skipped(reason)).collect()
}

async fn two_people_register_in_browsers_and_talk(stack: Arc<Stack>) {
    if let Err(error) = two_people_talk(&stack).await {
        panic!("{error:#}");
    }
}

async fn two_people_talk(stack: &Arc<Stack>) -> anyhow::Result<()> {
    let pictures = screenshots()?;
    let driver = Driver::start().await?;
    let (ann, bob) = (Visitor::new(stack, "Ann"), Visitor::new(stack, "Bob"));
    let (at_ann_s, at_bob_s) = tokio::try_join!(driver.open(), driver.open())?;
    for browser in [&at_ann_s, &at_bob_s] {
        browser.visit(&stack.ready().web).await?;
        browser.click("#register-tab").await?;
    }
    at_ann_s.visible("#register-submit").await?;
    at_ann_s.picture(&pictures, "register").await?;
    tokio::try_join!(register(&at_ann_s, &ann), register(&at_bob_s, &bob))?;

    at_ann_s.click("#start").await?;
    at_ann_s.fill("#new-room-name", "Tea").await?;
    at_ann_s.click("#new-room-submit").await?;
    at_ann_s.reads("#room-title", "Tea").await;
    at_ann_s.click("#people").await?;
    at_ann_s.fill("#invite-email", &bob.email).await?;
    at_ann_s.click("#invite-submit").await?;
    at_ann_s.reads("#members .member", "Bob").await;
    at_ann_s.click("#people").await?;
    at_bob_s.reads("#room-list .room", "Tea").await;
    at_bob_s.click("#room-list .room").await?;

    say(&at_ann_s, "Hello, Bob!").await?;
    at_bob_s.reads("#messages .message", "Hello, Bob!").await;
    say(&at_bob_s, "Hello, Ann! <b>&</b>").await?;
    at_ann_s
        .reads("#messages .message", "Hello, Ann! <b>&</b>")
        .await;
    at_ann_s
        .visible("#messages .message[data-delivery=sent]")
        .await?;
    say(&at_bob_s, "The kettle is on. Four o'clock?").await?;
    say(&at_ann_s, "Four it is ☕ I bring the cake.").await?;
    at_bob_s
        .reads("#messages .message", "I bring the cake")
        .await;
    at_ann_s.picture(&pictures, "talk").await?;
    at_bob_s.resize(360, 740).await?;
    at_bob_s.picture(&pictures, "talk-narrow").await?;
    keeps_no_token(&at_ann_s).await?;

    // A reload finds the session by its cookie, and the talk by its history.
    at_ann_s.visit(&stack.ready().web).await?;
    at_ann_s.reads("#room-list .room", "Tea").await;
    at_ann_s.click("#room-list .room").await?;
    at_ann_s.reads("#messages .message", "Hello, Bob!").await;
    at_ann_s.click("#sign-out").await?;
    at_ann_s.visible("#sign-in-tab").await?;
    at_ann_s.visit(&stack.ready().web).await?;
    at_ann_s.visible("#sign-in-tab").await?;
    at_ann_s.close().await?;
    at_bob_s.close().await
}

async fn register(browser: &Browser, visitor: &Visitor) -> anyhow::Result<()> {
    browser.fill("#register-name", &visitor.name).await?;
    browser.fill("#register-email", &visitor.email).await?;
    browser.fill("#register-password", "short").await?;
    browser.click("#register-submit").await?;
    browser.reads("#register-password-problem", "15").await;
    browser
        .fill("#register-password", &visitor.password)
        .await?;
    browser.click("#register-submit").await?;
    browser.visible("#code").await?;
    let code = visitor.code().await;
    browser.fill("#code", &Visitor::wrong_code(&code)).await?;
    browser.click("#code-submit").await?;
    browser.reads("#code-problem, #form-problem", "4").await;
    browser.fill("#code", &code).await?;
    browser.click("#code-submit").await?;
    browser.visible("#connection[data-state=live]").await?;
    Ok(())
}

async fn say(browser: &Browser, text: &str) -> anyhow::Result<()> {
    browser.fill("#message-text", text).await?;
    browser.click("#message-send").await
}

/// Whoever can run a script later finds no token lying about.
async fn keeps_no_token(browser: &Browser) -> anyhow::Result<()> {
    let script = "return [JSON.stringify(localStorage), JSON.stringify(sessionStorage), \
                  document.cookie, location.href].join(' ')";
    let kept = browser.evaluate(script).await?;
    let kept = kept.as_str().unwrap_or_default().to_owned();
    assert!(!kept.contains("eyJ"), "a token is kept: {kept}");
    Ok(())
}
