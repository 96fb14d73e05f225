//! `Custom::Reseal`: sealing TOTP secrets again after the pepper was rotated.

use crypto::{Pepper, Sealed};
use env::Variables;
use futures_util::{StreamExt, TryStreamExt};
use store::Store;
use store::users::Outdated;

/// Secrets that are sealed again concurrently.
const CONCURRENCY: usize = 8;

/// Seals with the key in use what is sealed with the other one, so that the other one
/// can be replaced. An interrupted run is continued by the next one; until then both
/// keys open secrets.
pub(crate) async fn everything(mut variables: Variables) -> Result<(), String> {
    let database = store::Settings::from_variables(&mut variables);
    let pepper = Pepper::from_variables(&mut variables);
    variables.check().map_err(|faults| faults.to_string())?;
    let sealing = async {
        let store = Store::connect(database).await?;
        let outdated = store.outdated_totps(pepper.sealing_key_id()).await?;
        outdated
            .map(|one| seal_again(&store, &pepper, one))
            .buffer_unordered(CONCURRENCY)
            .try_fold(
                Tally::default(),
                async |tally, sealed| Ok(tally.and(sealed)),
            )
            .await
    };
    let tally = sealing
        .await
        .map_err(|error: store::Error| format!("MONGODB_URI: {error}"))?;
    if tally.lost > 0 {
        // Their owners can sign in with recovery codes only.
        tracing::error!(
            lost = tally.lost,
            "TOTP secrets are sealed with an unknown pepper"
        );
    }
    tracing::info!(sealed = tally.sealed, "resealed TOTP secrets");
    Ok(())
}

#[derive(Default)]
struct Tally {
    sealed: usize,
    lost: usize,
}

impl Tally {
    fn and(mut self, sealed: bool) -> Self {
        let count = if sealed {
            &mut self.sealed
        } else {
            &mut self.lost
        };
        *count += 1;
        self
    }
}

/// Returns whether the secret could be opened.
async fn seal_again(
    store: &Store,
    pepper: &Pepper,
    outdated: store::Result<Outdated>,
) -> store::Result<bool> {
    let outdated = outdated?;
    let sealed = Sealed {
        key: outdated.totp.key.clone(),
        bytes: outdated.totp.sealed().to_vec(),
    };
    let Some(secret) = pepper.open(&outdated.user, &sealed) else {
        return Ok(false);
    };
    let again = pepper.seal(&outdated.user, &secret);
    store
        .reseal_totp(&outdated, &again.key, again.bytes)
        .await?;
    Ok(true)
}
