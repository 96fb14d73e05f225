//! Requests that are signed rightly, and all the ways in which they are not.
//! That the AWS SDK signs in the same way is shown by the tests of the running server.

use axum::http::Request;
use axum::http::request::Builder;
use time::macros::datetime;

use super::super::access::derive;
use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 10:00:00 UTC);
const BODY: &[u8] = br#"{"event":"pong"}"#;

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: "session".to_owned(),
        policy: sam_template::policy::Policy::default(),
    }
}

fn access() -> Access {
    Access::new("eu-central-1", [credentials()])
}

fn request() -> Builder {
    Request::post("/live/@connections/L0SM9cOF%3D?b=2&a=1")
        .header("host", "127.0.0.1:4000")
        .header("x-amz-date", "20261122T095900Z")
        .header("x-amz-security-token", "session")
}

fn signed(request: Builder, scope: &str, key: &Credentials) -> Parts {
    let mut parts = request
        .body(())
        .expect("the request is valid")
        .into_parts()
        .0;
    let headers = "host;x-amz-date;x-amz-security-token";
    let unsigned = Authorization {
        access_key_id: &key.access_key_id,
        scope,
        signed_headers: headers,
        signature: Vec::new(),
    };
    let canonical = canonical_request(&parts, BODY, &unsigned).expect("all headers are there");
    let timestamp = text(&parts.headers, "x-amz-date").expect("it is there");
    let to_sign = format!(
        "{ALGORITHM}\n{timestamp}\n{scope}\n{}",
        sha256(canonical.as_bytes())
    );
    let tag = hmac::sign(
        &derive(&key.secret_access_key, unsigned.scope),
        to_sign.as_bytes(),
    );
    let signature = HEXLOWER.encode(tag.as_ref());
    let header = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={headers}, Signature={signature}",
        key.access_key_id
    );
    parts.headers.insert(
        header::AUTHORIZATION,
        header.parse().expect("it is plain text"),
    );
    parts
}

const SCOPE: &str = "20261122/eu-central-1/execute-api/aws4_request";

fn outcome(parts: &Parts) -> Result<(), SignatureError> {
    verify(parts, BODY, &access(), "execute-api", NOW).map(|_| ())
}

#[test]
fn a_signed_request_is_from_its_signer() {
    assert_eq!(outcome(&signed(request(), SCOPE, &credentials())), Ok(()));
}

#[test]
fn the_key_derivation_is_that_of_the_aws_documentation() {
    // "Examples of how to derive a signing key": 20120215, us-east-1, iam.
    let unsigned = Authorization {
        access_key_id: "",
        scope: "20120215/us-east-1/iam/aws4_request",
        signed_headers: "",
        signature: Vec::new(),
    };
    let key = Credentials {
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        ..credentials()
    };
    let derived = unsigned.scope.split('/').fold(
        format!("AWS4{}", key.secret_access_key).into_bytes(),
        |key, part| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes())
                .as_ref()
                .to_vec()
        },
    );
    assert_eq!(
        HEXLOWER.encode(&derived),
        "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"
    );
    let ours = hmac::sign(&derive(&key.secret_access_key, unsigned.scope), b"text");
    let theirs = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &derived), b"text");
    assert_eq!(ours.as_ref(), theirs.as_ref());
}

#[test]
fn a_changed_request_does_not_match() {
    let good = signed(request(), SCOPE, &credentials());
    let changed_body = verify(&good, b"{}", &access(), "execute-api", NOW).map(|_| ());
    assert_eq!(changed_body, Err(SignatureError::Mismatch));
    for (path, method) in [
        ("/live/@connections/AAAA%3D?b=2&a=1", "POST"),
        ("/live/@connections/L0SM9cOF%3D?b=2&a=2", "POST"),
        ("/live/@connections/L0SM9cOF%3D?b=2&a=1", "DELETE"),
    ] {
        let mut changed = good.clone();
        changed.uri = path.parse().expect("a path");
        changed.method = method.parse().expect("a method");
        assert_eq!(
            outcome(&changed),
            Err(SignatureError::Mismatch),
            "{method} {path}"
        );
    }
    let mut changed = good;
    changed
        .headers
        .insert("host", "127.0.0.1:4001".parse().expect("a host"));
    assert_eq!(outcome(&changed), Err(SignatureError::Mismatch));
}

#[test]
fn another_secret_or_session_or_key_is_refused() {
    let other_secret = Credentials {
        secret_access_key: "guessed".to_owned(),
        ..credentials()
    };
    assert_eq!(
        outcome(&signed(request(), SCOPE, &other_secret)),
        Err(SignatureError::Mismatch)
    );
    let other_key = Credentials {
        access_key_id: "AKIDOTHER".to_owned(),
        ..credentials()
    };
    assert_eq!(
        outcome(&signed(request(), SCOPE, &other_key)),
        Err(SignatureError::UnknownCaller)
    );
    let mut other_session = signed(request(), SCOPE, &credentials());
    other_session
        .headers
        .insert("x-amz-security-token", "other".parse().expect("plain"));
    assert_eq!(outcome(&other_session), Err(SignatureError::UnknownCaller));
}

#[test]
fn a_request_of_another_time_region_or_service_is_refused() {
    for scope in [
        "20261122/us-east-1/execute-api/aws4_request",
        "20261122/eu-central-1/s3/aws4_request",
        "20261121/eu-central-1/execute-api/aws4_request",
        "20261122/eu-central-1/execute-api/aws3_request",
    ] {
        let outcome = outcome(&signed(request(), scope, &credentials()));
        assert_eq!(outcome, Err(SignatureError::WrongScope), "{scope}");
    }
    let parts = signed(request(), SCOPE, &credentials());
    for minutes in [-7, 6] {
        let outcome = verify(
            &parts,
            BODY,
            &access(),
            "execute-api",
            NOW + Duration::minutes(minutes),
        )
        .map(|_| ());
        assert_eq!(outcome, Err(SignatureError::WrongTime), "{minutes}");
    }
}

#[test]
fn an_incomplete_authorization_is_refused() {
    let none = request().body(()).expect("valid").into_parts().0;
    assert_eq!(outcome(&none), Err(SignatureError::Missing));
    let signature = "0".repeat(64);
    for wrong in [
        "Bearer token".to_owned(),
        "AWS4-HMAC-SHA256".to_owned(),
        format!(
            "AWS4-HMAC-SHA256 Credential=A/{SCOPE}, SignedHeaders=host;x-amz-date, Signature={signature}"
        ),
        format!(
            "AWS4-HMAC-SHA256 Credential=A/{SCOPE}, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=zz"
        ),
    ] {
        let parts = request()
            .header("authorization", &wrong)
            .body(())
            .expect("valid")
            .into_parts()
            .0;
        assert_eq!(outcome(&parts), Err(SignatureError::Incomplete), "{wrong}");
    }
}
