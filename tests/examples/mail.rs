//! `cargo xtask bench mail`: the throughput of the mail consumer with one and with
//! several event source mappings.
//!
//! The mail server delays each reply, like a remote one. The template is the deployed
//! one with its mapping repeated.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use e2e::people::SmtpReply;
use e2e::stack::{Options, Stack, Storage};
use e2e::wait::eventually;
use serde_json::json;

/// Mails for each mapping: some forty batches.
const MAILS: usize = 2_000;
/// The mail server's delay per mail.
const SLOWNESS: Duration = Duration::from_millis(100);
/// Numbers of mappings to measure.
const MAPPINGS: [usize; 3] = [1, 2, 4];
/// A limit for slow machines.
const TIMEOUT: Duration = Duration::from_secs(600);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures")]
async fn main() -> anyhow::Result<()> {
    println!("mail server takes {} ms a mail:", SLOWNESS.as_millis());
    for mappings in MAPPINGS {
        let mails = MAILS * mappings;
        let took = measure(mappings, mails).await?;
        let seconds = took.as_secs_f64();
        let rate = f64::from(u32::try_from(mails)?) / seconds;
        println!("{mappings} mappings: {mails} mails in {seconds:.1} s, {rate:.0} a second");
    }
    Ok(())
}

async fn measure(mappings: usize, mails: usize) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, with_mappings(mappings)?)?;
    let options = Options {
        name: "mail",
        storage: Storage::BehindProxy,
    };
    let stack = Stack::start_from(&template, options).await?;
    let slow = SmtpReply::slow(SLOWNESS, u32::MAX);
    stack.inbox.set_replies(&[slow]).await;
    let broker = stack.broker().await;
    let began = Instant::now();
    for number in 0..mails {
        let job = json!({"type": "password_changed", "email": format!("p{number}@example.com")});
        broker.publish("mail", job.to_string().as_bytes()).await;
    }
    eventually("the queue to empty", TIMEOUT, || async {
        (broker.waiting("mail").await == 0).then_some(())
    })
    .await;
    eventually("all mails", TIMEOUT, || async {
        (stack.inbox.count().await == mails).then_some(())
    })
    .await;
    Ok(began.elapsed())
}

/// The deployed template with the consumer's mapping repeated.
fn with_mappings(mappings: usize) -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let text = std::fs::read_to_string(path)?;
    let begin = text
        .find("        Mail:\n")
        .context("the template has a mapping")?;
    let end = text[begin..]
        .find("\n\n")
        .map_or(text.len(), |length| begin + length);
    let mapping = &text[begin..end];
    let more = (1..mappings).map(|number| {
        let name = format!("        Mail{number}:\n");
        format!(
            "\n{}",
            mapping.trim_end().replacen("        Mail:\n", &name, 1)
        )
    });
    Ok(format!(
        "{}{}{}",
        &text[..end].trim_end(),
        more.collect::<String>(),
        &text[end..]
    ))
}
