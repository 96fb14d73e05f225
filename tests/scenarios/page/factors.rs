//! Second factors and passkeys.

use std::sync::Arc;

use e2e::browser::{Browser, Engine};
use e2e::people::{Person, TotpApp};
use e2e::stack::{Kind, Stack};
use e2e::suite::Test;

use super::{ask_for_sign_in, at_page};

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        an_app_code_or_a_recovery_code_completes_a_sign_in,
        a_passkey_signs_in_without_a_password,
    ]
}

async fn an_app_code_or_a_recovery_code_completes_a_sign_in(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.visit_as(&ann).await?;
    browser.click("#account").await?;
    browser.click("#totp-begin").await?;
    step_up(&browser, &ann).await?;
    let secret = browser.visible("#totp-secret").await?.text().await?;
    stack.secrets.note(Kind::Password, &secret);
    browser.visible("svg.qr").await?;
    let phone = TotpApp::new(&secret);
    browser.fill("#totp-code", &phone.wrong_code()).await?;
    browser.click("#totp-confirm").await?;
    browser.reads("#totp-code-problem", "4 tries left").await;
    browser.fill("#totp-code", &phone.code().await).await?;
    browser.click("#totp-confirm").await?;
    let codes = browser.visible("#recovery-codes").await?.text().await?;
    let recovery = codes
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned();
    stack.secrets.note(Kind::Password, &recovery);
    browser.reads("#totp-done", "is on").await;

    browser.click("#sign-out").await?;
    ask_for_sign_in(&browser, &ann).await?;
    browser.fill("#code", &ann.code().await).await?;
    browser.fill("#factor-code", &phone.wrong_code()).await?;
    browser.click("#factor-submit").await?;
    browser.reads("#factor-code-problem", "4 tries left").await;
    browser.fill("#factor-code", &phone.code().await).await?;
    browser.click("#factor-submit").await?;
    browser.visible("#connection[data-state=live]").await?;

    browser.click("#account").await?;
    browser.click("#sign-out").await?;
    ask_for_sign_in(&browser, &ann).await?;
    browser.fill("#code", &ann.code().await).await?;
    browser
        .fill("#factor-code", &recovery.to_uppercase())
        .await?;
    browser.click("#factor-submit").await?;
    browser.visible("#connection[data-state=live]").await?;
    browser.click("#account").await?;
    browser.reads(".account", "9 recovery codes are left").await;
    Ok(())
}

/// Enters the password, where the session is not fresh any more.
async fn step_up(browser: &Browser, person: &Person) -> anyhow::Result<()> {
    browser
        .visible("#step-up[open], #totp-secret, #passkeys .passkey")
        .await?;
    let asks = browser
        .evaluate("return !!document.querySelector('#step-up[open]')")
        .await?;
    if asks == serde_json::Value::Bool(true) {
        browser.fill("#step-up-password", &person.password).await?;
        browser.click("#step-up-submit").await?;
    }
    Ok(())
}

async fn a_passkey_signs_in_without_a_password(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.add_authenticator().await?;
    browser.visit_as(&ann).await?;
    browser.click("#account").await?;
    browser.fill("#passkey-name", "Test key").await?;
    browser.click("#passkey-add").await?;
    step_up(&browser, &ann).await?;
    browser.reads("#passkeys .passkey", "Test key").await;
    browser.click("#sign-out").await?;
    browser.click("#passkey-login").await?;
    browser.visible("#connection[data-state=live]").await?;
    browser.click("#account").await?;
    // The second click confirms.
    browser.click("#passkeys .passkey button").await?;
    browser.click("#passkeys .passkey button").await?;
    browser.reads("#passkey-done", "removed").await;
    browser.click("#sign-out").await?;
    browser.click("#passkey-login").await?;
    browser.reads("#form-problem", "passkey").await;
    Ok(())
}
