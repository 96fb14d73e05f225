//! `POST /api/verify-otp`

use auth::CodeAttempt;
use crypto::random;
use domain::limits::CEREMONY_LIFETIME;
use domain::{Code, Purpose};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::{Factor, SecondFactor, Verified};
use protocol::http::Verify;
use store::ceremonies::{Ceremony, Kind};
use store::challenges::Challenge;
use store::users::{Account, Created};

use crate::App;

/// Takes a mailed code, and signs in or asks for the second factor.
pub(crate) async fn verify(app: &App, request: Request) -> Result<Response> {
    let body: Verify = request.body()?;
    let code = Code::parse("code", &body.code)?;
    let source = request.source();
    let entered = CodeAttempt {
        challenge: &body.challenge,
        code: &code,
        purposes: &[Purpose::Register, Purpose::Login],
        source: &source,
    };
    let challenge = app.auth.check_code(entered, request.now).await?;
    match &challenge.user {
        Some(user) => sign_in(app, &challenge, user, &request).await,
        None => sign_up(app, &challenge, &request).await,
    }
}

/// With a second factor, its ceremony begins before the code is consumed; of
/// several requests at the same time, only one receives its ceremony.
async fn sign_in(
    app: &App,
    challenge: &Challenge,
    user: &str,
    request: &Request,
) -> Result<Response> {
    let store = &app.store;
    let account = store.account(user).await?.ok_or(ApiError::Expired)?;
    // The password that this sign-in began with was replaced since.
    if account.credentials_version != challenge.credentials_version {
        return Err(ApiError::Expired);
    }
    let second = account
        .totp
        .is_some()
        .then(|| second_factor(&account, request));
    if let Some(ceremony) = &second {
        store.begin_ceremony(ceremony).await?;
    }
    claim(app, challenge).await?;
    match second {
        None => app.sign_in(account, false, request).await,
        Some(ceremony) => Ok(Response::ok(&Verified::SecondFactor(SecondFactor {
            challenge: ceremony.id,
            factor: Factor::Totp,
            expires_at: ceremony.expires_at,
        }))),
    }
}

fn second_factor(account: &Account, request: &Request) -> Ceremony {
    let until = request.now + CEREMONY_LIFETIME;
    let user = Some(account.id.clone());
    let kind = Kind::SecondFactor;
    let mut ceremony = Ceremony::new(random::id(), kind, user, Vec::new(), until);
    ceremony.credentials_version = account.credentials_version;
    ceremony
}

async fn sign_up(app: &App, challenge: &Challenge, request: &Request) -> Result<Response> {
    let registration = challenge.registration.as_ref().ok_or(ApiError::Expired)?;
    claim(app, challenge).await?;
    let account = Account::new(
        random::id(),
        challenge.email.clone(),
        registration.name.clone(),
        registration.password.clone(),
        request.now,
    );
    let store = &app.store;
    // The same address may have been confirmed concurrently.
    if store.create_account(&account).await? == Created::Taken {
        return Err(ApiError::Expired);
    }
    // Those of a registration are counted by themselves.
    store.clear_failures(&[&challenge.counted_as()]).await?;
    app.sign_in(account, true, request).await
}

/// Of any number of right answers at once, one goes on from here.
async fn claim(app: &App, challenge: &Challenge) -> Result<()> {
    if app.store.claim_challenge(&challenge.id).await? {
        Ok(())
    } else {
        Err(ApiError::Expired)
    }
}
