//! Assumptions about usage; see `cargo xtask cost --help`.

use anyhow::Context as _;
use serde::Deserialize;

pub const DAYS: f64 = 30.0;

/// The usage of one person, and the scaling factors.
#[derive(Debug, Clone, Deserialize)]
pub struct Assumptions {
    /// Numbers of people to compute for.
    pub people: Vec<f64>,
    /// Sign-ins of a person in a month.
    pub sign_ins: f64,
    /// How often a person opens the page in a day.
    pub opens: f64,
    /// For how many minutes of a day a person's socket is open.
    pub minutes: f64,
    /// Messages that a person sends in a day.
    pub messages: f64,
    /// Sockets that receive a message, including the sender's.
    pub listeners: usize,
    /// Memory of each function, in MB.
    pub memory: f64,
    /// The duration of an invocation in Lambda relative to this machine.
    pub slowdown: f64,
    /// The load of the busiest hour relative to the average.
    pub peak: f64,
}

impl Assumptions {
    /// Reads `BANTER_ASSUMPTIONS`, which `cargo xtask cost` writes.
    pub fn from_environment() -> anyhow::Result<Self> {
        let text = std::env::var("BANTER_ASSUMPTIONS");
        let text = text.context("run this as `cargo xtask cost`")?;
        Ok(serde_json::from_str(&text)?)
    }

    pub fn table(&self) -> String {
        format!(
            "Each person signs in {} times a month, opens the page {} times a day, has a socket \
             open for {} minutes a day and sends {} messages a day, each received by {} sockets (the \
             sender's included). Functions have {} MB; an invocation takes {} times as long in \
             Lambda as it was measured here; the busiest hour is {} times the average one.\n",
            self.sign_ins,
            self.opens,
            self.minutes,
            self.messages,
            self.listeners,
            self.memory,
            self.slowdown,
            self.peak,
        )
    }

    /// How often a person causes each action per month.
    pub fn times(&self, deed: crate::measure::Deed) -> f64 {
        use crate::measure::Deed;
        match deed {
            Deed::SignIn => self.sign_ins,
            Deed::Open => self.opens * DAYS,
            // An idle client pings every four minutes.
            Deed::Stay => self.minutes / 4.0 * DAYS,
            Deed::Talk => self.messages * DAYS,
        }
    }
}
