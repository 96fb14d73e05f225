//! Notifications: names of devices, and quiet hours.

use std::time::Duration;

use protocol::push::QuietHours;

use crate::limits::NAME_CHARS;
use crate::text::{ValidationError, line};

/// The name of a device in its owner's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceName(String);

impl DeviceName {
    pub fn parse(field: &str, text: &str) -> Result<Self, ValidationError> {
        line(field, text, NAME_CHARS).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The times of day between which no notification is sent, as local times of a zone that
/// the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietTimes {
    from: Duration,
    to: Duration,
}

impl QuietTimes {
    pub fn parse(quiet: &QuietHours) -> Result<Self, ValidationError> {
        Ok(Self {
            from: time_of_day("quiet.from", &quiet.from)?,
            to: time_of_day("quiet.to", &quiet.to)?,
        })
    }

    /// Whether they have no length.
    pub fn is_empty(self) -> bool {
        self.from == self.to
    }

    /// Whether `time`, counted from midnight, is between them. They may span midnight.
    pub fn contain(self, time: Duration) -> bool {
        match self.from <= self.to {
            true => (self.from..self.to).contains(&time),
            false => time >= self.from || time < self.to,
        }
    }
}

/// `HH:MM`
fn time_of_day(field: &str, text: &str) -> Result<Duration, ValidationError> {
    let number = |digits: &str| match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true if digits.len() == 2 => digits.parse::<u64>().ok(),
        _ => None,
    };
    text.split_once(':')
        .and_then(|(hours, minutes)| Some((number(hours)?, number(minutes)?)))
        .filter(|(hours, minutes)| *hours < 24 && *minutes < 60)
        .map(|(hours, minutes)| Duration::from_mins(hours * 60 + minutes))
        .ok_or_else(|| ValidationError::new(field, "Enter a time such as 22:00."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(from: &str, to: &str) -> Result<QuietTimes, ValidationError> {
        QuietTimes::parse(&QuietHours {
            from: from.to_owned(),
            to: to.to_owned(),
            zone: String::new(),
        })
    }

    fn at(hours: u64, minutes: u64) -> Duration {
        Duration::from_mins(hours * 60 + minutes)
    }

    #[test]
    fn quiet_times_may_span_midnight() {
        let night = times("22:00", "07:30").unwrap();
        for quiet in [at(22, 0), at(23, 59), at(0, 0), at(7, 29)] {
            assert!(night.contain(quiet), "{quiet:?}");
        }
        for loud in [at(7, 30), at(12, 0), at(21, 59)] {
            assert!(!night.contain(loud), "{loud:?}");
        }
        let noon = times("12:00", "13:00").unwrap();
        assert!(noon.contain(at(12, 59)) && !noon.contain(at(13, 0)));
        let none = times("08:00", "08:00").unwrap();
        assert!(none.is_empty() && !none.contain(at(8, 0)));
    }

    #[test]
    fn other_texts_than_times_are_refused() {
        for text in ["", "8:00", "24:00", "22:60", "+1:00", "22:00:00", "२२:००"] {
            let error = times(text, "07:00").unwrap_err();
            assert_eq!(error.field, "quiet.from", "{text}");
            assert_eq!(times("07:00", text).unwrap_err().field, "quiet.to");
        }
    }
}
