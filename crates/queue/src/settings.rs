//! Where the broker is, and who we are to it.

use std::fmt;

use env::Variables;
use lapin::uri::AMQPUri;
use serde::Deserialize;

/// The broker's address and our login.
#[derive(Clone, Default)]
pub struct Settings {
    /// `amqps://host:port` (Amazon MQ speaks nothing else) or `amqp://host:port`,
    /// without a login. If it is wrong, no code can be mailed and every request
    /// for one is answered with 503.
    pub endpoint: String,
    /// Certificates in PEM form of an authority of one's own that the broker may
    /// be trusted by, beside the public ones: the file that `?cacertfile=` behind
    /// the endpoint names, as in RabbitMQ's own URIs.
    pub authority: Option<String>,
    /// If it is wrong, the broker refuses every connection, as above.
    pub username: String,
    /// If it is wrong, the broker refuses every connection, as above.
    pub password: String,
    /// The virtual host that holds the queues. If it is another than the event
    /// source mapping's, jobs are confirmed and never mailed.
    pub virtual_host: String,
}

impl Settings {
    /// Reads `RABBITMQ_ENDPOINT`, `RABBITMQ_LOGIN` and `RABBITMQ_VIRTUAL_HOST`.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let url = variables.url("RABBITMQ_ENDPOINT", &["amqp", "amqps"]);
        let is_encrypted = url.starts_with("amqps://");
        variables.require_encryption("RABBITMQ_ENDPOINT", &url, is_encrypted, "use amqps://");
        let (endpoint, query) = url.split_once('?').unwrap_or((&url, ""));
        if endpoint.contains('@') {
            variables.error("RABBITMQ_ENDPOINT must hold no login: it goes into RABBITMQ_LOGIN");
        } else if endpoint
            .split_once("://")
            .is_some_and(|(_, rest)| rest.trim_end_matches('/').contains('/'))
        {
            variables.error(
                "RABBITMQ_ENDPOINT must end after the port: the virtual host goes into RABBITMQ_VIRTUAL_HOST",
            );
        }
        let login = Login::from_variables(variables, "RABBITMQ_LOGIN");
        Self {
            endpoint: endpoint.to_owned(),
            authority: authority(variables, query),
            username: login.username,
            password: login.password,
            virtual_host: variables.text("RABBITMQ_VIRTUAL_HOST"),
        }
    }

    /// Reads all of it from one address: `amqps://user:password@host:port`, and a
    /// virtual host behind it that is not `/`.
    ///
    /// # Errors
    /// With what it must be; the address itself is not repeated.
    pub fn from_url(url: &str) -> Result<Self, &'static str> {
        let uri: AMQPUri = url.parse().map_err(|_| {
            "the address must be amqps://user:password@host:5671, with special characters percent-encoded"
        })?;
        let authority = uri.authority;
        Ok(Self {
            endpoint: format!("{}://{}:{}", uri.scheme, authority.host, authority.port),
            authority: None,
            username: authority.userinfo.username,
            password: authority.userinfo.password,
            virtual_host: uri.vhost,
        })
    }
}

/// A user of the broker, in the form that an event source mapping reads from
/// Secrets Manager: JSON with `username` and `password`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Login {
    pub username: String,
    pub password: String,
    /// The user before or after this one while logins are rotated.
    #[serde(default)]
    pub also: Option<Box<Login>>,
}

impl Login {
    /// Reads the variable `name`.
    pub fn from_variables(variables: &mut Variables, name: &str) -> Self {
        let text = variables.text(name);
        let login: Option<Self> = serde_json::from_str(&text).ok();
        let is_empty = |login: &Self| login.username.is_empty() || login.password.is_empty();
        match login.filter(|login| !is_empty(login)) {
            Some(login) => login,
            None => {
                if !text.is_empty() {
                    variables.error(format!("{name} must be JSON with username and password"));
                }
                Self::default()
            }
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The certificates of the file that the endpoint's query names.
fn authority(variables: &mut Variables, query: &str) -> Option<String> {
    if query.is_empty() {
        return None;
    }
    let read = query
        .strip_prefix("cacertfile=")
        .map(std::fs::read_to_string);
    match read {
        Some(Ok(text)) if text.contains("BEGIN CERTIFICATE") => return Some(text),
        Some(_) => variables.error(
            "RABBITMQ_ENDPOINT names a cacertfile that cannot be read or holds no certificate in PEM form",
        ),
        None => variables.error(
            "RABBITMQ_ENDPOINT may be followed by ?cacertfile=, the path of a file, and by nothing else",
        ),
    }
    None
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("virtual_host", &self.virtual_host)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(endpoint: &str) -> (Settings, Variables) {
        let mut variables = Variables::new([
            ("RABBITMQ_ENDPOINT".to_owned(), endpoint.to_owned()),
            (
                "RABBITMQ_LOGIN".to_owned(),
                r#"{"username": "ann", "password": "hush"}"#.to_owned(),
            ),
            ("RABBITMQ_VIRTUAL_HOST".to_owned(), "/".to_owned()),
        ]);
        (Settings::from_variables(&mut variables), variables)
    }

    #[test]
    fn an_endpoint_is_a_scheme_a_host_and_a_port() {
        for endpoint in ["amqp://127.0.0.1:5672", "amqps://b.mq.example.com:5671/"] {
            assert!(read(endpoint).1.check().is_ok(), "{endpoint}");
        }
        for endpoint in [
            "http://a:1",
            "amqp://ann:hush@a:1",
            "amqp://a:1/vhost",
            "amqps://a:1?verify=verify_none",
            "amqps://a:1?cacertfile=/nowhere/ca.pem",
            // A file, but no certificate.
            concat!(
                "amqps://a:1?cacertfile=",
                env!("CARGO_MANIFEST_DIR"),
                "/Cargo.toml"
            ),
        ] {
            assert!(read(endpoint).1.check().is_err(), "{endpoint}");
        }
    }

    #[test]
    fn a_login_is_the_json_that_a_mapping_reads() {
        let of = |text: &str| {
            let mut variables = Variables::new([("LOGIN".to_owned(), text.to_owned())]);
            let login = Login::from_variables(&mut variables, "LOGIN");
            variables
                .check()
                .map(|()| login)
                .map_err(|faults| faults.to_string())
        };
        let login = of(
            r#"{"username": "ann", "password": "hush", "also": {"username": "bob", "password": "shh"}}"#,
        );
        assert_eq!(login.unwrap().also.unwrap().username, "bob");
        for text in [
            "",
            "ann:hush",
            r#"{"username": "ann"}"#,
            r#"{"username": "", "password": "hush"}"#,
        ] {
            let message = of(text).unwrap_err();
            assert!(
                message.contains("LOGIN") && !message.contains("hush"),
                "{message}"
            );
        }
    }

    #[test]
    fn one_address_holds_all_of_it() {
        let settings = Settings::from_url("amqps://ann:h%21sh@b.mq.example.com:5671").unwrap();
        assert_eq!(settings.endpoint, "amqps://b.mq.example.com:5671");
        assert_eq!(
            (&settings.username[..], &settings.password[..]),
            ("ann", "h!sh")
        );
        assert_eq!(settings.virtual_host, "/");
        let error = Settings::from_url("http://ann:hush@host").unwrap_err();
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn neither_a_fault_nor_debug_output_shows_the_password() {
        let (settings, variables) = read("amqp://ann:hush@a:1");
        assert!(!variables.check().unwrap_err().to_string().contains("hush"));
        let settings = Settings {
            endpoint: "amqp://a:1".to_owned(),
            ..settings
        };
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
