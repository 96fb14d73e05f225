//! A runner for the parts of the unified test format that the CRUD tests use.

mod operation;
mod value;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use mongodb::bson::{Bson, Document, doc};
use mongodb::{Client, error::Error};
use serde_json::Value;

use operation::OperationResponse;

/// The emulated server version, for `runOnRequirements`.
const SERVER: [u32; 3] = [8, 0, 0];

/// Result of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// The server rejected an unsupported feature.
    Rejected(String),
    Failed(String),
    /// For other versions of MongoDB.
    OtherVersion,
    /// Tests a check that drivers make on the client side.
    ClientSide,
}

impl Outcome {
    pub fn is_pass(&self) -> bool {
        *self == Self::Passed
    }

    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// All tests and their results.
#[derive(Debug, Default)]
pub struct Summary(Vec<(String, Outcome)>);

impl Summary {
    pub fn total(&self) -> usize {
        self.0.len()
    }

    pub fn count(&self, test: impl Fn(&Outcome) -> bool) -> usize {
        self.0.iter().filter(|(_, outcome)| test(outcome)).count()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rejected: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, outcome) in &self.0 {
            match outcome {
                Outcome::Rejected(what) => *rejected.entry(what).or_default() += 1,
                Outcome::Failed(why) => writeln!(out, "FAILED {name}: {why}")?,
                _ => {}
            }
        }
        for (what, count) in &rejected {
            writeln!(out, "rejected {count}: {what}")?;
        }
        write!(
            out,
            "MongoDB's CRUD tests: {} in all, {} passed, {} rejected, {} failed, {} for other \
             versions, {} client-side",
            self.total(),
            self.count(Outcome::is_pass),
            self.count(|outcome| matches!(outcome, Outcome::Rejected(_))),
            self.count(Outcome::is_failure),
            self.count(|outcome| *outcome == Outcome::OtherVersion),
            self.count(|outcome| *outcome == Outcome::ClientSide),
        )
    }
}

/// Runs the tests of one file.
pub async fn run(client: &Client, name: &str, file: &Value, summary: &mut Summary) {
    for test in file["tests"].as_array().expect("a file has tests") {
        let title = format!(
            "{name}: {}",
            test["description"].as_str().unwrap_or_default()
        );
        let outcome =
            if !is_for_us(&file["runOnRequirements"]) || !is_for_us(&test["runOnRequirements"]) {
                Outcome::OtherVersion
            } else if is_client_side(test) {
                Outcome::ClientSide
            } else {
                match one(client, file, test).await {
                    Ok(()) => Outcome::Passed,
                    Err(TestError::Rejected(what)) => Outcome::Rejected(what),
                    Err(TestError::Failed(why)) => Outcome::Failed(why),
                }
            };
        summary.0.push((title, outcome));
    }
}

/// Why a test did not pass.
pub(super) enum TestError {
    Rejected(String),
    Failed(String),
}

impl From<Error> for TestError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        if message.contains("supported by embedded-mongo") {
            return Self::Rejected(named(&message));
        }
        Self::Failed(message)
    }
}

/// The part of an error message that names the unsupported feature.
fn named(message: &str) -> String {
    let end = message
        .find("supported by embedded-mongo")
        .unwrap_or(message.len());
    let start = message[..end].rfind("): ").map_or(0, |at| at + 3);
    message[start..end]
        .trim_end_matches(" (or not ")
        .trim_end_matches(" is not ")
        .trim_end_matches(", or not ")
        .to_owned()
}

async fn one(client: &Client, file: &Value, test: &Value) -> Result<(), TestError> {
    prepare(client, file).await?;
    for operation in test["operations"].as_array().into_iter().flatten() {
        let (database, collection) = namespace(file, operation);
        let answer = operation::send(client, &database, &collection, operation).await;
        check(operation, answer)?;
    }
    for expected in test["outcome"].as_array().into_iter().flatten() {
        let (database, name) = names(expected);
        let found = operation::find_all(client, &database, &name).await?;
        let wanted = Bson::from(
            expected["documents"]
                .as_array()
                .into_iter()
                .flatten()
                .map(value::to_bson)
                .collect::<Vec<_>>(),
        );
        let found = Bson::from(found);
        if !value::matches(&wanted, Some(&found)) {
            return Err(TestError::Failed(format!(
                "{name} holds {found}, not {wanted}"
            )));
        }
    }
    Ok(())
}

