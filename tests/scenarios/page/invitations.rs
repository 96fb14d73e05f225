//! Invitations: accepted, declined and withdrawn.

use std::sync::Arc;

use e2e::browser::{Driver, Engine};
use e2e::people::{Person, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    browser_tests![Chromium:
        an_invitation_is_accepted_or_declined,
        an_invitation_is_withdrawn,
    ]
}

/// Invites a person who left the room before.
async fn invite_again(owner: &Person, person: &Person, name: &str) -> String {
    let room = owner.create_group(name, &[person]).await;
    person.remove(&room, &person.id).await.expect(204);
    owner.invite(&room, &person.email).await.expect(204);
    room
}

async fn an_invitation_is_accepted_or_declined(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let tea = invite_again(&bob, &ann, "Tea").await;
    let cake = invite_again(&bob, &ann, "Cake").await;
    let withdrawn = invite_again(&bob, &ann, "Soup").await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    let row = |room: &str, of: &str| format!(".invitation[data-room='{room}']{of}");
    browser
        .reads(&row(&tea, ""), "Bob invites you to this group")
        .await;

    browser.click(&row(&cake, " .decline")).await?;
    browser.click(&row(&cake, " .decline")).await?;
    browser
        .comes_true(
            "two invitations",
            "return document.querySelectorAll('.invitation').length === 2",
        )
        .await;
    let path = format!("/api/rooms/{withdrawn}/invitations/{}", ann.email);
    bob.client.delete(&path).await.expect(204);
    browser.click(&row(&withdrawn, " .accept")).await?;
    browser.reads("#notice", "no longer open").await;
    browser.click(&row(&tea, " .accept")).await?;
    browser.reads("#room-title", "Tea").await;
    browser
        .comes_true(
            "no invitation",
            "return !document.querySelector('.invitations')",
        )
        .await;
    bob.room(&tea).await.expect(200);
    let mut socket = bob.online().await;
    socket.say(&tea, "welcome back").await;
    browser.reads("#messages .message", "welcome back").await;
    Ok(())
}

async fn an_invitation_is_withdrawn(stack: &Arc<Stack>, engine: Engine) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let stranger = Visitor::new(stack, "Eve");
    ann.invite(&room, &stranger.email).await.expect(204);
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&bob).await?;
    let path = format!("/r/{room}#members");
    browser.visit_path(stack, &path).await?;
    withdraw(&browser, "#members .withdraw").await?;
    browser
        .reads("#people-dialog .problem", "Only the person who sent")
        .await;
    browser.sign_in_as(&ann).await?;
    browser.reload().await?;
    withdraw(&browser, "#members .withdraw").await?;
    browser
        .comes_true(
            "no invited address",
            "return !document.querySelector('#members .invited')",
        )
        .await;

    // The same over an empty direct chat.
    browser.visit_path(stack, "/#new").await?;
    browser.fill("#direct-email", &stranger.email).await?;
    browser.click("#direct-submit").await?;
    withdraw(&browser, "#waiting-invite .withdraw").await?;
    browser.reads("#waiting-invite", "Only you").await;
    Ok(())
}

async fn withdraw(browser: &e2e::browser::Browser, button: &str) -> anyhow::Result<()> {
    browser.click(button).await?;
    browser.click(button).await
}
