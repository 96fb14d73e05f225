//! Adding a passkey.

use auth::notify_factor_change;
use crypto::random;
use domain::limits::{CEREMONY_LIFETIME, PASSKEYS_PER_USER};
use domain::{PasskeyName, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::factors::{AddPasskey, PasskeyBegun, PasskeyResponse};
use queue::jobs::mail::FactorChange;
use store::ceremonies::{Ceremony, Kind};
use store::users::{Added, Passkey};
use webauthn::{Person, RegisterPublicKeyCredential};

use crate::App;

/// `POST /api/passkeys/begin`: what the browser needs to make one.
pub(crate) async fn begin(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    if account.passkeys.len() >= PASSKEYS_PER_USER {
        return Err(too_many().into());
    }
    let person = Person {
        id: &account.id,
        email: &account.email,
        name: &account.name,
    };
    let existing = account.passkeys.iter().map(|key| key.credential.as_str());
    let existing: Vec<&str> = existing.collect();
    let begun = app.site.begin_setup(&person, &existing)?;
    let (challenge, expires_at) = (random::id(), request.now + CEREMONY_LIFETIME);
    let ceremony = Ceremony::new(
        challenge.clone(),
        Kind::PasskeySetup,
        Some(account.id),
        begun.state,
        expires_at,
    );
    app.store.begin_ceremony(&ceremony).await?;
    Ok(Response::ok(&PasskeyBegun {
        challenge,
        expires_at,
        options: begun.options,
    }))
}

/// `POST /api/passkeys`: what the browser made. Each challenge takes one.
pub(crate) async fn finish(app: &App, request: Request) -> Result<Response> {
    let account = app.fresh_account(&request).await?;
    let body: AddPasskey<RegisterPublicKeyCredential> = request.body()?;
    let name = PasskeyName::parse("name", &body.name)?;
    let kind = Kind::PasskeySetup;
    let ended = app.store.end_ceremony(&body.challenge, kind, request.now);
    let ceremony = ended
        .await?
        .filter(|begun| begun.user.as_ref() == Some(&account.id))
        .ok_or(ApiError::Expired)?;
    let made = app.site.finish_setup(ceremony.state(), &body.credential)?;
    let made =
        made.map_err(|_| ValidationError::new("credential", "is not what was asked for."))?;

    notify_factor_change(
        &app.queue,
        &account,
        FactorChange::PasskeyAdded,
        request.now,
    )
    .await?;
    let passkey = Passkey {
        id: random::id(),
        credential: made.credential,
        key: made.key,
        counter: 0,
        name: name.as_str().to_owned(),
        created_at: request.now,
        used_at: None,
    };
    match app.store.add_passkey(&account.id, &passkey).await? {
        Added::Yes => Ok(Response::created(&PasskeyResponse {
            passkey: passkey.shown(),
        })),
        Added::Taken => Err(ValidationError::new("credential", "is registered already.").into()),
        Added::TooMany => Err(too_many().into()),
    }
}

fn too_many() -> ValidationError {
    let message = format!("are at most {PASSKEYS_PER_USER}: remove one first.");
    ValidationError::new("passkeys", message)
}
