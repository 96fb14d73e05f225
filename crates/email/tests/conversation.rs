//! Whole conversations with a mail server that answers as configured.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Purpose, Timestamp};
use email::{Mailer, SendError, Sent, Settings};
use env::Variables;
use queue::jobs::mail::Job;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// What the server does about each recipient.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Accept,
    Answer(&'static str),
    Silent,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    mails: Vec<String>,
}

struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(converse(socket, manner, shared.clone()));
            }
        });
        Self { address, seen }
    }

    fn mailer(&self) -> Mailer {
        let mut variables = Variables::new(
            [
                ("SMTP_URL", format!("smtp://{}", self.address)),
                ("MAIL_FROM", "Banter <no-reply@example.com>".to_owned()),
                ("SITE_ORIGIN", "https://chat.example.com".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let settings = Settings::from_variables(&mut variables);
        variables.check().unwrap();
        Mailer::new(settings)
    }
}

async fn converse(socket: TcpStream, manner: Manner, seen: Arc<Mutex<Seen>>) {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut data: Option<String> = None;
    write.write_all(b"220 ready\r\n").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match (&mut data, line.as_str()) {
            (Some(mail), ".") => {
                seen.lock().unwrap().mails.push(std::mem::take(mail));
                data = None;
                "250 taken"
            }
            (Some(mail), line) => {
                mail.push_str(line);
                mail.push('\n');
                continue;
            }
            (None, "DATA") => {
                data = Some(String::new());
                "354 go on"
            }
            (None, line) if line.starts_with("RCPT") => match manner {
                Manner::Accept => "250 ok",
                Manner::Answer(answer) => answer,
                Manner::Silent => continue,
            },
            (None, "QUIT") => "221 bye",
            _ => "250 ok",
        };
        if write
            .write_all(format!("{answer}\r\n").as_bytes())
            .await
            .is_err()
        {
            return;
        }
    }
}

fn job() -> Job {
    Job::SendOtp {
        email: "ann@example.com".into(),
        otp: "12345678".into(),
        purpose: Purpose::Login,
        challenge: "c".into(),
        expires_at: Timestamp::from_millis(1_795_388_759_999),
        link: None,
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[tokio::test]
async fn a_mail_has_both_parts_a_date_and_its_job_s_id_and_says_it_is_automatic() {
    let server = Server::start(Manner::Accept).await;
    let result = server.mailer().send("job_1", &job(), soon()).await;
    assert_eq!(result, Ok(Sent::Accepted));
    let mail = server.seen.lock().unwrap().mails.remove(0);
    for part in [
        "From: Banter <no-reply@example.com>",
        "To: ann@example.com",
        "Subject: Your code to sign in to Banter",
        "Message-ID: <job-1@example.com>",
        "Auto-Submitted: auto-generated",
        "Date: ",
        "multipart/alternative",
        "text/plain",
        "text/html",
    ] {
        assert!(mail.contains(part), "{part} is not in\n{mail}");
    }
    assert!(mail.lines().any(|line| line == "12345678"), "{mail}");
}

#[tokio::test]
async fn mails_after_each_other_share_a_connection() {
    let server = Server::start(Manner::Accept).await;
    let mailer = server.mailer();
    for n in 0..5 {
        let result = mailer.send(&n.to_string(), &job(), soon()).await;
        assert_eq!(result, Ok(Sent::Accepted));
        // The connection goes back to the pool in a task of its own.
        tokio::task::yield_now().await;
    }
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.mails.len(), seen.connections), (5, 1));
}

#[tokio::test]
async fn a_reply_with_4_is_transient_and_one_with_5_permanent_and_neither_repeats_the_address() {
    let server = Server::start(Manner::Answer("451 4.7.1 wait, ann@example.com")).await;
    let result = server.mailer().send("a", &job(), soon()).await;
    let reason = "the mail server asked to retry later: 451 4.7.1".to_owned();
    assert_eq!(result, Err(SendError::Transient(reason)));
    let server = Server::start(Manner::Answer("550 5.1.1 no ann@example.com")).await;
    let result = server.mailer().send("a", &job(), soon()).await;
    let reason = "the mail server rejected it: 550 5.1.1".to_owned();
    assert_eq!(result, Err(SendError::NoMailbox(reason)));
}

#[tokio::test]
async fn an_unavailable_or_silent_server_is_transient() {
    let silent = Server::start(Manner::Silent).await;
    let deadline = Instant::now() + Duration::from_millis(300);
    let result = silent.mailer().send("a", &job(), deadline).await;
    assert!(matches!(result, Err(SendError::Transient(_))), "{result:?}");
    assert!(Instant::now() < deadline + Duration::from_secs(2));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let away = Server {
        address,
        seen: Arc::default(),
    };
    let result = away.mailer().send("a", &job(), soon()).await;
    assert!(matches!(result, Err(SendError::Transient(_))), "{result:?}");
}

#[tokio::test]
async fn a_bad_address_or_a_lost_code_is_permanent_and_nothing_is_nothing() {
    let server = Server::start(Manner::Accept).await;
    let mailer = server.mailer();
    let bad = Job::AccountExists {
        email: "ann example.com".into(),
    };
    let result = mailer.send("a", &bad, soon()).await;
    assert!(matches!(result, Err(SendError::Permanent(_))), "{result:?}");
    let result = mailer.send("a", &job().without_code(), soon()).await;
    assert!(matches!(result, Err(SendError::Permanent(_))), "{result:?}");
    let result = mailer.send("a", &Job::Nothing {}, soon()).await;
    assert_eq!(result, Ok(Sent::Nothing));
    assert_eq!(server.seen.lock().unwrap().mails.len(), 0);
}
