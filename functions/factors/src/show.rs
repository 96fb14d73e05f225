//! `GET /api/factors`

use edge::http::{Answer, Call, Outcome};
use store::users::Passkey;
use wire::factors::Factors;

use crate::App;

/// What is on, and until when it may be changed.
pub(crate) async fn show(app: &App, call: Call) -> Outcome {
    let (caller, account) = app.account(&call).await?;
    Ok(Answer::ok(&Factors {
        totp_since: account.totp.as_ref().map(|totp| totp.since),
        recovery_codes_left: account.recovery_codes_left(),
        passkeys: account.passkeys.iter().map(Passkey::shown).collect(),
        password_is_short: account.password_is_short,
        fresh_until: app.gate.fresh_until(&caller, call.now).await?,
    }))
}
