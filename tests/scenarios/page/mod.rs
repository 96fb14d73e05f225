//! The page in a real browser.

/// Tests `async fn(&Arc<Stack>, Engine) -> anyhow::Result<()>` in Chromium and
/// Firefox, in these and WebKitGTK (`Everywhere:`), or in Chromium alone (`Chromium:`).
macro_rules! browser_tests {
    (Chromium: $($name:ident),* $(,)?) => {
        vec![$(browser_tests!(@one $name, Chromium, "")),*]
    };
    (Everywhere: $($name:ident),* $(,)?) => {
        vec![$(
            browser_tests!(@one $name, Chromium, ""),
            browser_tests!(@one $name, Firefox, "::in_firefox"),
            browser_tests!(@one $name, WebKit, "::in_webkit"),
        )*]
    };
    ($($name:ident),* $(,)?) => {
        vec![$(
            browser_tests!(@one $name, Chromium, ""),
            browser_tests!(@one $name, Firefox, "::in_firefox"),
        )*]
    };
    (@one $name:ident, $engine:ident, $suffix:literal) => {
        e2e::suite::Test::new(
            concat!(module_path!(), "::", stringify!($name), $suffix),
            |stack| Box::pin(async move {
                $crate::page::check($name(&stack, e2e::browser::Engine::$engine).await);
            }),
        )
        .in_browser()
        .requires($crate::page::missing(e2e::browser::Engine::$engine))
    };
}

mod account;
mod changes;
mod chat;
mod drafts;
mod factors;
mod failures;
mod input;
mod invitations;
mod list;
mod navigation;
mod offline;
mod reading;
mod rooms;
mod sign_in;
mod views;
mod writing;

use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Visitor;
use e2e::stack::Stack;
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    [
        chat::tests(),
        changes::tests(),
        sign_in::tests(),
        offline::tests(),
        account::tests(),
        invitations::tests(),
        factors::tests(),
        drafts::tests(),
        list::tests(),
        navigation::tests(),
        reading::tests(),
        rooms::tests(),
        writing::tests(),
        input::tests(),
        failures::tests(),
        views::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Why no test can run in a browser. On a developer's machine without it the rest
/// is worth running; continuous integration leaves nothing out.
fn missing(engine: Engine) -> Option<&'static str> {
    if engine.is_installed() || std::env::var_os("CI").is_some() {
        return None;
    }
    Some(match engine {
        Engine::Chromium => "chromedriver is not installed (Debian: chromium and chromium-driver)",
        Engine::Firefox => "firefox-esr or geckodriver is not installed",
        Engine::WebKit => "webkit2gtk-driver or xvfb is not installed",
    })
}

/// Fails a test with all that led to the error.
fn check(outcome: anyhow::Result<()>) {
    if let Err(error) = outcome {
        panic!("{error:#}");
    }
}

/// A driver and a browser of it, at the page.
async fn at_page(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<(Driver, Browser)> {
    let driver = Driver::start(engine).await?;
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
