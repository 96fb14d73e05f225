//! `GET /api/factors`

use lambda::Result;
use lambda::http::{Request, Response};
use protocol::factors::Factors;
use store::users::Passkey;

use crate::App;

/// What is on, and until when it may be changed.
pub(crate) async fn show(app: &App, request: Request) -> Result<Response> {
    let (caller, account) = app.account(&request).await?;
    Ok(Response::ok(&Factors {
        totp_since: account.totp.as_ref().map(|totp| totp.since),
        recovery_codes_left: account.recovery_codes_left(),
        passkeys: account.passkeys.iter().map(Passkey::shown).collect(),
        password_is_short: account.password_is_short,
        fresh_until: app.authenticator.fresh_until(&caller, request.now).await?,
    }))
}
