//! The Lambda Extensions API of one execution environment.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::runtime_api::{Work, failure};
use crate::identifiers;
use crate::lambda::invoker::InvokeError;
use sam_template::application::ACCOUNT;

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";
const EVENT_IDENTIFIER: &str = "lambda-extension-event-identifier";
const FEATURES: &str = "lambda-extension-accept-feature";

/// The most extensions of one function.
const LIMIT: usize = 10;

/// The extensions of one execution environment.
pub struct Extensions {
    function: FunctionInfo,
    /// The names of external extensions, which are those of their files.
    external: BTreeSet<String>,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// What an extension learns about its function.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionInfo {
    /// The name.
    pub function_name: String,
    /// Always `$LATEST`.
    pub function_version: String,
    /// `Handler`.
    pub handler: String,
}

#[derive(Default)]
struct State {
    registered: Vec<Extension>,
    /// Whether the runtime has been initialised, which ends registration.
    closed: bool,
    failure: Option<InvokeError>,
}

struct Extension {
    name: String,
    identifier: String,
    external: bool,
    events: BTreeSet<EventType>,
    pending: VecDeque<Value>,
    /// Whether it waits for its next event.
    idle: bool,
}

/// The events of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventType {
    /// An invocation begins.
    Invoke,
    /// The execution environment ends.
    Shutdown,
}

/// Why an execution environment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ShutdownReason {
    /// It is not needed any more.
    Spindown,
    /// An invocation took too long.
    Timeout,
    /// The runtime or an extension failed.
    Failure,
}

impl Extensions {
    /// The API of a function whose external extensions have these names.
    pub fn new(function: FunctionInfo, external: BTreeSet<String>) -> Self {
        Self {
            function,
            external,
            state: Mutex::default(),
            changed: watch::Sender::default(),
        }
    }

    /// Waits until every external extension has registered.
    pub async fn registered(&self) {
        self.until(|state| {
            let registered = |name: &String| state.registered.iter().any(|one| one.name == *name);
            self.external.iter().all(registered).then_some(())
        })
        .await;
    }

    /// Waits until every extension has asked for its next event.
    pub async fn idle(&self) {
        self.until(|state| {
            let mut all = state.registered.iter();
            all.all(|one| one.idle && one.pending.is_empty())
                .then_some(())
        })
        .await;
    }

    /// Waits until an extension reports an error.
    pub async fn failed(&self) -> InvokeError {
        self.until(|state| state.failure.clone()).await
    }

    /// The error that an extension has reported.
    pub fn failure(&self) -> Option<InvokeError> {
        self.lock().failure.clone()
    }

    /// Reports an error. The first one counts.
    pub fn fail(&self, error: InvokeError) {
        self.lock().failure.get_or_insert(error);
        self.changed.send_replace(());
    }

    /// Ends registration.
    pub fn close(&self) {
        self.lock().closed = true;
    }

    /// Whether there are internal and external extensions.
    pub fn kinds(&self) -> (bool, bool) {
        let state = self.lock();
        let has = |external| state.registered.iter().any(|one| one.external == external);
        (has(false), has(true))
    }

    /// The names of external extensions that do not take an event.
    pub fn without(&self, event: EventType) -> BTreeSet<String> {
        let state = self.lock();
        let takes = |name: &&String| {
            let mut all = state.registered.iter();
            all.any(|one| one.name == **name && one.events.contains(&event))
        };
        let external = self.external.iter();
        external.filter(|name| !takes(name)).cloned().collect()
    }

    /// Announces an invocation.
    pub fn invoke(&self, work: &Work) {
        let event = json!({
            "eventType": EventType::Invoke,
            "deadlineMs": deadline(work.deadline_ms),
            "requestId": work.request_id,
            "invokedFunctionArn": *work.arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": work.trace_id},
        });
        self.send(EventType::Invoke, &event);
    }

    /// Announces the end of the execution environment.
    pub fn shut_down(&self, reason: ShutdownReason, deadline_ms: u128) {
        let event = json!({
            "eventType": EventType::Shutdown,
            "shutdownReason": reason,
            "deadlineMs": deadline(deadline_ms),
        });
        self.send(EventType::Shutdown, &event);
    }

    fn send(&self, event_type: EventType, event: &Value) {
        for extension in &mut self.lock().registered {
            if extension.events.contains(&event_type) {
                extension.pending.push_back(event.clone());
            }
        }
        self.changed.send_replace(());
    }

    async fn until<T>(&self, mut found: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(result) = found(&mut self.lock()) {
                return result;
            }
            let _ = changed.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no thread panics while it holds the lock")
    }

    /// The identifier of an extension that registers.
    fn register(&self, name: &str, events: BTreeSet<EventType>) -> Result<String, Refusal> {
        let external = self.external.contains(name);
        let mut state = self.lock();
        if name.is_empty() {
            return Err(Refusal(
                "Extension.InvalidExtensionName",
                "Empty extension name",
            ));
        }
        if state.closed || state.registered.iter().any(|one| one.name == name) {
            let message = "Extension registration closed already";
            return Err(Refusal("Extension.RegistrationClosed", message));
        }
        if state.registered.len() >= LIMIT {
            let message = "Extension limit (10) reached";
            return Err(Refusal("Extension.TooManyExtensions", message));
        }
        if !external && events.contains(&EventType::Shutdown) {
            let message = "SHUTDOWN: event type not supported for internal extensions";
            return Err(Refusal("Extension.InvalidEventType", message));
        }
        let identifier = identifiers::uuid();
        state.registered.push(Extension {
            name: name.to_owned(),
            identifier: identifier.clone(),
            external,
            events,
            pending: VecDeque::new(),
            idle: false,
        });
        drop(state);
        self.changed.send_replace(());
        Ok(identifier)
    }