async fn prepare(client: &Client, file: &Value) -> Result<(), TestError> {
    for data in file["initialData"].as_array().into_iter().flatten() {
        let (database, name) = names(data);
        let database = client.database(&database);
        database.collection::<Document>(&name).drop().await?;
        let documents: Vec<Bson> = data["documents"]
            .as_array()
            .into_iter()
            .flatten()
            .map(value::to_bson)
            .collect();
        if documents.is_empty() {
            database.create_collection(&name).await?;
        } else {
            database
                .run_command(doc! { "insert": &name, "documents": documents })
                .await?;
        }
    }
    Ok(())
}

fn check(operation: &Value, answer: Result<OperationResponse, Error>) -> Result<(), TestError> {
    let expected_error = operation.get("expectError");
    match (answer, expected_error) {
        (Err(error), None) => Err(error.into()),
        (Err(error), Some(expected)) => {
            let found = crate::support::code(&error).map(i64::from);
            let error = TestError::from(error);
            if matches!(error, TestError::Rejected(_)) {
                return Err(error);
            }
            let wanted = expected["errorCode"].as_i64();
            if wanted.is_some() && wanted != found {
                return Err(error);
            }
            Ok(())
        }
        (Ok(answer), Some(expected)) => {
            if answer.write_errors == 0 {
                return Err(TestError::Failed("an error was expected".to_owned()));
            }
            matched(expected.get("expectResult"), &answer)
        }
        (Ok(answer), None) if answer.write_errors > 0 => match answer.first_error {
            Some(error) if error.contains("supported by embedded-mongo") => {
                Err(TestError::Rejected(named(&error)))
            }
            error => Err(TestError::Failed(format!(
                "unexpected write error: {error:?}"
            ))),
        },
        (Ok(answer), None) => matched(operation.get("expectResult"), &answer),
    }
}

fn matched(expected: Option<&Value>, answer: &OperationResponse) -> Result<(), TestError> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let expected = value::to_bson(expected);
    if value::matches_loosely(&expected, answer.result.as_ref()) {
        return Ok(());
    }
    Err(TestError::Failed(format!(
        "answered {:?}, not {expected}",
        answer.result
    )))
}

/// The database and the collection of an operation's entity.
fn namespace(file: &Value, operation: &Value) -> (String, String) {
    let id = operation["object"].as_str().unwrap_or_default();
    let entities = file["createEntities"].as_array().into_iter().flatten();
    let database_of = |wanted: &str| {
        file["createEntities"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entity| entity.get("database"))
            .find(|database| database["id"] == wanted)
            .and_then(|database| database["databaseName"].as_str())
            .unwrap_or_default()
            .to_owned()
    };
    for entity in entities {
        if let Some(collection) = entity.get("collection").filter(|c| c["id"] == id) {
            let database = database_of(collection["database"].as_str().unwrap_or_default());
            let name = collection["collectionName"].as_str().unwrap_or_default();
            return (database, name.to_owned());
        }
    }
    (database_of(id), String::new())
}

fn names(data: &Value) -> (String, String) {
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    (text("databaseName"), text("collectionName"))
}

fn is_for_us(requirements: &Value) -> bool {
    let Some(requirements) = requirements.as_array() else {
        return true;
    };
    let version = |text: &str| -> Vec<u32> {
        text.split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect()
    };
    requirements.iter().any(|one| {
        let least = one["minServerVersion"].as_str().map(version);
        let most = one["maxServerVersion"].as_str().map(version);
        let topology = one["topologies"]
            .as_array()
            .is_none_or(|all| all.iter().any(|topology| topology == "replicaset"));
        least.is_none_or(|least| SERVER.as_slice() >= least.as_slice())
            && most.is_none_or(|most| SERVER.as_slice() <= most.as_slice())
            && topology
    })
}

/// Whether a test expects an error that the driver raises itself.
fn is_client_side(test: &Value) -> bool {
    test["operations"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|operation| {
            operation["expectError"]["isClientError"] == true && operation["name"] != "failPoint"
        })
}
