//! Cross-origin resource sharing, answered by the gateway.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http::request::Parts;
use sam_template::application::{ApiKind, Cors};

/// Whether the request is a preflight.
pub fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(header::ORIGIN)
        && parts
            .headers
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The response to a preflight. Without a matching origin it has no CORS headers.
pub fn preflight(cors: &Cors, parts: &Parts, kind: ApiKind) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = match kind {
        ApiKind::Http => StatusCode::NO_CONTENT,
        ApiKind::Rest | ApiKind::FunctionUrl => StatusCode::OK,
    };
    let headers = response.headers_mut();
    if kind == ApiKind::Rest {
        let origin = cors.origins.first().map_or("*", String::as_str);
        set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        common(cors, headers);
    }
    let origin = parts.headers.get(header::ORIGIN);
    if allowed(cors, origin).is_some() {
        common(cors, headers);
    }
    response
}

/// Sets the headers of a response to a request from `origin`; those that the function
/// set are replaced.
pub fn complete(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        headers.remove(name);
    }
    let Some(allowed) = allowed(cors, origin) else {
        return;
    };
    set(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, &allowed);
    if allowed != "*" {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if cors.credentials {
        set(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    list(
        headers,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        &cors.exposed,
    );
}

/// The value of `Access-Control-Allow-Origin` for a request from `origin`.
fn allowed(cors: &Cors, origin: Option<&HeaderValue>) -> Option<String> {
    let origin = origin?.to_str().ok()?;
    if cors.origins.iter().any(|one| one == "*") {
        return Some(if cors.credentials { origin } else { "*" }.to_owned());
    }
    let matches = |pattern: &String| sam_template::policy::matches(pattern, origin);
    cors.origins.iter().any(matches).then(|| origin.to_owned())
}

fn common(cors: &Cors, headers: &mut HeaderMap) {
    list(headers, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods);
    list(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers);
    if let Some(seconds) = cors.max_age {
        set(
            headers,
            header::ACCESS_CONTROL_MAX_AGE,
            &seconds.to_string(),
        );
    }
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if !values.is_empty() {
        set(headers, name, &values.join(","));
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            origins: vec![
                "https://*.example.com".to_owned(),
                "http://localhost:3000".to_owned(),
            ],
            methods: vec!["GET".to_owned(), "POST".to_owned()],
            exposed: vec!["x-id".to_owned()],
            max_age: Some(60),
            ..Cors::default()
        }
    }

    #[test]
    fn headers_of_the_function_are_replaced() {
        let mut headers = HeaderMap::new();
        set(&mut headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        complete(&cors(), None, &mut headers);
        assert!(headers.is_empty(), "without an origin nothing is allowed");
        let origin = HeaderValue::from_static("https://a.example.com");
        complete(&cors(), Some(&origin), &mut headers);
        assert_eq!(
            headers[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://a.example.com"
        );
        assert_eq!(headers[header::ACCESS_CONTROL_EXPOSE_HEADERS], "x-id");
        let other = HeaderValue::from_static("https://example.org");
        complete(&cors(), Some(&other), &mut headers);
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    fn a_preflight_is_answered_by_the_gateway() {
        let request = |origin: &str| {
            let request = http::Request::options("/a")
                .header("origin", origin)
                .header("access-control-request-method", "POST");
            request.body(()).expect("valid").into_parts().0
        };
        let response = preflight(&cors(), &request("http://localhost:3000"), ApiKind::Http);
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert_eq!(
            response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS],
            "GET,POST"
        );
        assert_eq!(response.headers()[header::ACCESS_CONTROL_MAX_AGE], "60");
        let response = preflight(&cors(), &request("http://localhost:1"), ApiKind::Http);
        assert!(response.headers().is_empty());
    }
}
