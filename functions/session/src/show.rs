//! What does not end a session.

use accounts::Continued;
use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::connections::SessionChoice;
use wire::frame::PROTOCOL;
use wire::http::{MeAnswer, Session, Sessions, SocketAddress};

use crate::App;

/// `POST /api/refresh`: the next access token and the next cookie. A cookie that
/// was used before by somebody ends its session.
pub(crate) async fn refresh(app: &App, call: Call) -> Outcome {
    // A browser tells the origin of a POST; another site's is refused although
    // `SameSite=Strict` would not have sent the cookie.
    if call.origin().is_some_and(|origin| origin != app.origin) {
        return Err(Refusal::SignedOut);
    }
    let cookie = call.cookie(app.sessions.cookie_name());
    match app.sessions.go_on(cookie, call.now).await? {
        Continued::On(started) => Ok(Answer::ok(&started.signed_in).cookie(started.cookie)),
        Continued::SignedOut => Err(Refusal::SignedOut),
        Continued::Stolen { user, session } => {
            app.store.end_session(&session, &user).await?;
            let choice = SessionChoice::Only(&session);
            app.delivery.sign_out(&user, choice, call.now).await?;
            Err(Refusal::SignedOut)
        }
    }
}

/// `GET /api/sessions`
pub(crate) async fn sessions(app: &App, call: Call) -> Outcome {
    let caller = app.caller(&call).await?;
    let kept = app.store.sessions_of(&caller.user.id, call.now).await?;
    let sessions = kept
        .into_iter()
        .map(|session| Session {
            current: session.id == caller.session,
            id: session.id,
            created_at: session.created_at,
            seen_at: session.seen_at,
            device: session.device,
        })
        .collect();
    Ok(Answer::ok(&Sessions { sessions }))
}

/// `GET /api/me`
pub(crate) async fn me(app: &App, call: Call) -> Outcome {
    let caller = app.caller(&call).await?;
    let account = app.store.account(&caller.user.id).await?;
    let account = account.ok_or(Refusal::SignedOut)?;
    Ok(Answer::ok(&MeAnswer { user: account.me() }))
}

/// `GET /api/socket`: the same origin, the path that is the stage's name.
pub(crate) async fn socket(app: &App, call: Call) -> Outcome {
    app.caller(&call).await?;
    let origin = app.origin.replacen("http", "ws", 1);
    Ok(Answer::ok(&SocketAddress {
        url: format!("{origin}/socket"),
        protocol: PROTOCOL.to_owned(),
    }))
}
