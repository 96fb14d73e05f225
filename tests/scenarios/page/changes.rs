//! Replying, editing, deleting, reacting, mentioning and pinning.

use std::net::SocketAddr;
use std::sync::Arc;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::{Mode, Proxy, Stack, screenshots};
use e2e::suite::Test;
use serde_json::Value;

use super::say;

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        messages_are_answered_edited_and_deleted_by_pointer,
        messages_are_answered_edited_and_deleted_by_keyboard,
        a_finger_opens_the_menu_of_a_message_by_holding_it,
        reactions_are_added_and_removed_and_name_who_reacted,
        members_are_mentioned_by_keyboard_and_by_pointer,
        an_edit_survives_a_reload_and_leaves_the_draft_alone,
        both_tabs_show_an_edit_that_was_made_while_one_changed_networks,
        actions_on_messages_are_free_of_faults_in_both_schemes_and_both_widths,
    ]
}

const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";

/// A browser in a room, and a member who writes from elsewhere.
struct Talk {
    driver: Driver,
    browser: Browser,
    ann: Person,
    bob: Person,
    room: String,
}

impl Talk {
    async fn begin(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<Self> {
        let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
        let room = ann.create_group("Tea", &[&bob]).await;
        bob.online().await.say(&room, "hello from Bob").await;
        let driver = Driver::start(engine).await?;
        let browser = driver.open().await?;
        enter(&browser, &ann, &room).await?;
        Ok(Self {
            driver,
            browser,
            ann,
            bob,
            room,
        })
    }

    /// Opens the menu of the message with the pointer.
    async fn open_menu(&self, seq: i64) -> anyhow::Result<()> {
        self.browser
            .click(&format!("#messages [data-seq='{seq}'] .text"))
            .await?;
        self.browser.click("#toolbar-more").await?;
        self.browser
            .visible("#message-sheet[data-kind=menu]")
            .await
            .map(drop)
    }
}

async fn enter(browser: &Browser, person: &Person, room: &str) -> anyhow::Result<()> {
    browser.sign_in_as(person).await?;
    browser
        .visit_path(&person.stack, &format!("/r/{room}"))
        .await?;
    browser.reads("#messages .text", "hello from Bob").await;
    Ok(())
}

/// The texts of all messages.
async fn texts(browser: &Browser) -> anyhow::Result<Value> {
    browser
        .evaluate(
            "return [...document.querySelectorAll('#messages .text')].map(each => each.textContent)",
        )
        .await
}

/// Waits until nothing is on its way.
async fn all_sent(browser: &Browser) {
    browser
        .comes_true(
            "everything to be sent",
            "return !document.querySelector('#messages [data-delivery=pending]')",
        )
        .await;
}

async fn focus_is(browser: &Browser, selector: &str) {
    let script = format!("return document.activeElement.matches(\"{selector}\")");
    browser
        .comes_true(&format!("the focus to be on {selector}"), &script)
        .await;
}

/// Moves the focus from the composer to the newest message.
async fn focus_newest(browser: &Browser, seq: i64) -> anyhow::Result<()> {
    browser
        .evaluate("document.querySelector('#messages').focus()")
        .await?;
    browser.type_keys(ENTER).await?;
    focus_is(browser, &format!("[data-seq='{seq}']")).await;
    Ok(())
}

/// Opens the menu of the focused message.
async fn open_menu_by_key(browser: &Browser) -> anyhow::Result<()> {
    browser.type_keys(ENTER).await?;
    focus_is(browser, "#menu-reply").await;
    Ok(())
}

async fn messages_are_answered_edited_and_deleted_by_pointer(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    let at_bob_s = talk.driver.open().await?;
    enter(&at_bob_s, &talk.bob, &talk.room).await?;

    browser.click("#messages [data-seq='1'] .bubble").await?;
    browser.click("#toolbar-reply").await?;
    browser.reads("#composing", "Reply to Bob").await;
    focus_is(browser, "#message-text").await;
    say(browser, "good to hear").await?;
    browser
        .comes_true("no reply", "return !document.querySelector('#composing')")
        .await;
    at_bob_s
        .reads("[data-seq='2'] .quote", "hello from Bob")
        .await;
    at_bob_s.click("[data-seq='2'] .quote").await?;
    at_bob_s
        .comes_true(
            "the address of the quoted message",
            "return location.pathname.endsWith('/1')",
        )
        .await;

    talk.open_menu(2).await?;
    browser.click("#menu-edit").await?;
    browser.reads("#composing", "Editing").await;
    focus_is(browser, "#message-text").await;
    say(browser, "good to hear, Bob").await?;
    for page in [browser, &at_bob_s] {
        page.reads("[data-seq='2'] .text", "good to hear, Bob")
            .await;
        page.visible("[data-seq='2'] .edited").await?;
    }
    at_bob_s.click("[data-seq='2'] .edited").await?;
    at_bob_s.reads("#versions li", "good to hear").await;
    at_bob_s.type_keys(ESCAPE).await?;

    talk.open_menu(1).await?;
    browser.click("#menu-pin").await?;
    at_bob_s.reads("#pinned", "hello from Bob").await;

    // The owner of the group deletes a message of another member.
    talk.open_menu(1).await?;
    browser.click("#menu-delete").await?;
    browser.click("#delete-cancel").await?;
    focus_is(browser, "#toolbar-more").await;
    talk.open_menu(1).await?;
    browser.click("#menu-delete").await?;
    browser.click("#delete-confirm").await?;
    for page in [browser, &at_bob_s] {
        page.reads("[data-seq='1'] .text", "Message deleted by Ann")
            .await;
        page.reads("[data-seq='2'] .quote", "Message deleted").await;
        page.comes_true("no pin", "return !document.querySelector('#pinned')")
            .await;
    }
    at_bob_s
        .click("#messages [data-seq='2'] .bubble .text")
        .await?;
    at_bob_s.click("#toolbar-more").await?;
    at_bob_s.visible("#menu-copy").await?;
    let offered = at_bob_s
        .evaluate("return document.querySelectorAll('#menu-edit, #menu-delete').length")
        .await?;
    assert_eq!(offered, Value::from(0), "of a message of the owner");
    Ok(())
}

async fn messages_are_answered_edited_and_deleted_by_keyboard(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    focus_is(browser, "#message-text").await;
    browser.type_keys(&format!("firrst{ENTER}")).await?;
    all_sent(browser).await;

    // The newest own message, from an empty composer.
    browser.type_keys(UP).await?;
    browser.reads("#composing", "Editing").await;
    browser.type_keys(ESCAPE).await?;
    browser
        .comes_true("no edit", "return !document.querySelector('#composing')")
        .await;
    browser.type_keys(UP).await?;
    browser.reads("#composing", "firrst").await;
    browser.evaluate("document.activeElement.select()").await?;
    browser.type_keys(&format!("first{ENTER}")).await?;
    browser.reads("[data-seq='2'] .text", "first").await;
    browser.visible("[data-seq='2'] .edited").await?;

    // From the composer to the list, into it, one message up, and its menu.
    focus_newest(browser, 2).await?;
    browser.type_keys(UP).await?;
    focus_is(browser, "[data-seq='1']").await;
    browser.type_keys(TAB).await?;
    focus_is(browser, "#toolbar-reply").await;
    browser.type_keys(ESCAPE).await?;
    focus_is(browser, "[data-seq='1']").await;
    open_menu_by_key(browser).await?;
    browser.type_keys(ESCAPE).await?;
    focus_is(browser, "[data-seq='1']").await;
    open_menu_by_key(browser).await?;
    browser.type_keys(ENTER).await?;
    focus_is(browser, "#message-text").await;
    browser.type_keys(&format!("answered{ENTER}")).await?;
    browser
        .reads("[data-seq='3'] .quote", "hello from Bob")
        .await;
    all_sent(browser).await;

    focus_newest(browser, 3).await?;
    open_menu_by_key(browser).await?;
    browser.type_keys(UP).await?;
    focus_is(browser, "#menu-delete").await;
    browser.type_keys(ENTER).await?;
    focus_is(browser, "#delete-cancel").await;
    browser.type_keys(&format!("{TAB}{ENTER}")).await?;
    browser
        .reads("[data-seq='3'] .text", "Message deleted")
        .await;
    focus_is(browser, "[data-seq='3']").await;
    Ok(())
}

async fn a_finger_opens_the_menu_of_a_message_by_holding_it(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.driver.open_phone().await?;
    browser.visit_as(&talk.ann).await?;
    browser.click("#room-list .room").await?;
    browser.reads("#messages .text", "hello from Bob").await;
    let event = |kind: &str, y: i32| {
        format!(
            "document.querySelector('[data-seq=\"1\"] .text').dispatchEvent(new PointerEvent( \
             '{kind}', {{pointerType: 'touch', bubbles: true, clientX: 80, clientY: {y}}}))"
        )
    };
    // A finger that scrolls opens nothing, one that stays does.
    browser.evaluate(&event("pointerdown", 300)).await?;
    browser.evaluate(&event("pointermove", 340)).await?;
    browser
        .evaluate_async("setTimeout(arguments[arguments.length - 1], 600)")
        .await?;
    let is_open = "return document.querySelector('#message-sheet').open";
    assert_eq!(browser.evaluate(is_open).await?, Value::Bool(false));
    browser.evaluate(&event("pointerdown", 300)).await?;
    browser.visible("#message-sheet[data-kind=menu]").await?;
    browser.click("#menu-react").await?;
    browser.click("#message-sheet .emoji").await?;
    browser.reads("[data-seq='1'] .reaction", "👍").await;
    Ok(())
}

async fn reactions_are_added_and_removed_and_name_who_reacted(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    let at_bob_s = talk.driver.open().await?;
    enter(&at_bob_s, &talk.bob, &talk.room).await?;

    browser.click("#messages [data-seq='1'] .bubble").await?;
    browser.click("#toolbar-react").await?;
    focus_is(browser, "#emoji-search").await;
    browser.type_keys(&format!("rocket{ENTER}")).await?;
    at_bob_s
        .visible("[data-seq='1'] .reaction[aria-pressed=false][title='Ann']")
        .await?;
    at_bob_s.click("[data-seq='1'] .reaction").await?;
    browser
        .visible("[data-seq='1'] .reaction[aria-pressed=true][title='You, Bob']")
        .await?;
    browser.reads("[data-seq='1'] .reaction", "2").await;
    browser.click("[data-seq='1'] .reaction").await?;
    focus_is(browser, ".reaction").await;
    at_bob_s
        .visible("[data-seq='1'] .reaction[aria-pressed=true][title='You']")
        .await?;
    at_bob_s.click("[data-seq='1'] .reaction").await?;
    for page in [browser, &at_bob_s] {
        page.comes_true(
            "no reactions",
            "return !document.querySelector('.reaction')",
        )
        .await;
    }
    Ok(())
}

async fn members_are_mentioned_by_keyboard_and_by_pointer(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    let at_bob_s = talk.driver.open().await?;
    enter(&at_bob_s, &talk.bob, &talk.room).await?;
    // The members come with the room.
    browser.reads("#room-about", "2 members").await;

    browser.fill("#message-text", "hi @b").await?;
    browser.visible("#mentions [aria-selected=true]").await?;
    browser.type_keys(&format!("{TAB}look{ENTER}")).await?;
    at_bob_s.reads("[data-seq='2'] .mention.me", "@Bob").await;
    browser.reads("[data-seq='2'] .mention", "@Bob").await;

    // The owner may mention all members, who are offered first or second.
    browser.fill("#message-text", "@").await?;
    browser.visible("#mentions [role=option]").await?;
    browser.type_keys(DOWN).await?;
    browser
        .comes_true(
            "the second option",
            "return document.activeElement.getAttribute('aria-activedescendant') === 'mention-1'",
        )
        .await;
    browser
        .type_keys(&format!("{ENTER}tea is ready{ENTER}"))
        .await?;
    at_bob_s.reads("[data-seq='3'] .mention.me", "@room").await;

    browser.fill("#message-text", "and @Bo").await?;
    browser.click("#mentions [role=option]").await?;
    focus_is(browser, "#message-text").await;
    browser.type_keys(&format!("too{ENTER}")).await?;
    at_bob_s.reads("[data-seq='4'] .text", "and @Bob too").await;
    let said = talk.ann.whole_history(&talk.room).await;
    let mentioned: Vec<&Value> = said.iter().map(|each| &each["mentions"]).collect();
    let bob = talk.bob.user()["id"].clone();
    let expected = [
        Value::Null,
        Value::from(vec![bob.clone()]),
        Value::from(vec!["@room"]),
        Value::from(vec![bob]),
    ];
    assert_eq!(mentioned, expected.iter().collect::<Vec<_>>());
    Ok(())
}

async fn an_edit_survives_a_reload_and_leaves_the_draft_alone(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    say(browser, "old text").await?;
    all_sent(browser).await;
    browser.fill("#message-text", "a draft").await?;
    talk.open_menu(2).await?;
    browser.click("#menu-edit").await?;
    let value =
        |text: &str| format!("return document.querySelector('#message-text').value === '{text}'");
    browser.comes_true("the old text", &value("old text")).await;
    browser.fill("#message-text", "old text, new").await?;
    browser.reload().await?;
    browser.reads("#composing", "Editing").await;
    browser
        .comes_true("the edit", &value("old text, new"))
        .await;
    browser.click("#message-text").await?;
    browser.type_keys(ENTER).await?;
    browser.reads("[data-seq='2'] .text", "old text, new").await;
    browser.comes_true("the draft", &value("a draft")).await;
    Ok(())
}

async fn both_tabs_show_an_edit_that_was_made_while_one_changed_networks(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    for text in ["meet at six", "bring cups", "see you"] {
        say(browser, text).await?;
    }
    all_sent(browser).await;
    let line = Proxy::start_socks(SocketAddr::from(([127, 0, 0, 1], stack.ready().port()))).await?;
    let on_a_train = talk.driver.open_behind(&line).await?;
    enter(&on_a_train, &talk.ann, &talk.room).await?;
    on_a_train.reads("[data-seq='4'] .text", "see you").await;

    let tunnel = line.hold(Mode::Cut);
    on_a_train.visible("#connection[data-state=closed]").await?;
    talk.open_menu(2).await?;
    browser.click("#menu-edit").await?;
    focus_is(browser, "#message-text").await;
    browser.evaluate("document.activeElement.select()").await?;
    browser.type_keys(&format!("meet at seven{ENTER}")).await?;
    talk.open_menu(3).await?;
    browser.click("#menu-delete").await?;
    browser.click("#delete-confirm").await?;
    browser
        .reads("[data-seq='3'] .text", "Message deleted")
        .await;
    // The one without a network edits as well.
    on_a_train.click("#message-text").await?;
    on_a_train.type_keys(UP).await?;
    on_a_train.reads("#composing", "see you").await;
    on_a_train.type_keys(&format!(" there{ENTER}")).await?;
    on_a_train
        .reads("[data-seq='4'] .text", "see you there")
        .await;
    drop(tunnel);

    let expected = serde_json::json!([
        "hello from Bob",
        "meet at seven",
        "Message deleted",
        "see you there"
    ]);
    for page in [browser, &on_a_train] {
        page.reads("[data-seq='2'] .text", "meet at seven").await;
        page.reads("[data-seq='3'] .text", "Message deleted").await;
        page.reads("[data-seq='4'] .text", "see you there").await;
        assert_eq!(texts(page).await?, expected);
    }
    let said = talk.ann.whole_history(&talk.room).await;
    let stored: Vec<&str> = said
        .iter()
        .filter_map(|each| each["text"].as_str())
        .collect();
    assert_eq!(
        stored,
        ["hello from Bob", "meet at seven", "", "see you there"]
    );
    Ok(())
}

async fn actions_on_messages_are_free_of_faults_in_both_schemes_and_both_widths(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let talk = Talk::begin(stack, engine).await?;
    let browser = &talk.browser;
    let mut socket = talk.bob.online().await;
    let long = "Shall we start the tomatoes this weekend, or is it still too cold at night?";
    socket.say(&talk.room, long).await;
    say(browser, "Let us wait for a week, @Bob.").await?;
    say(browser, "This goes away").await?;
    browser
        .reads("[data-seq='4'] .text", "This goes away")
        .await;
    all_sent(browser).await;
    let mut faults = Vec::new();

    browser.click("[data-seq='2'] .bubble").await?;
    look(browser, "toolbar", &mut faults).await?;
    browser.click("[data-seq='2'] .bubble").await?;
    browser.click("#toolbar-reply").await?;
    browser
        .fill("#message-text", "Frost is forecast until Friday")
        .await?;
    look(browser, "replying", &mut faults).await?;
    browser.type_keys(ENTER).await?;
    talk.open_menu(3).await?;
    look(browser, "menu", &mut faults).await?;
    browser.click("#menu-edit").await?;
    focus_is(browser, "#message-text").await;
    browser.type_keys(" Or two.").await?;
    look(browser, "editing", &mut faults).await?;
    browser.type_keys(ENTER).await?;
    for (seq, emoji) in [(2, 1), (2, 3), (3, 2)] {
        browser.click(&format!("[data-seq='{seq}'] .text")).await?;
        browser.click("#toolbar-react").await?;
        browser
            .visible("#message-sheet[data-kind=react] .emoji")
            .await?;
        if emoji == 1 {
            look(browser, "reacting", &mut faults).await?;
        }
        browser
            .click(&format!("#message-sheet .emoji:nth-of-type({emoji})"))
            .await?;
    }
    talk.open_menu(4).await?;
    browser.click("#menu-delete").await?;
    browser.visible("#delete-confirm").await?;
    look(browser, "deleting", &mut faults).await?;
    browser.click("#delete-confirm").await?;
    browser
        .reads("[data-seq='4'] .text", "Message deleted")
        .await;
    talk.open_menu(2).await?;
    browser.click("#menu-pin").await?;
    browser.visible("#pinned").await?;
    browser.click("#message-text").await?;
    browser.fill("#message-text", "@").await?;
    browser.visible("#mentions [role=option]").await?;
    look(browser, "mentioning", &mut faults).await?;
    browser.type_keys(ESCAPE).await?;
    look(browser, "changed", &mut faults).await?;
    browser.click("[data-seq='3'] .edited").await?;
    browser.visible("#versions li").await?;
    look(browser, "versions", &mut faults).await?;
    assert!(faults.is_empty(), "{faults:#?}");
    Ok(())
}

/// Looks at what is shown from all sides.
async fn look(browser: &Browser, view: &str, faults: &mut Vec<String>) -> anyhow::Result<()> {
    for (scheme, width, height) in [
        ("light", 360, 740),
        ("dark", 360, 740),
        ("dark", 1280, 800),
        ("light", 1280, 800),
    ] {
        browser.prefer(scheme).await?;
        browser.resize(width, height).await?;
        let name = format!("message-{view}-{scheme}-{width}");
        browser.picture(&screenshots()?, &name).await?;
        let found = browser.faults().await?.into_iter();
        faults.extend(found.map(|fault| format!("{name}: {fault}")));
        let overflow = "return document.documentElement.scrollWidth > window.innerWidth";
        if browser.evaluate(overflow).await? == Value::Bool(true) {
            faults.push(format!("{name}: wider than the window"));
        }
    }
    Ok(())
}
