//! What does not end a session.

use auth::Refreshed;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::frame::PROTOCOL;
use protocol::http::{MeAnswer, Session, Sessions, SocketAddress};
use store::connections::SessionChoice;

use crate::App;

/// `POST /api/refresh`: the next access token and the next cookie. A cookie
/// that was used before ends its session.
pub(crate) async fn refresh(app: &App, request: Request) -> Result<Response> {
    let cookie = request.cookie(app.sessions.cookie_name());
    match app.sessions.refresh(cookie, request.now).await? {
        Refreshed::Live(started) => Ok(Response::ok(&started.signed_in).cookies(started.cookies)),
        Refreshed::SignedOut => Err(ApiError::SignedOut),
        Refreshed::Void { user, session } => {
            app.store.end_session(&session, &user).await?;
            let choice = SessionChoice::Only(&session);
            app.realtime.sign_out(&user, choice, request.now).await?;
            Err(ApiError::SignedOut)
        }
    }
}

/// `GET /api/sessions`
pub(crate) async fn sessions(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let kept = app.store.sessions_of(&caller.user.id, request.now).await?;
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
    Ok(Response::ok(&Sessions { sessions }))
}

/// `GET /api/me`
pub(crate) async fn me(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let account = app.store.account(&caller.user.id).await?;
    let account = account.ok_or(ApiError::SignedOut)?;
    Ok(Response::ok(&MeAnswer { user: account.me() }))
}

/// `GET /api/socket`: the same origin, the path that is the stage's name.
pub(crate) async fn socket(app: &App, request: Request) -> Result<Response> {
    app.caller(&request).await?;
    let origin = app.origin.replacen("http", "ws", 1);
    Ok(Response::ok(&SocketAddress {
        url: format!("{origin}/socket"),
        protocol: PROTOCOL.to_owned(),
    }))
}
