//! Requests to `/api` on the page's own origin.
//!
//! The access token lives here, in memory, and nowhere else; the refresh token
//! is a cookie that no script can read. A request that is answered
//! `signed_out` is made once more after a refresh.

use std::cell::RefCell;

use domain::Millis;
use domain::time::SECOND;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestCredentials, RequestInit, Response};
use wire::Refusal;
use wire::http::SignedIn;

use crate::browser;
use crate::state::Failure;

/// How long to wait for an answer, in milliseconds: longer than API Gateway's
/// own limit of 30 s for the function behind it.
const PATIENCE: u32 = 35_000;
/// How long before its end a token counts as ended, so that it does not end on
/// its way.
const MARGIN: Millis = 20 * SECOND;

/// The service, and one's session with it.
#[derive(Default)]
pub struct Api {
    token: RefCell<Option<Token>>,
}

struct Token {
    text: String,
    expires_at: Millis,
}

impl Api {
    /// From now on requests are made as who has signed in.
    pub fn sign_in(&self, signed_in: &SignedIn) {
        *self.token.borrow_mut() = Some(Token {
            text: signed_in.access_token.clone(),
            expires_at: signed_in.expires_at,
        });
    }

    /// Forgets the session.
    pub fn sign_out(&self) {
        *self.token.borrow_mut() = None;
    }

    /// Asks for a new access token by the cookie.
    pub async fn refresh(&self) -> Result<SignedIn, Failure> {
        let answer = request("POST", "/api/refresh", None, None).await?;
        let signed_in: SignedIn = decode(&answer)?;
        self.sign_in(&signed_in);
        Ok(signed_in)
    }

    /// The access token, fresh.
    pub async fn token(&self) -> Result<String, Failure> {
        let held = self.token.borrow().as_ref().and_then(|token| {
            (token.expires_at - MARGIN > browser::now()).then(|| token.text.clone())
        });
        match held {
            Some(token) => Ok(token),
            None => Ok(self.refresh().await?.access_token),
        }
    }

    /// Fetches something as who has signed in.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        decode(&self.get_text(path).await?)
    }

    /// Fetches a body as who has signed in.
    pub async fn get_text(&self, path: &str) -> Result<String, Failure> {
        self.as_myself("GET", path, None).await
    }

    /// Posts something as who has signed in.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        decode(&self.as_myself("POST", path, Some(encode(body))).await?)
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
                let token = self.refresh().await?.access_token;
                request(method, path, body.as_deref(), Some(&token)).await
            }
            answer => answer,
        }
    }
}

/// Posts something before anybody is signed in.
pub async fn post<T: DeserializeOwned>(path: &str, body: &impl Serialize) -> Result<T, Failure> {
    decode(&request("POST", path, Some(&encode(body)), None).await?)
}

/// Posts something before anybody is signed in that is answered without a body.
pub async fn tell(path: &str, body: &impl Serialize) -> Result<(), Failure> {
    request("POST", path, Some(&encode(body)), None)
        .await
        .map(drop)
}

/// A body of a request.
pub fn encode(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("the contract's shapes are all JSON")
}

fn decode<T: DeserializeOwned>(answer: &str) -> Result<T, Failure> {
    // An answer that is not the contract's comes from something between us and
    // the service, such as a captive portal.
    serde_json::from_str(answer).map_err(|_| Failure::Unreachable)
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
    Err(match serde_json::from_str::<Refusal>(&text) {
        Ok(refusal) => Failure::Refused(refusal),
        Err(_) => Failure::Status(answer.status()),
    })
}
