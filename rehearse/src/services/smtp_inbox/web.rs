//! `/_local/inbox`: the mails as JSON for tests and as a page for people.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Deserialize;

use super::mailbox::{Mailbox, Refusal};
use super::page;

/// The page runs nothing and loads nothing, whatever a mail has in it.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// The routes over one mailbox.
pub fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/_local/inbox", get(show).delete(empty))
        .route("/_local/inbox/refusals", put(refuse))
        .with_state(mailbox)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only mails to this address.
    to: Option<String>,
}

async fn show(
    State(mailbox): State<Mailbox>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    let mails = mailbox.mails(wanted.to.as_deref());
    let mut response = if asks_for_a_page(&headers) {
        Html(page::render(&mails)).into_response()
    } else {
        Json(mails).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    response
}

async fn empty(State(mailbox): State<Mailbox>) -> StatusCode {
    mailbox.empty();
    StatusCode::NO_CONTENT
}

async fn refuse(
    State(mailbox): State<Mailbox>,
    Json(refusals): Json<Vec<Refusal>>,
) -> Result<StatusCode, (StatusCode, &'static str)> {
    if !refusals.iter().all(Refusal::is_valid) {
        return Err((
            StatusCode::UNPROCESSABLE_ENTITY,
            "a code is 400 to 599, and a text one line\n",
        ));
    }
    mailbox.refuse(refusals);
    Ok(StatusCode::NO_CONTENT)
}

/// Browsers name HTML in `Accept`; programs do not.
fn asks_for_a_page(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.contains("text/html"))
    })
}
