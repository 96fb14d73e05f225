//! Ports for private servers.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::anyhow;
use ring::rand::{SecureRandom, SystemRandom};

/// Where ports are looked for. Not in the range which the system gives to
/// clients: asking a port of that range again and again whether it answers can
/// end in a connection to itself, and then the server cannot have it.
const PORTS: Range<u16> = 15_000..30_000;

/// Different ports of 127.0.0.1 that are free now.
pub fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let mut random = [0; 2];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| anyhow!("the system has no randomness"))?;
    let first = PORTS.start + u16::from_le_bytes(random) % (PORTS.end - PORTS.start);
    let free = (first..PORTS.end)
        .chain(PORTS.start..first)
        .filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    let ports: Vec<u16> = free.take(COUNT).collect();
    ports.try_into().map_err(|_| {
        anyhow!(
            "no free port on 127.0.0.1 between {} and {}",
            PORTS.start,
            PORTS.end
        )
    })
}
