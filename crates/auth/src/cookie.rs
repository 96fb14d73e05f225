//! Cookies of the site: bound to its host and hidden from scripts.

use std::time::Duration;

use env::Variables;

/// A cookie's name and attributes. Browsers accept neither `__Host-` nor `Secure`
/// on plain-HTTP localhost, where one host has several ports; there the name
/// carries the port.
#[derive(Default, Clone)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    attributes: &'static str,
}

impl Cookie {
    /// Reads `SITE_ORIGIN`, which must be `https` except on localhost.
    pub(crate) fn from_variables(name: &str, variables: &mut Variables) -> Self {
        let origin = variables.url("SITE_ORIGIN", &["http", "https"]);
        Self::new(name, &origin).unwrap_or_else(|| {
            if origin.starts_with("http://") {
                variables.error(
                    "SITE_ORIGIN must be https://, or http://localhost with its port and nothing behind it",
                );
            }
            Self::default()
        })
    }

    fn new(name: &str, origin: &str) -> Option<Self> {
        if origin.starts_with("https://") {
            return Some(Self {
                name: format!("__Host-{name}"),
                attributes: "Path=/; HttpOnly; SameSite=Strict; Secure",
            });
        }
        let port = port_on_localhost(origin.strip_prefix("http://")?)?;
        Some(Self {
            name: format!("{name}-{port}"),
            attributes: "Path=/; HttpOnly; SameSite=Strict",
        })
    }

    /// The `Set-Cookie` header.
    pub(crate) fn set(&self, value: &str, lifetime: Duration) -> String {
        format!(
            "{}={value}; {}; Max-Age={}",
            self.name,
            self.attributes,
            lifetime.as_secs()
        )
    }
}

/// The port of `host:port` where the host is the machine itself.
fn port_on_localhost(authority: &str) -> Option<&str> {
    let rest = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .find_map(|host| authority.strip_prefix(host))?;
    if rest.is_empty() {
        return Some("80");
    }
    rest.strip_prefix(':')
        .filter(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Duration = Duration::from_hours(30 * 24);

    fn set(origin: &str, lifetime: Duration) -> Option<String> {
        Cookie::new("refresh", origin).map(|cookie| cookie.set("v", lifetime))
    }

    #[test]
    fn item_28_the_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
        assert_eq!(
            set("https://chat.example.com", MONTH).as_deref(),
            Some("__Host-refresh=v; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=2592000")
        );
    }

    #[test]
    fn on_plain_http_localhost_the_name_carries_the_port() {
        for (origin, port) in [
            ("http://localhost:8080", 8080),
            ("http://127.0.0.1:8080", 8080),
            ("http://[::1]:8080", 8080),
            ("http://[::1]", 80),
            ("http://localhost", 80),
        ] {
            let expected =
                format!("refresh-{port}=v; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
            assert_eq!(set(origin, Duration::ZERO), Some(expected), "{origin}");
        }
    }

    #[test]
    fn item_28_32_plain_http_and_with_it_a_plain_socket_is_refused_everywhere_else() {
        for origin in [
            "http://chat.example.com",
            "http://localhost.example.com",
            "http://localhost:8080/",
            "http://127.0.0.1.example.com:80",
            "http://192.168.0.7:8080",
        ] {
            assert_eq!(set(origin, Duration::ZERO), None, "{origin}");
        }
    }
}
