//! WebSocket events of API Gateway: a handshake, a frame, a close.

use domain::Timestamp;
use env::Variables;
use lambda_http::aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest as Event;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use protocol::frame::{ACTIONS, PROTOCOL, TOKEN_PREFIX};
use protocol::{ClientFrame, ErrorCode, ServerFrame};
use serde::Serialize;
use serde_json::Value;

use crate::ApiError;
use crate::environment::{self, Started};
use crate::invocation::{End, Invocation};
use crate::status::status;

mod fields;

use fields::Fields;

/// Bytes of a `ref` or an `id` that a `problem` repeats, also if it is longer than
/// it may be.
const MENTIONED_BYTES: usize = 1_024;

/// The response to API Gateway.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<serde_json::Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl Response {
    fn status(status_code: u16) -> Self {
        Self {
            status_code,
            headers: None,
            body: None,
        }
    }
}

/// A socket that asks to be opened.
pub struct Handshake {
    /// API Gateway's id for it.
    pub connection: String,
    /// The access token among the offered subprotocols.
    pub token: Option<String>,
    /// Whether our subprotocol is among them.
    pub offers_protocol: bool,
    /// The origin of the page that opens it.
    pub origin: Option<String>,
    pub now: Timestamp,
}

/// A text frame of a client.
pub struct Frame {
    /// The socket that it arrived on.
    pub connection: String,
    pub now: Timestamp,
    pub bytes: usize,
    fields: Fields,
}

/// A socket that was closed.
pub struct Closed {
    pub connection: String,
    pub now: Timestamp,
}

/// Runs the function behind `$connect`. A refusal becomes the status of the
/// handshake, and no socket opens.
pub async fn run_connect<App: Sync + 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    handle: impl AsyncFn(&'static App, Handshake) -> Result<(), ApiError>,
) -> Result<(), Error> {
    serve(start, async |app, event, invocation| {
        match handle(app, Handshake::new(&event)).await {
            Ok(()) => {
                invocation.end("$connect", &End::Ok(Some(200)));
                accepted()
            }
            Err(refusal) => {
                let status = status(&refusal);
                invocation.end("$connect", &End::Error(&refusal, Some(status)));
                Response::status(status)
            }
        }
    })
    .await
}

/// Runs the function behind `$default`. What the handler returns is the answer to
/// the sender; a refusal becomes a `problem` with the frame's own `ref` and `id`.
pub async fn run_frames<App: Sync + 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    handle: impl AsyncFn(&'static App, Frame) -> Result<Option<ServerFrame>, ApiError>,
) -> Result<(), Error> {
    serve(start, async |app, event, invocation| {
        let frame = Frame::new(event);
        let mention = Mention::of(&frame.fields);
        let outcome = handle(app, frame).await;
        invocation.end(mention.action, &end_of(&outcome));
        let answer = outcome.unwrap_or_else(|refusal| Some(mention.problem(&refusal)));
        Response {
            body: answer.map(|frame| serde_json::to_string(&frame).expect("frames are plain data")),
            ..Response::status(200)
        }
    })
    .await
}

/// Runs the function behind `$disconnect`.
pub async fn run_disconnect<App: Sync + 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    handle: impl AsyncFn(&'static App, Closed) -> Result<(), ApiError>,
) -> Result<(), Error> {
    serve(start, async |app, event, invocation| {
        let outcome = handle(app, Closed::new(event)).await;
        invocation.end("$disconnect", &end_of(&outcome));
        Response::status(200)
    })
    .await
}

async fn serve<App: Sync + 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    answer: impl AsyncFn(&'static App, Event, Invocation<'static>) -> Response,
) -> Result<(), Error> {
    let Started { app, recorder } = environment::start(start).await?;
    let answer = &answer;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| async move {
        let invocation = recorder.begin(&event.context);
        Ok::<_, Error>(answer(app, event.payload, invocation).await)
    }))
    .await
}

/// How an invocation ends whose answer has no status that anybody sees.
fn end_of<T>(outcome: &Result<T, ApiError>) -> End<'_> {
    match outcome {
        Ok(_) => End::Ok(None),
        Err(refusal) => End::Error(refusal, None),
    }
}

