//! What ends a session, and its sockets with it.

use edge::Refusal;
use edge::http::{Answer, Call, Outcome};
use store::connections::SessionChoice;

use crate::App;

/// `POST /api/logout`: ends the bearer's session, whatever cookie comes along.
pub(crate) async fn logout(app: &App, call: Call) -> Outcome {
    let caller = app.caller(&call).await?;
    end_one(app, &call, &caller.user.id, &caller.session).await?;
    Ok(Answer::no_content().cookie(app.sessions.cookie_removed()))
}

/// `DELETE /api/sessions/{id}`: ends one of the caller's own.
pub(crate) async fn end(app: &App, call: Call) -> Outcome {
    let caller = app.caller(&call).await?;
    if end_one(app, &call, &caller.user.id, &call.path("id")).await? {
        Ok(Answer::no_content())
    } else {
        Err(Refusal::NotFound)
    }
}

async fn end_one(app: &App, call: &Call, user: &str, session: &str) -> Result<bool, Refusal> {
    let ended = app.store.end_session(session, user).await?;
    let choice = SessionChoice::Only(session);
    app.delivery.sign_out(user, choice, call.now).await?;
    Ok(ended)
}