    /// Marks the extension as idle and waits for its next event.
    async fn next(&self, identifier: &str) -> Result<Value, Refusal> {
        self.known(identifier, |extension| extension.idle = true)?;
        self.changed.send_replace(());
        let event = self
            .until(|state| {
                let mut all = state.registered.iter_mut();
                let extension = all.find(|one| one.identifier == identifier)?;
                let event = extension.pending.pop_front()?;
                extension.idle = false;
                Some(event)
            })
            .await;
        Ok(event)
    }

    fn known<T>(
        &self,
        identifier: &str,
        with: impl FnOnce(&mut Extension) -> T,
    ) -> Result<T, Refusal> {
        if identifier.is_empty() {
            let message = "Missing Lambda-Extension-Identifier header";
            return Err(Refusal("Extension.MissingExtensionIdentifier", message));
        }
        let mut state = self.lock();
        let mut all = state.registered.iter_mut();
        match all.find(|one| one.identifier == identifier) {
            Some(extension) => Ok(with(extension)),
            None => Err(Refusal(
                "Extension.InvalidExtensionIdentifier",
                "Invalid Lambda-Extension-Identifier",
            )),
        }
    }
}

/// Milliseconds as JSON, which has no integers of 128 bits.
fn deadline(milliseconds: u128) -> u64 {
    u64::try_from(milliseconds).unwrap_or(u64::MAX)
}

/// A refused request: the type and the message of the error.
#[derive(Debug)]
struct Refusal(&'static str, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let body = json!({"errorType": self.0, "errorMessage": self.1});
        (StatusCode::FORBIDDEN, Json(body)).into_response()
    }
}

/// The routes of the API.
pub fn router(extensions: Arc<Extensions>) -> Router {
    Router::new()
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(next))
        .route("/2020-01-01/extension/init/error", post(report))
        .route("/2020-01-01/extension/exit/error", post(report))
        .route(
            "/2022-07-01/telemetry",
            put(|| unsupported("Telemetry.NotSupported", "Telemetry API is not supported")),
        )
        .route(
            "/2020-08-15/logs",
            put(|| unsupported("Logs.NotSupported", "Logs API is not supported")),
        )
        .with_state(extensions)
}

/// The response of Lambda's own emulator, which lets extensions go on without it.
async fn unsupported(error_type: &'static str, message: &'static str) -> Response<Body> {
    let body = json!({"errorType": error_type, "errorMessage": message});
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    events: BTreeSet<EventType>,
}

async fn register(
    Shared(extensions): Shared<Arc<Extensions>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let Ok(registration) = serde_json::from_slice::<Registration>(&body) else {
        let message = "the body is not {\"events\": [\"INVOKE\", \"SHUTDOWN\"]}";
        let body = json!({"errorType": "InvalidRequestFormat", "errorMessage": message});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    let name = header(&headers, NAME);
    match extensions.register(name, registration.events) {
        Ok(identifier) => {
            let mut body = json!(extensions.function);
            if header(&headers, FEATURES).contains("accountId") {
                body["accountId"] = json!(ACCOUNT);
            }
            ([(IDENTIFIER, identifier)], Json(body)).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn next(Shared(extensions): Shared<Arc<Extensions>>, headers: HeaderMap) -> Response<Body> {
    match extensions.next(header(&headers, IDENTIFIER)).await {
        Ok(event) => {
            let identifier = [(EVENT_IDENTIFIER, identifiers::uuid())];
            (identifier, Json(event)).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// An error at the start or at the end of an extension.
async fn report(
    Shared(extensions): Shared<Arc<Extensions>>,
    headers: HeaderMap,
    body: Body,
) -> Response<Body> {
    let name = extensions.known(header(&headers, IDENTIFIER), |one| one.name.clone());
    let name = match name {
        Ok(name) => name,
        Err(refusal) => return refusal.into_response(),
    };
    let error_type = header(&headers, "lambda-extension-function-error-type");
    let error = match failure(body).await {
        InvokeError::Failed { message, .. } if !error_type.is_empty() => InvokeError::Failed {
            error_type: error_type.to_owned(),
            message,
        },
        error => error,
    };
    tracing::warn!(extension = name, %error, "extension failed");
    extensions.fail(error);
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extensions(external: &[&str]) -> Extensions {
        let function = FunctionInfo {
            function_name: "Fn".to_owned(),
            function_version: "$LATEST".to_owned(),
            handler: "bootstrap".to_owned(),
        };
        let external = external.iter().map(|name| (*name).to_owned()).collect();
        Extensions::new(function, external)
    }

    fn refused(extensions: &Extensions, name: &str, events: &[EventType]) -> &'static str {
        let outcome = extensions.register(name, events.iter().copied().collect());
        outcome.expect_err("it is refused").0
    }

    #[tokio::test]
    async fn registration_is_held_to_its_rules() {
        let extensions = extensions(&["own"]);
        let both = [EventType::Invoke, EventType::Shutdown];
        assert_eq!(
            refused(&extensions, "", &[]),
            "Extension.InvalidExtensionName"
        );
        assert_eq!(
            refused(&extensions, "internal", &both),
            "Extension.InvalidEventType"
        );
        let identifier = extensions.register("own", both.into()).ok();
        assert!(identifier.is_some());
        extensions.registered().await;
        assert_eq!(
            refused(&extensions, "own", &both),
            "Extension.RegistrationClosed"
        );
        assert_eq!(extensions.kinds(), (false, true));
        extensions.close();
        assert_eq!(
            refused(&extensions, "late", &[]),
            "Extension.RegistrationClosed"
        );
        let unknown = extensions.next("unknown").await.expect_err("refused");
        assert_eq!(unknown.0, "Extension.InvalidExtensionIdentifier");
    }
}
