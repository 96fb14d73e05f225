//! Signature Version 4, for the service `execute-api`.
//! (AWS, "Create a signed AWS API request".)

use std::fmt::Write;
use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderValue, Method};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use ring::{digest, hmac};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::endpoint::ENCODED;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "execute-api";
/// The slashes between the segments stay.
const PATH: &AsciiSet = &ENCODED.remove(b'/');
const SIGNED_HEADERS: &str = "host;x-amz-date;x-amz-security-token";

/// The function's temporary credentials, which outlive its process.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
}

/// A request body with its hash, computed once for all recipients.
#[derive(Clone)]
pub(crate) struct Payload {
    pub(crate) bytes: Bytes,
    /// Whether the frame becomes worthless within a moment.
    pub(crate) is_ephemeral: bool,
    hash: String,
}

impl Payload {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let hash = sha256(&bytes);
        Self {
            bytes,
            is_ephemeral: false,
            hash,
        }
    }
}

/// Signs requests of one moment; signatures are valid for five minutes.
pub(crate) struct Signer<'a> {
    credentials: &'a Credentials,
    /// `YYYYMMDDTHHMMSSZ`
    date: String,
    /// `day/region/service/aws4_request`
    scope: String,
    key: hmac::Key,
}

pub(crate) struct Signed {
    pub(crate) authorization: HeaderValue,
    pub(crate) date: HeaderValue,
    pub(crate) token: HeaderValue,
}

impl<'a> Signer<'a> {
    pub(crate) fn new(credentials: &'a Credentials, region: &str, now: SystemTime) -> Self {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let now = OffsetDateTime::from(now);
        let date = now.format(format).expect("the year has four digits");
        let (day, _) = date.split_once('T').expect("the format has it");
        let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
        let secret = format!("AWS4{}", credentials.secret_access_key);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let key = scope.split('/').fold(key, |key, part| {
            let derived = hmac::sign(&key, part.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
        });
        Self {
            credentials,
            date,
            scope,
            key,
        }
    }

    /// Signs a request to an encoded `path` without a query.
    pub(crate) fn sign(
        &self,
        method: &Method,
        host: &str,
        path: &str,
        payload: &Payload,
    ) -> Signed {
        let Credentials {
            access_key_id,
            session_token,
            ..
        } = self.credentials;
        let (date, scope) = (&self.date, &self.scope);
        let mut request = format!("{method}\n");
        // Every service but S3 signs the path encoded once more.
        let path = utf8_percent_encode(path, PATH);
        let _ = write!(
            request,
            "{path}\n\nhost:{host}\nx-amz-date:{date}\nx-amz-security-token:{session_token}\n\n\
             {SIGNED_HEADERS}\n{}",
            payload.hash
        );
        let to_sign = format!(
            "{ALGORITHM}\n{date}\n{scope}\n{}",
            sha256(request.as_bytes())
        );
        let signature = HEXLOWER.encode(hmac::sign(&self.key, to_sign.as_bytes()).as_ref());
        let authorization = format!(
            "{ALGORITHM} Credential={access_key_id}/{scope}, SignedHeaders={SIGNED_HEADERS}, \
             Signature={signature}"
        );
        let value = |text: &str| HeaderValue::from_str(text).expect("keys and tokens are ASCII");
        Signed {
            authorization: value(&authorization),
            date: value(date),
            token: value(session_token),
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_apigatewaymanagement::config::Credentials as AwsCredentials;
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
    use aws_sigv4::sign::v4::SigningParams;

    use super::*;
    use crate::endpoint::Endpoint;

    const ENDPOINT: &str = "https://abc.execute-api.eu-central-1.amazonaws.com/live";

    #[test]
    fn a_request_has_the_headers_that_aws_gives_it() {
        let (region, token) = ("eu-central-1", "to/ken+==");
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "sec/ret+".to_owned(),
            session_token: token.to_owned(),
        };
        let keys = AwsCredentials::new(
            "AKIDEXAMPLE",
            "sec/ret+",
            Some(token.to_owned()),
            None,
            "example",
        );
        let identity = keys.into();
        let endpoint = Endpoint::new(ENDPOINT).unwrap();
        for (method, connection, body, seconds) in [
            (Method::POST, "L0SM9cOFvHcCIhw=", "{\"type\":\"pong\"}", 0),
            (Method::POST, "a/b%c d+@ä~", "ä", 1_800_000_000),
            (Method::DELETE, "L0SM9cOFvHcCIhw=", "", 951_782_399),
        ] {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let payload = Payload::new(Bytes::from(body));
            let signer = Signer::new(&credentials, region, now);
            let ours = endpoint.request(&signer, &method, connection, &payload);

            let uri = ours.uri().to_string();
            let body = SignableBody::Bytes(body.as_bytes());
            let request = SignableRequest::new(method.as_str(), uri, [].into_iter(), body);
            let params = SigningParams::builder()
                .identity(&identity)
                .region(region)
                .name(SERVICE)
                .time(now)
                .settings(SigningSettings::default())
                .build()
                .unwrap();
            let signed = sign(request.unwrap(), &params.into()).unwrap();
            let mut theirs = http::Request::new(());
            let (instructions, _) = signed.into_parts();
            instructions.apply_to_request_http1x(&mut theirs);
            assert_eq!(ours.headers(), theirs.headers(), "{method} {connection}");
        }
    }
}
