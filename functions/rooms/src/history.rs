//! `GET /api/rooms/{room}/messages?before=N|after=N|around=N&limit=L`

use auth::Caller;
use domain::history::PageQuery;
use lambda::Result;
use lambda::http::{Request, Response};
use protocol::http::Page;

use crate::App;

/// A page of a room's history, oldest first.
pub(crate) async fn page(app: &App, request: Request, caller: Caller) -> Result<Response> {
    let membership = app.membership(&request, &caller).await?;
    let query = request.query();
    let query = PageQuery::parse(query.iter().map(|(k, v)| (k.as_str(), v.as_str())))?;
    let messages = app.store.page(&membership.room_row.id, query).await?;
    Ok(Response::ok(&Page {
        first_seq: messages.first().map(|message| message.seq),
        last_seq: messages.last().map(|message| message.seq),
        messages,
    }))
}
