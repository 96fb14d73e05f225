//! The monthly bill.

use std::fmt::Write as _;

use crate::assumptions::{Assumptions, DAYS};
use crate::measure::{DEEDS, Measured, Taken};
use crate::prices::{
    CLOUDFRONT_FREE, CLOUDFRONT_REQUESTS, CLUSTERS, Cluster, FIXED, HTTP_REQUESTS,
    LAMBDA_GB_SECOND, LAMBDA_REQUESTS, LOGS_GB, MAILS, SAMPLED, SECONDS, SOCKET_MESSAGES,
    SOCKET_MINUTES, TRACES,
};

/// Connections of one function process: those that its events use, and two for server
/// monitoring.
const CONNECTIONS: f64 = 4.0;

/// The bills as a Markdown table, one column for each number of people.
pub fn table(assumptions: &Assumptions, measured: &Measured) -> String {
    let bills: Vec<Bill> = assumptions
        .people
        .iter()
        .map(|people| Bill::new(*people, assumptions, measured))
        .collect();
    let mut table = String::from("| a month, US$ |");
    for people in &assumptions.people {
        let _ = write!(table, " {people} people |");
    }
    let _ = writeln!(table, "\n| --- |{}", " ---: |".repeat(bills.len()));
    for at in 0..bills[0].parts.len() {
        let _ = write!(table, "| {} |", bills[0].parts[at].0);
        for bill in &bills {
            let _ = write!(table, " {:.2} |", bill.parts[at].1);
        }
        table.push('\n');
    }
    let mut line = |name: &str, of: &dyn Fn(&Bill) -> String| {
        let cells: Vec<String> = bills.iter().map(of).collect();
        let _ = writeln!(table, "| {name} | {} |", cells.join(" | "));
    };
    line("Atlas", &|bill| format!("{:.2}", bill.cluster.price));
    line("**together**", &|bill| {
        format!("**{:.2}**", bill.together())
    });
    line("each person", &|bill| {
        format!("{:.4}", bill.together() / bill.people)
    });
    line("the cluster", &|bill| bill.cluster.name.to_owned());
    line("invocations", &|bill| {
        format!("{:.0}", bill.all.invocations)
    });
    line("GB-seconds", &|bill| format!("{:.0}", bill.gb_seconds));
    line("frames", &|bill| format!("{:.0}", bill.all.frames));
    line("messages to the database a second, busiest hour", &|bill| {
        format!("{:.1}", bill.operations)
    });
    line("concurrent processes, busiest hour", &|bill| {
        format!("{:.1}", bill.processes)
    });
    table
}

struct Bill {
    people: f64,
    all: Taken,
    gb_seconds: f64,
    /// Per second in the busiest hour.
    operations: f64,
    /// Concurrent in the busiest hour.
    processes: f64,
    cluster: &'static Cluster,
    parts: Vec<(&'static str, f64)>,
}

impl Bill {
    fn new(people: f64, assumptions: &Assumptions, measured: &Measured) -> Self {
        let all = DEEDS.into_iter().fold(Taken::default(), |sum, deed| {
            sum.plus(measured.taken(deed), people * assumptions.times(deed))
        });
        let seconds = all.milliseconds / 1_000.0 * assumptions.slowdown;
        let gb_seconds = seconds * assumptions.memory / 1_024.0;
        let operations = all.operations / SECONDS * assumptions.peak;
        let processes = seconds / SECONDS * assumptions.peak;
        let minutes = people * assumptions.minutes * DAYS;
        let opened = people * assumptions.opens * DAYS;
        let traced = all.invocations.min(SECONDS + SAMPLED * all.invocations);
        let through_cloudfront = all.requests + opened;
        let million = 1e6;
        let mut parts = vec![
            (
                "Lambda, requests",
                all.invocations / million * LAMBDA_REQUESTS,
            ),
            ("Lambda, time", gb_seconds * LAMBDA_GB_SECOND),
            ("HTTP API", all.requests / million * HTTP_REQUESTS),
            (
                "WebSocket API, messages",
                all.frames / million * SOCKET_MESSAGES,
            ),
            ("WebSocket API, minutes", minutes / million * SOCKET_MINUTES),
            ("SES", all.mails / 1_000.0 * MAILS),
            ("CloudWatch, logs", all.logged / 1e9 * LOGS_GB),
            ("X-Ray, at most", traced / million * TRACES),
            (
                "CloudFront, requests",
                (through_cloudfront - CLOUDFRONT_FREE).max(0.0) / million * CLOUDFRONT_REQUESTS,
            ),
        ];
        parts.extend(FIXED);
        let fits = |cluster: &&Cluster| {
            cluster.operations >= operations
                && cluster.connections >= processes.ceil() * CONNECTIONS
        };
        let largest = &CLUSTERS[CLUSTERS.len() - 1];
        Self {
            people,
            all,
            gb_seconds,
            operations,
            processes,
            cluster: CLUSTERS.iter().find(fits).unwrap_or(largest),
            parts,
        }
    }

    fn together(&self) -> f64 {
        let parts: f64 = self.parts.iter().map(|(_, price)| price).sum();
        parts + self.cluster.price
    }
}

impl Taken {
    fn plus(self, other: &Self, times: f64) -> Self {
        Self {
            requests: self.requests + other.requests * times,
            invocations: self.invocations + other.invocations * times,
            milliseconds: self.milliseconds + other.milliseconds * times,
            frames: self.frames + other.frames * times,
            mails: self.mails + other.mails * times,
            operations: self.operations + other.operations * times,
            logged: self.logged + other.logged * times,
        }
    }
}
