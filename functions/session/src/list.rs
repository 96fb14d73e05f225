//! `GET /api/sessions`

use lambda::Result;
use lambda::http::{Request, Response};
use protocol::http::{Session, Sessions};

use crate::App;

/// The sessions of the caller, newest first.
pub(crate) async fn list(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller_by_session(&request).await?;
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
