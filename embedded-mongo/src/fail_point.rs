//! The fail points that drivers' tests use, set with `configureFailPoint`.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bson::{Bson, Document};

use crate::error::{Code, CommandError, Result};
use crate::value::{arithmetic, is_truthy};

/// Fails, delays or disconnects commands by name.
const FAIL_COMMAND: &str = "failCommand";
/// Closes the connection of a retryable write after (or before) it was executed.
const TRANSACTIONAL_WRITE: &str = "onPrimaryTransactionalWrite";

/// The configured fail points.
#[derive(Debug, Default)]
pub(crate) struct FailPoints(Mutex<HashMap<&'static str, FailPoint>>);

#[derive(Debug)]
struct FailPoint {
    mode: Mode,
    /// How often the fail point was active.
    entered: i64,
    data: Document,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Off,
    AlwaysOn,
    Times(i64),
    Skip(i64),
    Probability(f64),
}

/// What an active `failCommand` does to a command.
#[derive(Debug, Default)]
pub(crate) struct FailCommand {
    pub block: Option<Duration>,
    pub close_connection: bool,
    pub error: Option<CommandError>,
    /// Added to the reply of the executed command.
    pub write_concern_error: Option<Document>,
    /// Replaces the labels that the server would add.
    pub labels: Option<Vec<String>>,
}

/// What an active `onPrimaryTransactionalWrite` does to a retryable write.
#[derive(Debug)]
pub(crate) enum FailWrite {
    /// Closes the connection after the write.
    CloseConnection,
    /// Fails instead of executing the write.
    Error(CommandError),
}

/// A command that a fail point may apply to.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub command: &'a str,
    pub namespace: String,
    pub app_name: Option<&'a str>,
}

impl FailPoints {
    /// Sets a fail point. Returns how often its previous setting was active.
    pub fn configure(&self, name: &str, mode: &Bson, data: Document) -> Result<i64> {
        let name = match name {
            "failCommand" => FAIL_COMMAND,
            "onPrimaryTransactionalWrite" => TRANSACTIONAL_WRITE,
            _ => {
                return Err(CommandError::new(
                    Code::FailPointSetFailed,
                    format!("fail point {name} not found (or not supported by embedded-mongo)"),
                ));
            }
        };
        check_data(name, &data)?;
        let fail_point = FailPoint {
            mode: Mode::parse(mode)?,
            entered: 0,
            data,
        };
        let mut points = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = points.insert(name, fail_point);
        Ok(previous.map_or(0, |previous| previous.entered))
    }

    /// Enters `failCommand` if it applies to a command.
    pub fn fail_command<'a>(&self, target: impl FnOnce() -> Target<'a>) -> FailCommand {
        let data = self.enter(FAIL_COMMAND, |data| {
            let target = target();
            let selects = |name: &str, value: Option<&str>| {
                data.get_str(name)
                    .map_or(true, |wanted| Some(wanted) == value)
            };
            let commands = data.get_array("failCommands");
            target.command != "configureFailPoint"
                && commands.is_ok_and(|all| all.iter().any(|c| c.as_str() == Some(target.command)))
                && selects("namespace", Some(&target.namespace))
                && selects("appName", target.app_name)
        });
        let Some(data) = data else {
            return FailCommand::default();
        };
        let flag = |name| data.get(name).is_some_and(is_truthy);
        let labels = strings(&data, "errorLabels");
        FailCommand {
            block: flag("blockConnection").then(|| {
                let millis = data.get("blockTimeMS").and_then(arithmetic::as_integer);
                Duration::from_millis(millis.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0))
            }),
            close_connection: flag("closeConnection"),
            error: error_of(&data, "errorCode", FAIL_COMMAND),
            write_concern_error: data.get_document("writeConcernError").ok().cloned(),
            labels,
        }
    }

    /// Enters `onPrimaryTransactionalWrite`, for a retryable write.
    pub fn fail_write(&self) -> Option<FailWrite> {
        let data = self.enter(TRANSACTIONAL_WRITE, |_| true)?;
        match error_of(&data, "failBeforeCommitExceptionCode", TRANSACTIONAL_WRITE) {
            Some(error) => Some(FailWrite::Error(error)),
            None if data.get("closeConnection").is_none_or(is_truthy) => {
                Some(FailWrite::CloseConnection)
            }
            None => None,
        }
    }

    fn enter(&self, name: &str, applies: impl FnOnce(&Document) -> bool) -> Option<Document> {
        let mut points = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let point = points.get_mut(name)?;
        if point.mode == Mode::Off || !applies(&point.data) || !point.mode.advance() {
            return None;
        }
        point.entered += 1;
        Some(point.data.clone())
    }
}

impl Mode {
    fn parse(source: &Bson) -> Result<Self> {
        let invalid = || CommandError::bad_value("invalid 'mode' of a fail point");
        match source {
            Bson::String(name) => match name.as_str() {
                "off" => Ok(Self::Off),
                "alwaysOn" => Ok(Self::AlwaysOn),
                _ => Err(invalid()),
            },
            Bson::Document(mode) => {
                let count = |value: &Bson| {
                    arithmetic::as_integer(value)
                        .filter(|count| (0..=i64::from(i32::MAX)).contains(count))
                        .ok_or_else(invalid)
                };
                match mode.iter().next() {
                    Some((name, value)) if name == "times" => count(value).map(Self::Times),
                    Some((name, value)) if name == "skip" => count(value).map(Self::Skip),
                    Some((name, Bson::Double(chance)))
                        if name == "activationProbability" && (0.0..=1.0).contains(chance) =>
                    {
                        Ok(Self::Probability(*chance))
                    }
                    _ => Err(invalid()),
                }
            }
            _ => Err(invalid()),
        }
    }

    /// Whether the fail point is active this time.
    fn advance(&mut self) -> bool {
        match self {
            Self::Off => false,
            Self::AlwaysOn => true,
            Self::Times(0) => {
                *self = Self::Off;
                false
            }
            Self::Times(left) => {
                *left -= 1;
                true
            }
            Self::Skip(0) => true,
            Self::Skip(left) => {
                *left -= 1;
                false
            }
            Self::Probability(chance) => random() < *chance,
        }
    }
}

fn check_data(name: &str, data: &Document) -> Result<()> {
    let known: &[&str] = if name == FAIL_COMMAND {
        &[
            "failCommands",
            "closeConnection",
            "errorCode",
            "errorLabels",
            "writeConcernError",
            "blockConnection",
            "blockTimeMS",
            "appName",
            "namespace",
        ]
    } else {
        &["closeConnection", "failBeforeCommitExceptionCode"]
    };
    match data.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(CommandError::unsupported(format_args!(
            "'{key}' in the data of {name}"
        ))),
    }
}

fn error_of(data: &Document, name: &str, fail_point: &str) -> Option<CommandError> {
    let code = data.get(name).and_then(arithmetic::as_integer)?;
    let code = i32::try_from(code).ok().filter(|code| *code != 0)?;
    Some(CommandError::new(
        Code::Location(code),
        format!("Failing command via '{fail_point}' failpoint"),
    ))
}

fn strings(data: &Document, name: &str) -> Option<Vec<String>> {
    let strings = data.get_array(name).ok()?.iter();
    Some(
        strings
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
    )
}

/// A random number from 0 to 1. `RandomState` has random keys.
fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1_u64 << 53) as f64
}
