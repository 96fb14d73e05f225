//! `GET` and `PATCH /api/me`, and `GET /api/socket`: the caller, and the address of the WebSocket.

use domain::limits::UPDATES;
use domain::{PersonName, QuietTimes, ValidationError};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::frame::PROTOCOL;
use protocol::http::{SocketAddress, UpdateMe};
use protocol::push::{ProfileResponse, QuietHours};

use crate::App;

/// `GET /api/me`
pub(crate) async fn me(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    profile(app, &caller.user.id).await
}

/// `PATCH /api/me`: changes the caller's name, their quiet hours or both. Messages keep
/// the name of their time.
pub(crate) async fn update(app: &App, request: Request) -> Result<Response> {
    let caller = app.caller(&request).await?;
    let body: UpdateMe = request.body()?;
    let name = body.name.map(|name| PersonName::parse("name", &name));
    let (name, quiet) = (name.transpose()?, body.quiet.map(quiet_hours).transpose()?);
    if name.is_none() && quiet.is_none() {
        return Err(ValidationError::new("name", "Give a name or quiet hours.").into());
    }
    let (store, id) = (&app.store, &caller.user.id);
    store.count(UPDATES, id, request.now).await?;
    if let Some(name) = name {
        store.rename(id, &name, request.now).await?;
    }
    if let Some(quiet) = quiet {
        store.set_quiet_hours(id, quiet.as_ref()).await?;
    }
    profile(app, id).await
}

/// Valid quiet hours; `None` if they have no length.
fn quiet_hours(quiet: QuietHours) -> Result<Option<QuietHours>, ValidationError> {
    let times = QuietTimes::parse(&quiet)?;
    if jiff::tz::TimeZone::get(&quiet.zone).is_err() {
        let text = "Enter a time zone such as Europe/Berlin.";
        return Err(ValidationError::new("quiet.zone", text));
    }
    Ok((!times.is_empty()).then_some(quiet))
}

async fn profile(app: &App, user: &str) -> Result<Response> {
    let account = app.store.account(user).await?;
    let account = account.ok_or(ApiError::SignedOut)?;
    Ok(Response::ok(&ProfileResponse {
        user: account.profile(),
    }))
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
