//! One conversation in SMTP, from the greeting to `QUIT`.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::dialogue::{self, Command, MAIL_BYTES, Reply};
use super::mailbox::Mailbox;

/// The longest command line with its line end: 512, and the parameters of extensions.
const COMMAND_BYTES: usize = 2048;

/// The longest line of a mail with its line end (RFC 5321, 4.5.3.1.6).
const TEXT_LINE_BYTES: usize = 1000;

/// The most recipients of one mail (RFC 5321, 4.5.3.1.8).
const RECIPIENTS: usize = 100;

/// How long a client may be silent (RFC 5321, 4.5.3.2.7).
const SILENCE: Duration = Duration::from_secs(5 * 60);

/// Talks with one client until it leaves.
pub async fn hold(socket: TcpStream, mailbox: Mailbox) {
    let conversation = Conversation {
        stream: BufReader::new(socket),
        mailbox,
        is_greeted: false,
        envelope: None,
    };
    if let Err(error) = conversation.run().await {
        tracing::debug!(%error, "mail client disconnected without QUIT");
    }
}

struct Conversation {
    stream: BufReader<TcpStream>,
    mailbox: Mailbox,
    is_greeted: bool,
    /// The recipients so far, once there is a sender.
    envelope: Option<Vec<String>>,
}

/// One line as it was sent.
enum Line {
    /// Without its line end.
    Whole(Vec<u8>),
    /// Over the limit, or not ended by `\r\n`.
    Wrong(&'static str),
    /// The client disconnected.
    End,
}

impl Conversation {
    async fn run(mut self) -> io::Result<()> {
        self.stream.get_ref().set_nodelay(true)?;
        self.reply(&Reply::new(220, "localhost ESMTP")).await?;
        loop {
            let line = match tokio::time::timeout(SILENCE, self.line(COMMAND_BYTES)).await {
                Ok(line) => line?,
                Err(_) => {
                    return self
                        .reply(&Reply::new(421, "You were silent for too long"))
                        .await;
                }
            };
            let command = match line {
                Line::End => return Ok(()),
                // A web page made its browser connect. Its request holds lines of the
                // page's choosing, so none of them is obeyed.
                Line::Whole(line) if dialogue::is_http(&line) => {
                    let reply = Reply::new(421, "This is a mail server");
                    return self.reply(&reply).await;
                }
                Line::Wrong(text) => Err(Reply::new(500, text)),
                Line::Whole(line) => String::from_utf8(line)
                    .map_err(|_| Reply::new(500, "Commands are UTF-8"))
                    .and_then(|line| dialogue::parse(&line)),
            };
            let is_last = matches!(command, Ok(Command::Quit));
            let reply = match command {
                Ok(command) => self.obey(command).await?,
                Err(reply) => reply,
            };
            self.reply(&reply).await?;
            if is_last || reply.code == 421 {
                return Ok(());
            }
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Reply> {
        let out_of_order = Reply::new(503, "Not now: HELO, MAIL, RCPT, DATA is the order");
        Ok(match command {
            Command::Quit => Reply::new(221, "Goodbye"),
            Command::Noop => Reply::new(250, "OK"),
            Command::Helo | Command::Ehlo => {
                self.is_greeted = true;
                self.envelope = None;
                match command {
                    Command::Ehlo => Reply::capabilities(),
                    _ => Reply::new(250, "localhost"),
                }
            }
            Command::Reset => {
                self.envelope = None;
                Reply::new(250, "OK")
            }
            Command::Auth if self.is_greeted && self.envelope.is_none() => {
                Reply::new(235, "Everybody is let in")
            }
            Command::Mail if self.is_greeted && self.envelope.is_none() => {
                self.envelope = Some(Vec::new());
                Reply::new(250, "OK")
            }
            Command::Recipient(recipient) if self.envelope.is_some() => self.add(recipient).await,
            Command::Data => match self.envelope.take() {
                Some(recipients) if !recipients.is_empty() => self.take(&recipients).await?,
                envelope => {
                    self.envelope = envelope;
                    out_of_order
                }
            },
            Command::Auth | Command::Mail | Command::Recipient(_) => out_of_order,
        })
    }

    async fn add(&mut self, recipient: String) -> Reply {
        let treatment = self.mailbox.treatment(&recipient);
        tokio::time::sleep(treatment.delay).await;
        let recipients = self.envelope.get_or_insert_default();
        if let Some(refusal) = treatment.reply {
            return refusal;
        }
        if recipients.len() == RECIPIENTS {
            return Reply::new(452, "Too many recipients");
        }
        recipients.push(recipient);
        Reply::new(250, "OK")
    }

    /// `DATA`: everything up to a line with a dot alone, the first dot of other
    /// lines taken away. A wrong mail is read to its end before it is refused.
    async fn take(&mut self, recipients: &[String]) -> io::Result<Reply> {
        self.reply(&Reply::new(354, "End with a dot on a line of its own"))
            .await?;
        let mut message = Vec::new();
        let mut rejection = None;
        loop {
            let line = tokio::time::timeout(SILENCE, self.line(TEXT_LINE_BYTES));
            let line = match line
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??
            {
                Line::Whole(line) => line,
                Line::Wrong(text) => {
                    rejection.get_or_insert(Reply::new(554, text));
                    continue;
                }
                Line::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            };
            match line.as_slice() {
                b"." => break,
                _ if message.len() + line.len() > MAIL_BYTES => {
                    rejection.get_or_insert(Reply::new(552, "The mail is too large"));
                }
                text => {
                    message.extend(text.strip_prefix(b".").unwrap_or(text));
                    message.extend(b"\r\n");
                }
            }
        }
        if let Some(rejection) = rejection {
            return Ok(rejection);
        }
        self.mailbox.deliver(recipients, &message);
        Ok(Reply::new(250, "Taken"))
    }

    /// Reads a line of at most `limit` bytes; of a longer one the rest is skipped.
    async fn line(&mut self, limit: usize) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut is_too_long = false;
        loop {
            let part = u64::try_from(limit - line.len()).unwrap_or(u64::MAX);
            if (&mut self.stream)
                .take(part)
                .read_until(b'\n', &mut line)
                .await?
                == 0
            {
                return Ok(Line::End);
            }
            if line.ends_with(b"\n") {
                break;
            }
            if line.len() == limit {
                is_too_long = true;
                line.clear();
            }
        }
        if is_too_long {
            return Ok(Line::Wrong("The line is too long"));
        }
        match line.strip_suffix(b"\r\n") {
            Some(line) if !line.contains(&b'\r') => Ok(Line::Whole(line.to_vec())),
            _ => Ok(Line::Wrong("Lines must end with CR LF")),
        }
    }

    /// Sends a reply.
    async fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        self.stream
            .get_mut()
            .write_all(reply.to_string().as_bytes())
            .await
    }
}
