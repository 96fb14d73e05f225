//! `GET /api/rooms/{room}/messages?before=N|after=N|around=N&limit=L`,
//! `GET /api/rooms/{room}/changes?after=N&limit=L`,
//! `GET /api/rooms/{room}/messages/{seq}/versions` and `GET /api/rooms/{room}/pins`

use auth::Caller;
use domain::ValidationError;
use domain::history::{Cursor, PageQuery};
use lambda::http::{Request, Response};
use lambda::{ApiError, Result};
use protocol::http::{ChangePage, Page, Pins, Versions};

use crate::App;

/// A page of a room's history, oldest first.
pub(crate) async fn page(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let query = request.query();
    let query = PageQuery::parse(query.iter().map(|(k, v)| (k.as_str(), v.as_str())))?;
    let room = &membership.room_row.id;
    let messages = app.store.page(room, query, &caller.user.id).await?;
    Ok(Response::ok(&Page {
        first_seq: messages.first().map(|message| message.seq),
        last_seq: messages.last().map(|message| message.seq),
        messages,
        // Read before the messages: all changes up to it are in them.
        rev: membership.last_rev(),
    }))
}

/// The changes of a room after a cursor, oldest first.
pub(crate) async fn changes(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let query = request.query();
    let query = PageQuery::parse(query.iter().map(|(k, v)| (k.as_str(), v.as_str())))?;
    let after = match query.cursor {
        Cursor::Newest => 0,
        Cursor::After(rev) => rev,
        Cursor::Before(_) | Cursor::Around(_) => {
            let text = "This route has only the cursor after.";
            return Err(ValidationError::new("after", text).into());
        }
    };
    let room = &membership.room_row.id;
    let changes = app.store.changes_after(room, after, query.limit).await?;
    let newest = changes.last().map_or(0, |change| change.rev);
    Ok(Response::ok(&ChangePage {
        last_rev: membership.last_rev().max(newest),
        changes,
    }))
}

/// What a message said before its edits.
pub(crate) async fn versions(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let seq = request
        .path("seq")
        .parse()
        .map_err(|_| ApiError::NotFound)?;
    let versions = app.store.versions(&membership.room_row.id, seq).await?;
    let versions = versions.ok_or(ApiError::NotFound)?;
    Ok(Response::ok(&Versions { versions }))
}

/// The pinned messages of a room.
pub(crate) async fn pins(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let pins = app.store.pins(&membership.room_row.id).await?;
    Ok(Response::ok(&Pins { pins }))
}
