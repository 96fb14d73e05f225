//! The way in.

use std::sync::Arc;

use e2e::browser::{Driver, Engine};
use e2e::people::{Mail, Person, Visitor};
use e2e::stack::{Kind, Stack};
use e2e::suite::Test;
use mongodb::bson::doc;
use serde_json::Value;

use crate::database;

use super::{ask_for_account, ask_for_sign_in, at_page};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SHIFT: &str = "\u{e008}";

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        codes_are_pasted_guessed_and_spent,
        an_expired_code_can_be_replaced,
        a_forgotten_password_can_be_reset,
        item_40_the_link_of_a_reset_email_sets_a_new_password,
        the_keyboard_alone_is_enough,
    ]
}

async fn codes_are_pasted_guessed_and_spent(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Visitor::new(stack, "Ann");
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.click("#register-tab").await?;
    browser.fill("#register-email", "invalid").await?;
    browser.fill("#register-name", "Ann").await?;
    browser.click("#register-submit").await?;
    browser
        .reads("#register-email-problem", "ann@example.com")
        .await;
    browser.fill("#register-password", "short").await?;
    browser.reads(".field .hint", "10 more characters").await;
    ask_for_account(&browser, &ann).await?;
    browser.reads("#code-resend", "Send a new code in").await;

    let code = ann.code().await;
    browser.fill("#code", "1234").await?;
    browser.click("#code-submit").await?;
    browser.reads("#code-problem", "8 digits").await;
    for left in (0..5).rev() {
        // After a refusal the button submits: overtyping would use up attempts.
        let mut wrong = Visitor::wrong_code(&code);
        wrong.replace_range(0..1, &left.to_string());
        if wrong == code {
            wrong = Visitor::wrong_code(&code);
        }
        browser.fill("#code", &wrong).await?;
        browser.click("#code-submit").await?;
        let text = match left {
            0 => "last try".to_owned(),
            1 => "1 try left".to_owned(),
            _ => format!("{left} tries left"),
        };
        browser.reads("#code-problem", &text).await;
    }
    // Spent, so that the right one counts no more; but another may be had.
    browser.fill("#code", &code).await?;
    browser.click("#code-submit").await?;
    browser.reads("#code-problem", "expired").await;
    browser.click("#code-back").await?;
    ask_for_account(&browser, &ann).await?;
    let code = ann.code().await;
    let pasted = format!("{} {}", &code[..4], &code[4..]);
    browser.fill("#code", &pasted).await?;
    browser.visible("#connection[data-state=live]").await?;
    Ok(())
}

