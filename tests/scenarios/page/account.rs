//! One's own account.

use std::sync::Arc;

use e2e::browser::Engine;
use e2e::people::{Person, TotpApp};
use e2e::stack::{Kind, Stack};
use e2e::suite::Test;

use super::at_page;

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        a_password_is_changed_and_other_sessions_end,
        other_sessions_are_ended_at_once_and_after_a_change_of_factors,
    ]
}

async fn a_password_is_changed_and_other_sessions_end(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let other = ann.sign_in().await;
    let third = ann.sign_in().await;
    let password = "copper kettles whistle at dusk";
    stack.secrets.note(Kind::Password, password);
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.visit_as(&ann).await?;
    browser.click("#account").await?;
    browser
        .comes_true(
            "three sessions",
            "return document.querySelectorAll('.session').length === 3",
        )
        .await;
    // The second click confirms.
    browser.click(".session button").await?;
    browser.click(".session button").await?;
    browser.reads("#session-done", "signed out").await;
    browser
        .comes_true(
            "two sessions",
            "return document.querySelectorAll('.session').length === 2",
        )
        .await;

    browser
        .fill("#current-password", "not her password")
        .await?;
    browser.fill("#new-password", password).await?;
    browser.click("#password-submit").await?;
    browser
        .reads("#current-password-problem", "Wrong password")
        .await;
    browser.fill("#current-password", &ann.password).await?;
    browser.click("#password-submit").await?;
    browser.reads("#password-done", "changed").await;
    assert!(ann.is_signed_in().await);
    assert!(!other.is_signed_in().await && !third.is_signed_in().await);
    Ok(())
}

async fn other_sessions_are_ended_at_once_and_after_a_change_of_factors(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let (second, third) = (ann.sign_in().await, ann.sign_in().await);
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.visit_as(&ann).await?;
    browser.click("#account").await?;
    // The second click confirms.
    browser.click("#sessions-end").await?;
    browser.click("#sessions-end").await?;
    browser
        .reads("#session-done", "other sessions are signed out")
        .await;
    assert!(!second.is_signed_in().await && !third.is_signed_in().await);

    let fourth = ann.sign_in().await;
    browser.click("#totp-begin").await?;
    let secret = browser.visible("#totp-secret").await?.text().await?;
    stack.secrets.note(Kind::Password, &secret);
    let app = TotpApp::new(&secret);
    browser.fill("#totp-code", &app.code().await).await?;
    browser.click("#totp-confirm").await?;
    let codes = browser.visible("#recovery-codes").await?.text().await?;
    for code in codes.split_whitespace() {
        stack.secrets.note(Kind::Password, code);
    }
    browser.click(".other-sessions button").await?;
    browser
        .reads("#totp-done", "other sessions are signed out")
        .await;
    assert!(!fourth.is_signed_in().await);
    assert!(ann.is_signed_in().await);
    Ok(())
}
