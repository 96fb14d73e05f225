//! `POST /api/verify-totp`

use accounts::Factor;
use domain::FactorCode;
use edge::Refusal;
use edge::http::{Call, Outcome};
use store::ceremonies::Kind;
use wire::http::Verify;

use crate::App;

/// Takes a code of the app or a recovery code, and signs in.
pub(crate) async fn verify(app: &App, call: Call) -> Outcome {
    let body: Verify = call.body()?;
    let code = FactorCode::parse("code", &body.code)?;
    let store = app.codes.store();
    let id = &body.challenge;
    let ceremony = store.try_ceremony(id, Kind::SecondFactor, call.now).await?;
    let ceremony = ceremony.ok_or(Refusal::Expired)?;
    let user = ceremony.user.as_deref().unwrap_or_default();
    let account = store.account(user).await?.ok_or(Refusal::Expired)?;
    let source = call.source();
    let checked = app.codes.check_factor(&account, &code, &source, call.now);
    match checked.await? {
        Factor::Right => {}
        Factor::Wrong => {
            return Err(Refusal::WrongCode {
                attempts_left: ceremony.tries_left,
            });
        }
        Factor::Wait(at) => {
            store.return_ceremony_try(id).await?;
            return Err(Refusal::TooFast(at));
        }
    }
    // Of any number of right answers at once, one goes on from here.
    let ended = store.end_ceremony(id, Kind::SecondFactor, call.now).await?;
    ended.ok_or(Refusal::Expired)?;
    app.admit(account, false, &call).await
}
