//! `cargo xtask bench chat`: latency of a room and cost of a delivery.
//!
//! The same receivers apply the same load to the runner with the real functions and,
//! if available, to a Socket.IO server. Everything shares one machine, including the
//! receivers.

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

/// Room sizes to measure, in sockets.
const ROOMS: [usize; 3] = [2, 100, 1_000];
/// Messages per second in each room.
const RATE: u32 = 10;
/// The bound on p99 of a sustained rate.
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
    // The receivers share their records without a lock, on one thread.
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

/// Every room at the steady rate, and the largest at growing rates.
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

/// The figures of the highest rate within the bound.
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
