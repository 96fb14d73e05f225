//! Compares each user's view with the message log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::faults::{Fault, Injected};
use super::latency::Latency;
use super::view::{Sent, View, read};
use crate::people::Person;

/// The message log, by room.
pub(super) struct Log(BTreeMap<String, RoomLog>);

/// The messages of a room, by `seq`, as the service returns them.
struct RoomLog {
    seqs: Vec<i64>,
    sent: Vec<Option<Sent>>,
}

impl Log {
    pub(super) async fn read(person: &Person, rooms: &[String]) -> Self {
        let mut log = BTreeMap::new();
        for room in rooms {
            let all = person.whole_history(room).await;
            let text = |message: &serde_json::Value, name: &str| {
                message[name].as_str().unwrap_or_default().to_owned()
            };
            let logged = RoomLog {
                seqs: all.iter().filter_map(|m| m["seq"].as_i64()).collect(),
                sent: all
                    .iter()
                    .map(|m| read(&text(m, "id"), &text(m, "text")).0)
                    .collect(),
            };
            log.insert(room.clone(), logged);
        }
        Self(log)
    }

    pub(super) fn count(&self, room: &str) -> usize {
        self.0.get(room).map_or(0, |logged| logged.seqs.len())
    }
}

/// The result of a run.
#[derive(Debug, Default)]
pub struct Verdict {
    pub sent: usize,
    pub acknowledged: usize,
    /// Messages received from other users.
    pub deliveries: usize,
    /// Messages missing from the log or from a view.
    pub lost: usize,
    /// Messages twice in the log or in a view.
    pub duplicated: usize,
    /// Messages that are logged in another order than they were sent, or seen in another
    /// order than they are logged.
    pub out_of_order: usize,
    /// `seq` values that the log lacks or has twice.
    pub holes: usize,
    /// Edits, deletions and reactions.
    pub changes: usize,
    /// Messages that a user sees otherwise than the service stores them.
    pub differing: usize,
    /// The reasons of permanent refusals.
    pub refused: BTreeSet<String>,
    /// How often a live socket was lost.
    pub broken_links: usize,
    /// Whether every user had every message in time.
    pub settled: bool,
    talked: Duration,
    cuts: usize,
    injected: Vec<Injected>,
    ack: Latency,
    delivery: Latency,
    undisturbed: Latency,
}

impl Verdict {
    /// Compares the views with the log. `sent` is the number of messages that each user
    /// has sent.
    pub(super) fn of(sent: &[usize], views: &[&View], log: &Log) -> Self {
        let mut verdict = Self {
            sent: sent.iter().sum(),
            ..Self::default()
        };
        verdict.judge_log(sent, log);
        for view in views {
            verdict.judge_view(view, log);
            verdict.deliveries += view.deliveries.len();
            verdict.acknowledged += view.acks.len();
            verdict.broken_links += view.broken_links;
            verdict.refused.extend(view.refused.iter().cloned());
            verdict.ack.add(&view.acks);
            verdict.delivery.add(&view.deliveries);
            verdict.undisturbed.add(&view.undisturbed);
        }
        verdict
    }

    /// Adds what became of the changes.
    pub(super) fn with_changes(self, changes: usize, differing: usize) -> Self {
        Self {
            changes,
            differing,
            ..self
        }
    }

    /// Adds the circumstances of the run.
    pub(super) fn after(
        self,
        talked: Duration,
        settled: bool,
        cuts: usize,
        injected: Vec<Injected>,
    ) -> Self {
        Self {
            talked,
            settled,
            cuts,
            injected,
            ..self
        }
    }

    /// The median of the delivery times.
    pub fn median_delivery(&self) -> Duration {
        self.delivery.at(0.5)
    }

    /// Whether nothing was lost, duplicated or reordered.
    pub fn is_clean(&self) -> bool {
        self.sent > 0
            && self.acknowledged == self.sent
            && self.lost + self.duplicated + self.out_of_order + self.holes == 0
            && self.differing == 0
            && self.refused.is_empty()
            && self.settled
    }

    /// Counts deviations of the log: every message must be in it once, and each user's
    /// messages of a room in the order in which they were sent.
    fn judge_log(&mut self, sent: &[usize], log: &Log) {
        let mut logged: BTreeMap<Sent, usize> = BTreeMap::new();
        for room in log.0.values() {
            let places = 1..=i64::try_from(room.seqs.len()).expect("a count");
            self.holes += places.zip(&room.seqs).filter(|(n, seq)| n != *seq).count();
            let mut newest: BTreeMap<u32, u32> = BTreeMap::new();
            for sent in &room.sent {
                let Some(sent) = sent else {
                    // The text does not belong to the id.
                    self.out_of_order += 1;
                    continue;
                };
                *logged.entry(*sent).or_default() += 1;
                let before = newest.insert(sent.person, sent.number);
                self.out_of_order += usize::from(before.is_some_and(|n| n > sent.number));
            }
        }
        for (person, sent) in (0..).zip(sent) {
            let all = (1..).take(*sent).map(|number| Sent { person, number });
            self.lost += all.filter(|sent| !logged.contains_key(sent)).count();
        }
        self.duplicated += logged.values().map(|count| count - 1).sum::<usize>();
    }

