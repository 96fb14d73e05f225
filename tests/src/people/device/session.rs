//! A session of somebody that a device holds: its token, which it renews.

use std::sync::Arc;

use http::Method;
use tokio::sync::Mutex;

use crate::people::handshake::Handshake;
use crate::people::{Answer, Person};

/// Shared by the requests of one device.
#[derive(Clone)]
pub(super) struct Session(Arc<Mutex<Person>>);

/// Why there is no answer to go on with.
#[derive(Debug)]
pub(super) enum Refused {
    /// With this status.
    Status(u16),
    /// Nobody answered.
    Unreachable,
}

impl Refused {
    pub(super) fn is_signed_out(&self) -> bool {
        matches!(self, Self::Status(401))
    }

    pub(super) fn may_pass(&self) -> bool {
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

    /// The body of a `200`.
    pub(super) async fn get(&self, path: &str) -> Result<String, Refused> {
        Ok(self.ask(path).await?.body.to_string())
    }

    /// A handshake with a token that counts.
    pub(super) async fn handshake(&self) -> Result<Handshake, Refused> {
        let url = self.ask("/api/socket").await?.text("/url");
        let person = self.0.lock().await;
        Ok(Handshake::new(&person.client, &url, &person.token))
    }

    async fn ask(&self, path: &str) -> Result<Answer, Refused> {
        let (client, token) = {
            let person = self.0.lock().await;
            (person.client.clone(), person.token.clone())
        };
        let answer = ok(client.try_send(Method::GET, path, None).await);
        match answer {
            Err(refused) if refused.is_signed_out() => {
                let client = self.renewed(&token).await?;
                ok(client.try_send(Method::GET, path, None).await)
            }
            answer => answer,
        }
    }

    /// A client with another token than `spent`. Requests that find the same
    /// one spent renew it once.
    async fn renewed(&self, spent: &str) -> Result<crate::people::Client, Refused> {
        let mut person = self.0.lock().await;
        if person.token == spent {
            let client = person.anonymous().with_cookie(&person.cookie);
            let answer = client.try_send(Method::POST, "/api/refresh", None).await;
            *person = Person::new((**person).clone(), &ok(answer)?);
        }
        Ok(person.client.clone())
    }
}

fn ok(answer: reqwest::Result<Answer>) -> Result<Answer, Refused> {
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(answer) => Err(Refused::Status(answer.status.as_u16())),
        Err(_) => Err(Refused::Unreachable),
    }
}
