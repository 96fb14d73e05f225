//! `POST /api/reset-password`

use auth::CodeAttempt;
use crypto::password;
use domain::account::least_password;
use domain::limits::PASSWORD_CHARS_WITH_FACTOR;
use domain::{Code, Password, Purpose};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::ResetPassword;
use queue::jobs::mail::Job;
use store::challenges::Challenge;
use store::connections::SessionChoice;

use crate::App;

/// Takes the mailed code and a new password, and ends every session.
pub(crate) async fn reset(app: &App, request: Request) -> Result<Response> {
    let body: ResetPassword = request.body()?;
    let code = Code::parse("code", &body.code)?;
    // Whose it is, and with it the minimum, is known once the code is right.
    let chosen = Password::parse("password", &body.password, PASSWORD_CHARS_WITH_FACTOR)?;
    password::refuse_common("password", &chosen, &[])?;
    let source = request.source();
    let entered = CodeAttempt {
        challenge: &body.challenge,
        code: &code,
        purposes: &[Purpose::Reset],
        source: &source,
    };
    let challenge = app.auth.check_code(entered, request.now).await?;
    if let Err(refusal) = prepare(app, &challenge, &chosen, &request).await {
        app.store.give_try_back(&challenge.id).await?;
        return Err(refusal);
    }
    replace(app, &challenge, chosen, &request).await
}

/// What may still fail while the code stays good: whether the password is too
/// short for an account without a second factor or says its address, which is
/// known only now, and the broker. A notice has one id however
/// often the code is tried, so it is mailed once.
async fn prepare(
    app: &App,
    challenge: &Challenge,
    chosen: &Password,
    request: &Request,
) -> Result<()> {
    let user = challenge.user.as_deref().unwrap_or_default();
    let account = app.store.account(user).await?;
    let account = account.ok_or(ApiError::Expired)?;
    let least = least_password(app.password_minimum, account.has_factor());
    Password::parse("password", chosen.as_str(), least)?;
    password::refuse_common("password", chosen, &[&account.email, &account.name])?;
    let notice = Job::PasswordChanged {
        email: challenge.email.clone(),
    };
    let id = format!("reset-{}", challenge.id);
    app.queue.publish(&id, &notice, request.now).await?;
    Ok(())
}

/// Of several correct answers at the same time, one continues. The password is
/// set after all sessions have ended: if the request is interrupted before, the
/// user requests another code, and no old session survives the new password.
/// The failures are cleared last, since the new password ends them.
async fn replace(
    app: &App,
    challenge: &Challenge,
    chosen: Password,
    request: &Request,
) -> Result<Response> {
    let store = &app.store;
    let user = challenge.user.as_deref().ok_or(ApiError::Expired)?;
    let is_short = app.is_short(&chosen);
    let hash = password::hash(chosen).await;
    if !store.claim_challenge(&challenge.id).await? {
        return Err(ApiError::Expired);
    }
    store.end_sessions(user, None).await?;
    app.realtime
        .sign_out(user, SessionChoice::All, request.now)
        .await?;
    app.set_password(user, &hash, is_short).await?;
    store.clear_failures(&[&challenge.email]).await?;
    Ok(Response::no_content())
}
