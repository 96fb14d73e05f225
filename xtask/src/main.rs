//! `cargo xtask …`: the tasks of this repository, for people and for continuous
//! integration. It installs prerequisites, builds, runs and tests.
//!
//! It has few dependencies, because every command waits until it has compiled.

mod artifacts;
mod attack;
mod aws;
mod bench;
mod build;
mod checklist;
mod child;
mod cost;
mod dead_letters;
mod dev;
mod doctor;
mod events;
mod examples;
mod invoke;
mod mutants;
mod nearest;
mod output;
mod package;
mod preflight;
mod prerequisites;
mod rotate;
mod runner;
mod sam_config;
mod signals;
mod soak;
mod test;
mod upload_page;
mod watch;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs, tests and operates Banter
#[derive(Parser)]
#[command(bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build and run the whole service on this machine
    Dev(dev::Options),
    /// Build what `dev` runs, or single functions
    Build(build::Options),
    /// Run every check, or the tests whose name contains a word
    Test(test::Options),
    /// Run the tests of the security checklist and print the result of each item
    Checklist,
    /// Measure how many passwords and codes an attacker can guess
    Guess(examples::GuessOptions),
    /// Attack a stack and measure the effect on its users
    Attack(attack::Options),
    /// List, replay or delete dead letters of the mail queue
    DeadLetters(dead_letters::Options),
    /// Run a benchmark with optimised builds
    Bench(bench::Options),
    /// Invoke one function with an event from a file, as `sam local invoke` does
    Invoke(invoke::Options),
    /// Regenerate the sample events in `events/`
    Events,
    /// Build functions for deployment, and check that Lambda can run them
    Package(package::Options),
    /// Check the account and this machine before a deployment
    Preflight(preflight::Options),
    /// Rotate a secret of a deployed stack, or print the commands
    Rotate(rotate::Options),
    /// Upload the page to the stack's bucket, or print the commands
    UploadPage(upload_page::Options),
    /// Compute the monthly cost from measured requests
    Cost(cost::Options),
    /// Exchange messages while networks, functions, broker and database fail; verify that none is lost
    Soak(soak::Options),
    /// Count the mutations of a crate that its tests do not notice
    Mutants(mutants::Options),
    /// List prerequisites, installed and missing
    Doctor,
}

fn main() -> ExitCode {
    let result = signals::watch().and_then(|()| match Arguments::parse().command {
        Command::Dev(options) => dev::run(&options),
        Command::Build(options) => build::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Checklist => checklist::run(),
        Command::Guess(options) => examples::guess(&options),
        Command::Attack(options) => attack::run(&options),
        Command::DeadLetters(options) => dead_letters::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Invoke(options) => invoke::run(&options),
        Command::Events => events::run(),
        Command::Package(options) => package::run(&options),
        Command::Preflight(options) => preflight::run(&options),
        Command::Rotate(options) => rotate::run(&options),
        Command::UploadPage(options) => upload_page::run(&options),
        Command::Cost(options) => cost::run(&options),
        Command::Soak(options) => soak::run(&options),
        Command::Mutants(options) => mutants::run(&options),
        Command::Doctor => doctor::run(),
    });
    match (result, signals::received()) {
        (Ok(code), _) => code,
        // The shell's convention for a command that was killed by a signal.
        (Err(_), Some(signal)) => ExitCode::from(128 + signal),
        (Err(error), None) => {
            output::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
