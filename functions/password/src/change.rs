//! `POST /api/password`

use credentials::password::{self, Verdict};
use credentials::random;
use domain::mail::Job;
use domain::{Millis, Password};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::connections::SessionChoice;
use store::limits::Allowed;
use wire::http::ChangePassword;

use crate::App;

/// Takes the current and a new password, and ends every other session.
pub(crate) async fn change(app: &App, call: Call) -> Outcome {
    let caller = app.gate.caller(call.bearer(), call.now).await?;
    let caller = caller.ok_or(Refusal::SignedOut)?;
    let body: ChangePassword = call.body()?;
    let account = app.store.account(&caller.user.id).await?;
    let account = account.ok_or(Refusal::SignedOut)?;
    let chosen = Password::parse("password", &body.password, app.password_minimum)?;
    password::refuse_common("password", &chosen, &[&account.email, &account.name])?;
    if let Allowed::Until(at) = app.store.try_account(&account.email, call.now).await? {
        return Err(Refusal::TooFast(at));
    }
    let current = Password::presented(&body.current);
    if password::verify(current, Some(account.password)).await == Verdict::Wrong {
        return Err(Refusal::WrongCredentials);
    }
    app.store.take_back_try(&account.email).await?;

    let hash = password::hash(chosen).await;
    app.store.set_password(&account.id, &hash).await?;
    app.store
        .end_sessions(&account.id, Some(&caller.session))
        .await?;
    let others = SessionChoice::AllBut(&caller.session);
    app.delivery.sign_out(&account.id, others, call.now).await?;
    tell_owner(app, &account.email, call.now).await?;
    Ok(Answer::no_content())
}

/// Mails the account's owner that the password is another now.
pub(crate) async fn tell_owner(app: &App, email: &str, now: Millis) -> Result<(), Refusal> {
    let job = Job::PasswordChanged {
        email: email.to_owned(),
    };
    app.codes.outbox().publish(&random::id(), &job, now).await?;
    Ok(())
}
