//! The metrics, a closed list. CloudWatch bills each of them by the month, so
//! there are few, and their one dimension is the stack.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a metric's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// How long.
    Milliseconds,
}

impl Unit {
    /// CloudWatch's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

macro_rules! metrics {
    ($($(#[doc = $says:literal])+ $name:ident: $unit:ident,)+) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $($(#[doc = $says])+ $name,)+
        }

        impl Metric {
            /// All of them.
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];

            /// Its name in CloudWatch.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// What its numbers are.
            pub fn unit(self) -> Unit {
                match self {
                    $(Self::$name => Unit::$unit,)+
                }
            }
        }
    };
}

metrics! {
    /// Messages that became part of a room's log.
    MessagesKept: Count,
    /// Frames that API Gateway took for a socket.
    Deliveries: Count,
    /// Frames that it did not take, after several tries.
    DeliveriesFailed: Count,
    /// Sockets that turned out to be gone when a frame was posted.
    SocketsGone: Count,
    /// How long posting one frame to all who hear a room took.
    FanOutTime: Milliseconds,
    /// Codes that the broker has confirmed.
    CodesQueued: Count,
    /// Mails that the mail server has taken.
    MailsSent: Count,
    /// Jobs that ended on the queue of the dead.
    MailsParked: Count,
    /// Requests refused because the service emails too many addresses without an
    /// account.
    MailCeilingReached: Count,
    /// Sessions that began.
    SignIns: Count,
    /// Wrong passwords and wrong codes.
    SignInsRefused: Count,
    /// Requests and frames over a limit.
    Throttled: Count,
    /// Requests and frames that met a database or a broker that was away.
    Unavailable: Count,
}

static COUNTS: [AtomicU64; Metric::ALL.len()] = [const { AtomicU64::new(0) }; Metric::ALL.len()];

/// Adds to a metric of the invocation under way.
pub fn count(metric: Metric, more: u64) {
    COUNTS[metric as usize].fetch_add(more, Ordering::Relaxed);
}

/// What was counted since the last call; zeros are left out.
pub fn counted() -> Vec<(Metric, u64)> {
    Metric::ALL
        .into_iter()
        .map(|metric| (metric, COUNTS[metric as usize].swap(0, Ordering::Relaxed)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_described_in_the_documentation_of_the_log() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/logging.md");
        let documentation = std::fs::read_to_string(path).expect("it is there");
        for metric in Metric::ALL {
            let row = format!("| `{}` | {} |", metric.name(), metric.unit().name());
            assert!(documentation.contains(&row), "docs/logging.md lacks {row}");
        }
    }
}
