//! Memory and frame rate with a room of ten thousand messages.

use std::sync::Arc;
use std::time::Duration;

use e2e::browser::{Browser, Driver, Engine};
use e2e::people::Person;
use e2e::stack::Stack;
use futures_util::future::join_all;
use serde_json::Value;

/// Enough senders for each to stay below the limit of frames.
const SPEAKERS: usize = 50;
const AT_ONCE: usize = 5;
/// Messages that each sends at once.
const EACH: usize = 190;
pub const SAID: usize = SPEAKERS * EACH;

/// Scrolls through the room for five seconds, a step in every frame; returns the time
/// of each frame.
const SCROLL: &str = "
    const done = arguments[arguments.length - 1];
    const list = document.querySelector('#messages');
    const frames = [];
    let last = performance.now(), start = last, step = -90;
    const frame = (now) => {
        frames.push(now - last);
        last = now;
        if (list.scrollTop >= 0) step = -90;
        if (list.scrollTop <= -20000) step = 90;
        list.scrollTop += step;
        if (now - start < 5000) requestAnimationFrame(frame); else done(frames.slice(1));
    };
    list.scrollTop = 0;
    requestAnimationFrame(frame);";

/// Fills a room, loads all of it, and measures the browser.
#[expect(clippy::print_stdout, reason = "figures go there")]
pub async fn measure(stack: &Arc<Stack>) -> anyhow::Result<()> {
    let (ann, room) = filled_room(stack).await;
    let driver = Driver::start(Engine::Chromium).await?;
    let browser = driver.open().await?;
    browser.visit_as(&ann).await?;
    browser.visible("#room-list .room").await?;
    println!("  before: {}", memory(&driver, &browser).await?);
    browser.click("#room-list .room").await?;
    // The first is scrolled out of view, so WebDriver considers it not displayed.
    browser
        .comes_true_within(
            "the newest to be drawn",
            Duration::from_secs(60),
            "return document.querySelector('#messages .message') !== null",
        )
        .await;
    browser
        .comes_true_within(
            "all of it to be loaded",
            Duration::from_secs(300),
            &format!(
                "const list = document.querySelector('#messages'); \
                 list.scrollTop = -list.scrollHeight; \
                 return list.querySelectorAll('.message').length === {SAID}"
            ),
        )
        .await;
    println!("  all drawn: {}", memory(&driver, &browser).await?);
    frames("scrolling", &browser).await?;
    let mut socket = ann.online().await;
    let talking = async {
        for number in 0..50 {
            socket.say(&room, &format!("and {number} more")).await;
        }
        anyhow::Ok(())
    };
    let (talked, scrolled) =
        tokio::join!(talking, frames("scrolling while 50 more come", &browser));
    talked.and(scrolled)
}

async fn filled_room(stack: &Arc<Stack>) -> (Person, String) {
    let ann = Person::join(stack, "Ann").await;
    let speakers = join_all((0..SPEAKERS).map(|_| Person::join(stack, "Bob"))).await;
    let all: Vec<&Person> = speakers.iter().collect();
    let room = ann.create_group("Long", &all).await;
    for some in speakers.chunks(AT_ONCE) {
        join_all(some.iter().map(|person| speak(person, &room))).await;
    }
    (ann, room)
}

async fn speak(person: &Person, room: &str) {
    let mut socket = person.online().await;
    for number in 0..EACH {
        let text = format!("{number}: the kettle is on, and there is cake for all who come");
        socket.say(room, &text).await;
    }
    socket.close().await;
}

async fn memory(driver: &Driver, browser: &Browser) -> anyhow::Result<String> {
    let heap = browser
        .evaluate("return performance.memory.usedJSHeapSize / 1e6")
        .await?;
    let nodes = browser
        .evaluate("return document.querySelectorAll('*').length")
        .await?;
    Ok(format!(
        "{:.0} MB of the renderer's process, {:.1} MB of JavaScript's heap, {nodes} elements",
        driver.renderer_megabytes(),
        heap.as_f64().unwrap_or(0.0)
    ))
}

#[expect(clippy::print_stdout, reason = "figures go there")]
async fn frames(what: &str, browser: &Browser) -> anyhow::Result<()> {
    let frames = browser.evaluate_async(SCROLL).await?;
    let mut times: Vec<f64> = frames
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(0.0);
    println!(
        "  {what}: {} frames, p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        times.len(),
        at(50),
        at(95),
        at(99),
        times.last().copied().unwrap_or(0.0)
    );
    Ok(())
}
