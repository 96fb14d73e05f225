//! Turning codes from an app on and off.

use accounts::tell_of_change;
use credentials::{Sealed, TotpSecret, recovery};
use domain::limits::TOTP_SETUP_LIFETIME;
use domain::mail::FactorChange;
use domain::{Invalid, TotpCode};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::ceremonies::{Ceremony, Kind};
use store::users::{Removed, Totp};
use wire::factors::{ConfirmTotp, RecoveryCodes, TotpBegun};

use crate::App;

/// No step was used yet.
const NEVER: i64 = -1;

/// `POST /api/totp`: a secret for the app. It counts once a code confirms it; until
/// then another begin replaces it.
pub(crate) async fn begin(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
    if account.totp.is_some() {
        return Err(is_on().into());
    }
    let secret = TotpSecret::random();
    let sealed = app.codes.pepper().seal(&account.id, secret.as_bytes());
    let expires_at = call.now + TOTP_SETUP_LIFETIME;
    let ceremony = Ceremony::new(
        setup_of(&account.id),
        Kind::TotpSetup,
        Some(account.id.clone()),
        sealed.to_bytes(),
        expires_at,
    );
    app.codes.store().begin_ceremony(&ceremony).await?;
    Ok(Answer::ok(&TotpBegun {
        secret: secret.base32(),
        uri: secret.uri(&account.email),
        expires_at,
    }))
}

/// `POST /api/totp/confirm`: the app shows the right code, so it is asked for from
/// now on.
pub(crate) async fn confirm(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
    let body: ConfirmTotp = call.body()?;
    let code = TotpCode::parse("code", &body.code)?;
    let store = app.codes.store();
    let id = setup_of(&account.id);
    let setup = store.try_ceremony(&id, Kind::TotpSetup, call.now).await?;
    let setup = setup.ok_or(Refusal::Expired)?;
    let sealed = Sealed::from_bytes(setup.state()).ok_or(Refusal::Expired)?;
    let secret = app.codes.open_totp(&account.id, &sealed)?;
    let Some(step) = secret.step_of(code, call.now, NEVER) else {
        return Err(Refusal::WrongCode {
            attempts_left: setup.tries_left,
        });
    };

    tell_of_change(app.codes.outbox(), &account, FactorChange::TotpOn, call.now).await?;
    let ended = store.end_ceremony(&id, Kind::TotpSetup, call.now).await?;
    ended.ok_or(Refusal::Expired)?;
    let codes = recovery::codes();
    let hashes = codes.iter().map(|code| recovery::hash(&account.id, code));
    let totp = Totp::new(sealed.key, sealed.bytes, step, call.now);
    let turned_on = store.turn_totp_on(&account.id, &totp, hashes.collect());
    if !turned_on.await? {
        return Err(is_on().into());
    }
    Ok(Answer::ok(&RecoveryCodes {
        recovery_codes: codes.iter().map(|code| code.grouped()).collect(),
    }))
}

/// `DELETE /api/totp`
pub(crate) async fn turn_off(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
    if account.totp.is_none() {
        return Err(Refusal::NotFound);
    }
    if account.password_is_short && account.passkeys.is_empty() {
        return Err(Refusal::needs_longer_password());
    }
    tell_of_change(
        app.codes.outbox(),
        &account,
        FactorChange::TotpOff,
        call.now,
    )
    .await?;
    match app.codes.store().turn_totp_off(&account.id).await? {
        Removed::Yes => Ok(Answer::no_content()),
        Removed::NotThere => Err(Refusal::NotFound),
        Removed::NeedsLongerPassword => Err(Refusal::needs_longer_password()),
    }
}

/// One for each account, so that the last secret shown is the one that counts.
fn setup_of(user: &str) -> String {
    format!("totp:{user}")
}

fn is_on() -> Invalid {
    Invalid::new("totp", "is on already: turn it off first.")
}
