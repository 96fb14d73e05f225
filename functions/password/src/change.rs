//! `POST /api/password`

use accounts::{Guess, Guessing};
use credentials::password::{self, Verdict};
use credentials::random;
use domain::Password;
use domain::account::least_password;
use domain::mail::Job;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::connections::SessionChoice;
use wire::http::ChangePassword;

use crate::App;

/// Takes the current and a new password, and ends every other session.
pub(crate) async fn change(app: &App, call: Call) -> Outcome {
    let caller = app.gate.caller(call.bearer(), call.now).await?;
    let caller = caller.ok_or(Refusal::SignedOut)?;
    let body: ChangePassword = call.body()?;
    let store = app.codes.store();
    let account = store.account(&caller.user.id).await?;
    let account = account.ok_or(Refusal::SignedOut)?;
    let least = least_password(app.password_minimum, account.has_factor());
    let chosen = Password::parse("password", &body.password, least)?;
    password::refuse_common("password", &chosen, &[&account.email, &account.name])?;
    let source = call.source();
    let guess = match Guess::begin(store, &source, Some(&account.email), call.now).await? {
        Guessing::May(guess) => guess,
        Guessing::Wait(at) => return Err(Refusal::TooFast(at)),
    };
    let current = Password::presented(&body.current);
    if password::verify(current, Some(account.password)).await == Verdict::Wrong {
        return Err(Refusal::WrongCredentials);
    }
    guess.take_back().await?;

    // The broker comes first: while it is away nothing changes. The password
    // comes last: whoever is cut off before it finds the old one still good and
    // does it again, and nobody else's session outlives it.
    let is_short = app.is_short(&chosen);
    let hash = password::hash(chosen).await;
    let notice = Job::PasswordChanged {
        email: account.email,
    };
    let outbox = app.codes.outbox();
    outbox.publish(&random::id(), &notice, call.now).await?;
    store
        .end_sessions(&account.id, Some(&caller.session))
        .await?;
    let others = SessionChoice::AllBut(&caller.session);
    app.delivery.sign_out(&account.id, others, call.now).await?;
    app.set_password(&account.id, &hash, is_short).await?;
    Ok(Answer::no_content())
}
