//! `POST /api/refresh`

use auth::Refreshed;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use store::connections::SessionChoice;

use crate::App;

/// Returns the next access token and the next cookie. A cookie that was used before
/// ends its session. A cookie of an ended session closes the sockets that the session
/// has left.
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
        Refreshed::Ended { session } => {
            if let Some(user) = app.store.user_of_sockets(&session).await? {
                let choice = SessionChoice::Only(&session);
                app.realtime.sign_out(&user, choice, request.now).await?;
            }
            Err(ApiError::SignedOut)
        }
    }
}
