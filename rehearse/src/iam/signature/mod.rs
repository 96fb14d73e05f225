//! Verification of Signature Version 4 on requests to `@connections`.
//! (AWS, "Create a signed AWS API request"; service name `execute-api`.)

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use ring::{digest, hmac};
use subtle::ConstantTimeEq;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::access::Access;
use super::credentials::Credentials;
use super::percent;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far the clocks of caller and service may be apart.
const TOLERANCE: Duration = Duration::minutes(5);

/// Why a signature is rejected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No `Authorization` header.
    #[error("Missing Authentication Token")]
    Missing,
    /// The header does not have its parts.
    #[error("Authorization header is not a complete AWS4-HMAC-SHA256 signature.")]
    Incomplete,
    /// For another region or service, or for another day than the request's.
    #[error(
        "Credential should be scoped to a valid region, the correct service and the request's date."
    )]
    WrongScope,
    /// `X-Amz-Date` is too far from now.
    #[error("Signature expired or not yet valid: see the request's X-Amz-Date.")]
    WrongTime,
    /// No function has this key, or its session token is another.
    #[error("The security token included in the request is invalid.")]
    UnknownCaller,
    /// Wrong secret key, or the request was changed.
    #[error("The request signature we calculated does not match the signature you provided.")]
    Mismatch,
}

impl SignatureError {
    /// The error type of the response, as in `x-amzn-ErrorType`.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete => "IncompleteSignatureException",
            Self::WrongScope | Self::WrongTime | Self::Mismatch => "InvalidSignatureException",
            Self::UnknownCaller => "UnrecognizedClientException",
        }
    }
}

/// Returns the credentials that `parts` and `body` were signed with for `service`.
pub fn verify<'a>(
    parts: &Parts,
    body: &[u8],
    access: &'a Access,
    service: &str,
    now: OffsetDateTime,
) -> Result<&'a Credentials, SignatureError> {
    let authorization =
        text(&parts.headers, header::AUTHORIZATION.as_str()).ok_or(SignatureError::Missing)?;
    let signed = Authorization::parse(authorization).ok_or(SignatureError::Incomplete)?;
    let timestamp = text(&parts.headers, "x-amz-date").ok_or(SignatureError::Incomplete)?;
    check_time(timestamp, now)?;
    let date = timestamp.split('T').next().unwrap_or_default();
    if signed.scope != format!("{date}/{}/{service}/aws4_request", access.region()) {
        return Err(SignatureError::WrongScope);
    }
    let credentials = access
        .credentials(signed.access_key_id)
        .ok_or(SignatureError::UnknownCaller)?;
    let token = text(&parts.headers, "x-amz-security-token").unwrap_or_default();
    let expected = credentials.session_token.as_bytes();
    if !bool::from(token.as_bytes().ct_eq(expected)) {
        return Err(SignatureError::UnknownCaller);
    }
    let request = canonical_request(parts, body, &signed)?;
    let to_sign = format!(
        "{ALGORITHM}\n{timestamp}\n{}\n{}",
        signed.scope,
        sha256(request.as_bytes())
    );
    hmac::verify(
        &access.signing_key(credentials, signed.scope),
        to_sign.as_bytes(),
        &signed.signature,
    )
    .map_err(|_| SignatureError::Mismatch)?;
    Ok(credentials)
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    access_key_id: &'a str,
    /// `date/region/service/aws4_request`.
    scope: &'a str,
    signed_headers: &'a str,
    signature: Vec<u8>,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let (access_key_id, scope) = field("Credential")?.split_once('/')?;
        let signed_headers = field("SignedHeaders")?;
        let is_signed = |name| signed_headers.split(';').any(|signed| signed == name);
        if !["host", "x-amz-date", "x-amz-security-token"]
            .into_iter()
            .all(is_signed)
        {
            return None;
        }
        Some(Self {
            access_key_id,
            scope,
            signed_headers,
            signature: HEXLOWER_PERMISSIVE
                .decode(field("Signature")?.as_bytes())
                .ok()?,
        })
    }
}

fn check_time(timestamp: &str, now: OffsetDateTime) -> Result<(), SignatureError> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = PrimitiveDateTime::parse(timestamp, format)
        .map_err(|_| SignatureError::Incomplete)?
        .assume_utc();
    if (now - time).abs() > TOLERANCE {
        return Err(SignatureError::WrongTime);
    }
    Ok(())
}

fn canonical_request(
    parts: &Parts,
    body: &[u8],
    signed: &Authorization<'_>,
) -> Result<String, SignatureError> {
    let mut request = String::with_capacity(1024);
    request.push_str(parts.method.as_str());
    request.push('\n');
    // The path as it was sent is encoded once more, for every service but S3.
    request.push_str(&percent::encode_path(parts.uri.path()));
    request.push('\n');
    request.push_str(&canonical_query(parts.uri.query().unwrap_or_default())?);
    request.push('\n');
    for name in signed.signed_headers.split(';') {
        let values = canonical_values(parts, name).ok_or(SignatureError::Mismatch)?;
        request.extend([name, ":", &values, "\n"]);
    }
    request.extend(["\n", signed.signed_headers, "\n", &sha256(body)]);
    Ok(request)
}

fn canonical_query(query: &str) -> Result<String, SignatureError> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((recoded(name)?, recoded(value)?));
    }
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    Ok(pairs.join("&"))
}

fn recoded(text: &str) -> Result<String, SignatureError> {
    let decoded = percent::decode(text).ok_or(SignatureError::Mismatch)?;
    Ok(percent::encode(&decoded))
}

/// The values of a header, joined, each without superfluous spaces. In HTTP/2 the
/// host is not among the headers.
fn canonical_values(parts: &Parts, name: &str) -> Option<String> {
    if name == header::HOST.as_str()
        && let Some(authority) = parts.uri.authority()
    {
        return Some(authority.to_string());
    }
    let headers = &parts.headers;
    let mut values = String::new();
    for (index, value) in headers.get_all(name).iter().enumerate() {
        if index > 0 {
            values.push(',');
        }
        let words: Vec<&str> = value.to_str().ok()?.split_ascii_whitespace().collect();
        values.push_str(&words.join(" "));
    }
    headers.contains_key(name).then_some(values)
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
