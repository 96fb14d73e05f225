//! Adding a passkey.

use accounts::tell_of_change;
use credentials::random;
use domain::limits::{CEREMONY_LIFETIME, PASSKEYS_PER_USER};
use domain::mail::FactorChange;
use domain::{Invalid, PasskeyName};
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::ceremonies::{Ceremony, Kind};
use store::users::{Added, Passkey};
use webauthn::{Person, RegisterPublicKeyCredential};
use wire::factors::{AddPasskey, PasskeyAnswer, PasskeyBegun};

use crate::App;

/// `POST /api/passkeys/begin`: what the browser needs to make one.
pub(crate) async fn begin(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
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
    let (challenge, expires_at) = (random::id(), call.now + CEREMONY_LIFETIME);
    let ceremony = Ceremony::new(
        challenge.clone(),
        Kind::PasskeySetup,
        Some(account.id),
        begun.state,
        expires_at,
    );
    app.store.begin_ceremony(&ceremony).await?;
    Ok(Answer::ok(&PasskeyBegun {
        challenge,
        expires_at,
        options: begun.options,
    }))
}

/// `POST /api/passkeys`: what the browser made. Each challenge takes one.
pub(crate) async fn finish(app: &App, call: Call) -> Outcome {
    let account = app.fresh_account(&call).await?;
    let body: AddPasskey<RegisterPublicKeyCredential> = call.body()?;
    let name = PasskeyName::parse("name", &body.name)?;
    let kind = Kind::PasskeySetup;
    let ended = app.store.end_ceremony(&body.challenge, kind, call.now);
    let ceremony = ended
        .await?
        .filter(|begun| begun.user.as_ref() == Some(&account.id))
        .ok_or(Refusal::Expired)?;
    let made = app.site.finish_setup(ceremony.state(), &body.credential)?;
    let made = made.map_err(|_| Invalid::new("credential", "is not what was asked for."))?;

    tell_of_change(&app.outbox, &account, FactorChange::PasskeyAdded, call.now).await?;
    let passkey = Passkey {
        id: random::id(),
        credential: made.credential,
        key: made.key,
        counter: 0,
        name: name.as_str().to_owned(),
        created_at: call.now,
        used_at: None,
    };
    match app.store.add_passkey(&account.id, &passkey).await? {
        Added::Yes => Ok(Answer::created(&PasskeyAnswer {
            passkey: passkey.shown(),
        })),
        Added::Taken => Err(Invalid::new("credential", "is registered already.").into()),
        Added::TooMany => Err(too_many().into()),
    }
}

fn too_many() -> Invalid {
    let message = format!("are at most {PASSKEYS_PER_USER}: remove one first.");
    Invalid::new("passkeys", message)
}
