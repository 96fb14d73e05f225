//! The metrics, a closed list. CloudWatch bills each metric per month, so there
//! are few, with the stack as their only dimension.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Milliseconds,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $name:ident: $unit:ident,)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Metric {
            pub const ALL: [Self; [$(Self::$name),+].len()] = [$(Self::$name),+];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            pub fn unit(self) -> Unit {
                match self {
                    $(Self::$name => Unit::$unit,)+
                }
            }
        }
    };
}

metrics! {
    /// Messages stored.
    MessagesStored: Count,
    /// Frames that API Gateway accepted for a socket.
    Deliveries: Count,
    /// Frames that it did not accept, after several attempts.
    DeliveriesFailed: Count,
    /// Sockets found closed when a frame was posted.
    SocketsGone: Count,
    /// Duration of posting one frame to all subscribers of a room.
    FanOutTime: Milliseconds,
    /// Jobs with a code that the broker confirmed.
    CodesQueued: Count,
    /// Emails that the mail server accepted.
    MailsSent: Count,
    /// Jobs moved to `mail.dead`.
    MailsParked: Count,
    /// Jobs that are in `mail.dead` after a batch.
    MailDead: Count,
    /// Requests refused because the service emails too many addresses without an
    /// account.
    MailCeilingReached: Count,
    /// Notifications that a push service accepted.
    NotificationsSent: Count,
    /// Sessions that began.
    SignIns: Count,
    /// Wrong passwords and wrong codes.
    SignInsRefused: Count,
    /// Requests and frames over a limit.
    Throttled: Count,
    /// Requests and frames that failed because the database or the broker was
    /// unavailable.
    Unavailable: Count,
}

static COUNTS: [AtomicU64; Metric::ALL.len()] = [const { AtomicU64::new(0) }; Metric::ALL.len()];

pub fn count(metric: Metric, more: u64) {
    COUNTS[metric as usize].fetch_add(more, Ordering::Relaxed);
}

/// The counts since the last call, without zeros.
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
