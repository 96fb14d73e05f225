//! `POST /api/logout` and `DELETE /api/sessions/{id}`

use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use store::connections::SessionChoice;

use crate::App;

/// Ends the session of the access token; the cookie is ignored.
///
/// Sockets are closed even if the session has ended already: an earlier request may
/// have failed after it deleted the session.
pub(crate) async fn logout(app: &App, request: Request) -> Result<Response> {
    let caller = app
        .authenticator
        .signing_out(request.bearer(), request.now)
        .await?;
    if !end_one(app, &request, &caller.user.id, &caller.session).await? {
        return Err(ApiError::SignedOut);
    }
    Ok(Response::no_content().cookies([app.sessions.cookie_removed()]))
}

/// Ends a session of the caller's.
pub(crate) async fn end(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller_by_session(&request).await?;
    if end_one(app, &request, &caller.user.id, &request.path("id")).await? {
        Ok(Response::no_content())
    } else {
        Err(ApiError::NotFound)
    }
}

/// Deletes a session and closes its sockets. False if there was no such session.
async fn end_one(app: &App, request: &Request, user: &str, session: &str) -> Result<bool> {
    let ended = app.store.end_session(session, user).await?;
    let choice = SessionChoice::Only(session);
    app.realtime.sign_out(user, choice, request.now).await?;
    Ok(ended)
}
