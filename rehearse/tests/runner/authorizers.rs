//! Authorizers: caching, IAM, JSON Web Tokens and Cognito.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_apigatewaymanagement::config::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use axum::routing::get as route;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::StatusCode;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::project::{Project, invoked};
use crate::support::Runner;

/// The status and the body of a request with a token.
async fn ask(runner: &Runner, path: &str, token: &str) -> (StatusCode, Value) {
    let request = runner.client.get(runner.url(path));
    let response = request.header("authorization", token).send().await;
    let response = response.expect("a response");
    (response.status(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_response_is_cached_as_long_as_the_template_says() {
    let project = Project::fixture("authorizers.yaml").rust_app();
    let runner = project.run();
    let decided = async |path: &str, token: &str| {
        let (status, event) = ask(&runner, path, token).await;
        assert_eq!(status, StatusCode::OK, "{path} {event}");
        let context = &event["requestContext"]["authorizer"];
        let of_function = context.get("lambda").unwrap_or(context);
        of_function["request"].as_str().expect("an id").to_owned()
    };
    // Five minutes by default for a REST API, for the whole stage and for each token.
    let first = decided("/v1/cached/event", "allow").await;
    assert_eq!(decided("/v1/other/event", "allow").await, first);
    let (status, _) = ask(&runner, "/v1/cached/event", "deny").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let first = decided("/v1/fresh/event", "allow").await;
    assert_ne!(decided("/v1/fresh/event", "allow").await, first);
    // Not by default for an HTTP API.
    let first = decided("/http/fresh/event", "allow").await;
    assert_ne!(decided("/http/fresh/event", "allow").await, first);
    let first = decided("/http/cached/event", "allow").await;
    assert_eq!(decided("/http/cached/event", "allow").await, first);
}

/// A request that is signed with the credentials of a function.
async fn signed(runner: &Runner, function: &str, path: &str) -> reqwest::Response {
    let variables = invoked(runner, function, &json!({"rawPath": "/environment"})).await;
    let variable = |name: &str| variables[name].as_str().expect("a text").to_owned();
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        Some(variable("AWS_SESSION_TOKEN")),
        None,
        "test",
    );
    let identity = credentials.into();
    let url = runner.url(path);
    let body = SignableBody::Bytes(b"");
    let signable = SignableRequest::new("GET", url.as_str(), [].into_iter(), body);
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("execute-api")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("complete");
    let signature = sign(signable.expect("valid"), &parameters.into()).expect("signed");
    let (instructions, _) = signature.into_parts();
    let mut request = http::Request::get(&url).body(()).expect("valid");
    instructions.apply_to_request_http1x(&mut request);
    let headers = request.headers().clone();
    let request = runner.client.get(url).headers(headers);
    request.send().await.expect("a response")
}

#[tokio::test]
async fn iam_allows_what_the_policy_of_the_caller_allows() {
    let project = Project::fixture("authorizers.yaml").rust_app();
    let runner = project.run();
    let allowed = signed(&runner, "Caller", "/http/signed/event").await;
    assert_eq!(allowed.status(), StatusCode::OK);
    let event: Value = allowed.json().await.expect("JSON");
    let iam = &event["requestContext"]["authorizer"]["iam"];
    assert_eq!(iam["accountId"], "123456789012");
    for (function, path) in [
        // The policy names another route, and there is no policy.
        ("Caller", "/http/signed/other/event"),
        ("Pets", "/http/signed/event"),
    ] {
        let denied = signed(&runner, function, path).await;
        assert_eq!(denied.status(), StatusCode::FORBIDDEN, "{function} {path}");
    }
}

/// The key of the unit tests, made with `openssl genrsa 2048`.
fn key() -> ring::rsa::KeyPair {
    let text = include_str!("../../src/gateway/jwt_test_key.txt").replace('\n', "");
    let der = BASE64_STANDARD.decode(text).expect("base64");
    ring::rsa::KeyPair::from_der(&der).expect("a key")
}

/// An issuer that publishes the key.
async fn issuer() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let public: RsaPublicKeyComponents<Vec<u8>> = key().public_key().into();
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let key = json!({"kid": "k", "kty": "RSA", "n": part(&public.n), "e": part(&public.e)});
    let keys = json!({"keys": [key]});
    let configuration = json!({"jwks_uri": format!("{origin}/keys")});
    let router = Router::new()
        .route(
            "/.well-known/openid-configuration",
            route(move || async { Json(configuration) }),
        )
        .route("/keys", route(move || async { Json(keys) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

fn token(claims: &Value) -> String {
    let encoded = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "RS256", "kid": "k"});
    let text = format!("{}.{}", encoded(&header), encoded(claims));
    let key = key();
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
        .expect("signed");
    format!("Bearer {text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_token_of_the_issuer_reaches_the_function_with_its_claims() {
    let issuer = issuer().await;
    let project = Project::fixture("authorizers.yaml").rust_app();
    let override_issuer = format!("Issuer={issuer}");
    let start = project.start();
    let runner = start
        .with(&["--parameter-overrides", &override_issuer])
        .run();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let claims =
        json!({"iss": issuer, "aud": "web", "exp": now + 60, "sub": "ann", "scope": "read"});
    let (status, event) = ask(&runner, "/http/token/event", &token(&claims)).await;
    assert_eq!(status, StatusCode::OK, "{event}");
    let jwt = &event["requestContext"]["authorizer"]["jwt"];
    assert_eq!(jwt["claims"]["sub"], "ann");
    assert_eq!(jwt["scopes"], json!(["read"]));
    for (key, value, expected) in [
        ("exp", json!(now - 1), StatusCode::UNAUTHORIZED),
        ("aud", json!("app"), StatusCode::UNAUTHORIZED),
        ("scope", json!("write"), StatusCode::FORBIDDEN),
    ] {
        let mut other = claims.clone();
        other[key] = value;
        let (status, _) = ask(&runner, "/http/token/event", &token(&other)).await;
        assert_eq!(status, expected, "{key}");
    }
}

#[tokio::test]
async fn cognito_is_warned_about_and_rejects_other_tokens() {
    let project = Project::fixture("authorizers.yaml").rust_app();
    let runner = project.run();
    let log = runner.log();
    let warning = "the authorizer Pool: Cognito does not run here. Tokens of the user pool \
                   us-east-1_Users are verified";
    assert!(log.contains(warning), "{log}");
    let (status, _) = ask(&runner, "/v1/pool/event", "Bearer x.y.z").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
