//! Endpoints: URLs that clients register, limited to known push services.

use std::str::FromStr;

use env::Variables;
use http::Uri;

/// The longest endpoint; those of the known services have about 500 characters.
const ENDPOINT_BYTES: usize = 1_024;

/// The URL of a subscription, on an allowed host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub(crate) uri: Uri,
    /// Whether it is on this machine, which the allowed hosts name with its port.
    pub(crate) is_local: bool,
}

impl Endpoint {
    /// Scheme, host and port: the audience of a token.
    pub(crate) fn origin(&self) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", |one| one.as_str());
        format!("{scheme}://{authority}")
    }
}

/// The hosts of push services.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<Allowed>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Allowed {
    /// A host name at https and port 443.
    Host(String),
    /// All names below this one, which begins with a dot.
    Below(String),
    /// The origin of a service on this machine.
    Local(String),
}

impl AllowedHosts {
    /// Reads `PUSH_HOSTS`.
    pub fn from_variables(variables: &mut Variables) -> Self {
        variables.value(
            "PUSH_HOSTS",
            "host names such as push.example.com or *.example.com, separated by commas",
        )
    }

    /// The endpoint, if its URL is valid and its host is allowed.
    pub fn endpoint(&self, url: &str) -> Option<Endpoint> {
        if url.len() > ENDPOINT_BYTES {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority()?.as_str();
        let origin = format!("{}://{authority}", uri.scheme_str()?);
        let is_local = self.0.contains(&Allowed::Local(origin));
        // Without user, password and port the authority is the host.
        let host = authority.to_ascii_lowercase();
        let is_public = uri.scheme_str() == Some("https")
            && self.0.iter().any(|allowed| match allowed {
                Allowed::Host(name) => *name == host,
                Allowed::Below(domain) => host
                    .strip_suffix(domain.as_str())
                    .is_some_and(|name| !name.is_empty() && !name.contains('@')),
                Allowed::Local(_) => false,
            });
        (is_local || is_public).then_some(Endpoint { uri, is_local })
    }
}

impl FromStr for AllowedHosts {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = text.split(',').map(allowed);
        all.collect::<Option<_>>().map(Self).ok_or(())
    }
}

fn allowed(text: &str) -> Option<Allowed> {
    if let Some(authority) = text.strip_prefix("http://") {
        let (host, port) = authority.split_once(':')?;
        port.parse::<u16>().ok()?;
        return ["127.0.0.1", "localhost"]
            .contains(&host)
            .then(|| Allowed::Local(text.to_owned()));
    }
    let (is_pattern, name) = match text.strip_prefix("*.") {
        Some(domain) => (true, domain),
        None => (false, text),
    };
    // A name, and not an address, of which the last part is a number.
    let is_name = name.contains('.')
        && name.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        })
        && !name.ends_with(|last: char| last.is_ascii_digit());
    is_name.then(|| match is_pattern {
        true => Allowed::Below(format!(".{name}")),
        false => Allowed::Host(name.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> AllowedHosts {
        text.parse().unwrap()
    }

    #[test]
    fn endpoints_of_known_services_are_allowed() {
        let hosts = hosts("fcm.example,*.push.example,http://127.0.0.1:9000");
        for url in [
            "https://fcm.example/fcm/send/abc:def",
            "https://FCM.example/x",
            "https://web.push.example/abc?x=1",
            "http://127.0.0.1:9000/abc",
        ] {
            assert!(hosts.endpoint(url).is_some(), "{url}");
        }
        let local = hosts.endpoint("http://127.0.0.1:9000/abc").unwrap();
        assert_eq!(local.origin(), "http://127.0.0.1:9000");
        assert!(local.is_local);
    }

    #[test]
    fn other_urls_are_refused() {
        let hosts = hosts("fcm.example,*.push.example,http://127.0.0.1:9000");
        for url in [
            "",
            "/abc",
            "http://fcm.example/abc",
            "https://fcm.example:8443/abc",
            "https://user@fcm.example/abc",
            "https://fcm.example@evil.example/abc",
            "https://fcm.example.evil.example/abc",
            "https://evil.example/fcm.example",
            "https://push.example/abc",
            "https://.push.example/abc",
            "https://user@web.push.example/abc",
            "https://evilpush.example/abc",
            "https://fcm.example./abc",
            "https://127.0.0.1/abc",
            "https://[::1]/abc",
            "https://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:9001/abc",
            "http://127.0.0.1:90001/abc",
            "https://127.0.0.1:9000/abc",
            "http://user@127.0.0.1:9000/abc",
            "ftp://fcm.example/abc",
            "https://fcm.example/a b",
        ] {
            assert_eq!(hosts.endpoint(url), None, "{url}");
        }
        let long = format!("https://fcm.example/{}", "a".repeat(ENDPOINT_BYTES));
        assert_eq!(hosts.endpoint(&long), None);
    }

    #[test]
    fn lists_with_addresses_and_wide_patterns_are_invalid() {
        for list in [
            "",
            "?",
            "*",
            "*.com.",
            "localhost",
            "10.0.0.1",
            "http://push.example:80",
            "http://10.0.0.1:80",
            "http://127.0.0.1",
            "push.example,",
            "Push.example",
        ] {
            assert!(list.parse::<AllowedHosts>().is_err(), "{list}");
        }
    }
}
