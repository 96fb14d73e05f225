//! `cargo run --release -p crypto --example worst_password [SECONDS]`
//!
//! Searches for the password that takes longest to judge, from random ones by single
//! changes, and prints it with its time and that of an ordinary phrase.

use std::time::{Duration, Instant};

use crypto::password;
use domain::Password;

/// What zxcvbn has to compare with several letters, and what forms words, dates,
/// sequences and repetitions.
const PARTS: [&str; 24] = [
    "4", "8", "6", "9", "3", "1", "7", "0", "5", "2", "@", "$", "(", "!", "+", "%", "a", "e", "s",
    "qwerty", "password", "1991", "aaa", "abc",
];
const CHARS: usize = 60;

#[expect(clippy::print_stdout, reason = "its figures")]
fn main() {
    let seconds = std::env::args().nth(1);
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(20);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (mut worst, mut longest) = (String::new(), Duration::ZERO);
    while Instant::now() < until {
        let (found, took) = climb(until);
        if took > longest {
            (worst, longest) = (found, took);
        }
    }
    let phrase = "lantern gravel otter sunday";
    for (what, text) in [("ordinary", phrase), ("worst", worst.as_str())] {
        let took = time(text).as_secs_f64() * 1_000.0;
        println!("{what:<9} {took:>7.2} ms  {text}");
    }
}

/// Changes one part at a time as long as the time grows.
fn climb(until: Instant) -> (String, Duration) {
    let mut parts: Vec<&str> = (0..CHARS).map(|_| part()).collect();
    let mut longest = time(&parts.concat());
    let mut failures = 0;
    while failures < 2 * CHARS && Instant::now() < until {
        let place = fastrand::usize(..parts.len());
        let before = std::mem::replace(&mut parts[place], part());
        let took = time(&parts.concat());
        if took > longest {
            (longest, failures) = (took, 0);
        } else {
            parts[place] = before;
            failures += 1;
        }
    }
    (parts.concat(), longest)
}

fn part() -> &'static str {
    PARTS[fastrand::usize(..PARTS.len())]
}

/// The shortest of three times, since other work of the machine only adds to them.
fn time(text: &str) -> Duration {
    let password = Password::presented(text);
    let times = (0..3).map(|_| {
        let began = Instant::now();
        let _ = std::hint::black_box(password::refuse_common("password", &password, &[]));
        began.elapsed()
    });
    times.min().unwrap_or_default()
}
