//! The mail server and the sender.

use std::fmt;

use env::Variables;
use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};

#[derive(Clone)]
pub struct Settings {
    /// From `SMTP_URL`: `smtps://user:password@host` (implicit TLS) or
    /// `smtp://user:password@host?tls=required` (STARTTLS). Plain `smtp://` is for
    /// localhost only. If it is wrong, jobs are retried until their codes expire.
    pub server: AsyncSmtpTransportBuilder,
    /// From `MAIL_FROM`: an address, with or without a name. If the server does not
    /// let us use it, every job ends in `mail.dead`.
    pub from: Mailbox,
    /// From `SITE_ORIGIN`: the page, to which emails link.
    pub origin: String,
}

impl Settings {
    /// Reads `SMTP_URL`, `MAIL_FROM` and `SITE_ORIGIN`. Invalid values are replaced
    /// by placeholders, so that further errors are found.
    pub fn from_variables(variables: &mut Variables) -> Self {
        let url = variables.url("SMTP_URL", &["smtp", "smtps"]);
        let is_encrypted = url.starts_with("smtps://") || url.contains("tls=required");
        let remedy = "use smtps://, or add tls=required";
        variables.require_encryption("SMTP_URL", &url, is_encrypted, remedy);
        Self {
            server: server(variables, &url),
            from: from(variables),
            origin: variables.url("SITE_ORIGIN", &["http", "https"]),
        }
    }
}

fn server(variables: &mut Variables, url: &str) -> AsyncSmtpTransportBuilder {
    type Transport = AsyncSmtpTransport<Tokio1Executor>;
    if url.contains("tls=opportunistic") {
        variables.error("SMTP_URL must not use opportunistic TLS, which an attacker can disable: write tls=required");
    }
    Transport::from_url(url).unwrap_or_else(|_| {
        if url.starts_with("smtp") {
            variables.error(
                "SMTP_URL must be smtp://user:password@host:port with ?tls=required, or smtps://…, with special characters percent-encoded",
            );
        }
        Transport::builder_dangerous("localhost")
    })
}

fn from(variables: &mut Variables) -> Mailbox {
    let text = variables.text("MAIL_FROM");
    text.parse().unwrap_or_else(|_| {
        if !text.is_empty() {
            variables.error("MAIL_FROM must be an address, such as Banter <no-reply@example.com>");
        }
        Mailbox::new(None, lettre::Address::new_dangerous("invalid", "localhost"))
    })
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(url: &str, from: &str) -> String {
        let mut variables = Variables::new([
            ("SMTP_URL".to_owned(), url.to_owned()),
            ("MAIL_FROM".to_owned(), from.to_owned()),
            (
                "SITE_ORIGIN".to_owned(),
                "https://chat.example.com".to_owned(),
            ),
        ]);
        Settings::from_variables(&mut variables);
        variables
            .check()
            .map_or_else(|f| f.to_string(), |()| String::new())
    }

    #[test]
    fn a_server_may_be_plain_with_starttls_or_with_tls() {
        for url in [
            "smtp://127.0.0.1:2525",
            "smtp://ann:p%40ss@mail.example.com:587?tls=required",
            "smtps://ann:pass@mail.example.com",
        ] {
            assert_eq!(errors(url, "Banter <no-reply@example.com>"), "", "{url}");
        }
    }

    #[test]
    fn errors_name_the_variable_and_show_no_password() {
        let text = errors("smtp://ann:hush@host:port", "not an address");
        assert!(
            text.contains("SMTP_URL") && text.contains("MAIL_FROM"),
            "{text}"
        );
        assert!(!text.contains("hush"), "{text}");
        let text = errors("smtp://ann:hush@h?tls=opportunistic", "a@example.com");
        assert!(text.contains("tls=required"), "{text}");
        assert!(errors("", "").contains("SMTP_URL is missing"));
    }
}
