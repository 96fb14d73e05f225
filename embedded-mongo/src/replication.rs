//! The replica set member that the server presents itself as: a primary that steps
//! down, or fails, for a while.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bson::oid::ObjectId;
use tokio::sync::watch;

use crate::error::{Code, CommandError};

/// Simulated elections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elections {
    /// Time between the starts of two elections.
    pub every: Duration,
    /// Time without a primary.
    pub length: Duration,
    /// How the election starts.
    pub cause: ElectionCause,
}

/// Why the replica set has no primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElectionCause {
    /// The primary steps down: connections stay open, commands fail with
    /// `NotWritablePrimary`.
    StepDown,
    /// The primary fails: connections are closed, also new ones.
    Failure,
}

/// Role and term of the member.
#[derive(Debug)]
pub(crate) struct Replication {
    member: Mutex<Member>,
    /// Changes with every failure; connections close then.
    failures: watch::Sender<u64>,
}

#[derive(Debug)]
struct Member {
    /// Grows with every election.
    term: u64,
    election: Option<(Instant, ElectionCause)>,
}

impl Default for Replication {
    fn default() -> Self {
        Self {
            member: Mutex::new(Member {
                term: 1,
                election: None,
            }),
            failures: watch::channel(0).0,
        }
    }
}

impl Replication {
    /// Starts an election, after which the member is primary in a new term.
    pub fn elect(&self, length: Duration, cause: ElectionCause) {
        let mut member = self.lock();
        member.term += 1;
        member.election = Instant::now().checked_add(length).map(|end| (end, cause));
        drop(member);
        if cause == ElectionCause::Failure {
            self.failures.send_modify(|count| *count += 1);
        }
    }

    /// The cause of the current election; `None` while the member is primary.
    pub fn election(&self) -> Option<ElectionCause> {
        let election = self.lock().election;
        election.and_then(|(end, cause)| (Instant::now() < end).then_some(cause))
    }

    pub fn term(&self) -> u64 {
        self.lock().term
    }

    /// The `electionId` of the current term; grows with the term, as drivers expect.
    pub fn election_id(&self) -> ObjectId {
        let mut bytes = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes[4..].copy_from_slice(&self.term().to_be_bytes());
        ObjectId::from_bytes(bytes)
    }

    /// Notified when the member fails.
    pub fn failures(&self) -> watch::Receiver<u64> {
        self.failures.subscribe()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Member> {
        self.member.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a write during an election.
pub(crate) fn not_writable() -> CommandError {
    CommandError::new(Code::NotWritablePrimary, "not primary")
}

/// The error of a read with read preference `primary` during an election.
pub(crate) fn not_readable() -> CommandError {
    CommandError::new(
        Code::NotPrimaryNoSecondaryOk,
        "not primary and secondaryOk=false",
    )
}

/// The error of a write that was in progress when an election started.
pub(crate) fn interrupted() -> CommandError {
    CommandError::new(
        Code::InterruptedDueToReplStateChange,
        "operation was interrupted",
    )
}
