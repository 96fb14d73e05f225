//! Turning codes from an app on and off.

use auth::notify_factor_change;
use crypto::{Sealed, TotpSecret, recovery};
use domain::limits::TOTP_SETUP_LIFETIME;
use domain::{TotpCode, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::{ConfirmTotp, RecoveryCodes, TotpBegun};
use queue::jobs::mail::FactorChange;
use store::ceremonies::{Ceremony, Kind};
use store::users::{Removed, Totp};

use crate::App;

/// No step was used yet.
const NEVER: i64 = -1;

/// `POST /api/totp`: a secret for the app. It counts once a code confirms it; until
/// then another begin replaces it.
pub(crate) async fn begin(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    if account.totp.is_some() {
        return Err(is_on().into());
    }
    let secret = TotpSecret::random();
    let sealed = app.auth.pepper().seal(&account.id, secret.as_bytes());
    let expires_at = request.now + TOTP_SETUP_LIFETIME;
    let ceremony = Ceremony::new(
        setup_of(&account.id),
        Kind::TotpSetup,
        Some(account.id.clone()),
        sealed.to_bytes(),
        expires_at,
    );
    app.store.begin_ceremony(&ceremony).await?;
    Ok(Response::ok(&TotpBegun {
        secret: secret.base32(),
        uri: secret.uri(&account.email),
        expires_at,
    }))
}

/// `POST /api/totp/confirm`: the app shows the right code, so it is asked for from
/// now on.
pub(crate) async fn confirm(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    let body: ConfirmTotp = request.body()?;
    let code = TotpCode::parse("code", &body.code)?;
    let store = &app.store;
    let id = setup_of(&account.id);
    let setup = store
        .try_ceremony(&id, Kind::TotpSetup, request.now)
        .await?;
    let setup = setup.ok_or(ApiError::Expired)?;
    let sealed = Sealed::from_bytes(setup.state()).ok_or(ApiError::Expired)?;
    let secret = app.auth.open_totp(&account.id, &sealed)?;
    let Some(step) = secret.step_of(code, request.now, NEVER) else {
        return Err(ApiError::WrongCode {
            attempts_left: setup.tries_left,
        });
    };

    notify_factor_change(&app.queue, &account, FactorChange::TotpOn, request.now).await?;
    let ended = store
        .end_ceremony(&id, Kind::TotpSetup, request.now)
        .await?;
    ended.ok_or(ApiError::Expired)?;
    let codes = recovery::codes();
    let hashes = codes.iter().map(|code| recovery::hash(&account.id, code));
    let totp = Totp::new(sealed.key, sealed.bytes, step, request.now);
    let turned_on = store.turn_totp_on(&account.id, &totp, hashes.collect());
    if !turned_on.await? {
        return Err(is_on().into());
    }
    Ok(Response::ok(&RecoveryCodes {
        recovery_codes: codes.iter().map(|code| code.grouped()).collect(),
    }))
}

/// `DELETE /api/totp`
pub(crate) async fn turn_off(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    if account.totp.is_none() {
        return Err(ApiError::NotFound);
    }
    if account.password_is_short && account.passkeys.is_empty() {
        return Err(ApiError::needs_longer_password());
    }
    notify_factor_change(&app.queue, &account, FactorChange::TotpOff, request.now).await?;
    match app.store.turn_totp_off(&account.id).await? {
        Removed::Yes => Ok(Response::no_content()),
        Removed::NotThere => Err(ApiError::NotFound),
        Removed::NeedsLongerPassword => Err(ApiError::needs_longer_password()),
    }
}

/// One for each account, so that the last secret shown is the one that counts.
fn setup_of(user: &str) -> String {
    format!("totp:{user}")
}

fn is_on() -> ValidationError {
    ValidationError::new("totp", "is on already: turn it off first.")
}
