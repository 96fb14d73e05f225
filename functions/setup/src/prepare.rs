//! What is made, and how long it is tried.

use std::error::Error;
use std::time::Duration;

use crypto::Pepper;
use domain::Unavailable;
use env::Variables;
use queue::topology::{self, Fault};
use serde::Serialize;
use store::Store;
use tokio::time::{Instant, sleep};

/// Between two tries to reach what is not there yet.
const PAUSE: Duration = Duration::from_secs(2);

/// What the template may refer to.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attributes {
    /// For the functions that verify access tokens.
    pub(crate) token_public_keys: String,
}

/// Makes everything that is not there yet, or tells everything that is wrong.
pub(crate) async fn everything(
    mut variables: Variables,
    patience: Duration,
) -> Result<Attributes, String> {
    let database = store::Settings::from_variables(&mut variables);
    let broker = queue::Settings::from_variables(&mut variables);
    let token_public_keys = crypto::token::public_keys(&mut variables);
    // Not used here: one that is malformed fails the deployment before any
    // function has it.
    Pepper::from_variables(&mut variables);
    variables.check().map_err(|faults| faults.to_string())?;

    let patience = Patience {
        until: Instant::now() + patience,
        pause: PAUSE,
    };
    let (indexes, queues) = tokio::join!(
        patiently(patience, async || indexes(&database).await),
        patiently(patience, async || queues(&broker).await),
    );
    let faults: Vec<String> = [indexes.err(), queues.err()]
        .into_iter()
        .flatten()
        .collect();
    if !faults.is_empty() {
        return Err(faults.join("; "));
    }
    Ok(Attributes { token_public_keys })
}

/// Why something could not be made.
enum Failure {
    /// It may be starting still.
    Away(String),
    /// Trying again would change nothing.
    Final(String),
}

async fn indexes(settings: &store::Settings) -> Result<(), Failure> {
    let made = async {
        Store::connect(settings.clone())
            .await?
            .create_indexes()
            .await
    };
    made.await.map_err(|error| {
        let told = format!("MONGODB_URI: {error}");
        if is_unavailable(&error) {
            Failure::Away(told)
        } else {
            Failure::Final(told)
        }
    })
}

async fn queues(settings: &queue::Settings) -> Result<(), Failure> {
    topology::declare(settings).await.map_err(|fault| {
        let told = format!("RABBITMQ_ENDPOINT: {fault}");
        match fault {
            Fault::Unreachable(_) => Failure::Away(told),
            Fault::Differs(_) => Failure::Final(told),
        }
    })
}

fn is_unavailable(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<Unavailable>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Until when something is tried, and the pause between two tries.
#[derive(Clone, Copy)]
struct Patience {
    until: Instant,
    pause: Duration,
}

/// Tries until it works, can never work or has taken too long.
async fn patiently(
    patience: Patience,
    make: impl AsyncFn() -> Result<(), Failure>,
) -> Result<(), String> {
    loop {
        match make().await {
            Ok(()) => return Ok(()),
            Err(Failure::Away(told)) if Instant::now() + patience.pause < patience.until => {
                tracing::info!(told, "not there yet; trying again");
                sleep(patience.pause).await;
            }
            Err(Failure::Away(told) | Failure::Final(told)) => return Err(told),
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
        let told = everything(variables, Duration::ZERO).await.unwrap_err();
        for name in [
            "MONGODB_URI",
            "RABBITMQ_ENDPOINT",
            "RABBITMQ_PASSWORD",
            "TOKEN_SIGNING_SECRET",
            "PEPPER",
        ] {
            assert!(told.contains(name), "{name} is not in {told}");
        }
        assert!(!told.contains("short"), "{told}");
    }

    fn patience(length: Duration) -> Patience {
        Patience {
            until: Instant::now() + length,
            pause: Duration::from_millis(1),
        }
    }

    #[tokio::test]
    async fn an_unavailable_service_is_retried_and_a_final_error_is_not() {
        let tries = Cell::new(0);
        let made = patiently(patience(Duration::from_secs(60)), async || {
            tries.set(tries.get() + 1);
            match tries.get() {
                3 => Ok(()),
                _ => Err(Failure::Away("starting".to_owned())),
            }
        });
        assert_eq!(made.await, Ok(()));
        let failed = patiently(patience(Duration::from_secs(60)), async || {
            tries.set(tries.get() + 1);
            Err(Failure::Final("no".to_owned()))
        });
        assert_eq!(failed.await, Err("no".to_owned()));
        assert_eq!(tries.get(), 4);
    }

    #[tokio::test]
    async fn what_stays_away_is_given_up_with_what_it_said_last() {
        let short = patience(Duration::from_millis(50));
        let failed = patiently(short, async || Err(Failure::Away("starting".to_owned())));
        assert_eq!(failed.await, Err("starting".to_owned()));
    }
}
