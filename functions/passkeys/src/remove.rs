//! `DELETE /api/passkeys/{id}`

use auth::notify_factor_change;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use queue::jobs::mail::FactorChange;
use store::users::Removed;

use crate::App;

/// Removes a passkey of the caller's, unless a short password needs it.
pub(crate) async fn remove(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    let id = request.path("id");
    if !account.passkeys.iter().any(|passkey| passkey.id == id) {
        return Err(ApiError::NotFound);
    }
    let is_last = account.totp.is_none() && account.passkeys.len() == 1;
    if account.password_is_short && is_last {
        return Err(ApiError::needs_longer_password());
    }
    notify_factor_change(
        &app.queue,
        &account,
        FactorChange::PasskeyRemoved,
        request.now,
    )
    .await?;
    match app.store.remove_passkey(&account.id, &id).await? {
        Removed::Yes => Ok(Response::no_content()),
        Removed::NotThere => Err(ApiError::NotFound),
        Removed::NeedsLongerPassword => Err(ApiError::needs_longer_password()),
    }
}
