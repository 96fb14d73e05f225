//! The users that functions and mappings log in to RabbitMQ as, made by its management
//! API. Amazon MQ makes the administrator only.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use env::Variables;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use queue::Login;
use queue::jobs::{fan_out, mail, push};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::http_client::{self, HttpClient};
use crate::prepare::SetupError;

/// The virtual host that every broker has.
const DEFAULT_VIRTUAL_HOST: &str = "/";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The list of users is shorter.
const RESPONSE_LIMIT: usize = 1 << 20;

/// What a user may do: regular expressions on names of exchanges and queues, as in
/// RabbitMQ's "Access Control".
struct Role {
    /// The names of its users begin with this. Users of that prefix that no secret names
    /// are deleted.
    prefix: &'static str,
    write: &'static str,
    read: String,
}

/// Where the management API is, and which users there shall be.
pub(crate) struct BrokerUsers {
    url: String,
    administrator: Login,
    virtual_host: String,
    publisher: Login,
    consumer: Login,
}

impl BrokerUsers {
    /// Reads `RABBITMQ_MANAGEMENT_URL`, `RABBITMQ_PUBLISHER` and `RABBITMQ_CONSUMER`.
    pub(crate) fn from_variables(variables: &mut Variables, broker: &queue::Settings) -> Self {
        const NAME: &str = "RABBITMQ_MANAGEMENT_URL";
        let url = variables.url(NAME, &["http", "https"]);
        if !url.is_empty()
            && let Err(error) = http_client::address(NAME, &url)
        {
            variables.error(error.to_string());
        }
        let users = Self {
            url: url.trim_end_matches('/').to_owned(),
            administrator: Login {
                username: broker.username.clone(),
                password: broker.password.clone(),
                also: None,
            },
            virtual_host: broker.virtual_host.clone(),
            publisher: Login::from_variables(variables, "RABBITMQ_PUBLISHER"),
            consumer: Login::from_variables(variables, "RABBITMQ_CONSUMER"),
        };
        for (role, login) in users.roles() {
            for username in logins(login).map(|login| &login.username) {
                if !username.is_empty() && !username.starts_with(role.prefix) {
                    variables.error(format!(
                        "the user `{username}` must have a name that begins with {}",
                        role.prefix
                    ));
                }
            }
        }
        users
    }

    fn roles(&self) -> [(Role, &Login); 2] {
        let publisher = Role {
            prefix: "publisher-",
            // The default exchange.
            write: "^amq\\.default$",
            read: "^$".to_owned(),
        };
        let consumer = Role {
            prefix: "consumer-",
            write: "^$",
            read: format!("^({}|{}|{})$", mail::QUEUE, fan_out::QUEUE, push::QUEUE),
        };
        [(publisher, &self.publisher), (consumer, &self.consumer)]
    }

    /// Makes the virtual host and the users, and deletes users that were rotated out.
    pub(crate) async fn make(&self) -> Result<(), SetupError> {
        let api = Api {
            users: self,
            client: http_client::new(),
        };
        let host = encoded(&self.virtual_host);
        if self.virtual_host != DEFAULT_VIRTUAL_HOST {
            api.send(Method::PUT, &format!("vhosts/{host}"), &json!({}))
                .await?;
            let administrator = &self.administrator.username;
            api.permit(&host, administrator, [".*", ".*", ".*"]).await?;
        }
        let mut wanted = BTreeSet::new();
        for (role, login) in self.roles() {
            for Login {
                username, password, ..
            } in logins(login)
            {
                let user = json!({ "password": password, "tags": "" });
                let path = format!("users/{}", encoded(username));
                api.send(Method::PUT, &path, &user).await?;
                let rights = ["^$", role.write, &role.read];
                api.permit(&host, username, rights).await?;
                wanted.insert(username.as_str());
            }
        }
        let existing = api.send(Method::GET, "users", &Value::Null).await?;
        let existing: Vec<User> = serde_json::from_slice(&existing)
            .map_err(|error| SetupError::Final(format!("RABBITMQ_MANAGEMENT_URL: {error}")))?;
        for User { name } in existing {
            let ours = self
                .roles()
                .iter()
                .any(|(role, _)| name.starts_with(role.prefix));
            if ours && !wanted.contains(name.as_str()) {
                let path = format!("users/{}", encoded(&name));
                api.send(Method::DELETE, &path, &Value::Null).await?;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct User {
    name: String,
}

/// A login, and the one before or after it while they are rotated.
fn logins(login: &Login) -> impl Iterator<Item = &Login> {
    std::iter::successors(Some(login), |login| login.also.as_deref())
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

struct Api<'a> {
    users: &'a BrokerUsers,
    client: HttpClient,
}

impl Api<'_> {
    async fn permit(
        &self,
        host: &str,
        username: &str,
        [configure, write, read]: [&str; 3],
    ) -> Result<(), SetupError> {
        let rights = json!({ "configure": configure, "write": write, "read": read });
        let path = format!("permissions/{host}/{}", encoded(username));
        self.send(Method::PUT, &path, &rights).await.map(|_| ())
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Bytes, SetupError> {
        let name = |detail: String| format!("RABBITMQ_MANAGEMENT_URL: {method} {path}: {detail}");
        let sent = timeout(REQUEST_TIMEOUT, self.send_once(&method, path, body));
        let (status, body) = match sent.await.context("no response").flatten() {
            Ok(response) => response,
            Err(error) => return Err(SetupError::Unavailable(name(format!("{error:#}")))),
        };
        match status {
            _ if status.is_success() => Ok(body),
            _ if status.is_server_error() => Err(SetupError::Unavailable(name(status.to_string()))),
            _ => Err(SetupError::Final(name(status.to_string()))),
        }
    }

    async fn send_once(
        &self,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let Login {
            username, password, ..
        } = &self.users.administrator;
        let login = BASE64_STANDARD.encode(format!("{username}:{password}"));
        let body = match body {
            Value::Null => Bytes::new(),
            body => serde_json::to_vec(body)?.into(),
        };
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}/api/{path}", self.users.url))
            .header(AUTHORIZATION, format!("Basic {login}"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        let response = self.client.request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), RESPONSE_LIMIT);
        let body = body
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!(error))?;
        Ok((status, body.to_bytes()))
    }
}

#[cfg(test)]
mod tests;
