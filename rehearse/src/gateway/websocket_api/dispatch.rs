//! From a frame to the function of its route, and from a connection's end to
//! `$disconnect`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::Gateway;
use super::connection::Connection;
use super::event::{self, Event, Occasion};
use super::integration_response::{IntegrationResponse, Notice};
use super::limits::MESSAGE_BYTES;
use crate::gateway::rate::Rate;
use crate::lambda::invoker::InvokeError;
use sam_template::application::WebSocketRoute;

/// Why an integration failed.
#[derive(Debug, thiserror::Error)]
pub enum IntegrationError {
    /// The invocation failed.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The route's own time limit.
    #[error("no answer within the integration's {} ms", .0.as_millis())]
    TimedOut(std::time::Duration),
    /// Not `{"statusCode": …}`.
    #[error("the answer is not a Lambda proxy response with a statusCode")]
    Malformed,
    /// The task of the invocation ended otherwise.
    #[error("the invocation was abandoned")]
    Abandoned,
}

impl Gateway {
    /// Invokes the function of `route`. Where the route's time runs out, or the
    /// caller goes away, the function runs on, as it does in the cloud.
    pub(super) async fn integrate(
        &self,
        route: &WebSocketRoute,
        payload: Bytes,
    ) -> Result<IntegrationResponse, IntegrationError> {
        let invoker = self.invoker.clone();
        let function = route.function.clone();
        let invocation = tokio::spawn(async move { invoker.invoke(&function, payload).await });
        let payload = tokio::time::timeout(route.timeout, invocation)
            .await
            .map_err(|_| IntegrationError::TimedOut(route.timeout))?
            .map_err(|_| IntegrationError::Abandoned)??;
        IntegrationResponse::parse(&payload).ok_or(IntegrationError::Malformed)
    }

    /// Whether the throttling of the stage allows one more request.
    pub(super) fn stage_allows(&self) -> bool {
        self.stage_requests.as_ref().is_none_or(Rate::allows)
    }

    /// Handles one text frame, at the same time as others; the turn is over with it.
    pub(super) fn accept_frame(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        text: Utf8Bytes,
        turn: OwnedSemaphorePermit,
    ) {
        if !self.stage_allows() || !self.requests.allows() {
            notify(connection, "Too Many Requests", &event::new_id());
            return;
        }
        let gateway = Arc::clone(self);
        let connection = Arc::clone(connection);
        tokio::spawn(async move {
            gateway.dispatch(&connection, &text).await;
            drop(turn);
        });
    }

    async fn dispatch(&self, connection: &Connection, text: &str) {
        let Some((route_key, route)) = self.route(text) else {
            notify(connection, "Forbidden", &event::new_id());
            return;
        };
        let occasion = Occasion::Message { route_key, text };
        let Event {
            request_id,
            payload,
        } = event::build(&self.api, connection.client(), &occasion);
        match self.integrate(route, payload).await {
            Ok(answer) => self.respond(connection, route, answer, &request_id),
            Err(error) => {
                tracing::warn!(function = route.function, route_key, %error, "message integration failed");
                notify(connection, "Internal server error", &request_id);
            }
        }
    }

    /// The route that a frame selects. `$connect` and `$disconnect` are not for
    /// clients to select.
    fn route(&self, text: &str) -> Option<(&str, &WebSocketRoute)> {
        let selected = self
            .api
            .route_selection
            .select(text)
            .filter(|key| !key.starts_with('$'))
            .and_then(|key| self.api.routes.get_key_value(&key));
        let (key, route) = selected.or_else(|| self.api.routes.get_key_value("$default"))?;
        Some((key, route))
    }

    fn respond(
        &self,
        connection: &Connection,
        route: &WebSocketRoute,
        answer: IntegrationResponse,
        request_id: &str,
    ) {
        if !route.responds {
            return;
        }
        let Some(text) = answer.into_text() else {
            return;
        };
        if text.len() > MESSAGE_BYTES {
            tracing::warn!(
                function = route.function,
                "route response exceeds 128 KB, not sent"
            );
            notify(connection, "Internal server error", request_id);
        } else if connection.send(text.into()).is_err() {
            tracing::warn!(
                function = route.function,
                "route response not sent, client send buffer is full"
            );
        }
    }

    /// Invokes `$disconnect`. It is best effort: the response is ignored.
    pub(super) async fn disconnect(&self, connection: &Connection, code: u16, reason: &str) {
        let Some(route) = self.api.routes.get("$disconnect") else {
            return;
        };
        if self.drops_disconnect_events.load(Ordering::Relaxed) {
            return;
        }
        let occasion = Occasion::Disconnect { code, reason };
        let event = event::build(&self.api, connection.client(), &occasion);
        if let Err(error) = self.integrate(route, event.payload).await {
            tracing::warn!(function = route.function, %error, "$disconnect integration failed");
        }
    }
}

fn notify(connection: &Connection, message: &str, request_id: &str) {
    let notice = Notice {
        message,
        connection_id: connection.id(),
        request_id,
    };
    if connection.send(notice.to_json().into()).is_err() {
        tracing::debug!("error frame not sent, client send buffer is full");
    }
}
