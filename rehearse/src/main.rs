//! Runs an AWS SAM template on one machine: its functions as processes, its HTTP
//! and WebSocket APIs, its event source mappings and its custom resources.
//!
//! Standard output carries one line of JSON, printed when everything is ready.
//! The log goes to standard error. The exit status is 0 after a stop signal, 1 if
//! something could not start, and 2 if the template or the code that it names is
//! invalid.

mod example_events;
mod gateway;
mod iam;
mod identifiers;
mod lambda;
mod options;
mod run;
mod services;
mod setup;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use options::{Command, Options, RunOptions};
use run::{Started, StopSignals};

/// Frames and documents are allocated and freed by the thousand.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let options = match Options::parse().command {
        Command::Run(options) => options,
        Command::Sandbox(options) => {
            eprintln!("{:#}", lambda::supervisor::enter(&options));
            return ExitCode::FAILURE;
        }
        Command::Events(options) => {
            return match example_events::write(&options.template, &options.folder) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error:#}");
                    ExitCode::FAILURE
                }
            };
        }
    };
    log_to_standard_error(options.verbose);
    let prepared = match run::prepare(&options) {
        Ok(prepared) => prepared,
        Err(error) => {
            let refused = error.is::<sam_template::Diagnostics>();
            eprintln!("{error:#}");
            return ExitCode::from(if refused { 2 } else { 1 });
        }
    };
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(&options, prepared)),
        Err(error) => {
            eprintln!("cannot start threads: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until a stop signal, which also interrupts the start.
async fn run(options: &RunOptions, prepared: run::Prepared) -> ExitCode {
    let mut stop = match StopSignals::listen(options.stop_with_stdin) {
        Ok(stop) => stop,
        Err(error) => {
            eprintln!("cannot listen for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut started = Started::default();
    let outcome = tokio::select! {
        ready = started.start(options, prepared) => ready.map(Some),
        () = stop.received() => Ok(None),
    };
    let code = match outcome {
        Ok(Some(line)) => {
            announce(&line);
            stop.received().await;
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    };
    tracing::info!("stopping");
    tokio::select! {
        () = started.stop() => code,
        // A second signal stops without waiting.
        () = stop.received() => ExitCode::FAILURE,
    }
}

/// Prints the ready line. A closed standard output is not an error.
fn announce(line: &str) {
    let mut output = std::io::stdout();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn log_to_standard_error(verbose: bool) {
    let level = if verbose {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    let own = Targets::new()
        .with_target("rehearse", level)
        .with_target("embedded_mongo", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false);
    tracing_subscriber::registry().with(lines).with(own).init();
}
