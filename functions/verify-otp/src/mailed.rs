//! `POST /api/verify-otp`

use accounts::{Entered, Verdict};
use credentials::random;
use domain::limits::CEREMONY_LIFETIME;
use domain::{Code, Purpose};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::ceremonies::{Ceremony, Kind};
use store::challenges::Challenge;
use store::users::{Account, Created};
use wire::factors::{Factor, SecondFactor, Verified};
use wire::http::Verify;

use crate::App;

/// Takes a mailed code, and signs in or asks for the second factor.
pub(crate) async fn verify(app: &App, call: Call) -> Outcome {
    let body: Verify = call.body()?;
    let code = Code::parse("code", &body.code)?;
    let source = call.source();
    let entered = Entered {
        challenge: &body.challenge,
        code: &code,
        purposes: &[Purpose::Register, Purpose::Login],
        source: &source,
    };
    let challenge = match app.codes.answer(entered, call.now).await? {
        Verdict::Right(challenge) => challenge,
        Verdict::Wrong { attempts_left } => return Err(Refusal::WrongCode { attempts_left }),
        Verdict::Expired => return Err(Refusal::Expired),
        Verdict::Wait(at) => return Err(Refusal::TooFast(at)),
    };
    match &challenge.user {
        Some(user) => sign_in(app, &challenge, user, &call).await,
        None => sign_up(app, &challenge, &call).await,
    }
}

/// What needs a second factor begins to wait for it before the code is used up:
/// of any number at once, only one is told the ceremony that it began.
async fn sign_in(app: &App, challenge: &Challenge, user: &str, call: &Call) -> Outcome {
    let store = app.codes.store();
    let account = store.account(user).await?.ok_or(Refusal::Expired)?;
    let second = account.totp.is_some().then(|| second_factor(user, call));
    if let Some(ceremony) = &second {
        store.begin_ceremony(ceremony).await?;
    }
    claim(app, challenge).await?;
    match second {
        None => app.admit(account, false, call).await,
        Some(ceremony) => Ok(Answer::ok(&Verified::SecondFactor(SecondFactor {
            challenge: ceremony.id,
            factor: Factor::Totp,
            expires_at: ceremony.expires_at,
        }))),
    }
}

fn second_factor(user: &str, call: &Call) -> Ceremony {
    let until = call.now + CEREMONY_LIFETIME;
    let user = Some(user.to_owned());
    Ceremony::new(random::id(), Kind::SecondFactor, user, Vec::new(), until)
}

async fn sign_up(app: &App, challenge: &Challenge, call: &Call) -> Outcome {
    let registration = challenge.registration.as_ref().ok_or(Refusal::Expired)?;
    claim(app, challenge).await?;
    let account = Account::new(
        random::id(),
        challenge.email.clone(),
        registration.name.clone(),
        registration.password.clone(),
        call.now,
    );
    let store = app.codes.store();
    // Somebody may have confirmed the same address a moment ago.
    if store.create_account(&account).await? == Created::Taken {
        return Err(Refusal::Expired);
    }
    // Those of a registration are counted by themselves.
    store.forgive(&[&challenge.counted_as()]).await?;
    app.admit(account, true, call).await
}

/// Of any number of right answers at once, one goes on from here.
async fn claim(app: &App, challenge: &Challenge) -> Result<(), Refusal> {
    if app.codes.store().claim_challenge(&challenge.id).await? {
        Ok(())
    } else {
        Err(Refusal::Expired)
    }
}
