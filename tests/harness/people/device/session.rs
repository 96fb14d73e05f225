//! The session of a device, which renews its access token.

use std::sync::Arc;

use http::Method;
use tokio::sync::Mutex;

use crate::people::handshake::Handshake;
use crate::people::{Person, Response};

/// A session, shared by the requests of one device.
#[derive(Clone)]
pub(super) struct Session(Arc<Mutex<Person>>);

#[derive(Debug)]
pub(super) enum SessionError {
    /// The response has this status.
    Status(u16),
    Unreachable,
}

impl SessionError {
    pub(super) fn is_signed_out(&self) -> bool {
        matches!(self, Self::Status(401))
    }

    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::Unreachable => true,
        }
    }
}

impl Session {
    pub(super) fn new(person: Person) -> Self {
        Self(Arc::new(Mutex::new(person)))
    }

    /// The body of a `200` response.
    pub(super) async fn get(&self, path: &str) -> Result<String, SessionError> {
        Ok(self.ask(path).await?.body.to_string())
    }

    /// A handshake with a valid token.
    pub(super) async fn handshake(&self) -> Result<Handshake, SessionError> {
        let url = self.ask("/api/socket").await?.text("/url");
        let person = self.0.lock().await;
        Ok(Handshake::new(&person.client, &url, &person.token))
    }

    async fn ask(&self, path: &str) -> Result<Response, SessionError> {
        let (client, token) = {
            let person = self.0.lock().await;
            (person.client.clone(), person.token.clone())
        };
        let response = ok(client.try_send(Method::GET, path, None).await);
        match response {
            Err(error) if error.is_signed_out() => {
                let client = self.renewed(&token).await?;
                ok(client.try_send(Method::GET, path, None).await)
            }
            response => response,
        }
    }

    /// A client with another token than `expired`. Parallel requests with the same
    /// expired token refresh it once.
    async fn renewed(&self, expired: &str) -> Result<crate::people::Client, SessionError> {
        let mut person = self.0.lock().await;
        if person.token == expired {
            let client = person.anonymous().with_cookie(&person.cookie);
            let response = client.try_send(Method::POST, "/api/refresh", None).await;
            *person = Person::new((**person).clone(), &ok(response)?);
        }
        Ok(person.client.clone())
    }
}

fn ok(response: reqwest::Result<Response>) -> Result<Response, SessionError> {
    match response {
        Ok(response) if response.status == 200 => Ok(response),
        Ok(response) => Err(SessionError::Status(response.status.as_u16())),
        Err(_) => Err(SessionError::Unreachable),
    }
}
