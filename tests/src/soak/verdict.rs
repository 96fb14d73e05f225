//! Each person's view compared with the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::faults::{Broken, Fault};
use super::figures::Latency;
use super::view::{Said, View, read};
use crate::people::Person;

/// What the database has, by room.
pub(super) struct Log(BTreeMap<String, Kept>);

/// One room's messages, by `seq`, as the service tells them.
struct Kept {
    seqs: Vec<i64>,
    said: Vec<Option<Said>>,
}

impl Log {
    pub(super) async fn read(person: &Person, rooms: &[String]) -> Self {
        let mut log = BTreeMap::new();
        for room in rooms {
            let all = person.whole_history(room).await;
            let text = |message: &serde_json::Value, name: &str| {
                message[name].as_str().unwrap_or_default().to_owned()
            };
            let kept = Kept {
                seqs: all.iter().filter_map(|m| m["seq"].as_i64()).collect(),
                said: all
                    .iter()
                    .map(|m| read(&text(m, "id"), &text(m, "text")).0)
                    .collect(),
            };
            log.insert(room.clone(), kept);
        }
        Self(log)
    }

    pub(super) fn count(&self, room: &str) -> usize {
        self.0.get(room).map_or(0, |kept| kept.seqs.len())
    }
}

/// How it went.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Messages that people said.
    pub sent: usize,
    /// Those of which the sender's device heard that they are kept.
    pub acknowledged: usize,
    /// Messages of others that people saw.
    pub deliveries: usize,
    /// Said and not kept, or kept and not seen by somebody.
    pub lost: usize,
    /// Kept twice, or seen twice by somebody.
    pub doubled: usize,
    /// Kept in another order than their sender said them, or seen at another
    /// place than they are kept.
    pub out_of_order: usize,
    /// Numbers that the log does not have, or has twice.
    pub holes: usize,
    /// Refused for good, with the reasons.
    pub refused: BTreeSet<String>,
    /// How often a live socket was gone, whoever ended it.
    pub broken_links: usize,
    /// Whether all had everything in time.
    pub settled: bool,
    talked: Duration,
    cuts: usize,
    broken: Vec<Broken>,
    ack: Latency,
    delivery: Latency,
    undisturbed: Latency,
}

