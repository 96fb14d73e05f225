//! `POST /api/password`

use auth::{Attempt, signed_in_key};
use crypto::{password, random};
use domain::Password;
use domain::account::least_password;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::ChangePassword;
use queue::jobs::mail::Job;
use store::connections::SessionChoice;

use crate::App;

/// Replaces the current password by a new one, and ends every other session.
pub(crate) async fn change(app: &App, request: Request) -> Result<Response> {
    let caller = app
        .authenticator
        .caller(request.bearer(), request.now)
        .await?;
    let body: ChangePassword = request.body()?;
    let store = &app.store;
    let account = store.account(&caller.user.id).await?;
    let mut account = account.ok_or(ApiError::SignedOut)?;
    let least = least_password(app.password_minimum, account.has_factor());
    let chosen = Password::parse("password", &body.password, least)?;
    let key = signed_in_key(&account.id);
    let attempt = Attempt::begin(store, None, Some(&key), request.now).await?;
    let current = Password::presented(&body.current);
    if !password::verify(current, Some(account.password.clone())).await {
        return Err(ApiError::WrongCredentials);
    }
    attempt.take_back().await?;
    password::refuse_common("password", &chosen, &[&account.email, &account.name])?;

    // The broker comes first: while it is unavailable nothing changes. Other
    // sessions end before and after the password is replaced: a request that is cut
    // off can be repeated, and no session survives that was started in between.
    let is_short = app.is_short(&chosen);
    let hash = password::hash(chosen).await;
    let notice = Job::PasswordChanged {
        email: account.email.clone(),
        totp: account.totp.is_some(),
        passkeys: account.passkeys.len(),
    };
    let id = random::id();
    app.queue.publish(&id, &notice, request.now).await?;
    let others = SessionChoice::AllBut(&caller.session);
    app.end_sessions(&account.id, others, request.now).await?;
    account.credentials_version = app.set_password(&account.id, &hash, is_short).await?;
    store
        .set_session_version(&caller.session, account.credentials_version)
        .await?;
    store.void_sign_ins(&account.id).await?;
    app.end_sessions(&account.id, others, request.now).await?;
    let cookie = request.cookie(app.devices.cookie_name());
    Ok(Response::no_content().cookies([app.devices.remember(cookie, &account)]))
}
