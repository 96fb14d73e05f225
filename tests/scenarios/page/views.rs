//! Each view as people with and without sight find it: no fault that axe-core
//! knows, in either scheme; and a picture of each, from wide to as narrow as a phone.

use std::path::PathBuf;
use std::sync::Arc;

use e2e::browser::{Browser, Engine};
use e2e::people::{Person, TotpApp};
use e2e::stack::{Kind, Stack, screenshots};
use e2e::suite::Test;
use mongodb::bson::doc;

use crate::database;

use super::{ask_for_account, ask_for_sign_in, at_page, say};

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium: every_view_is_free_of_faults_in_both_schemes_and_all_widths,]
}

const ESCAPE: &str = "\u{e00c}";
const CONTROL: &str = "\u{e009}";
/// Releases the modifiers.
const RELEASE: &str = "\u{e000}";

/// Only pictures are taken of it: it differs from the next narrower one in its
/// margins alone.
const WIDEST: u32 = 1920;

const FORMATTED: &str = "To do:\n- water the *tomatoes*, ~~twice~~ once\n- buy `labels`\n\
    > Forty is plenty\n```rust\nlet trays = 2;\nlet cells = trays * 20;\n```";

/// A browser that is shown around, and what was found.
struct Tour {
    browser: Browser,
    pictures: PathBuf,
    faults: Vec<String>,
}

impl Tour {
    /// Looks at what is shown now from all sides.
    async fn see(&mut self, view: &str) -> anyhow::Result<()> {
        let sides = [
            ("light", 1280, 800),
            ("light", 360, 740),
            ("dark", 360, 740),
            ("dark", 1280, 800),
            ("dark", WIDEST, 1080),
            ("light", WIDEST, 1080),
        ];
        self.see_from(view, &sides).await
    }

    /// Looks at a dialog, which is as wide in every wide window.
    async fn see_dialog(&mut self, view: &str) -> anyhow::Result<()> {
        let sides = [("light", 1280, 800), ("dark", 360, 740)];
        self.see_from(view, &sides).await
    }

    async fn see_from(&mut self, view: &str, sides: &[(&str, u32, u32)]) -> anyhow::Result<()> {
        for &(scheme, width, height) in sides {
            self.browser.prefer(scheme).await?;
            self.browser.resize(width, height).await?;
            let name = format!("{view}-{scheme}-{width}");
            self.browser.picture(&self.pictures, &name).await?;
            if width < WIDEST {
                let faults = self.browser.faults().await?;
                self.faults
                    .extend(faults.into_iter().map(|fault| format!("{name}: {fault}")));
            }
            let overflow = "return document.documentElement.scrollWidth > window.innerWidth";
            if self.browser.evaluate(overflow).await? == serde_json::Value::Bool(true) {
                self.faults.push(format!("{name}: wider than the window"));
            }
        }
        self.browser.prefer("light").await?;
        self.browser.resize(1280, 800).await
    }
}

async fn every_view_is_free_of_faults_in_both_schemes_and_all_widths(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob, eve) = Person::join_three(stack, ["Ann", "Bob", "Eve"]).await;
    let (_driver, browser) = at_page(stack, engine).await?;
    let mut tour = Tour {
        browser,
        pictures: screenshots()?,
        faults: Vec::new(),
    };
    sign_in(stack, &mut tour).await?;
    first_use(&mut tour, &eve).await?;
    rooms(&mut tour, &ann, &bob, &eve).await?;
    second_factor(stack, &mut tour, &ann).await?;
    new_password(&mut tour, &ann).await?;
    unreachable(stack, &mut tour).await?;
    assert!(tour.faults.is_empty(), "{:#?}", tour.faults);
    Ok(())
}

async fn sign_in(stack: &Arc<Stack>, tour: &mut Tour) -> anyhow::Result<()> {
    tour.browser.visible("#login-submit").await?;
    tour.see("sign-in").await?;
    tour.browser.click("#forgot").await?;
    tour.browser.visible("#forgot-submit").await?;
    tour.see("forgot").await?;
    tour.browser.click("#code-back").await?;
    tour.browser.click("#register-tab").await?;
    tour.browser.fill("#register-password", "short").await?;
    tour.browser.click("#register-submit").await?;
    tour.see("register").await?;
    let visitor = e2e::people::Visitor::new(stack, "Fay");
    ask_for_account(&tour.browser, &visitor).await?;
    tour.see("code").await
}

/// A user without any chat.
async fn first_use(tour: &mut Tour, eve: &Person) -> anyhow::Result<()> {
    tour.browser.visit_as(eve).await?;
    tour.browser.visible("#welcome").await?;
    tour.see_dialog("welcome").await
}

