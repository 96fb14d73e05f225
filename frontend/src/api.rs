//! Requests to `/api` on the page's own origin.
//!
//! The access token is kept here, in memory; the refresh token is an `HttpOnly`
//! cookie. A request that fails with `signed_out` is repeated once after a
//! refresh.

use std::cell::RefCell;

use protocol::ErrorBody;
use protocol::http::SignedIn;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCredentials, RequestInit, Response};

use crate::browser;
use crate::json::{self, Json, Read, Write};
use crate::state::RequestError;

/// The timeout of a request in milliseconds: longer than API Gateway's own limit
/// of 30 s for an integration.
const TIMEOUT: u32 = 35_000;
/// The API with the session's access token.
#[derive(Default)]
pub struct Api {
    token: RefCell<String>,
}

impl Api {
    pub fn sign_in(&self, signed_in: &SignedIn) {
        self.token.replace(signed_in.access_token.clone());
    }

    /// Gets a new access token with the refresh cookie.
    async fn refresh(&self) -> Result<String, RequestError> {
        let signed_in: SignedIn = post_nothing("/api/refresh").await?;
        self.sign_in(&signed_in);
        Ok(signed_in.access_token)
    }

    /// The access token. Whether it has expired is left to the service: this
    /// machine's clock may be wrong.
    pub fn token(&self) -> String {
        self.token.borrow().clone()
    }

    pub async fn get<T: Read>(&self, path: &str) -> Result<T, RequestError> {
        decode(&self.authorized("GET", path, None).await?)
    }

    pub async fn post<T: Read>(&self, path: &str, body: &impl Write) -> Result<T, RequestError> {
        decode(
            &self
                .authorized("POST", path, Some(json::text(body)))
                .await?,
        )
    }

    pub async fn patch<T: Read>(&self, path: &str, body: &impl Write) -> Result<T, RequestError> {
        decode(
            &self
                .authorized("PATCH", path, Some(json::text(body)))
                .await?,
        )
    }

    /// Posts without a body.
    pub async fn post_nothing<T: Read>(&self, path: &str) -> Result<T, RequestError> {
        decode(&self.authorized("POST", path, None).await?)
    }

    /// A request whose response has no body.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<(), RequestError> {
        self.authorized(method, path, body).await.map(drop)
    }

    /// Posts without a body, and gives up after `timeout` milliseconds.
    pub async fn post_within(&self, timeout: u32, path: &str) -> Result<(), RequestError> {
        match request(timeout, "POST", path, None, Some(&self.token())).await {
            Err(error) if error.is_signed_out() => {
                let token = self.refresh().await?;
                request(timeout, "POST", path, None, Some(&token))
                    .await
                    .map(drop)
            }
            response => response.map(drop),
        }
    }

    async fn authorized(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<String, RequestError> {
        match request(TIMEOUT, method, path, body.as_deref(), Some(&self.token())).await {
            Err(error) if error.is_signed_out() => {
                let token = self.refresh().await?;
                request(TIMEOUT, method, path, body.as_deref(), Some(&token)).await
            }
            answer => answer,
        }
    }
}

/// Signs in with the refresh cookie, if it is valid.
pub async fn resume() -> Result<Json, RequestError> {
    let answer: Json = post_nothing("/api/refresh").await?;
    let is_whole = SignedIn::read(&answer).is_some();
    is_whole.then_some(answer).ok_or(RequestError::Unreachable)
}

/// Posts without a session.
pub async fn post<T: Read>(path: &str, body: &impl Write) -> Result<T, RequestError> {
    post_text(path, &json::text(body)).await
}

/// Posts JSON without a session.
pub async fn post_text<T: Read>(path: &str, body: &str) -> Result<T, RequestError> {
    decode(&request(TIMEOUT, "POST", path, Some(body), None).await?)
}

/// Posts without a session and a body.
pub async fn post_nothing<T: Read>(path: &str) -> Result<T, RequestError> {
    decode(&request(TIMEOUT, "POST", path, None, None).await?)
}

/// Posts without a session; the response has no body.
pub async fn send(path: &str, body: &impl Write) -> Result<(), RequestError> {
    request(TIMEOUT, "POST", path, Some(&json::text(body)), None)
        .await
        .map(drop)
}

fn decode<T: Read>(answer: &str) -> Result<T, RequestError> {
    // A response that is not of the contract comes from something in between,
    // such as a captive portal.
    json::parse(answer).ok_or(RequestError::Unreachable)
}

async fn request(
    timeout: u32,
    method: &str,
    path: &str,
    body: Option<&str>,
    token: Option<&str>,
) -> Result<String, RequestError> {
    let options = RequestInit::new();
    options.set_method(method);
    options.set_credentials(RequestCredentials::SameOrigin);
    options.set_signal(Some(&AbortSignal::timeout_with_u32(timeout)));
    let headers = web_sys::Headers::new().map_err(|_| RequestError::Unreachable)?;
    let set = |name, value: &str| {
        headers
            .set(name, value)
            .map_err(|_| RequestError::Unreachable)
    };
    if let Some(body) = body {
        set("Content-Type", "application/json")?;
        options.set_body(&body.into());
    }
    if let Some(token) = token {
        set("Authorization", &format!("Bearer {token}"))?;
    }
    options.set_headers(&headers);

    let answer = JsFuture::from(browser::window().fetch_with_str_and_init(path, &options))
        .await
        .map_err(|_| RequestError::Unreachable)?;
    let answer: Response = answer.unchecked_into();
    let text = match answer.text() {
        Ok(text) => JsFuture::from(text).await.ok(),
        Err(_) => None,
    };
    let text = text
        .and_then(|text| text.as_string())
        .ok_or(RequestError::Unreachable)?;
    if answer.ok() {
        return Ok(text);
    }
    Err(match json::parse::<ErrorBody>(&text) {
        Some(refusal) => RequestError::Refused(refusal),
        None => RequestError::Status(answer.status()),
    })
}
