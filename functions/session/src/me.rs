//! `GET` and `PATCH /api/me`, and `GET /api/socket`: the caller, and the address of the WebSocket.

use domain::PersonName;
use domain::limits::UPDATES;
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::frame::PROTOCOL;
use protocol::http::{MeResponse, SocketAddress, UpdateMe};

use crate::App;

/// `GET /api/me`
pub(crate) async fn me(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let account = app.store.account(&caller.user.id).await?;
    let account = account.ok_or(ApiError::SignedOut)?;
    Ok(Response::ok(&MeResponse { user: account.me() }))
}

/// `PATCH /api/me`: changes the caller's name. Messages keep the name of their time.
pub(crate) async fn rename(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let body: UpdateMe = request.body()?;
    let name = PersonName::parse("name", &body.name)?;
    let id = &caller.user.id;
    app.store.count(UPDATES, id, request.now).await?;
    app.store.rename(id, &name, request.now).await?;
    let account = app.store.account(id).await?;
    let account = account.ok_or(ApiError::SignedOut)?;
    Ok(Response::ok(&MeResponse { user: account.me() }))
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
