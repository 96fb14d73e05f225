//! `POST /api/reset-password`

use accounts::{Entered, Verdict};
use credentials::password;
use domain::account::least_password;
use domain::limits::PASSWORD_CHARS_WITH_FACTOR;
use domain::mail::Job;
use domain::{Code, Password, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::challenges::Challenge;
use store::connections::SessionChoice;
use wire::http::ResetPassword;

use crate::App;

/// Takes the mailed code and a new password, and ends every session.
pub(crate) async fn reset(app: &App, call: Call) -> Outcome {
    let body: ResetPassword = call.body()?;
    let code = Code::parse("code", &body.code)?;
    // Whose it is, and with it the minimum, is known once the code is right.
    let chosen = Password::parse("password", &body.password, PASSWORD_CHARS_WITH_FACTOR)?;
    password::refuse_common("password", &chosen, &[])?;
    let source = call.source();
    let entered = Entered {
        challenge: &body.challenge,
        code: &code,
        purposes: &[Purpose::Reset],
        source: &source,
    };
    let challenge = match app.codes.answer(entered, call.now).await? {
        Verdict::Right(challenge) => challenge,
        Verdict::Wrong { attempts_left } => return Err(Refusal::WrongCode { attempts_left }),
        Verdict::Expired => return Err(Refusal::Expired),
        Verdict::Wait(at) => return Err(Refusal::TooFast(at)),
    };
    if let Err(refusal) = prepare(app, &challenge, &chosen, &call).await {
        app.codes.store().give_try_back(&challenge.id).await?;
        return Err(refusal);
    }
    replace(app, &challenge, chosen, &call).await
}

/// What may still fail while the code stays good: whether the password is too
/// short for an account without a second factor or says its address, which is
/// known only now, and the broker. A notice has one id however
/// often the code is tried, so it is mailed once.
async fn prepare(
    app: &App,
    challenge: &Challenge,
    chosen: &Password,
    call: &Call,
) -> Result<(), Refusal> {
    let user = challenge.user.as_deref().unwrap_or_default();
    let account = app.codes.store().account(user).await?;
    let account = account.ok_or(Refusal::Expired)?;
    let least = least_password(app.password_minimum, account.has_factor());
    Password::parse("password", chosen.as_str(), least)?;
    password::refuse_common("password", chosen, &[&account.email, &account.name])?;
    let notice = Job::PasswordChanged {
        email: challenge.email.clone(),
    };
    let id = format!("reset-{}", challenge.id);
    app.codes.outbox().publish(&id, &notice, call.now).await?;
    Ok(())
}

/// Of any number of right answers at once, one goes on. The password is set when
/// no session is left: whoever is cut off before that asks for another code, and
/// nobody who was signed in stays so under the new password. The failures are
/// forgiven last, since it is the new password that ends them.
async fn replace(app: &App, challenge: &Challenge, chosen: Password, call: &Call) -> Outcome {
    let store = app.codes.store();
    let user = challenge.user.as_deref().ok_or(Refusal::Expired)?;
    let is_short = app.is_short(&chosen);
    let hash = password::hash(chosen).await;
    if !store.claim_challenge(&challenge.id).await? {
        return Err(Refusal::Expired);
    }
    store.end_sessions(user, None).await?;
    app.delivery
        .sign_out(user, SessionChoice::All, call.now)
        .await?;
    app.set_password(user, &hash, is_short).await?;
    store.forgive(&[&challenge.email]).await?;
    Ok(Answer::no_content())
}
