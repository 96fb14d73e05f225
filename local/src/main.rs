//! Runs a SAM template on one machine: its functions as processes, its HTTP and
//! WebSocket APIs, its RabbitMQ mappings and its custom resources.
//!
//! Standard output has one line of JSON, once everything answers; what people
//! read is on standard error. It ends with 0 when told to stop, with 1 when
//! something does not start, and with 2 when the template is refused.

mod application;
mod control;
mod custom_resource;
mod data_folder;
mod event_source;
mod http_api;
mod identifiers;
mod invoker;
mod options;
mod page;
mod run;
mod secret_store;
mod services;
mod smtp_inbox;
mod supervisor;
mod template;
mod web;
mod websocket_api;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use options::{Command, Options, RunOptions};
use run::Started;

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(options) = Options::parse().command;
    log_to_standard_error(options.verbose);
    let prepared = match run::prepare(&options) {
        Ok(prepared) => prepared,
        Err(error) => {
            let refused = error.is::<template::Faults>();
            eprintln!("{error:#}");
            return ExitCode::from(if refused { 2 } else { 1 });
        }
    };
    run(&options, prepared).await
}

/// Runs until a signal says to stop, also while everything is still starting.
async fn run(options: &RunOptions, prepared: run::Prepared) -> ExitCode {
    let abandoned = Arc::new(Notify::new());
    if options.stop_with_stdin {
        watch_standard_input(Arc::clone(&abandoned));
    }
    let mut started = Started::default();
    let outcome = tokio::select! {
        ready = started.start(options, prepared) => ready.map(Some),
        () = told_to_stop() => Ok(None),
        () = abandoned.notified() => Ok(None),
    };
    let code = match outcome {
        Ok(Some(line)) => {
            announce(&line);
            tokio::select! {
                () = told_to_stop() => {}
                () = abandoned.notified() => {}
            }
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
        // A second signal: whoever sends it does not want to wait.
        () = told_to_stop() => ExitCode::FAILURE,
    }
}

/// The ready line. Nobody has to be there to read it.
fn announce(line: &str) {
    let mut output = std::io::stdout();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

/// Notifies when standard input ends. A thread of its own, because the runtime
/// would wait for one of its own that still reads.
fn watch_standard_input(ended: Arc<Notify>) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        ended.notify_one();
    });
}

async fn told_to_stop() {
    let mut interrupt = signal(SignalKind::interrupt()).expect("signals can be listened to");
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
    let mut hang_up = signal(SignalKind::hangup()).expect("signals can be listened to");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
}

fn log_to_standard_error(verbose: bool) {
    let level = if verbose {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    let own = Targets::new()
        .with_target("local", level)
        .with_target("local_mongo", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false);
    tracing_subscriber::registry().with(lines).with(own).init();
}
