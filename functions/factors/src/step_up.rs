//! `POST /api/step-up`

use auth::Attempt;
use crypto::password;
use domain::limits::FRESH;
use domain::{FactorCode, Password, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::{Fresh, StepUp};
use store::users::Account;

use crate::App;

/// Verifies the password, and with TOTP a code as well, so that a stolen
/// session cannot change factors.
pub(crate) async fn step_up(app: &App, request: Request) -> Result<Response> {
    let (caller, account) = app.account(&request).await?;
    let body: StepUp = request.body()?;
    let code = code(&account, body.code.as_deref())?;
    let store = &app.store;
    let key = auth::signed_in_key(&account.id);
    let attempt = Attempt::begin(store, None, Some(&key), request.now).await?;
    let presented = Password::presented(&body.password);
    if !password::verify(presented, Some(account.password.clone())).await {
        return Err(ApiError::WrongCredentials);
    }
    attempt.take_back().await?;
    if let Some(code) = code
        && !app.auth.check_factor(&account, &code, request.now).await?
    {
        return Err(ApiError::WrongCredentials);
    }
    store.prove_session(&caller.session, request.now).await?;
    Ok(Response::ok(&Fresh {
        fresh_until: request.now + FRESH,
    }))
}

/// The code that this account has to present, if any.
fn code(account: &Account, text: Option<&str>) -> Result<Option<FactorCode>, ValidationError> {
    match (&account.totp, text) {
        (None, _) => Ok(None),
        (Some(_), Some(text)) => FactorCode::parse("code", text).map(Some),
        (Some(_), None) => Err(ValidationError::new("code", "is missing.")),
    }
}