    /// Counts deviations of a view from the log.
    fn judge_view(&mut self, view: &View, log: &Log) {
        for (id, logged) in &log.0 {
            let seen = view.rooms.get(id).map_or(&[][..], Vec::as_slice);
            self.lost += logged.sent.len().saturating_sub(seen.len());
            let displaced = seen
                .iter()
                .zip(&logged.sent)
                .filter(|(a, b)| a != b)
                .count();
            let beyond = seen.len().saturating_sub(logged.sent.len());
            self.out_of_order += displaced + beyond;
            let mut once = BTreeSet::new();
            self.duplicated += seen
                .iter()
                .flatten()
                .filter(|sent| !once.insert(**sent))
                .count();
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.talked.as_secs_f64();
        writeln!(f, "duration          {seconds:.0} s")?;
        writeln!(f, "sent              {}", self.sent)?;
        writeln!(f, "acknowledged      {}", self.acknowledged)?;
        let rate = self.deliveries as f64 / seconds;
        writeln!(
            f,
            "deliveries        {} ({rate:.0} a second)",
            self.deliveries
        )?;
        writeln!(f, "changes           {}", self.changes)?;
        writeln!(f, "lost              {}", self.lost)?;
        writeln!(f, "duplicated        {}", self.duplicated)?;
        writeln!(f, "out of order      {}", self.out_of_order)?;
        writeln!(f, "holes in the log  {}", self.holes)?;
        writeln!(f, "differing fields  {}", self.differing)?;
        writeln!(f, "ack               {}", self.ack)?;
        writeln!(f, "delivery          {}", self.delivery)?;
        writeln!(f, "… to live sockets {}", self.undisturbed)?;
        writeln!(f, "sockets lost      {}", self.broken_links)?;
        writeln!(f, "networks cut      {}", self.cuts)?;
        for (fault, count) in &self.injected {
            if *fault != Fault::Cuts {
                writeln!(f, "{:<17} {count} times", fault.name())?;
            }
        }
        for reason in &self.refused {
            writeln!(f, "refused: {reason}")?;
        }
        if !self.settled {
            writeln!(f, "not every user had every message in time")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(sent: &[(u32, u32)]) -> Vec<Option<Sent>> {
        sent.iter()
            .map(|&(person, number)| Some(Sent { person, number }))
            .collect()
    }

    fn log(seqs: &[i64], sent: &[(u32, u32)]) -> Log {
        let logged = RoomLog {
            seqs: seqs.to_vec(),
            sent: room(sent),
        };
        Log(BTreeMap::from([("r".to_owned(), logged)]))
    }

    fn counts(sent: &[usize], seen: &[(u32, u32)], log: &Log) -> [usize; 4] {
        let mut view = View::of(0);
        view.rooms.insert("r".to_owned(), room(seen));
        let verdict = Verdict::of(sent, &[&view], log);
        [
            verdict.lost,
            verdict.duplicated,
            verdict.out_of_order,
            verdict.holes,
        ]
    }

    const ALL: [(u32, u32); 3] = [(0, 1), (1, 1), (0, 2)];

    #[test]
    fn a_view_equal_to_the_log_lost_nothing() {
        assert_eq!(counts(&[2, 1], &ALL, &log(&[1, 2, 3], &ALL)), [0, 0, 0, 0]);
    }

    #[test]
    fn a_sent_message_missing_from_the_log_is_lost() {
        assert_eq!(counts(&[2, 2], &ALL, &log(&[1, 2, 3], &ALL))[0], 1);
    }

    #[test]
    fn a_logged_message_missing_from_a_view_is_lost() {
        assert_eq!(counts(&[2, 1], &ALL[..2], &log(&[1, 2, 3], &ALL))[0], 1);
    }

    #[test]
    fn a_message_logged_or_seen_twice_is_a_duplicate() {
        let twice = [(0, 1), (1, 1), (1, 1), (0, 2)];
        assert_eq!(counts(&[2, 1], &twice, &log(&[1, 2, 3, 4], &twice))[1], 2);
    }

    #[test]
    fn messages_in_another_order_are_counted() {
        let other = [(0, 2), (1, 1), (0, 1)];
        assert_eq!(counts(&[2, 1], &other, &log(&[1, 2, 3], &other))[2], 1);
        assert_eq!(counts(&[2, 1], &other, &log(&[1, 2, 3], &ALL))[2], 2);
    }

    #[test]
    fn a_missing_seq_is_a_hole() {
        assert_eq!(counts(&[2, 1], &ALL, &log(&[1, 2, 4], &ALL))[3], 1);
    }

    #[test]
    fn a_run_without_messages_is_not_clean() {
        let verdict = Verdict::of(&[0], &[], &Log(BTreeMap::new()));
        assert!(
            !verdict
                .after(Duration::ZERO, true, 0, Vec::new())
                .is_clean()
        );
    }
}
