//! `POST /api/password`

use auth::Attempt;
use crypto::password;
use crypto::random;
use domain::Password;
use domain::account::least_password;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::ChangePassword;
use queue::jobs::mail::Job;
use store::connections::SessionChoice;

use crate::App;

/// Takes the current and a new password, and ends every other session.
pub(crate) async fn change(app: &App, request: Request) -> Result<Response> {
    let caller = app
        .authenticator
        .caller(request.bearer(), request.now)
        .await?;
    let caller = caller.ok_or(ApiError::SignedOut)?;
    let body: ChangePassword = request.body()?;
    let store = &app.store;
    let account = store.account(&caller.user.id).await?;
    let account = account.ok_or(ApiError::SignedOut)?;
    let least = least_password(app.password_minimum, account.has_factor());
    let chosen = Password::parse("password", &body.password, least)?;
    password::refuse_common("password", &chosen, &[&account.email, &account.name])?;
    let source = request.source();
    let attempt = Attempt::begin(store, &source, Some(&account.email), request.now).await?;
    let current = Password::presented(&body.current);
    if !password::verify(current, Some(account.password)).await {
        return Err(ApiError::WrongCredentials);
    }
    attempt.take_back().await?;

    // The job is published first: nothing changes while the broker is
    // unavailable. The password is set last: if the request is interrupted
    // before, the old one still works and the user can repeat it, and no other
    // session survives.
    let is_short = app.is_short(&chosen);
    let hash = password::hash(chosen).await;
    let notice = Job::PasswordChanged {
        email: account.email,
    };
    let queue = &app.queue;
    queue.publish(&random::id(), &notice, request.now).await?;
    store
        .end_sessions(&account.id, Some(&caller.session))
        .await?;
    let others = SessionChoice::AllBut(&caller.session);
    app.realtime
        .sign_out(&account.id, others, request.now)
        .await?;
    app.set_password(&account.id, &hash, is_short).await?;
    Ok(Response::no_content())
}
