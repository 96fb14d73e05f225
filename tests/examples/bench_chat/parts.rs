//! The processor time of processes and of their threads, from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Clock ticks per second on Linux.
const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Default)]
pub struct Parts(BTreeMap<&'static str, Duration>);

impl Parts {
    pub fn of_this_process() -> Self {
        let mut parts = Self::default();
        parts.add_process("receivers", std::process::id());
        parts
    }

    /// Adds a process with all its threads.
    pub fn add_process(&mut self, part: &'static str, id: u32) {
        self.add(part, used(&format!("/proc/{id}/stat")));
    }

    /// Adds a process whose threads belong to two parts: those whose name begins
    /// with `mark` to the other.
    pub fn add_threads(&mut self, part: &'static str, mark: &str, other: &'static str, id: u32) {
        for entry in fs::read_dir(format!("/proc/{id}/task"))
            .into_iter()
            .flatten()
        {
            let Ok(thread) = entry else { continue };
            let path = thread.path();
            let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
            let part = if name.starts_with(mark) { other } else { part };
            self.add(part, used(&path.join("stat").to_string_lossy()));
        }
    }

    /// The time used since `before`.
    pub fn since(&self, before: &Self) -> Self {
        let parts = self.0.iter().map(|(part, used)| {
            let before = before.0.get(part).copied().unwrap_or_default();
            (*part, used.saturating_sub(before))
        });
        Self(parts.collect())
    }

    pub fn total(&self) -> Duration {
        self.0.values().sum()
    }

    pub fn each(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        self.0.iter().map(|(part, used)| (*part, *used))
    }

    fn add(&mut self, part: &'static str, used: Duration) {
        *self.0.entry(part).or_default() += used;
    }
}

/// Fields 14 and 15 of `proc_pid_stat(5)`; the name before them may hold anything.
fn used(path: &str) -> Duration {
    let text = fs::read_to_string(path).unwrap_or_default();
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u32 = ticks.filter_map(|field| field.parse::<u32>().ok()).sum();
    TICK * ticks
}
