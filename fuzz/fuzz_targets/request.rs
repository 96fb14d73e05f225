//! An event of the HTTP API as a function reads it: each body into its type, and
//! each text in it into what the rules make of it.
//!
//! The input is a line for each of path, query string, cookies, `Authorization`
//! and `User-Agent`; what follows is the body.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::history::PageQuery;
use env::Variables;
use domain::{Code, EmailAddress, ValidationError, Password, PersonName, RoomName};
use lambda::ClientIps;
use lambda::http::Request;
use lambda_http::http::Uri;
use lambda_http::request::from_str;
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What only CloudFront knows.
const PROOF: &str = "0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210";

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(6, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (path, query, cookies, authorization, agent) = (next(), next(), next(), next(), next());
    let body = next();
    // Unlike the path it comes as it was sent, and a gateway takes no other.
    if !format!("/?{query}").parse::<Uri>().is_ok_and(|uri| uri.query() == Some(query)) {
        return;
    }
    // The gateway encodes what is no text; a false claim of it panics in AWS's own
    // type of the event.
    let is_encoded = body.len() % 7 == 3;
    let sent = if is_encoded { STANDARD.encode(body) } else { body.to_owned() };
    let event = json!({
        "version": "2.0",
        "routeKey": "POST /api/rooms/{room}/members",
        "rawPath": format!("/api/rooms/{path}/members"),
        "rawQueryString": query,
        "cookies": cookies.split(';').collect::<Vec<_>>(),
        "headers": {
            "authorization": authorization, "user-agent": agent, "host": "localhost",
            "x-viewer-address": agent, "x-viewer-proof": PROOF,
        },
        "pathParameters": {"room": path},
        "requestContext": {
            "routeKey": "POST /api/rooms/{room}/members",
            "http": {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "body": sent,
        "isBase64Encoded": is_encoded,
    });
    // What the gateway would not send is refused before any code of ours.
    let Ok(request) = from_str(&event.to_string()) else {
        return;
    };
    let proof = [("VIEWER_PROOF".to_owned(), PROOF.to_owned())];
    let viewers = ClientIps::from_variables(&mut Variables::new(proof));
    let request = Request::new(request, &viewers);
    let _ = (request.bearer(), request.cookie("refresh"), request.source());
    assert!(request.device().chars().count() <= 200);
    assert_eq!(request.path("room"), path);
    let parameters = request.query();
    let parameters = parameters.iter().map(|(name, value)| (&name[..], &value[..]));
    if let Ok(page) = PageQuery::parse(parameters) {
        assert!((1..=200).contains(&page.limit));
    }
    bodies(&request);
    texts(body);
});

fn bodies(request: &Request) {
    use protocol::http as w;
    read::<w::Register>(request);
    read::<w::Login>(request);
    read::<w::ResendOtp>(request);
    read::<w::Verify>(request);
    read::<w::ForgotPassword>(request);
    read::<w::ResetPassword>(request);
    read::<w::ResetLink>(request);
    read::<w::ChangePassword>(request);
    read::<w::CreateRoom>(request);
    read::<w::AddMember>(request);
    use protocol::factors as f;
    read::<f::StepUp>(request);
    read::<f::ConfirmTotp>(request);
    read::<f::AddPasskey<Value>>(request);
    read::<f::PasskeyLogin<Value>>(request);
}

fn read<T: DeserializeOwned>(request: &Request) {
    if let Err(ValidationError { field, .. }) = request.body::<T>() {
        assert!(!field.is_empty() && field.chars().count() <= 64, "{field}");
    }
}

fn texts(text: &str) {
    if let Ok(email) = EmailAddress::parse("email", text) {
        assert!(email.as_str().is_ascii() && email.as_str().len() <= 254);
        let again = EmailAddress::parse("email", email.as_str());
        assert!(again.is_ok_and(|again| again == email));
    }
    if let Ok(code) = Code::parse("code", text) {
        assert!(code.as_str().len() == 8 && code.as_str().bytes().all(|b| b.is_ascii_digit()));
    }
    if let Ok(name) = PersonName::parse("name", text) {
        assert!((1..=80).contains(&name.as_str().chars().count()));
    }
    if let Ok(name) = RoomName::parse("name", text) {
        assert!(!name.as_str().chars().any(char::is_control));
    }
    let _ = Password::parse("password", text, 15);
}
