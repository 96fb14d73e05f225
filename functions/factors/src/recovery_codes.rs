//! `POST /api/recovery-codes`

use accounts::tell_of_change;
use credentials::recovery;
use domain::mail::FactorChange;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use wire::factors::RecoveryCodes;

use crate::App;

/// Makes new codes; the ones before are void.
pub(crate) async fn renew(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
    if account.totp.is_none() {
        return Err(Refusal::NotFound);
    }
    let codes = recovery::codes();
    let hashes = codes.iter().map(|code| recovery::hash(&account.id, code));
    tell_of_change(
        app.codes.outbox(),
        &account,
        FactorChange::RecoveryCodesMade,
        call.now,
    )
    .await?;
    let store = app.codes.store();
    if !store
        .replace_recovery_codes(&account.id, hashes.collect())
        .await?
    {
        return Err(Refusal::NotFound);
    }
    Ok(Answer::ok(&RecoveryCodes {
        recovery_codes: codes.iter().map(|code| code.grouped()).collect(),
    }))
}