impl Handshake {
    /// What a handler sees of a `$connect` event.
    pub fn new(event: &Event) -> Self {
        let header = |name: &str| Some(event.headers.get(name)?.to_str().ok()?.to_owned());
        let offered = offered_protocols(event);
        let offered = || offered.iter().map(String::as_str);
        Self {
            connection: connection_id(event),
            token: offered()
                .find_map(|protocol| protocol.strip_prefix(TOKEN_PREFIX))
                .map(str::to_owned),
            offers_protocol: offered().any(|protocol| protocol == PROTOCOL),
            origin: header("origin"),
            now: environment::now(),
        }
    }
}

impl Frame {
    /// What a handler sees of a frame's event.
    pub fn new(event: Event) -> Self {
        let body = event.body.as_deref().unwrap_or_default();
        Self {
            connection: connection_id(&event),
            now: environment::now(),
            bytes: body.len(),
            fields: Fields::read(body),
        }
    }

    /// The frame, or which of its fields is at fault.
    pub fn read(&self) -> Result<ClientFrame, ApiError> {
        self.fields.frame()
    }
}

impl Closed {
    fn new(event: Event) -> Self {
        Self {
            connection: connection_id(&event),
            now: environment::now(),
        }
    }
}

/// What a refusal repeats of the frame that it refuses.
struct Mention {
    action: &'static str,
    reference: Option<String>,
    id: Option<String>,
}

impl Mention {
    fn of(fields: &Fields) -> Self {
        let short = |name: &str| {
            fields
                .text(name)
                .filter(|text| text.len() <= MENTIONED_BYTES)
        };
        let action = fields.text("action");
        Self {
            action: ACTIONS
                .into_iter()
                .find(|one| action.as_deref() == Some(one))
                .unwrap_or("unknown"),
            reference: short("ref"),
            id: short("id"),
        }
    }

    fn problem(self, refusal: &ApiError) -> ServerFrame {
        ServerFrame::Problem {
            error: match refusal.code() {
                // The contract has no word for it here: sending it again may help.
                ErrorCode::Internal => ErrorCode::TryAgain,
                word => word,
            },
            message: refusal.message(),
            reference: self.reference,
            id: self.id,
            field: refusal.field().map(str::to_owned),
            retry_at: refusal.retry_at(),
        }
    }
}

/// A refusal that answers no particular frame.
pub fn problem(refusal: &ApiError) -> ServerFrame {
    Mention::of(&Fields::default()).problem(refusal)
}

/// The subprotocols that the client offers, in one header or in several.
fn offered_protocols(event: &Event) -> Vec<String> {
    const NAME: &str = "sec-websocket-protocol";
    let mut lines: Vec<_> = event.multi_value_headers.get_all(NAME).iter().collect();
    if lines.is_empty() {
        lines = event.headers.get_all(NAME).iter().collect();
    }
    let lines = lines.into_iter().filter_map(|line| line.to_str().ok());
    let offered = lines.flat_map(|line| line.split(','));
    offered.map(|one| one.trim().to_owned()).collect()
}

/// 200, and the subprotocol that API Gateway leaves to the function to select:
/// only the plain name, never the one that holds the token.
fn accepted() -> Response {
    let selected = ("Sec-WebSocket-Protocol".to_owned(), PROTOCOL.into());
    Response {
        headers: Some(serde_json::Map::from_iter([selected])),
        ..Response::status(200)
    }
}

fn connection_id(event: &Event) -> String {
    event
        .request_context
        .connection_id
        .clone()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_16_subprotocols_may_be_offered_on_several_header_lines() {
        let mut event = Event::default();
        for line in ["chat.v1", "other, token.abc"] {
            let line = line.parse().expect("it is a header");
            let headers = &mut event.multi_value_headers;
            headers.append("sec-websocket-protocol", line);
        }
        let handshake = Handshake::new(&event);
        assert!(handshake.offers_protocol);
        assert_eq!(handshake.token.as_deref(), Some("abc"));
    }
}