async fn rooms(tour: &mut Tour, ann: &Person, bob: &Person, eve: &Person) -> anyhow::Result<()> {
    let room = ann.create_group("Garden plans", &[bob, eve]).await;
    ann.create_group("Reading circle", &[eve]).await;
    let direct = ann.open_direct(bob).await.text("/room/id");
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    b.say(&direct, "See you on Saturday!").await;
    for text in [
        "Morning! The seed catalogue is here: https://example.com/seeds",
        "Shall we start the tomatoes this weekend?",
    ] {
        a.say(&room, text).await;
    }
    b.say(&room, "Yes, if the frost is over by then.").await;
    b.say(
        &room,
        "I still have **trays** from last year:\nabout forty cells.",
    )
    .await;
    b.say(&room, FORMATTED).await;

    let choir = eve.create_group("Choir", &[ann]).await;
    ann.remove(&choir, &ann.id).await.expect(204);
    eve.invite(&choir, &ann.email).await.expect(204);
    ann.invite(&room, "gus@example.org").await.expect(204);

    tour.browser.visit_as(ann).await?;
    tour.browser.reads("#room-list .room", "Garden plans").await;
    tour.see("rooms").await?;
    tour.browser
        .click(&format!(".room[data-room='{room}']"))
        .await?;
    tour.browser.reads("#messages .message", "let trays").await;
    say(
        &tour.browser,
        "Forty is plenty. I bring compost and labels. ☕",
    )
    .await?;
    tour.browser
        .visible("#messages [data-delivery=sent]")
        .await?;
    b.send(serde_json::json!({"action": "read", "room": room, "seq": 6}))
        .await;
    b.send(serde_json::json!({"action": "typing", "room": room}))
        .await;
    tour.browser.reads("#typing", "Bob is typing").await;
    tour.see("talk").await?;
    tour.browser.click("#people").await?;
    tour.browser.visible("#people-dialog[open]").await?;
    tour.see("people").await?;
    dialogs(tour, bob).await?;
    tour.browser.click("#start").await?;
    tour.browser.visible("#start-dialog[open]").await?;
    tour.see("start").await?;
    tour.browser.click("#start-dialog .head button").await?;
    tour.browser.click("#account").await?;
    tour.browser.visible(".session").await?;
    tour.browser.visible("#totp-begin").await?;
    tour.see("account").await
}

/// The dialogs of a room, from that of its details, which is open.
async fn dialogs(tour: &mut Tour, bob: &Person) -> anyhow::Result<()> {
    tour.browser.click("#room-edit").await?;
    tour.browser.visible("#room-topic").await?;
    tour.see_dialog("room-edit").await?;
    tour.browser
        .click(&format!("#members [data-user='{}'] button", bob.id))
        .await?;
    tour.browser
        .visible("#person-dialog[open] .person-card")
        .await?;
    tour.see_dialog("person").await?;
    tour.browser.click("#person-dialog .head button").await?;
    tour.browser.click("#people-dialog .head button").await?;
    tour.browser.click("#message-emoji").await?;
    tour.browser
        .visible("#message-sheet[data-kind=insert] .emoji")
        .await?;
    tour.see_dialog("emoji").await?;
    tour.browser.type_keys(ESCAPE).await?;
    tour.browser
        .type_keys(&[CONTROL, "k", RELEASE].concat())
        .await?;
    tour.browser.visible("#jump-dialog[open] .options").await?;
    tour.see_dialog("jump").await?;
    tour.browser.click("#jump-dialog .head button").await?;
    tour.browser
        .type_keys(&[CONTROL, "/", RELEASE].concat())
        .await?;
    tour.browser.visible("#shortcuts-dialog[open]").await?;
    tour.see_dialog("shortcuts").await?;
    tour.browser.click("#shortcuts-dialog .head button").await
}

/// Everything about a second factor, from one's account, which is open, to the
/// next sign-in with it.
async fn second_factor(stack: &Stack, tour: &mut Tour, ann: &Person) -> anyhow::Result<()> {
    // An hour later, when the password is asked for once more.
    let hers = doc! { "user": ann.user()["id"].as_str().unwrap_or_default() };
    database::change(stack, "sessions", hers, doc! { "proved_at": 0_i64 }).await;
    tour.browser.click("#totp-begin").await?;
    tour.browser.visible("#step-up[open]").await?;
    tour.see("step-up").await?;
    tour.browser
        .fill("#step-up-password", &ann.password)
        .await?;
    tour.browser.click("#step-up-submit").await?;
    let secret = tour.browser.visible("#totp-secret").await?.text().await?;
    stack.secrets.note(Kind::Password, &secret);
    tour.see("totp").await?;
    let phone = TotpApp::new(&secret);
    tour.browser.fill("#totp-code", &phone.code().await).await?;
    tour.browser.click("#totp-confirm").await?;
    let codes = tour
        .browser
        .visible("#recovery-codes")
        .await?
        .text()
        .await?;
    for code in codes.split_whitespace() {
        stack.secrets.note(Kind::Password, code);
    }
    tour.see("recovery-codes").await?;
    tour.browser.click("#sign-out").await?;
    ask_for_sign_in(&tour.browser, ann).await?;
    tour.browser.fill("#code", &ann.code().await).await?;
    tour.browser.visible("#factor-code").await?;
    tour.see("second-factor").await?;
    tour.browser.click("#code-back").await
}

async fn new_password(tour: &mut Tour, ann: &Person) -> anyhow::Result<()> {
    tour.browser.click("#forgot").await?;
    tour.browser.fill("#forgot-email", &ann.email).await?;
    tour.browser.click("#forgot-submit").await?;
    tour.browser.visible("#reset-code").await?;
    tour.see("new-password").await
}

async fn unreachable(stack: &Stack, tour: &mut Tour) -> anyhow::Result<()> {
    tour.browser.block("*/api/refresh").await?;
    tour.browser.visit(&stack.ready().web).await?;
    tour.browser.visible("#try-again").await?;
    tour.see("unreachable").await
}
