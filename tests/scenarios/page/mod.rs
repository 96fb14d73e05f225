//! The page in a real browser.

mod account;
mod chat;
mod drafts;
mod factors;
mod failures;
mod firefox;
mod input;
mod navigation;
mod offline;
mod reading;
mod sign_in;
mod views;

use std::sync::Arc;

use e2e::browser::{Browser, Driver, driver, has_firefox};
use e2e::people::Visitor;
use e2e::stack::Stack;
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    let tests = [
        chat::tests(),
        sign_in::tests(),
        offline::tests(),
        account::tests(),
        factors::tests(),
        drafts::tests(),
        navigation::tests(),
        reading::tests(),
        input::tests(),
        failures::tests(),
        views::tests(),
    ]
    .into_iter()
    .flatten();
    let in_firefox = firefox::tests().into_iter().map(|test| {
        if has_firefox() {
            return test;
        }
        test.skipped("firefox-esr or geckodriver is not installed (cargo install geckodriver)")
    });
    let tests = tests.chain(in_firefox);
    // On a developer's machine without a driver the rest is worth running; what
    // is checked for everybody leaves nothing out.
    if driver().is_some() || std::env::var_os("CI").is_some() {
        return tests.collect();
    }
    let reason = "chromedriver is not installed (Debian: chromium and chromium-driver)";
    tests.map(|test| test.skipped(reason)).collect()
}

/// Fails a test with all that led to the error.
fn check(outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

/// A driver and a browser of it, at the page.
async fn at_page(stack: &Arc<Stack>) -> anyhow::Result<(Driver, Browser)> {
    let driver = Driver::start().await?;
    let browser = driver.open().await?;
    browser.visit(&stack.ready().web).await?;
    Ok((driver, browser))
}

/// Fills in the form for an account, up to the code.
async fn ask_for_account(browser: &Browser, visitor: &Visitor) -> anyhow::Result<()> {
    browser.click("#register-tab").await?;
    browser.fill("#register-name", &visitor.name).await?;
    browser.fill("#register-email", &visitor.email).await?;
    browser
        .fill("#register-password", &visitor.password)
        .await?;
    browser.click("#register-submit").await?;
    browser.visible("#code").await?;
    Ok(())
}

/// Fills in address and password.
async fn ask_for_sign_in(browser: &Browser, visitor: &Visitor) -> anyhow::Result<()> {
    browser.fill("#login-email", &visitor.email).await?;
    browser.fill("#login-password", &visitor.password).await?;
    browser.click("#login-submit").await
}

async fn say(browser: &Browser, text: &str) -> anyhow::Result<()> {
    browser.fill("#message-text", text).await?;
    browser.click("#message-send").await
}
