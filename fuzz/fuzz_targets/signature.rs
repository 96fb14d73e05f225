//! Requests to the runner's `@connections`: a request without the key is
//! rejected. The input has a line each for path, `Authorization`, `X-Amz-Date`
//! and host, followed by the body.

#![no_main]

use axum::http::Request;
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

#[path = "../../rehearse/src/iam"]
#[expect(dead_code, reason = "the program uses more of them than is fed here")]
mod iam {
    pub mod access;
    pub mod credentials;
    pub mod percent;
    pub mod signature;
}

use iam::access::Access;
use iam::credentials::Credentials;
use iam::signature;

const DAY: &str = "20261126";

fuzz_target!(|text: &str| {
    let mut parts = text.splitn(5, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let (path, fields, date, host, body) = (next(), next(), next(), next(), next());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=KEY/{DAY}/eu-central-1/execute-api/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-security-token{fields}"
    );
    let access = Access::new("eu-central-1", [credentials()]);
    let now = OffsetDateTime::from_unix_timestamp(1_795_651_200).expect("a day of 2026");
    for authorization in [fields, &authorization] {
        let request = Request::post(format!("/socket/@connections/{path}"))
            .header("host", host)
            .header("authorization", authorization)
            .header("x-amz-date", if date.is_empty() { "20261126T000000Z" } else { date })
            .header("x-amz-security-token", "TOKEN")
            .body(());
        // The HTTP server rejects other requests.
        let Ok(request) = request else { return };
        let (parts, ()) = request.into_parts();
        assert!(signature::verify(&parts, body.as_bytes(), &access, "execute-api", now).is_err());
    }
});

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "KEY".to_owned(),
        secret_access_key: "SECRET".to_owned(),
        session_token: "TOKEN".to_owned(),
        policy: sam_template::policy::Policy::default(),
    }
}
