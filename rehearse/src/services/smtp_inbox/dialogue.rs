//! The commands and replies of SMTP (RFC 5321, 4.1 and 4.2), apart from any socket.

use std::fmt;

/// The greatest mail, in bytes.
pub const MAIL_BYTES: usize = 10 * 1024 * 1024;

/// One command of a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// `HELO name`.
    Helo,
    /// `EHLO name`.
    Ehlo,
    /// `AUTH PLAIN response`. Every login is accepted.
    Auth,
    /// `MAIL FROM:<address>`.
    Mail,
    /// `RCPT TO:<address>`.
    Recipient(String),
    /// `DATA`.
    Data,
    /// `RSET`.
    Reset,
    /// `NOOP`.
    Noop,
    /// `QUIT`.
    Quit,
}

/// Whether a line is the first of an HTTP request (RFC 9112, 3), whose method is any
/// of those that browsers send, or `PRI` of HTTP/2.
pub fn is_http(line: &[u8]) -> bool {
    let Ok(line) = std::str::from_utf8(line) else {
        return false;
    };
    line.rsplit_once(' ')
        .is_some_and(|(_, version)| version.starts_with("HTTP/"))
}

/// One reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// The text; several lines for `EHLO`.
    pub text: String,
}

impl Reply {
    /// A reply of a fixed text.
    pub fn new(code: u16, text: &str) -> Self {
        Self {
            code,
            text: text.to_owned(),
        }
    }

    /// The reply to `EHLO`.
    pub fn capabilities() -> Self {
        let text =
            format!("localhost\n8BITMIME\nSMTPUTF8\nPIPELINING\nAUTH PLAIN\nSIZE {MAIL_BYTES}");
        Self { code: 250, text }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.text.lines().peekable();
        while let Some(line) = lines.next() {
            let separator = if lines.peek().is_some() { '-' } else { ' ' };
            write!(formatter, "{}{separator}{line}\r\n", self.code)?;
        }
        Ok(())
    }
}

/// Reads a command line, without its line end.
///
/// # Errors
/// The reply that says what is wrong with it.
pub fn parse(line: &str) -> Result<Command, Reply> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let alone = |command: Command| {
        if rest.is_empty() {
            Ok(command)
        } else {
            Err(syntax("This command takes no parameter"))
        }
    };
    match verb.to_ascii_uppercase().as_str() {
        "HELO" if !rest.trim().is_empty() => Ok(Command::Helo),
        "EHLO" if !rest.trim().is_empty() => Ok(Command::Ehlo),
        "HELO" | "EHLO" => Err(syntax("Say who you are")),
        "AUTH" => auth(rest),
        "MAIL" => mail(rest),
        "RCPT" => recipient(rest),
        "DATA" => alone(Command::Data),
        "RSET" => alone(Command::Reset),
        "NOOP" => Ok(Command::Noop),
        "QUIT" => alone(Command::Quit),
        "VRFY" => Err(Reply::new(252, "Send the mail and see")),
        _ => Err(Reply::new(500, "Unknown command")),
    }
}

fn auth(parameters: &str) -> Result<Command, Reply> {
    match parameters.split_once(' ') {
        Some((mechanism, response))
            if mechanism.eq_ignore_ascii_case("PLAIN") && !response.is_empty() =>
        {
            Ok(Command::Auth)
        }
        None if parameters.eq_ignore_ascii_case("PLAIN") => {
            Err(syntax("Give the response with the command"))
        }
        _ => Err(Reply::new(504, "Only AUTH PLAIN is known")),
    }
}

fn mail(parameters: &str) -> Result<Command, Reply> {
    let (address, extensions) = path(parameters, "FROM:")?;
    if !address.is_empty() && !is_address(address) {
        return Err(Reply::new(553, "The sender is not an address"));
    }
    for extension in extensions.split_ascii_whitespace() {
        let (keyword, value) = extension.split_once('=').unwrap_or((extension, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "SIZE" => match value.parse::<usize>() {
                Ok(bytes) if bytes <= MAIL_BYTES => {}
                Ok(_) => return Err(Reply::new(552, "The mail is too large")),
                Err(_) => return Err(syntax("SIZE is a number")),
            },
            "BODY"
                if value.eq_ignore_ascii_case("7BIT") || value.eq_ignore_ascii_case("8BITMIME") => {
            }
            "SMTPUTF8" if value.is_empty() => {}
            "AUTH" if !value.is_empty() => {}
            _ => return Err(Reply::new(555, "Unknown parameter")),
        }
    }
    Ok(Command::Mail)
}

fn recipient(parameters: &str) -> Result<Command, Reply> {
    let (address, extensions) = path(parameters, "TO:")?;
    if !is_address(address) {
        return Err(Reply::new(553, "The recipient is not an address"));
    }
    if !extensions.trim().is_empty() {
        return Err(Reply::new(555, "Unknown parameter"));
    }
    Ok(Command::Recipient(address.to_owned()))
}

/// `FROM:<address> extensions`.
fn path<'a>(parameters: &'a str, prefix: &str) -> Result<(&'a str, &'a str), Reply> {
    let wrong = || syntax(&format!("The form is {prefix}<address>"));
    let (given, rest) = parameters
        .split_at_checked(prefix.len())
        .ok_or_else(wrong)?;
    if !given.eq_ignore_ascii_case(prefix) {
        return Err(wrong());
    }
    let (address, extensions) = rest
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .ok_or_else(wrong)?;
    if !extensions.is_empty() && !extensions.starts_with(' ') {
        return Err(wrong());
    }
    Ok((address, extensions))
}

/// Local part and domain, each with its greatest length (RFC 5321, 4.5.3.1);
/// quoted local parts are not supported.
fn is_address(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let is_plain = |text: &str| {
        !text.is_empty()
            && !text.starts_with('.')
            && !text.ends_with('.')
            && !text.contains("..")
            && !text.contains(|character: char| {
                character.is_whitespace()
                    || character.is_control()
                    || "<>()[],;:\\\"@".contains(character)
            })
    };
    local.len() <= 64 && domain.len() <= 255 && is_plain(local) && is_plain(domain)
}

fn syntax(text: &str) -> Reply {
    Reply::new(501, text)
}
