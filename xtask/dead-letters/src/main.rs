//! `dead-letters`: what could not be mailed, and why; what still makes sense goes
//! back to be mailed. For the operator of a deployment, who has the broker's
//! address and login and nothing else of it.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use domain::Millis;
use queue::Settings;
use queue::dead_letters::{DeadLetter, Wanted, go_through};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Looks through `mail.dead`, the queue of the mails that were given up.
#[derive(Parser)]
#[command(bin_name = "cargo xtask dead-letters")]
struct Arguments {
    /// The broker with its login: `amqps://user:password@host:5671`, then the
    /// virtual host if it is not `/`. An argument is seen by whoever lists this
    /// machine's processes; the variable is not.
    #[arg(long, env = "RABBITMQ_URL", hide_env_values = true, global = true)]
    url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Shows each with its reason, and changes nothing.
    List,
    /// Puts back what still makes sense to mail; the rest stays.
    Replay,
    /// Throws away what makes no sense any more: codes, and what is no job.
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
        .context("say which broker: --url, or the variable RABBITMQ_URL")?;
    let settings = Settings::from_url(&url).map_err(anyhow::Error::msg)?;
    let command = arguments.command;
    let judge = move |letter: &DeadLetter| command.wanted(letter.makes_sense());
    let letters = go_through(&settings, now()?, judge).await?;
    for letter in &letters {
        println!("{}", line(letter, judge(letter)));
    }
    let count = |wanted| {
        letters
            .iter()
            .filter(|letter| judge(letter) == wanted)
            .count()
    };
    println!(
        "{} dead letters: {} put back, {} thrown away, {} left",
        letters.len(),
        count(Wanted::Replay),
        count(Wanted::Discard),
        count(Wanted::Keep)
    );
    Ok(())
}

impl Command {
    fn wanted(self, makes_sense: bool) -> Wanted {
        match (self, makes_sense) {
            (Self::Replay, true) => Wanted::Replay,
            (Self::Discard, false) => Wanted::Discard,
            _ => Wanted::Keep,
        }
    }
}

/// What became of one, without the address.
fn line(letter: &DeadLetter, done: Wanted) -> String {
    let kind = letter.job.as_ref().map_or("no job", |job| job.kind());
    let at = letter.parked_at.and_then(day_and_time).unwrap_or_default();
    let fate = match done {
        Wanted::Replay => "put back",
        Wanted::Discard => "thrown away",
        Wanted::Keep if letter.makes_sense() => "can be put back",
        Wanted::Keep => "makes no sense any more",
    };
    format!(
        "{at:20}  {kind:16}  {:22}  {}  [{fate}]",
        letter.id, letter.reason
    )
}

fn day_and_time(at: Millis) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(at / 1_000).ok()?;
    time.format(&Rfc3339).ok()
}

fn now() -> anyhow::Result<Millis> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Millis::try_from(since.as_millis())?)
}
