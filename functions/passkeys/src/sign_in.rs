//! Signing in with a passkey: no address, no password, no mail.

use accounts::{Arrival, Guess, Guessing};
use credentials::random;
use domain::limits::{CEREMONY_LIFETIME, PASSKEY_SIGN_INS};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::ceremonies::{Ceremony, Kind};
use store::limits::Allowed;
use store::users::{Account, Passkey};
use webauthn::PublicKeyCredential;
use wire::factors::{PasskeyBegun, PasskeyLogin};

use crate::App;

/// `POST /api/passkey-login/begin`: the same for everybody.
pub(crate) async fn begin(app: &App, call: Call) -> Outcome {
    let source = call.source();
    let counted = app.store.count(PASSKEY_SIGN_INS, &source, call.now);
    if let Allowed::Until(at) = counted.await? {
        return Err(Refusal::TooFast(at));
    }
    let begun = app.site.begin_sign_in()?;
    let (challenge, expires_at) = (random::id(), call.now + CEREMONY_LIFETIME);
    let kind = Kind::PasskeySignIn;
    let ceremony = Ceremony::new(challenge.clone(), kind, None, begun.state, expires_at);
    app.store.begin_ceremony(&ceremony).await?;
    Ok(Answer::ok(&PasskeyBegun {
        challenge,
        expires_at,
        options: begun.options,
    }))
}

/// `POST /api/passkey-login`: each challenge takes one answer, and each answer
/// counts as wrong until it was right.
pub(crate) async fn finish(app: &App, call: Call) -> Outcome {
    let body: PasskeyLogin<PublicKeyCredential> = call.body()?;
    let source = call.source();
    let guess = match Guess::begin(&app.store, &source, None, call.now).await? {
        Guessing::May(guess) => guess,
        Guessing::Wait(at) => return Err(Refusal::TooFast(at)),
    };
    let kind = Kind::PasskeySignIn;
    let ended = app.store.end_ceremony(&body.challenge, kind, call.now);
    let ceremony = ended.await?.ok_or(Refusal::Expired)?;
    let account = used(app, &ceremony, &body.credential, &call).await?;
    let account = account.ok_or(Refusal::WrongCredentials)?;
    guess.take_back().await?;
    let arrival = Arrival {
        account,
        device: call.device(),
        is_new: false,
    };
    let started = app.sessions.admit(&app.outbox, arrival, call.now).await?;
    Ok(Answer::ok(&started.signed_in).cookie(started.cookie))
}

/// The account whose passkey this is. None, whatever is wrong: nobody has it, it
/// is somebody else's, it does not verify, or its counter was seen before.
async fn used(
    app: &App,
    ceremony: &Ceremony,
    credential: &PublicKeyCredential,
    call: &Call,
) -> Result<Option<Account>, Refusal> {
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
        used_at: Some(call.now),
        ..passkey.clone()
    };
    let is_ours = app.store.use_passkey(&account.id, &used).await?;
    Ok(is_ours.then_some(account))
}
