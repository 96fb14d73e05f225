//! `POST /api/reset-password`

use credentials::password;
use domain::limits::FAILURES_PER_SOURCE;
use domain::{Code, Password, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::connections::SessionChoice;
use store::limits::Allowed;
use wire::http::ResetPassword;

use crate::App;
use crate::change::tell_owner;

/// Takes the mailed code and a new password, and ends every session.
///
/// It does not wait for the account's failures to be forgiven: this is the path
/// that stays open to a victim whom somebody else's guesses have slowed down.
pub(crate) async fn reset(app: &App, call: Call) -> Outcome {
    let body: ResetPassword = call.body()?;
    let code = Code::parse("code", &body.code)?;
    let chosen = Password::parse("password", &body.password, app.password_minimum)?;
    password::refuse_common("password", &chosen, &[])?;
    let failures = app
        .store
        .look(FAILURES_PER_SOURCE, &call.source(), call.now)
        .await?;
    if let Allowed::Until(at) = failures {
        return Err(Refusal::TooFast(at));
    }
    let purposes = [Purpose::Reset];
    let Some(challenge) = app
        .store
        .take_try(&body.challenge, &purposes, call.now)
        .await?
    else {
        return Err(Refusal::Expired);
    };
    let right = app.pepper.is_code(
        &challenge.id,
        challenge.purpose,
        &code,
        challenge.code_hash(),
    );
    let (true, Some(user)) = (right, &challenge.user) else {
        app.store
            .count(FAILURES_PER_SOURCE, &call.source(), call.now)
            .await?;
        return Err(Refusal::WrongCode {
            attempts_left: challenge.tries_left,
        });
    };
    if !app.store.claim_challenge(&challenge.id).await? {
        return Err(Refusal::Expired);
    }

    let hash = password::hash(chosen).await;
    app.store.set_password(user, &hash).await?;
    app.store.forgive(&challenge.email).await?;
    app.store.end_sessions(user, None).await?;
    app.delivery
        .sign_out(user, SessionChoice::All, call.now)
        .await?;
    tell_owner(app, &challenge.email, call.now).await?;
    Ok(Answer::no_content())
}