async fn an_expired_code_can_be_replaced(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<()> {
    let ann = Visitor::new(stack, "Ann");
    let (_driver, browser) = at_page(stack, engine).await?;
    ask_for_account(&browser, &ann).await?;
    let code = ann.code().await;
    let hers = doc! { "email": &ann.email };
    database::change(stack, "challenges", hers, doc! { "expires_at": 0_i64 }).await;
    browser.fill("#code", &code).await?;
    browser.reads("#code-problem", "expired").await;
    // There is nothing any more that another code could be for.
    browser.click("#code-resend").await?;
    browser.reads("#form-problem", "start again").await;
    ask_for_account(&browser, &ann).await?;
    browser.fill("#code", &ann.code().await).await?;
    browser.visible("#connection[data-state=live]").await?;
    Ok(())
}

async fn item_40_the_link_of_a_reset_email_sets_a_new_password(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    ann.forgot_password().await.expect(202);
    let has_link = |mail: &Mail| mail.reset_token().is_some();
    let mail = stack.inbox.mail(&ann.email, "a reset link", has_link).await;
    let token = mail.reset_token().expect("it has a link").to_owned();
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    let web = stack.ready().web;
    let web = web.trim_end_matches('/');
    browser.visit(&format!("{web}/#reset={token}")).await?;
    browser.visible("#reset-password").await?;
    let address = browser.evaluate("return location.href").await?;
    assert!(!address.to_string().contains(&token), "{address}");
    let new = "four quiet lanterns by the harbour";
    ann.client.secrets().note(Kind::Password, new);
    browser.fill("#reset-password", new).await?;
    browser.click("#reset-submit").await?;
    browser.reads("#form-notice", "new password is set").await;
    ann.with_password(new).login().await.expect(200);
    // Followed once more, the link leads to the request of another email.
    browser
        .visit(&format!("{web}/?again#reset={token}"))
        .await?;
    browser.visible("#reset-password").await?;
    browser.fill("#reset-password", new).await?;
    browser.click("#reset-submit").await?;
    browser
        .reads("#form-problem", "Request another email")
        .await;
    browser.visible("#forgot-email").await?;
    browser.close().await
}

async fn a_forgotten_password_can_be_reset(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let ann = Person::join(stack, "Ann").await;
    let password = "copper kettles whistle at dawn";
    stack.secrets.note(Kind::Password, password);
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.fill("#login-email", &ann.email).await?;
    browser.fill("#login-password", "not her password").await?;
    browser.click("#login-submit").await?;
    browser.reads("#form-problem", "is wrong").await;
    browser.click("#forgot").await?;
    browser.click("#forgot-submit").await?;
    browser.fill("#reset-code", &ann.code().await).await?;
    browser.fill("#reset-password", password).await?;
    browser.click("#reset-submit").await?;
    browser.reads("#form-notice", "new password").await;
    ask_for_sign_in(&browser, &ann.with_password(password)).await?;
    browser.fill("#code", &ann.code().await).await?;
    browser.visible("#connection[data-state=live]").await?;
    Ok(())
}

async fn the_keyboard_alone_is_enough(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<()> {
    let ann = Visitor::new(stack, "Ann");
    let (_driver, browser) = at_page(stack, engine).await?;
    browser.visible("#register-tab").await?;
    // Past the tab of the sign-in to the one for an account.
    browser.type_keys(TAB).await?;
    browser.type_keys(TAB).await?;
    browser.type_keys(ENTER).await?;
    browser
        .comes_true("the name to have the focus", &has_focus("register-name"))
        .await;
    browser.type_keys(&format!("{}{TAB}", ann.name)).await?;
    browser.type_keys(&format!("{}{TAB}", ann.email)).await?;
    browser
        .type_keys(&format!("{}{ENTER}", ann.password))
        .await?;
    browser.visible("#code").await?;
    browser
        .comes_true("the code to have the focus", &has_focus("code"))
        .await;
    browser.type_keys(&ann.code().await).await?;
    browser.visible("#connection[data-state=live]").await?;

    tab_to(&browser, "start").await?;
    browser.type_keys(ENTER).await?;
    browser.visible("#start-dialog[open]").await?;
    tab_to(&browser, "new-room-name").await?;
    browser.type_keys(&format!("Tea{ENTER}")).await?;
    browser
        .comes_true("the message to have the focus", &has_focus("message-text"))
        .await;
    browser
        .type_keys(&format!("one{SHIFT}{ENTER}{SHIFT}two{ENTER}"))
        .await?;
    browser.visible("#messages [data-delivery=sent]").await?;
    let said = browser
        .evaluate("return document.querySelector('#messages .text').textContent")
        .await?;
    assert_eq!(said, Value::from("one\ntwo"));
    tab_to(&browser, "people").await?;
    browser.type_keys(ENTER).await?;
    browser.visible("#people-dialog[open]").await?;
    browser.type_keys("\u{e00c}").await?;
    browser
        .comes_true(
            "the dialog to close",
            "return !document.querySelector('dialog[open]')",
        )
        .await;
    Ok(())
}

fn has_focus(id: &str) -> String {
    format!("return document.activeElement.id === '{id}'")
}

/// Goes on with the tabulator until the focus is where it should be.
async fn tab_to(browser: &e2e::browser::Browser, id: &str) -> anyhow::Result<()> {
    for _ in 0..25 {
        if browser.evaluate(&has_focus(id)).await? == Value::Bool(true) {
            return Ok(());
        }
        browser.type_keys(TAB).await?;
    }
    anyhow::bail!("the tabulator does not reach #{id}")
}
