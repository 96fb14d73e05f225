//! The room list.

use std::sync::Arc;

use e2e::browser::{Driver, Engine};
use e2e::people::Person;
use e2e::stack::Stack;
use e2e::suite::Test;
use serde_json::{Value, json};

pub fn tests() -> Vec<Test> {
    browser_tests![
        the_list_is_in_order_at_its_first_paint_without_a_request_for_each_room,
        the_list_holds_still_under_a_pointer,
        a_direct_chat_shows_whether_the_other_is_online,
    ]
}

/// More rooms than the first frame has room for.
const ROOMS: usize = 60;
/// A person is added to few rooms a day.
const WITH_BOB: usize = 10;

async fn the_list_is_in_order_at_its_first_paint_without_a_request_for_each_room(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let members = if number < WITH_BOB { &[&bob][..] } else { &[] };
        rooms.push(ann.create_group(&format!("Room {number}"), members).await);
    }
    let with_bob = rooms[..WITH_BOB].to_vec();
    let (mut a, mut b) = tokio::join!(ann.online(), bob.online());
    // In another order than that of their creation.
    rooms.rotate_left(WITH_BOB / 2);
    let text = "x".repeat(200);
    for room in &rooms {
        let sender = if with_bob.contains(room) {
            &mut b
        } else {
            &mut a
        };
        sender.say(room, &text).await;
    }
    rooms.reverse();
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser
        .before_scripts(
            "window.orders = []; window.asked = []; \
             const before = window.fetch; \
             window.fetch = (path, options) => { asked.push(String(path)); return before(path, options); }; \
             const note = () => { \
               const order = [...document.querySelectorAll('.room')].map(each => each.dataset.room).join(); \
               if (order && order !== orders[orders.length - 1]) orders.push(order); \
               requestAnimationFrame(note); }; \
             requestAnimationFrame(note);",
        )
        .await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    browser.reads(".room .last", "Bob: xxx").await;
    browser
        .comes_true(
            "times of all rooms",
            &format!("return document.querySelectorAll('.room time').length === {ROOMS}"),
        )
        .await;
    let orders = browser.evaluate("return window.orders").await?;
    assert_eq!(orders, json!([rooms.join(",")]), "the order changed");
    let asked = browser
        .evaluate("return asked.filter(path => path.startsWith('/api/rooms/'))")
        .await?;
    assert_eq!(asked, json!([]), "requests for single rooms");
    browser.reads(".room .unread", "1").await;
    Ok(())
}

async fn the_list_holds_still_under_a_pointer(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let old = ann.create_group("Old", &[&bob]).await;
    let new = ann.create_group("New", &[&bob]).await;
    let mut socket = bob.online().await;
    for room in [&old, &new] {
        socket.say(room, "hello").await;
    }
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    let order = "[...document.querySelectorAll('.room')].map(each => each.dataset.room).join()";
    let [new_first, old_first] = [[&new, &old], [&old, &new]].map(|ids| {
        let ids = ids.map(String::as_str).join(",");
        format!("return {order} === '{ids}'")
    });
    browser.comes_true("the newer room first", &new_first).await;
    browser.hover(&format!(".room[data-room='{old}']")).await?;
    socket.say(&old, "moved?").await;
    browser.reads(".room .last", "moved?").await;
    assert_eq!(browser.evaluate(&new_first).await?, Value::Bool(true));
    browser.hover("#message-text, .hint, .side-head").await?;
    browser.comes_true("the new order", &old_first).await;
    Ok(())
}

async fn a_direct_chat_shows_whether_the_other_is_online(
    stack: &Arc<Stack>,
    engine: Engine,
) -> anyhow::Result<()> {
    let (ann, bob, eve) = Person::join_three(stack, ["Ann", "Bob", "Eve"]).await;
    let with_bob = ann.open_direct(&bob).await.text("/room/id");
    let with_eve = ann.open_direct(&eve).await.text("/room/id");
    // Before Ann opens the page, so that no event says so.
    let _online = bob.online().await;
    let driver = Driver::start(engine).await?;
    let browser = driver.open().await?;
    browser.sign_in_as(&ann).await?;
    browser.visit_path(stack, "/").await?;
    browser
        .visible(&format!(".room[data-room='{with_bob}'] .presence"))
        .await?;
    let of_eve =
        format!("return !document.querySelector(\".room[data-room='{with_eve}'] .presence\")");
    assert_eq!(browser.evaluate(&of_eve).await?, Value::Bool(true));
    Ok(())
}
