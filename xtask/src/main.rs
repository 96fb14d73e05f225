//! `cargo xtask …`: what a person, or continuous integration, does with this
//! repository. `ARCHITECTURE.md` says what the parts are; this crate only
//! fetches what they need, builds them, runs them and tests them.
//!
//! It depends on little, because everything else waits for it to compile.

mod against;
mod artifacts;
mod bench;
mod checklist;
mod child;
mod cost;
mod dead_letters;
mod dev;
mod doctor;
mod events;
mod invoke;
mod needs;
mod package;
mod say;
mod signals;
mod soak;
mod test;
mod upload_page;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Works on the Banter repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what is missing, builds, starts everything and says where to go.
    Dev(dev::Options),
    /// Sets up the same and runs every test.
    Test(test::Options),
    /// Shows what accounts withstand, item by item, by running the tests of each.
    Checklist,
    /// Guesses at accounts of a running stack, and says what it came to.
    Guess(against::GuessOptions),
    /// Shows what could not be mailed, and puts back what still makes sense.
    DeadLetters(dead_letters::Options),
    /// Measures, with optimised builds.
    Bench(bench::Options),
    /// Invokes one function with an event from a file, as `sam local invoke` does.
    Invoke(invoke::Options),
    /// Writes the files of `events/` anew.
    Events,
    /// Builds functions as for the cloud, and checks that Lambda can run them.
    Package(package::Options),
    /// Puts the page into the stack's bucket, or shows how.
    UploadPage(upload_page::Options),
    /// Measures what each thing that people do takes, and computes what it costs.
    Cost(cost::Options),
    /// Lets people talk while everything breaks, and compares what they saw with the log.
    Soak(soak::Options),
    /// Shows what is installed, what is missing and what the others would do about it.
    Doctor,
}

fn main() -> ExitCode {
    let result = signals::watch().and_then(|()| match Arguments::parse().command {
        Command::Dev(options) => dev::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Checklist => checklist::run(),
        Command::Guess(options) => against::guess(&options),
        Command::DeadLetters(options) => dead_letters::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Invoke(options) => invoke::run(&options),
        Command::Events => events::run(),
        Command::Package(options) => package::run(&options),
        Command::UploadPage(options) => upload_page::run(&options),
        Command::Cost(options) => cost::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Doctor => doctor::run(),
    });
    match (result, signals::received()) {
        (Ok(code), _) => code,
        // The shell's own convention for a command that a signal ended.
        (Err(_), Some(signal)) => ExitCode::from(128 + signal),
        (Err(error), None) => {
            say::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