impl Verdict {
    /// Compares what people said and saw with the log. `said` is how many
    /// messages each person has said, by their number.
    pub(super) fn of(said: &[usize], views: &[&View], log: &Log) -> Self {
        let mut verdict = Self {
            sent: said.iter().sum(),
            ..Self::default()
        };
        verdict.judge_log(said, log);
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

    /// Adds how it came about.
    pub(super) fn after(
        self,
        talked: Duration,
        settled: bool,
        cuts: usize,
        broken: Vec<Broken>,
    ) -> Self {
        Self {
            talked,
            settled,
            cuts,
            broken,
            ..self
        }
    }

    /// How long half of the deliveries took at the most.
    pub fn usual_delivery(&self) -> Duration {
        self.delivery.at(0.5)
    }

    /// Whether nothing was lost, doubled or out of order.
    pub fn is_clean(&self) -> bool {
        self.sent > 0
            && self.acknowledged == self.sent
            && self.lost + self.doubled + self.out_of_order + self.holes == 0
            && self.refused.is_empty()
            && self.settled
    }

    /// Everything that was said is in the log once, and each person's messages
    /// of a room are in the order in which they said them.
    fn judge_log(&mut self, said: &[usize], log: &Log) {
        let mut kept: BTreeMap<Said, usize> = BTreeMap::new();
        for room in log.0.values() {
            let places = 1..=i64::try_from(room.seqs.len()).expect("a count");
            self.holes += places.zip(&room.seqs).filter(|(n, seq)| n != *seq).count();
            let mut newest: BTreeMap<u32, u32> = BTreeMap::new();
            for said in &room.said {
                let Some(said) = said else {
                    // Nobody said this under its id.
                    self.out_of_order += 1;
                    continue;
                };
                *kept.entry(*said).or_default() += 1;
                let before = newest.insert(said.person, said.number);
                self.out_of_order += usize::from(before.is_some_and(|n| n > said.number));
            }
        }
        for (person, said) in (0..).zip(said) {
            let all = (1..).take(*said).map(|number| Said { person, number });
            self.lost += all.filter(|said| !kept.contains_key(said)).count();
        }
        self.doubled += kept.values().map(|count| count - 1).sum::<usize>();
    }

    /// The view has what the log has, at the same places.
    fn judge_view(&mut self, view: &View, log: &Log) {
        for (id, kept) in &log.0 {
            let seen = view.rooms.get(id).map_or(&[][..], Vec::as_slice);
            self.lost += kept.said.len().saturating_sub(seen.len());
            let apart = seen.iter().zip(&kept.said).filter(|(a, b)| a != b).count();
            let beyond = seen.len().saturating_sub(kept.said.len());
            self.out_of_order += apart + beyond;
            let mut once = BTreeSet::new();
            self.doubled += seen
                .iter()
                .flatten()
                .filter(|said| !once.insert(**said))
                .count();
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.talked.as_secs_f64();
        writeln!(f, "talked            {seconds:.0} s")?;
        writeln!(f, "sent              {}", self.sent)?;
        writeln!(f, "acknowledged      {}", self.acknowledged)?;
        let rate = self.deliveries as f64 / seconds;
        writeln!(
            f,
            "deliveries        {} ({rate:.0} a second)",
            self.deliveries
        )?;
        writeln!(f, "lost              {}", self.lost)?;
        writeln!(f, "doubled           {}", self.doubled)?;
        writeln!(f, "out of order      {}", self.out_of_order)?;
        writeln!(f, "holes in the log  {}", self.holes)?;
        writeln!(f, "ack               {}", self.ack)?;
        writeln!(f, "delivery          {}", self.delivery)?;
        writeln!(f, "… to live sockets {}", self.undisturbed)?;
        writeln!(f, "sockets lost      {}", self.broken_links)?;
        writeln!(f, "networks cut      {}", self.cuts)?;
        for (fault, count) in &self.broken {
            if *fault != Fault::Cuts {
                writeln!(f, "{:<17} {count} times", fault.name())?;
            }
        }
        for reason in &self.refused {
            writeln!(f, "refused: {reason}")?;
        }
        if !self.settled {
            writeln!(f, "not everybody had everything in time")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(said: &[(u32, u32)]) -> Vec<Option<Said>> {
        said.iter()
            .map(|&(person, number)| Some(Said { person, number }))
            .collect()
    }

    fn log(seqs: &[i64], said: &[(u32, u32)]) -> Log {
        let kept = Kept {
            seqs: seqs.to_vec(),
            said: room(said),
        };
        Log(BTreeMap::from([("r".to_owned(), kept)]))
    }

    fn counts(said: &[usize], seen: &[(u32, u32)], log: &Log) -> [usize; 4] {
        let mut view = View::of(0);
        view.rooms.insert("r".to_owned(), room(seen));
        let verdict = Verdict::of(said, &[&view], log);
        [
            verdict.lost,
            verdict.doubled,
            verdict.out_of_order,
            verdict.holes,
        ]
    }

    const ALL: [(u32, u32); 3] = [(0, 1), (1, 1), (0, 2)];

    #[test]
    fn who_saw_what_is_there_lost_nothing() {
        assert_eq!(counts(&[2, 1], &ALL, &log(&[1, 2, 3], &ALL)), [0, 0, 0, 0]);
    }

    #[test]
    fn what_was_said_and_is_not_kept_is_lost() {
        assert_eq!(counts(&[2, 2], &ALL, &log(&[1, 2, 3], &ALL))[0], 1);
    }

    #[test]
    fn what_is_kept_and_was_not_seen_is_lost() {
        assert_eq!(counts(&[2, 1], &ALL[..2], &log(&[1, 2, 3], &ALL))[0], 1);
    }

    #[test]
    fn what_is_kept_or_seen_twice_is_doubled() {
        let twice = [(0, 1), (1, 1), (1, 1), (0, 2)];
        assert_eq!(counts(&[2, 1], &twice, &log(&[1, 2, 3, 4], &twice))[1], 2);
    }

    #[test]
    fn another_order_than_that_of_the_sender_or_of_the_log_is_told() {
        let other = [(0, 2), (1, 1), (0, 1)];
        assert_eq!(counts(&[2, 1], &other, &log(&[1, 2, 3], &other))[2], 1);
        assert_eq!(counts(&[2, 1], &other, &log(&[1, 2, 3], &ALL))[2], 2);
    }

    #[test]
    fn a_number_that_is_missing_is_a_hole() {
        assert_eq!(counts(&[2, 1], &ALL, &log(&[1, 2, 4], &ALL))[3], 1);
    }

    #[test]
    fn nobody_having_said_anything_proves_nothing() {
        let verdict = Verdict::of(&[0], &[], &Log(BTreeMap::new()));
        assert!(
            !verdict
                .after(Duration::ZERO, true, 0, Vec::new())
                .is_clean()
        );
    }
}
