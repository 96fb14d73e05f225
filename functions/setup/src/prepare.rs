//! What `Custom::Setup` makes.

use std::error::Error;
use std::time::Duration;

use crypto::Pepper;
use domain::Unavailable;
use env::Variables;
use queue::topology::{self, DeclareError};
use serde::Serialize;
use store::Store;
use tokio::time::{Instant, sleep};

use crate::broker_users::BrokerUsers;

const PAUSE: Duration = Duration::from_secs(2);

/// The attributes of the resource, for `Fn::GetAtt`.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attributes {
    /// For the functions that verify access tokens.
    pub(crate) token_public_keys: String,
    /// For browsers that subscribe to notifications.
    pub(crate) push_public_key: String,
}

/// Makes everything that does not exist yet, or returns everything that is wrong.
pub(crate) async fn everything(
    mut variables: Variables,
    patience: Duration,
) -> Result<Attributes, String> {
    let database = store::Settings::from_variables(&mut variables);
    let broker = queue::Settings::from_variables(&mut variables);
    let users = BrokerUsers::from_variables(&mut variables, &broker);
    let token_public_keys = crypto::token::public_keys(&mut variables);
    let push_public_key = web_push::public_key(&mut variables);
    // Checked here so that a malformed one fails the deployment before any function has it.
    Pepper::from_variables(&mut variables);
    variables.check().map_err(|faults| faults.to_string())?;

    let patience = Patience {
        until: Instant::now() + patience,
        pause: PAUSE,
    };
    let broker = async {
        retry(patience, async || users.make().await).await?;
        retry(patience, async || queues(&broker).await).await
    };
    let (indexes, broker) =
        tokio::join!(retry(patience, async || indexes(&database).await), broker);
    let faults: Vec<String> = [indexes.err(), broker.err()]
        .into_iter()
        .flatten()
        .collect();
    if !faults.is_empty() {
        return Err(faults.join("; "));
    }
    Ok(Attributes {
        token_public_keys,
        push_public_key,
    })
}

/// Why something could not be made.
#[derive(Debug)]
pub(crate) enum SetupError {
    /// It may still be starting.
    Unavailable(String),
    /// Another attempt would fail in the same way.
    Final(String),
}

async fn indexes(settings: &store::Settings) -> Result<(), SetupError> {
    let made = async {
        Store::connect(settings.clone())
            .await?
            .create_indexes()
            .await
    };
    made.await.map_err(|error| {
        let message = format!("MONGODB_URI: {error}");
        if is_unavailable(&error) {
            SetupError::Unavailable(message)
        } else {
            SetupError::Final(message)
        }
    })
}

async fn queues(settings: &queue::Settings) -> Result<(), SetupError> {
    topology::declare(settings).await.map_err(|fault| {
        let message = format!("RABBITMQ_ENDPOINT: {fault}");
        match fault {
            DeclareError::Unavailable(_) => SetupError::Unavailable(message),
            DeclareError::Differs(_) => SetupError::Final(message),
        }
    })
}

fn is_unavailable(error: &(dyn Error + 'static)) -> bool {
    error.is::<Unavailable>() || error.source().is_some_and(is_unavailable)
}

/// Until when something is attempted, and the pause between two attempts.
#[derive(Clone, Copy)]
struct Patience {
    until: Instant,
    pause: Duration,
}

/// Retries until it succeeds, cannot succeed or has taken too long.
async fn retry(
    patience: Patience,
    make: impl AsyncFn() -> Result<(), SetupError>,
) -> Result<(), String> {
    loop {
        match make().await {
            Ok(()) => return Ok(()),
            Err(SetupError::Unavailable(reason))
                if Instant::now() + patience.pause < patience.until =>
            {
                tracing::info!(reason, "dependency unavailable, retrying");
                sleep(patience.pause).await;
            }
            Err(SetupError::Unavailable(reason) | SetupError::Final(reason)) => {
                return Err(reason);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn all_faults_are_reported_at_once() {
        let variables = Variables::new([
            ("MONGODB_URI".to_owned(), "http://nonsense".to_owned()),
            ("TOKEN_SIGNING_SECRET".to_owned(), "short".to_owned()),
        ]);
        let error = everything(variables, Duration::ZERO).await.unwrap_err();
        for name in [
            "MONGODB_URI",
            "RABBITMQ_ENDPOINT",
            "RABBITMQ_LOGIN",
            "RABBITMQ_MANAGEMENT_URL",
            "RABBITMQ_PUBLISHER",
            "RABBITMQ_CONSUMER",
            "TOKEN_SIGNING_SECRET",
            "PEPPER",
            "PUSH_SECRET",
        ] {
            assert!(error.contains(name), "{name} is not in {error}");
        }
        assert!(!error.contains("short"), "{error}");
    }

    fn patience(length: Duration) -> Patience {
        Patience {
            until: Instant::now() + length,
            pause: Duration::from_millis(1),
        }
    }

    #[tokio::test]
    async fn unavailable_dependencies_are_retried_and_permanent_errors_are_not() {
        let tries = Cell::new(0);
        let made = retry(patience(Duration::from_secs(60)), async || {
            tries.set(tries.get() + 1);
            match tries.get() {
                3 => Ok(()),
                _ => Err(SetupError::Unavailable("starting".to_owned())),
            }
        });
        assert_eq!(made.await, Ok(()));
        let failed = retry(patience(Duration::from_secs(60)), async || {
            tries.set(tries.get() + 1);
            Err(SetupError::Final("no".to_owned()))
        });
        assert_eq!(failed.await, Err("no".to_owned()));
        assert_eq!(tries.get(), 4);
    }

    #[tokio::test]
    async fn a_dependency_that_stays_unavailable_fails_with_its_last_message() {
        let short = patience(Duration::from_millis(50));
        let failed = retry(short, async || {
            Err(SetupError::Unavailable("starting".to_owned()))
        });
        assert_eq!(failed.await, Err("starting".to_owned()));
    }
}
