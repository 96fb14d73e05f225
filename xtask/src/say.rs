//! What is said to people, all of it on standard error: standard output
//! belongs to the runner's one line and to the tests' results.

use std::io::Write as _;
use std::time::Duration;

/// Says one line.
pub fn line(text: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says that a step begins.
pub fn step(text: &str) {
    line(&format!("==> {text}"));
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=9 => format!("{:.1} s", duration.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}
