//! `POST /api/verify-totp`

use domain::FactorCode;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::Verify;
use store::ceremonies::Kind;

use crate::App;

/// Takes a code of the app or a recovery code, and signs in.
pub(crate) async fn verify(app: &App, request: Request) -> Result<Response> {
    let body: Verify = request.body()?;
    let code = FactorCode::parse("code", &body.code)?;
    let store = &app.store;
    let id = &body.challenge;
    let ceremony = store
        .try_ceremony(id, Kind::SecondFactor, request.now)
        .await?;
    let ceremony = ceremony.ok_or(ApiError::Expired)?;
    let user = ceremony.user.as_deref().unwrap_or_default();
    let account = store.account(user).await?.ok_or(ApiError::Expired)?;
    if account.credentials_version != ceremony.credentials_version {
        return Err(ApiError::Expired);
    }
    match app.auth.check_factor(&account, &code, request.now).await {
        Ok(true) => {}
        Ok(false) => {
            return Err(ApiError::WrongCode {
                attempts_left: ceremony.tries_left,
            });
        }
        Err(error) => {
            store.return_ceremony_try(id).await?;
            return Err(error);
        }
    }
    // Of several right answers at once, one continues from here.
    let ended = store
        .end_ceremony(id, Kind::SecondFactor, request.now)
        .await?;
    ended.ok_or(ApiError::Expired)?;
    app.sign_in(account, false, &request).await
}
