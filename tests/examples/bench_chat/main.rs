//! How fast a room is, and what a delivery costs: `cargo xtask bench chat`.
//!
//! The runner with the real functions is driven as clients do it; then, where
//! there is one, a Socket.IO server is driven by the same receivers with the same
//! load. Everything shares one machine, the receivers included.

mod banter;
mod figures;
mod load;
mod parts;
mod receiver;
mod reconnect;
mod socketio;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use figures::{Figures, Report};
use load::{Plan, Server};

/// Sockets of the rooms that are measured.
const ROOMS: [usize; 3] = [2, 100, 1_000];
/// Messages a second in each.
const RATE: u32 = 10;
/// What the 99th of a hundred deliveries may take for a rate to count as sustained.
const BOUND: Duration = Duration::from_millis(250);

struct Options {
    seconds: u64,
    rooms: Vec<usize>,
    /// The folder with our server of Socket.IO and its `node_modules`.
    socketio: Option<PathBuf>,
    history: bool,
    reconnect: bool,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        seconds: 10,
        rooms: ROOMS.to_vec(),
        socketio: None,
        history: true,
        reconnect: true,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("an option wants a value");
        match argument.as_str() {
            "--seconds" => options.seconds = value()?.parse()?,
            "--room" => {
                options.rooms = vec![value()?.parse()?];
                options.reconnect = false;
            }
            "--socketio" => options.socketio = Some(value()?.into()),
            "--no-history" => options.history = false,
            other => bail!("unknown option {other}"),
        }
    }
    Ok(options)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = options()?;
    // Receivers share what they heard without a lock: one thread runs them all.
    tokio::task::LocalSet::new().run_until(run(options)).await
}

#[expect(clippy::print_stdout, reason = "a bench prints its figures there")]
async fn run(options: Options) -> anyhow::Result<()> {
    let mut report = Report::new();
    let banter = banter::Banter::start(&options.rooms).await?;
    if options.reconnect {
        report.line(&reconnect::measure(&banter).await?);
    }
    measure(&banter, &options, &mut report).await?;
    if options.history {
        report.line(&banter.history().await?);
    }
    banter.stop().await;
    match &options.socketio {
        Some(folder) => {
            let rival = socketio::SocketIo::start(folder).await?;
            measure(&rival, &options, &mut report).await?;
            rival.stop().await;
        }
        None => report.line("Socket.IO was not measured: there is no Node.js here"),
    }
    println!("{report}");
    Ok(())
}

/// Every room at the steady rate, and the largest at ever greater ones.
async fn measure(
    server: &impl Server,
    options: &Options,
    report: &mut Report,
) -> anyhow::Result<()> {
    for &sockets in &options.rooms {
        let mut room = server.enter(sockets).await?;
        let steady = Plan {
            rate: RATE,
            time: Duration::from_secs(options.seconds),
        };
        let figures = load::run(server, &mut room, steady).await?;
        report.steady(server.name(), sockets, &figures);
        if sockets == *options.rooms.last().unwrap_or(&0) {
            let sustained = sustained(server, &mut room, figures).await?;
            report.sustained(server.name(), sockets, &sustained);
        }
    }
    Ok(())
}

/// The figures of the greatest rate that keeps within the bound.
async fn sustained(
    server: &impl Server,
    room: &mut load::Room,
    first: Figures,
) -> anyhow::Result<Figures> {
    let mut best = first;
    let mut rate = RATE;
    loop {
        rate += (rate / 2).max(1);
        let plan = Plan {
            rate,
            time: Duration::from_secs(5),
        };
        let figures = load::run(server, room, plan).await?;
        if !figures.keeps_within(BOUND) {
            return Ok(best);
        }
        best = figures;
    }
}
