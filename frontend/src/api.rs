//! Requests to `/api` on the page's own origin.
//!
//! The access token lives here, in memory, and nowhere else; the refresh token
//! is a cookie that no script can read. A request that is answered
//! `signed_out` is made once more after a refresh.

use std::time::Duration;

use std::cell::RefCell;

use domain::Timestamp;
use protocol::ErrorBody;
use protocol::http::SignedIn;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCredentials, RequestInit, Response};

use crate::browser;
use crate::json::{self, Json, Read, Write};
use crate::state::Failure;

/// How long to wait for an answer, in milliseconds: longer than API Gateway's
/// own limit of 30 s for the function behind it.
const PATIENCE: u32 = 35_000;
/// How long before its end a token counts as ended, so that it does not end on
/// its way.
const MARGIN: Duration = Duration::from_secs(20);

/// The service, and one's session with it.
#[derive(Default)]
pub struct Api {
    token: RefCell<Option<Token>>,
}

struct Token {
    text: String,
    expires_at: Timestamp,
}

impl Api {
    /// From now on requests are made as who has signed in.
    pub fn sign_in(&self, signed_in: &SignedIn) {
        *self.token.borrow_mut() = Some(Token {
            text: signed_in.access_token.clone(),
            expires_at: signed_in.expires_at,
        });
    }

    /// Asks for a new access token by the cookie.
    async fn refresh(&self) -> Result<String, Failure> {
        let signed_in: SignedIn = post_nothing("/api/refresh").await?;
        self.sign_in(&signed_in);
        Ok(signed_in.access_token)
    }

    /// The access token, fresh.
    pub async fn token(&self) -> Result<String, Failure> {
        let held = self.token.borrow().as_ref().and_then(|token| {
            (token.expires_at - MARGIN > browser::now()).then(|| token.text.clone())
        });
        match held {
            Some(token) => Ok(token),
            None => self.refresh().await,
        }
    }

    /// Fetches something as who has signed in.
    pub async fn get<T: Read>(&self, path: &str) -> Result<T, Failure> {
        decode(&self.as_myself("GET", path, None).await?)
    }

    /// Posts something as who has signed in.
    pub async fn post<T: Read>(&self, path: &str, body: &impl Write) -> Result<T, Failure> {
        decode(&self.as_myself("POST", path, Some(json::text(body))).await?)
    }

    /// Asks for something to be made as who has signed in.
    pub async fn post_nothing<T: Read>(&self, path: &str) -> Result<T, Failure> {
        decode(&self.as_myself("POST", path, None).await?)
    }

    /// Does something as who has signed in that is answered without a body.
    pub async fn tell(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<(), Failure> {
        self.as_myself(method, path, body).await.map(drop)
    }

    async fn as_myself(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<String, Failure> {
        let token = self.token().await?;
        match request(method, path, body.as_deref(), Some(&token)).await {
            Err(failure) if failure.is_signed_out() => {
                let token = self.refresh().await?;
                request(method, path, body.as_deref(), Some(&token)).await
            }
            answer => answer,
        }
    }
}

/// Signs in by the cookie, if there is one that counts.
pub async fn resume() -> Result<Json, Failure> {
    let answer: Json = post_nothing("/api/refresh").await?;
    let is_whole = SignedIn::read(&answer).is_some();
    is_whole.then_some(answer).ok_or(Failure::Unreachable)
}

/// Posts something before anybody is signed in.
pub async fn post<T: Read>(path: &str, body: &impl Write) -> Result<T, Failure> {
    post_text(path, &json::text(body)).await
}

/// Posts JSON before anybody is signed in.
pub async fn post_text<T: Read>(path: &str, body: &str) -> Result<T, Failure> {
    decode(&request("POST", path, Some(body), None).await?)
}

/// Asks for something before anybody is signed in.
pub async fn post_nothing<T: Read>(path: &str) -> Result<T, Failure> {
    decode(&request("POST", path, None, None).await?)
}

/// Posts something before anybody is signed in that is answered without a body.
pub async fn tell(path: &str, body: &impl Write) -> Result<(), Failure> {
    request("POST", path, Some(&json::text(body)), None)
        .await
        .map(drop)
}

fn decode<T: Read>(answer: &str) -> Result<T, Failure> {
    // An answer that is not the contract's comes from something between us and
    // the service, such as a captive portal.
    json::parse(answer).ok_or(Failure::Unreachable)
}

async fn request(
    method: &str,
    path: &str,
    body: Option<&str>,
    token: Option<&str>,
) -> Result<String, Failure> {
    let options = RequestInit::new();
    options.set_method(method);
    options.set_credentials(RequestCredentials::SameOrigin);
    options.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    let headers = web_sys::Headers::new().map_err(|_| Failure::Unreachable)?;
    let set = |name, value: &str| headers.set(name, value).map_err(|_| Failure::Unreachable);
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
        .map_err(|_| Failure::Unreachable)?;
    let answer: Response = answer.unchecked_into();
    let text = match answer.text() {
        Ok(text) => JsFuture::from(text).await.ok(),
        Err(_) => None,
    };
    let text = text
        .and_then(|text| text.as_string())
        .ok_or(Failure::Unreachable)?;
    if answer.ok() {
        return Ok(text);
    }
    Err(match json::parse::<ErrorBody>(&text) {
        Some(refusal) => Failure::Refused(refusal),
        None => Failure::Status(answer.status()),
    })
}
