//! `dead-letters`: lists, replays and discards dead letters of the mail queue. Operators need only
//! the address and the login of the broker.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use domain::Timestamp;
use queue::Settings;
use queue::dead_letters::{Action, DeadLetter, process};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Inspects `mail.dead`, the dead-letter queue of the mail jobs
#[derive(Parser)]
#[command(bin_name = "cargo xtask dead-letters")]
struct Arguments {
    /// The broker with its login, `amqps://user:password@host:5671`, followed by the virtual host
    /// if it is not `/`. Prefer the variable: other users of this machine can read arguments
    #[arg(long, env = "RABBITMQ_URL", hide_env_values = true, global = true)]
    url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Show each dead letter with its reason; changes nothing
    List,
    /// Put replayable jobs back on the queue; the others stay
    Replay,
    /// Delete jobs that cannot be replayed: codes, and malformed jobs
    Discard,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stderr, reason = "a program for a person")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program for a person")]
async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let url = arguments
        .url
        .context("name the broker with --url or RABBITMQ_URL")?;
    let settings = Settings::from_url(&url).map_err(anyhow::Error::msg)?;
    let command = arguments.command;
    let choose = move |letter: &DeadLetter| command.action(letter.is_replayable());
    let letters = process(&settings, now()?, choose).await?;
    for letter in &letters {
        println!("{}", line(letter, choose(letter)));
    }
    let count = |action| {
        letters
            .iter()
            .filter(|letter| choose(letter) == action)
            .count()
    };
    println!(
        "{} dead letters: {} replayed, {} deleted, {} left",
        letters.len(),
        count(Action::Replay),
        count(Action::Discard),
        count(Action::Keep)
    );
    Ok(())
}

impl Command {
    fn action(self, is_replayable: bool) -> Action {
        match (self, is_replayable) {
            (Self::Replay, true) => Action::Replay,
            (Self::Discard, false) => Action::Discard,
            _ => Action::Keep,
        }
    }
}

/// One dead letter without its address.
fn line(letter: &DeadLetter, done: Action) -> String {
    let kind = letter.job.as_ref().map_or("no job", |job| job.kind());
    let at = letter.parked_at.and_then(day_and_time).unwrap_or_default();
    let state = match done {
        Action::Replay => "replayed",
        Action::Discard => "deleted",
        Action::Keep if letter.is_replayable() => "replayable",
        Action::Keep => "not replayable",
    };
    format!(
        "{at:20}  {kind:16}  {:22}  {}  [{state}]",
        letter.id, letter.reason
    )
}

fn day_and_time(at: Timestamp) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(at.as_secs()).ok()?;
    time.format(&Rfc3339).ok()
}

fn now() -> anyhow::Result<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::EPOCH + since)
}
