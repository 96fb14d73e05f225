//! The measurements and their table.

use std::fmt;
use std::time::Duration;

use crate::parts::Parts;

/// The measurements of one run.
pub struct Figures {
    pub messages: usize,
    pub rate: u32,
    /// From the first to the last delivery.
    pub took: Duration,
    pub complete: bool,
    /// From sending to the `ack`.
    pub acks: Vec<Duration>,
    /// From sending to each delivery.
    pub deliveries: Vec<Duration>,
    pub used: Parts,
    /// The receivers' processor time; they share the machine.
    pub receivers: Duration,
    pub commands: Option<i64>,
}

impl Figures {
    /// Whether everything arrived, and p99 within the bound.
    pub fn keeps_within(&self, bound: Duration) -> bool {
        self.complete && percentile(&self.deliveries, 99.0) < bound
    }

    fn per_delivery(&self, used: Duration) -> f64 {
        used.as_secs_f64() * 1e6 / self.deliveries.len().max(1) as f64
    }
}

pub struct Report(Vec<String>);

impl Report {
    /// A table with its heading.
    pub fn new() -> Self {
        Self(vec![
            "milliseconds p50 / p99 / max; processor time in µs a delivery".to_owned(),
        ])
    }

    /// Adds a row and prints it.
    pub fn line(&mut self, line: &str) {
        eprintln!("{line}");
        self.0.push(line.to_owned());
    }

    /// A room at the steady rate.
    pub fn steady(&mut self, name: &str, sockets: usize, figures: &Figures) {
        let round_trips = figures.commands.map(|commands| {
            let each = commands as f64 / figures.messages as f64;
            format!("; {each:.2} round trips to the database a message")
        });
        let parts: Vec<String> = figures
            .used
            .each()
            .map(|(part, used)| format!("{part} {:.1}", figures.per_delivery(used)))
            .collect();
        self.line(&format!(
            "{name:<9} {sockets:>5} sockets, {} messages/s: ack {}; delivery {}{}; \
             processor {:.1} ({}; receivers {:.1}){}",
            figures.rate,
            spread(&figures.acks),
            spread(&figures.deliveries),
            if figures.complete {
                ""
            } else {
                " (NOT ALL ARRIVED)"
            },
            figures.per_delivery(figures.used.total()),
            parts.join(", "),
            figures.per_delivery(figures.receivers),
            round_trips.unwrap_or_default(),
        ));
    }

    /// The highest rate of a room within the bound.
    pub fn sustained(&mut self, name: &str, sockets: usize, figures: &Figures) {
        let rate = figures.deliveries.len() as f64 / figures.took.as_secs_f64();
        self.line(&format!(
            "{name:<9} {sockets:>5} sockets, sustained: {} messages/s, {rate:.0} deliveries/s; \
             delivery {}",
            figures.rate,
            spread(&figures.deliveries),
        ));
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// p50, p99 and maximum in milliseconds.
pub fn spread(times: &[Duration]) -> String {
    let show = |part| format!("{:.1}", percentile(times, part).as_secs_f64() * 1e3);
    format!("{} / {} / {}", show(50.0), show(99.0), show(100.0))
}

fn percentile(times: &[Duration], part: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() as f64 * part / 100.0).ceil() as usize;
    sorted
        .get(place.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}
