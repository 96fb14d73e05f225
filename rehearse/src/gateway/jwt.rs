//! JWT authorizers of HTTP APIs: tokens signed with RSA, verified with the keys that
//! the issuer publishes.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// How long the keys of an issuer are cached.
const CACHED: Duration = Duration::from_hours(2);

/// How soon an unknown key id may cause another request for the keys.
const REFRESHED: Duration = Duration::from_secs(10);

/// How long the issuer may take to respond.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest document of an issuer.
const DOCUMENT_LIMIT: usize = 256 * 1024;

/// The keys of issuers. Cheap to clone.
#[derive(Clone, Default)]
pub struct Issuers(Arc<Mutex<HashMap<String, Published>>>);

#[derive(Clone)]
struct Published {
    at: Instant,
    keys: Vec<Key>,
}

#[derive(Clone, Deserialize)]
struct Key {
    kid: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

/// What a token has to be.
pub struct Expected<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// One of them has to be in `aud`, or be the `client_id`, unless any is accepted.
    pub audience: Option<&'a [String]>,
    /// One of them has to be in `scope` or `scp`, unless there are none.
    pub scopes: &'a [String],
}

/// Why a token is rejected.
#[derive(Debug, PartialEq, Eq)]
pub enum Rejected {
    /// It is not a valid token of the issuer: 401.
    Invalid,
    /// It lacks a scope: 403.
    Scope,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Configuration {
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

impl Issuers {
    /// The claims of a token, if it is what is `expected` at `now` (Unix seconds).
    ///
    /// # Errors
    /// Why it is rejected.
    pub async fn verify(
        &self,
        token: &str,
        expected: &Expected<'_>,
        now: i64,
    ) -> Result<Map<String, Value>, Rejected> {
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        let (signed, signature) = token.rsplit_once('.').ok_or(Rejected::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(Rejected::Invalid)?;
        let header: Header = decoded(header)?;
        let claims: Map<String, Value> = decoded(claims)?;
        let signature = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| Rejected::Invalid)?;
        let parameters = parameters(&header.alg).ok_or(Rejected::Invalid)?;
        let keys = self
            .keys(expected.issuer, header.kid.as_deref())
            .await
            .map_err(|error| {
                tracing::warn!(
                    issuer = expected.issuer,
                    error = format!("{error:#}"),
                    "cannot get the keys of an issuer"
                );
                Rejected::Invalid
            })?;
        let same = |key: &&Key| header.kid.is_none() || key.kid == header.kid;
        let verified = keys.iter().filter(same).any(|key| {
            let part = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
            let (Some(n), Some(e)) = (part(&key.n), part(&key.e)) else {
                return false;
            };
            let key = RsaPublicKeyComponents { n, e };
            key.verify(parameters, signed.as_bytes(), &signature)
                .is_ok()
        });
        if !verified {
            return Err(Rejected::Invalid);
        }
        check(&claims, expected, now)?;
        Ok(claims)
    }

    async fn keys(&self, issuer: &str, id: Option<&str>) -> anyhow::Result<Vec<Key>> {
        let cached = self.lock().get(issuer).cloned();
        if let Some(published) = cached {
            let known = id.is_none_or(|id| {
                published
                    .keys
                    .iter()
                    .any(|key| key.kid.as_deref() == Some(id))
            });
            let age = published.at.elapsed();
            if age < REFRESHED || known && age < CACHED {
                return Ok(published.keys);
            }
        }
        let base = issuer.trim_end_matches('/');
        let configuration: Configuration =
            get(&format!("{base}/.well-known/openid-configuration")).await?;
        let set: KeySet = get(&configuration.jwks_uri).await?;
        let published = Published {
            at: Instant::now(),
            keys: set.keys,
        };
        self.lock().insert(issuer.to_owned(), published.clone());
        Ok(published.keys)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Published>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn decoded<T: DeserializeOwned>(part: &str) -> Result<T, Rejected> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Rejected::Invalid)?;
    serde_json::from_slice(&bytes).map_err(|_| Rejected::Invalid)
}

/// API Gateway supports only algorithms on RSA.
fn parameters(algorithm: &str) -> Option<&'static RsaParameters> {
    match algorithm {
        "RS256" => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>, now: i64) -> Result<(), Rejected> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str);
    let time = |key: &str| claims.get(key).and_then(Value::as_i64);
    let audience = claims.get("aud").map_or_else(Vec::new, texts);
    let audience = audience.into_iter().chain(text("client_id"));
    let accepted = expected.audience.is_none_or(|accepted| {
        let mut audience = audience;
        audience.any(|one| accepted.iter().any(|other| other == one))
    });
    let valid = text("iss") == Some(expected.issuer)
        && time("exp").is_some_and(|exp| now < exp)
        && time("nbf").is_none_or(|nbf| nbf <= now)
        && time("iat").is_none_or(|iat| iat <= now)
        && accepted;
    if !valid {
        return Err(Rejected::Invalid);
    }
    let scopes = claims.get("scope").or_else(|| claims.get("scp"));
    let scopes: Vec<&str> = scopes.map_or_else(Vec::new, |value| {
        texts(value)
            .into_iter()
            .flat_map(str::split_whitespace)
            .collect()
    });
    let has = |scope: &String| scopes.contains(&scope.as_str());
    if !expected.scopes.is_empty() && !expected.scopes.iter().any(has) {
        return Err(Rejected::Scope);
    }
    Ok(())
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        single => single.as_str().into_iter().collect(),
    }
}

