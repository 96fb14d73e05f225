//! WebSocket events of API Gateway: a handshake, a frame, a close.

use domain::{Timestamp, ValidationError};
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
use crate::json;
use crate::status::status;

/// What API Gateway is answered.
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
    /// The page that opens it.
    pub origin: Option<String>,
    /// When it came.
    pub now: Timestamp,
}

/// A text frame of a client.
pub struct Frame {
    /// Which socket it came on.
    pub connection: String,
    /// When it came.
    pub now: Timestamp,
    /// None where it is no JSON.
    said: Option<Value>,
}

/// A socket that was closed.
pub struct Closed {
    /// Which one.
    pub connection: String,
    /// When.
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
                invocation.end("$connect", &End::Answered(Some(200)));
                accepted()
            }
            Err(refusal) => {
                let status = status(&refusal);
                invocation.end("$connect", &End::Refused(&refusal, Some(status)));
                Response::status(status)
            }
        }
    })
    .await
}

/// Runs the function behind `$default`. What the handler gives is the answer to
/// the sender; a refusal becomes a `problem` with the frame's own `ref` and `id`.
pub async fn run_frames<App: Sync + 'static>(
    start: impl AsyncFnOnce(Variables) -> anyhow::Result<App>,
    handle: impl AsyncFn(&'static App, Frame) -> Result<Option<ServerFrame>, ApiError>,
) -> Result<(), Error> {
    serve(start, async |app, event, invocation| {
        let frame = Frame::new(event);
        let mention = Mention::of(frame.said.as_ref());
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
        Ok(_) => End::Answered(None),
        Err(refusal) => End::Refused(refusal, None),
    }
}

impl Handshake {
    /// What a handler sees of a `$connect` event.
    pub fn new(event: &Event) -> Self {
        let header = |name: &str| Some(event.headers.get(name)?.to_str().ok()?.to_owned());
        let offered = header("sec-websocket-protocol").unwrap_or_default();
        let offered = || offered.split(',').map(str::trim);
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
        Self {
            connection: connection_id(&event),
            now: environment::now(),
            said: event.body.and_then(|text| serde_json::from_str(&text).ok()),
        }
    }

    /// What the client says.
    pub fn read(&self) -> Result<ClientFrame, ApiError> {
        let Some(value @ Value::Object(fields)) = &self.said else {
            return Err(ValidationError::new("frame", "Send a JSON object.").into());
        };
        match fields.get("action") {
            Some(Value::String(action)) if ACTIONS.contains(&action.as_str()) => {
                Ok(json::value(value)?)
            }
            Some(Value::String(_)) => Err(ApiError::UnknownAction),
            Some(_) => Err(ValidationError::new("action", "The action must be a string.").into()),
            None => Err(ValidationError::new("action", "The action is required.").into()),
        }
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
    fn of(said: Option<&Value>) -> Self {
        let field = |name: &str| said.and_then(|value| value.get(name));
        let short = |name: &str| {
            let text = field(name)?.as_str()?;
            (text.len() <= 64).then(|| text.to_owned())
        };
        Self {
            action: ACTIONS
                .into_iter()
                .find(|action| field("action").is_some_and(|said| said == action))
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
            retry_at: refusal.retry_at(),
        }
    }
}

/// The frame that tells a refusal which answers no particular frame.
pub fn problem(refusal: &ApiError) -> ServerFrame {
    Mention::of(None).problem(refusal)
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
