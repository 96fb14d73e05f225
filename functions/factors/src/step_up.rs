//! `POST /api/step-up`

use accounts::{Factor, Guess, Guessing};
use credentials::password::{self, Verdict};
use domain::limits::FRESH;
use domain::{FactorCode, Invalid, Password};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::users::Account;
use wire::factors::{Fresh, StepUp};

use crate::App;

/// Takes the password, and with TOTP on a code as well, so that a session that
/// somebody else got hold of changes nothing.
pub(crate) async fn step_up(app: &App, call: Call) -> Outcome {
    let (caller, account) = app.account(&call).await?;
    let body: StepUp = call.body()?;
    let code = code(&account, body.code.as_deref())?;
    let store = app.codes.store();
    let source = call.source();
    let guess = match Guess::begin(store, &source, Some(&account.email), call.now).await? {
        Guessing::May(guess) => guess,
        Guessing::Wait(at) => return Err(Refusal::TooFast(at)),
    };
    let presented = Password::presented(&body.password);
    let verdict = password::verify(presented, Some(account.password.clone())).await;
    if verdict == Verdict::Wrong {
        return Err(Refusal::WrongCredentials);
    }
    guess.take_back().await?;
    if let Some(code) = code {
        let checked = app
            .codes
            .check_factor(&account, &code, &source, call.now)
            .await?;
        match checked {
            Factor::Right => {}
            Factor::Wrong => return Err(Refusal::WrongCredentials),
            Factor::Wait(at) => return Err(Refusal::TooFast(at)),
        }
    }
    store.prove_session(&caller.session, call.now).await?;
    Ok(Answer::ok(&Fresh {
        fresh_until: call.now + FRESH,
    }))
}

/// The code that this account has to present, if any.
fn code(account: &Account, text: Option<&str>) -> Result<Option<FactorCode>, Invalid> {
    match (&account.totp, text) {
        (None, _) => Ok(None),
        (Some(_), Some(text)) => FactorCode::parse("code", text).map(Some),
        (Some(_), None) => Err(Invalid::new("code", "is missing.")),
    }
}
