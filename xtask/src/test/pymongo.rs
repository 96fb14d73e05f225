//! The embedded MongoDB, tested with Python's driver.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::Context;
use super::tally::Tally;
use crate::child::{self, Child};
use crate::prerequisites::python;
use crate::signals::StopSignal;

/// The server listens within milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn run(context: &Context) -> anyhow::Result<Tally> {
    let address = free_address().context("no free port on 127.0.0.1")?;
    let mut server = Child::start(
        Command::new(context.artifacts.binaries.join("embedded-mongo"))
            .args(["--in-memory", "--port", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
        StopSignal::Group,
    )?;
    wait_for(address)?;
    child::run(
        Command::new(python::TOOLS.programs()?.join("python"))
            .arg(
                context
                    .workspace
                    .root
                    .join("embedded-mongo/tests/pymongo_smoke.py"),
            )
            .arg(format!("mongodb://{address}/?directConnection=true")),
    )?;
    server.stop()?;
    Ok(Tally::one())
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn wait_for(address: SocketAddr) -> anyhow::Result<()> {
    let started = Instant::now();
    while TcpStream::connect_timeout(&address, PATIENCE).is_err() {
        if started.elapsed() > PATIENCE {
            bail!("embedded-mongo does not listen on {address}; its output is above");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