async fn get<T: DeserializeOwned>(url: &str) -> anyhow::Result<T> {
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let uri = url.parse().with_context(|| format!("{url} is not a URL"))?;
    let fetched = async {
        let response = client.get(uri).await?;
        if !response.status().is_success() {
            bail!("{url} responded with {}", response.status());
        }
        let body = Limited::new(response.into_body(), DOCUMENT_LIMIT)
            .collect()
            .await;
        let body = body.map_err(|error| anyhow!("{error}"))?;
        Ok(serde_json::from_slice(&body.to_bytes())?)
    };
    tokio::time::timeout(PATIENCE, fetched)
        .await
        .with_context(|| format!("{url} did not respond in time"))?
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use axum::{Json, Router};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_651_200;

    /// A key made for this test with `openssl genrsa 2048`, in base64.
    const KEY: &str = include_str!("jwt_test_key.txt");

    fn key() -> ring::rsa::KeyPair {
        let text = KEY.replace('\n', "");
        let der = base64::prelude::BASE64_STANDARD
            .decode(text)
            .expect("base64");
        ring::rsa::KeyPair::from_der(&der).expect("a key")
    }

    fn token(claims: &Value) -> String {
        let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!(
            "{}.{}",
            encoded(&json!({"alg": "RS256", "kid": "k"})),
            encoded(claims)
        );
        let pair = key();
        let mut signature = vec![0; pair.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        pair.sign(
            &signature::RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        )
        .expect("signed");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// An issuer that publishes the key.
    async fn issuer() -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let pair = key();
        let public: RsaPublicKeyComponents<Vec<u8>> = pair.public().into();
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let keys = json!({"keys": [{"kid": "k", "kty": "RSA", "n": part(&public.n), "e": part(&public.e)}]});
        let configuration = json!({"jwks_uri": format!("{origin}/keys")});
        let router = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(move || async { Json(configuration) }),
            )
            .route("/keys", get(move || async { Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    }

    #[tokio::test]
    async fn a_token_is_verified_against_the_keys_and_the_configuration() {
        let issuer = issuer().await;
        let audience = ["web".to_owned()];
        let scopes = ["read".to_owned()];
        let issuers = Issuers::default();
        let verify = async |claims: &Value, scopes: &[String]| {
            let expected = Expected {
                issuer: &issuer,
                audience: Some(&audience),
                scopes,
            };
            let outcome = issuers
                .verify(&format!("Bearer {}", token(claims)), &expected, NOW)
                .await;
            outcome.map(|claims| claims["sub"].clone())
        };
        let good =
            json!({"iss": issuer, "aud": "web", "exp": NOW + 1, "sub": "ann", "scope": "read x"});
        assert_eq!(verify(&good, &scopes).await, Ok(json!("ann")));
        assert_eq!(
            verify(&good, &["write".to_owned()]).await,
            Err(Rejected::Scope)
        );
        for (key, value) in [
            ("iss", json!("https://other.example")),
            ("aud", json!(["app"])),
            ("exp", json!(NOW)),
            ("nbf", json!(NOW + 1)),
        ] {
            let mut claims = good.clone();
            claims[key] = value;
            assert_eq!(verify(&claims, &[]).await, Err(Rejected::Invalid), "{key}");
        }
        let expected = Expected {
            issuer: &issuer,
            audience: Some(&audience),
            scopes: &[],
        };
        let mut forged = token(&good);
        forged.truncate(forged.len() - 8);
        forged.push_str("AAAAAAAA");
        let outcome = issuers.verify(&forged, &expected, NOW).await;
        assert_eq!(outcome.map(|_| ()), Err(Rejected::Invalid));
    }
}
