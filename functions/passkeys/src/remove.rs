//! `DELETE /api/passkeys/{id}`

use accounts::tell_of_change;
use domain::mail::FactorChange;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::users::Removed;

use crate::App;

/// Removes a passkey of the caller's, unless a short password needs it.
pub(crate) async fn remove(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
    let id = call.path("id");
    if !account.passkeys.iter().any(|passkey| passkey.id == id) {
        return Err(Refusal::NotFound);
    }
    let is_last = account.totp.is_none() && account.passkeys.len() == 1;
    if account.password_is_short && is_last {
        return Err(Refusal::needs_longer_password());
    }
    tell_of_change(
        &app.outbox,
        &account,
        FactorChange::PasskeyRemoved,
        call.now,
    )
    .await?;
    match app.store.remove_passkey(&account.id, &id).await? {
        Removed::Yes => Ok(Answer::no_content()),
        Removed::NotThere => Err(Refusal::NotFound),
        Removed::NeedsLongerPassword => Err(Refusal::needs_longer_password()),
    }
}
