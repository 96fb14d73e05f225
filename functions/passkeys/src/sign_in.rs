//! Signing in with a passkey: no address, no password, no mail.

use auth::SignIn;
use crypto::random;
use domain::limits::{CEREMONY_LIFETIME, PASSKEY_SIGN_INS, PASSKEY_SIGN_INS_PER_NETWORK};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::{PasskeyBegun, PasskeyLogin};
use store::ceremonies::{Ceremony, Kind};
use store::users::{Account, Passkey};
use webauthn::PublicKeyCredential;

use crate::App;

/// `POST /api/passkey-login/begin`: the same for everybody.
pub(crate) async fn begin(app: &App, request: Request) -> Result<Response> {
    let source = request.source();
    let quotas = (PASSKEY_SIGN_INS, PASSKEY_SIGN_INS_PER_NETWORK);
    app.store.count_source(quotas, &source, request.now).await?;
    let begun = app.site.begin_sign_in()?;
    let (challenge, expires_at) = (random::id(), request.now + CEREMONY_LIFETIME);
    let kind = Kind::PasskeySignIn;
    let ceremony = Ceremony::new(challenge.clone(), kind, None, begun.state, expires_at);
    app.store.begin_ceremony(&ceremony).await?;
    Ok(Response::ok(&PasskeyBegun {
        challenge,
        expires_at,
        options: begun.options,
    }))
}

/// `POST /api/passkey-login`: each challenge takes one answer, and each answer
/// counts as wrong until it was right.
pub(crate) async fn finish(app: &App, request: Request) -> Result<Response> {
    let body: PasskeyLogin<PublicKeyCredential> = request.body()?;
    let kind = Kind::PasskeySignIn;
    let ended = app.store.end_ceremony(&body.challenge, kind, request.now);
    let ceremony = ended.await?.ok_or(ApiError::Expired)?;
    let account = used(app, &ceremony, &body.credential, &request).await?;
    let account = account.ok_or(ApiError::WrongCredentials)?;
    let sign_in = SignIn {
        account,
        device: request.device(),
        device_cookie: request.cookie(app.sessions.devices().cookie_name()),
        is_new: false,
    };
    let started = app
        .sessions
        .sign_in(&app.queue, sign_in, request.now)
        .await?;
    Ok(Response::ok(&started.signed_in).cookies(started.cookies))
}

/// The account of this passkey. `None` for every fault: it is unknown, it
/// belongs to another account, it does not verify, or its counter did not
/// increase.
async fn used(
    app: &App,
    ceremony: &Ceremony,
    credential: &PublicKeyCredential,
    request: &Request,
) -> Result<Option<Account>> {
    let Some(claim) = app.site.claim(credential) else {
        return Ok(None);
    };
    let found = app.store.account_with(&claim.credential).await?;
    let Some(account) = found.filter(|account| account.id == claim.user) else {
        return Ok(None);
    };
    let named = |passkey: &&Passkey| passkey.credential == claim.credential;
    let Some(passkey) = account.passkeys.iter().find(named) else {
        return Ok(None);
    };
    let finished = app
        .site
        .finish_sign_in(ceremony.state(), credential, &passkey.key)?;
    let Ok(used) = finished else {
        return Ok(None);
    };
    let used = Passkey {
        key: used.key,
        counter: used.counter,
        used_at: Some(request.now),
        ..passkey.clone()
    };
    let is_ours = app.store.use_passkey(&account.id, &used).await?;
    Ok(is_ours.then_some(account))
}
