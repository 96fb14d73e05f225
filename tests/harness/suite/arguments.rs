//! The supported arguments of the standard test harness.

use super::Test;

/// Which tests to run, and how many at the same time.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    filters: Vec<String>,
    skips: Vec<String>,
    exact: bool,
    pub(super) list: bool,
    pub(super) at_once: usize,
}

impl Arguments {
    pub(super) fn read() -> Result<Self, String> {
        let mut read = Self {
            at_once: 8,
            ..Self::default()
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let (name, mut value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let mut value = || {
                value
                    .take()
                    .or_else(|| arguments.next())
                    .ok_or(format!("{name} requires a value"))
            };
            match name.as_str() {
                "--list" => read.list = true,
                "--exact" => read.exact = true,
                "--skip" => read.skips.push(value()?),
                "--test-threads" => {
                    read.at_once = value()?
                        .parse()
                        .ok()
                        .filter(|count| *count > 0)
                        .ok_or("--test-threads requires a number above 0")?;
                }
                "--format" | "--color" => drop(value()?),
                "--nocapture" | "--no-capture" | "--quiet" | "-q" | "--show-output" => {}
                unknown if unknown.starts_with('-') => {
                    return Err(format!("{unknown} is not an argument of this harness"));
                }
                filter => read.filters.push(filter.to_owned()),
            }
        }
        Ok(read)
    }

    pub(super) fn selects(&self, test: &Test) -> bool {
        let matches = |text: &String| {
            if self.exact {
                test.name == text
            } else {
                test.name.contains(text.as_str())
            }
        };
        (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skips.iter().any(matches)
    }
}
