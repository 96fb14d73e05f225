//! Processes of this machine, read from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// A clock tick of Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process; the start time distinguishes it from a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    id: u32,
    started: String,
    command: String,
}

impl Process {
    pub fn id(&self) -> u32 {
        self.id
    }

    pub fn command(&self) -> &str {
        &self.command
    }

    pub fn megabytes(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap_or_default();
        let held = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|kilobytes| kilobytes.parse::<f64>().ok());
        held.unwrap_or(0.0) / 1_000.0
    }

    /// Whether it exists and is not a zombie.
    pub fn lives(&self) -> bool {
        stat(self.id).is_some_and(|now| now.started == self.started && now.state != 'Z')
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        signal(self.id, name);
    }
}

/// Stopped processes; dropping this value continues them.
pub struct Frozen(Vec<u32>);

impl Frozen {
    pub(super) fn new(processes: Vec<u32>) -> Self {
        for id in &processes {
            signal(*id, "STOP");
        }
        Self(processes)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for id in &self.0 {
            signal(*id, "CONT");
        }
    }
}

/// Sends a signal to a process of this stack.
pub(super) fn signal(id: u32, name: &str) {
    // The process may have ended already.
    let _ = std::process::Command::new("sh")
        .args(["-c", &format!("kill -{name} {id} 2>/dev/null")])
        .status();
}

/// All descendants of a process.
pub fn descendants(ancestor: u32) -> Vec<Process> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for id in all() {
        if let Some(stat) = stat(id) {
            children.entry(stat.parent).or_default().push(id);
        }
    }
    let mut found = Vec::new();
    let mut below = vec![ancestor];
    while let Some(parent) = below.pop() {
        for id in children.get(&parent).into_iter().flatten() {
            below.push(*id);
            found.extend(process(*id));
        }
    }
    found
}

/// All processes whose command line or environment contains `text`.
pub(super) fn naming(text: &str) -> Vec<Process> {
    all()
        .filter(|id| {
            ["cmdline", "environ"].iter().any(|file| {
                fs::read(format!("/proc/{id}/{file}"))
                    .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text))
            })
        })
        .filter_map(process)
        .filter(Process::lives)
        .collect()
}

/// The processor time that a process has used so far.
pub fn processor_time(id: u32) -> Duration {
    TICK * stat(id).map_or(0, |stat| stat.ticks)
}

struct Stat {
    state: char,
    parent: u32,
    ticks: u32,
    started: String,
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn process(id: u32) -> Option<Process> {
    let command = fs::read(format!("/proc/{id}/cmdline")).ok()?;
    Some(Process {
        id,
        started: stat(id)?.started,
        command: String::from_utf8_lossy(&command).replace('\0', " "),
    })
}

/// Fields 3, 4, 14, 15 and 22 of `proc_pid_stat(5)`; the name before them may hold anything.
fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some(Stat {
        state: fields.next()?.chars().next()?,
        parent: fields.next()?.parse().ok()?,
        ticks: fields.nth(9)?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?,
        started: fields.nth(6)?.to_owned(),
    })
}
