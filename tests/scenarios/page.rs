//! The page in a real browser.

use std::sync::Arc;

use e2e::browser::{Browser, Driver, is_installed};
use e2e::harness::Test;
use e2e::people::Visitor;
use e2e::stack::{Stack, screenshots};
use serde_json::json;

pub fn tests() -> Vec<Test> {
    let tests = e2e::tests![two_people_register_in_browsers_and_talk];
    // On a developer's machine without a driver the rest is worth running; what
    // is checked for everybody leaves nothing out.
    if is_installed() || std::env::var_os("CI").is_some() {
        return tests;
    }
    let reason = "chromedriver is not installed (Debian: chromium and chromium-driver)";
    tests.into_iter().map(|test| test.skipped(reason)).collect()
}

async fn two_people_register_in_browsers_and_talk(stack: Arc<Stack>) {
    if let Err(error) = two_people_talk(&stack).await {
        panic!("{error:?}");
    }
}

async fn two_people_talk(stack: &Arc<Stack>) -> anyhow::Result<()> {
    let pictures = screenshots()?;
    let driver = Driver::start().await?;
    let (ann, bob) = (Visitor::new(stack, "Ann"), Visitor::new(stack, "Bob"));
    let (at_ann_s, at_bob_s) = (driver.open().await?, driver.open().await?);
    at_ann_s.visit(&stack.ready().web).await?;
    at_ann_s.visible("#register-email, #show-register").await?;
    at_ann_s.picture(&pictures, "welcome").await?;
    let (one, other) = tokio::join!(
        register(&at_ann_s, &ann, stack),
        register(&at_bob_s, &bob, stack)
    );
    one?;
    other?;

    at_ann_s.fill("#new-room-name", "Tea").await?;
    at_ann_s.click("#new-room-submit").await?;
    at_ann_s.reads("#room-list", "Tea").await;
    let sign_in = ann.sign_in().await;
    let rooms = sign_in.client.get("/api/rooms").await.expect(200);
    let room = rooms.text("/rooms/0/id");
    sign_in.invite(&room, &bob.email).await.expect(204);
    at_bob_s.reads("#room-list", "Tea").await;
    open_room(&at_ann_s).await?;
    open_room(&at_bob_s).await?;

    at_ann_s
        .fill("#message-text", "Hello, Bob!\u{e007}")
        .await?;
    at_bob_s.reads("#messages .message", "Hello, Bob!").await;
    at_bob_s
        .fill("#message-text", "Hello, Ann! <b>&</b>\u{e007}")
        .await?;
    at_ann_s
        .reads("#messages .message", "Hello, Ann! <b>&</b>")
        .await;
    at_ann_s.reads("#messages .message", "Hello, Bob!").await;
    at_ann_s.picture(&pictures, "talk").await?;
    at_bob_s.resize(360, 740).await?;
    at_bob_s.picture(&pictures, "talk-narrow").await?;
    at_bob_s.resize(1280, 800).await?;

    let page = rooms_page_of(&sign_in, &room).await;
    assert_eq!(page, ["Hello, Bob!", "Hello, Ann! <b>&</b>"]);
    keeps_no_token(&at_ann_s).await?;
    at_ann_s.visit(&stack.ready().web).await?;
    at_ann_s.reads("#room-list", "Tea").await;
    at_ann_s.click("#sign-out").await?;
    at_ann_s
        .visible("#register-email, #show-register, #login-email")
        .await?;
    at_ann_s.close().await?;
    at_bob_s.close().await
}

async fn register(browser: &Browser, visitor: &Visitor, stack: &Stack) -> anyhow::Result<()> {
    browser.visit(&stack.ready().web).await?;
    browser.visible("#register-email, #show-register").await?;
    if !browser.shows("#register-email").await {
        browser.click("#show-register").await?;
    }
    browser.fill("#register-email", &visitor.email).await?;
    browser
        .fill("#register-password", &visitor.password)
        .await?;
    browser.fill("#register-name", &visitor.name).await?;
    browser.click("#register-submit").await?;
    browser.visible("#code").await?;
    let code = visitor.code().await;
    browser.fill("#code", &code).await?;
    if browser.shows("#code-submit").await {
        browser.click("#code-submit").await?;
    }
    browser.visible("#room-list").await?;
    Ok(())
}

async fn open_room(browser: &Browser) -> anyhow::Result<()> {
    if !browser.shows("#message-text").await {
        browser.click("#room-list button, #room-list a").await?;
    }
    browser.visible("#message-text").await?;
    Ok(())
}

async fn rooms_page_of(person: &e2e::people::Person, room: &str) -> Vec<String> {
    let all = person.whole_history(room).await;
    all.iter()
        .filter_map(|message| message["text"].as_str().map(str::to_owned))
        .collect()
}

/// Whoever can run a script later finds no token lying about.
async fn keeps_no_token(browser: &Browser) -> anyhow::Result<()> {
    let script = "return [JSON.stringify(localStorage), JSON.stringify(sessionStorage), \
                  document.cookie, location.href].join(' ')";
    let kept = browser.evaluate(script).await?;
    let kept = kept.as_str().unwrap_or_default().to_owned();
    assert!(!kept.contains("eyJ"), "a token is kept: {}", json!(kept));
    Ok(())
}
