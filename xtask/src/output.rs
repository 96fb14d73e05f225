//! Messages for people, on standard error: standard output is for the runner's ready line and
//! for test results.

use std::io::Write as _;
use std::time::Duration;

pub fn line(text: &str) {
    // If standard error is closed, there is no other place to report to.
    let _ = writeln!(std::io::stderr(), "{text}");
}

pub fn step(text: &str) {
    line(&format!("==> {text}"));
}

/// `0.4 s`, `12 s`, `3 min 05 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", duration.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
