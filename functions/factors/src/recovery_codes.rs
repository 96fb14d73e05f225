//! `POST /api/recovery-codes`

use auth::notify_factor_change;
use crypto::recovery;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::RecoveryCodes;
use queue::jobs::mail::FactorChange;

use crate::App;

/// Makes new codes; the ones before are void.
pub(crate) async fn renew(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    if account.totp.is_none() {
        return Err(ApiError::NotFound);
    }
    let codes = recovery::codes();
    let hashes = codes.iter().map(|code| recovery::hash(&account.id, code));
    notify_factor_change(
        &app.queue,
        &account,
        FactorChange::RecoveryCodesMade,
        request.now,
    )
    .await?;
    let store = &app.store;
    if !store
        .replace_recovery_codes(&account.id, hashes.collect())
        .await?
    {
        return Err(ApiError::NotFound);
    }
    Ok(Response::ok(&RecoveryCodes {
        recovery_codes: codes.iter().map(|code| code.grouped()).collect(),
    }))
}
