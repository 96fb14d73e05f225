//! Refuses requests that another site makes a browser send.
//!
//! `SameSite=Strict` keeps cookies out of such requests, but a response to one can
//! still set cookies, and so sign the browser in to an account of the attacker's
//! (login CSRF; OWASP, "Cross-Site Request Forgery Prevention"). A form cannot send
//! `application/json`, and every browser names the origin of a cross-site POST.

use domain::ValidationError;
use env::Variables;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, ORIGIN};

use crate::{ApiError, Result};

/// The origin that the site is served from.
pub struct SiteOrigin(String);

impl SiteOrigin {
    /// Reads `SITE_ORIGIN`.
    pub fn from_variables(variables: &mut Variables) -> Self {
        Self(variables.url("SITE_ORIGIN", &["http", "https"]))
    }

    /// Accepts a request without an `Origin`, as programs send it, or with the
    /// site's own, whose body, if any, is JSON.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] for another origin, `null` included; the contract
    /// has [`ApiError::SignedOut`] for it on `POST /api/refresh`.
    pub(crate) fn check(&self, route: &str, headers: &HeaderMap, has_body: bool) -> Result<()> {
        if let Some(origin) = headers.get(ORIGIN)
            && origin.as_bytes() != self.0.as_bytes()
        {
            return Err(match route {
                "POST /api/refresh" => ApiError::SignedOut,
                _ => ApiError::Forbidden("Requests from other sites are refused."),
            });
        }
        if has_body && !is_json(headers) {
            let message = "Send the body as application/json.";
            return Err(ValidationError::new("body", message).into());
        }
        Ok(())
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim())
        .is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(route: &str, origin: Option<&str>, content_type: Option<&str>) -> Option<ApiError> {
        let site = SiteOrigin("https://chat.example.com".to_owned());
        let mut headers = HeaderMap::new();
        for (name, value) in [(ORIGIN, origin), (CONTENT_TYPE, content_type)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        site.check(route, &headers, true).err()
    }

    const JSON: Option<&str> = Some("application/json");

    #[test]
    fn item_43_the_site_and_programs_are_accepted() {
        let login = "POST /api/login";
        assert!(check(login, None, JSON).is_none());
        assert!(check(login, Some("https://chat.example.com"), JSON).is_none());
        let with_charset = Some("Application/JSON; charset=utf-8");
        assert!(check(login, None, with_charset).is_none());
    }

    #[test]
    fn item_43_another_origin_is_forbidden() {
        for origin in [
            "null",
            "https://evil.example.com",
            "http://chat.example.com",
            "https://chat.example.com:8443",
            "https://chat.example.com.evil.example",
            "",
        ] {
            let refused = check("POST /api/passkey-login", Some(origin), JSON);
            assert!(matches!(refused, Some(ApiError::Forbidden(_))), "{origin}");
            let refused = check("POST /api/refresh", Some(origin), JSON);
            assert!(matches!(refused, Some(ApiError::SignedOut)), "{origin}");
        }
    }

    #[test]
    fn item_43_a_body_that_a_form_can_send_is_invalid() {
        for content_type in [
            None,
            Some("text/plain"),
            Some("text/plain; application/json"),
            Some("multipart/form-data"),
            Some("application/x-www-form-urlencoded"),
        ] {
            let refused = check("POST /api/login", None, content_type);
            assert!(
                matches!(refused, Some(ApiError::Invalid(_))),
                "{content_type:?}"
            );
        }
    }
}
