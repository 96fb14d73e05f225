//! `GET /api/rooms/{room}/messages?before=N|after=N|around=N&limit=L`

use accounts::Caller;
use domain::history::PageQuery;
use edge::http::{Answer, Call, Outcome};
use wire::http::Page;

use crate::App;

/// A page of a room's history, oldest first.
pub(crate) async fn page(app: &App, call: Call, caller: Caller) -> Outcome {
    let membership = app.membership(&call, &caller).await?;
    let query = call.query();
    let query = PageQuery::parse(query.iter().map(|(k, v)| (k.as_str(), v.as_str())))?;
    let messages = app.store.page(&membership.room_row.id, query).await?;
    Ok(Answer::ok(&Page {
        first_seq: messages.first().map(|message| message.seq),
        last_seq: messages.last().map(|message| message.seq),
        messages,
    }))
}
