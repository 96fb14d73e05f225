//! What ends a session, and its sockets with it.

use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use store::connections::SessionChoice;

use crate::App;

/// `POST /api/logout`: ends the bearer's session, whatever cookie comes along.
pub(crate) async fn logout(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    end_one(app, &request, &caller.user.id, &caller.session).await?;
    Ok(Response::no_content().cookies([app.sessions.cookie_removed()]))
}

/// `DELETE /api/sessions/{id}`: ends one of the caller's own.
pub(crate) async fn end(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    if end_one(app, &request, &caller.user.id, &request.path("id")).await? {
        Ok(Response::no_content())
    } else {
        Err(ApiError::NotFound)
    }
}

async fn end_one(app: &App, request: &Request, user: &str, session: &str) -> Result<bool> {
    let ended = app.store.end_session(session, user).await?;
    let choice = SessionChoice::Only(session);
    app.realtime.sign_out(user, choice, request.now).await?;
    Ok(ended)
}
