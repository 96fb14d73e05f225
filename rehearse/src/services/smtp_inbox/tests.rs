//! Conversations over a real socket, and the inbox as the web shows it.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::*;

struct Client(BufReader<TcpStream>);

impl Client {
    async fn connect(inbox: &Inbox) -> Self {
        let socket = TcpStream::connect(inbox.address).await.expect("it listens");
        let mut client = Self(BufReader::new(socket));
        assert_eq!(client.reply().await, 220);
        client
    }

    async fn reply(&mut self) -> u16 {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.expect("a reply") == 0 {
                return 0;
            }
            if line.as_bytes()[3] == b' ' {
                return line[..3].parse().expect("a code");
            }
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("sent");
    }

    /// Sends each line and gives the codes of the replies.
    async fn say<const N: usize>(&mut self, lines: [&str; N]) -> [u16; N] {
        let mut codes = [0; N];
        for (line, code) in lines.into_iter().zip(&mut codes) {
            self.send(format!("{line}\r\n").as_bytes()).await;
            *code = self.reply().await;
        }
        codes
    }

    async fn mail(&mut self, to: &str, data: &[u8]) -> u16 {
        let recipient = format!("RCPT TO:<{to}>");
        let codes = self
            .say([
                "EHLO test",
                "MAIL FROM:<us@example.com>",
                &recipient,
                "DATA",
            ])
            .await;
        assert_eq!(codes, [250, 250, 250, 354]);
        self.send(data).await;
        self.reply().await
    }
}

async fn inbox() -> Inbox {
    Inbox::start((Ipv4Addr::LOCALHOST, 0).into())
        .await
        .expect("it starts")
}

async fn web(inbox: &Inbox) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let url = format!(
        "http://{}/_local/inbox",
        listener.local_addr().expect("an address")
    );
    let router = inbox.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn mails(url: &str) -> Vec<Value> {
    reqwest::get(url)
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON")
}

const CODE: &[u8] = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    \r\n\
    Your code=3A\r\n\
    12345678\r\n\
    ..hidden <b>dot</b>\r\n\
    .\r\n";

/// As our own mails are: the same as text and as HTML.
const BOTH: &[u8] = b"Subject: Both\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=\"b\"\r\n\
    \r\n\
    --b\r\n\
    Content-Type: text/plain\r\n\
    \r\n\
    12345678\r\n\
    --b\r\n\
    Content-Type: text/html\r\n\
    \r\n\
    <p title=\"x\">12345678</p>\r\n\
    --b--\r\n\
    .\r\n";

#[tokio::test]
async fn a_mail_in_two_parts_is_shown_as_text_and_as_html_that_runs_nothing() {
    let inbox = inbox().await;
    let url = web(&inbox).await;
    let mut client = Client::connect(&inbox).await;
    assert_eq!(client.mail("ada@example.com", BOTH).await, 250);
    let browser = reqwest::Client::new()
        .get(&url)
        .header("accept", "text/html");
    let page = browser.send().await.expect("a page");
    let page = page.text().await.expect("text");
    assert!(
        page.contains("<span class=\"code\">12345678</span>"),
        "{page}"
    );
    let shown = "<iframe sandbox loading=\"lazy\" title=\"The same as HTML\" \
                 srcdoc=\"&lt;p title=&quot;x&quot;&gt;12345678&lt;/p&gt;";
    assert!(page.contains(shown), "{page}");
}

#[tokio::test]
async fn a_mail_is_kept_decoded_and_shown_until_the_inbox_is_emptied() {
    let inbox = inbox().await;
    let url = web(&inbox).await;
    let mut client = Client::connect(&inbox).await;
    assert_eq!(client.mail("ada@example.com", CODE).await, 250);
    assert_eq!(client.mail("bob@example.com", CODE).await, 250);

    let kept = mails(&url).await;
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0]["to"], "ada@example.com");
    assert_eq!(kept[1]["to"], "bob@example.com");
    assert_eq!(kept[0]["subject"], "Grüße");
    assert_eq!(
        kept[0]["text"],
        "Your code:\n12345678\n.hidden <b>dot</b>\n"
    );
    assert_eq!(kept[0]["html"], Value::Null);
    assert!(kept[0]["at"].as_i64() > Some(1_700_000_000_000));
    assert_eq!(mails(&format!("{url}?to=Bob@example.com")).await, kept[1..]);

    let browser = reqwest::Client::new();
    let page = browser
        .get(&url)
        .header("accept", "text/html,*/*")
        .send()
        .await
        .expect("a page");
    let page = page.text().await.expect("text");
    assert!(
        page.contains("<span class=\"code\">12345678</span>"),
        "{page}"
    );
    assert!(page.contains(".hidden &lt;b&gt;dot&lt;/b&gt;"), "{page}");

    assert!(!page.contains("<iframe"), "this mail has no HTML: {page}");

    let emptied = browser.delete(&url).send().await.expect("an answer");
    assert_eq!(emptied.status(), 204);
    assert!(mails(&url).await.is_empty());
}

#[tokio::test]
async fn html_is_kept_beside_the_text() {
    let inbox = inbox().await;
    let url = web(&inbox).await;
    let mail = b"Subject: both\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
        --x\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--x--\r\n.\r\n";
    assert_eq!(
        Client::connect(&inbox)
            .await
            .mail("a@example.com", mail)
            .await,
        250
    );
    let kept = mails(&url).await;
    assert_eq!(kept[0]["text"], "plain");
    assert_eq!(kept[0]["html"], "<p>rich</p>");
}

#[tokio::test]
async fn mails_are_refused_and_delayed_on_request_and_as_often_as_asked() {
    let inbox = inbox().await;
    let url = web(&inbox).await;
    let refusals = json!([
        {"to": "ada@example.com", "code": 451, "text": "Later", "times": 2},
        {"to": "*", "delay_ms": 30, "times": 1},
    ]);
    let put = |refusals: &Value| {
        reqwest::Client::new()
            .put(format!("{url}/refusals"))
            .json(refusals)
            .send()
    };
    assert_eq!(put(&refusals).await.expect("an answer").status(), 204);

    let mut client = Client::connect(&inbox).await;
    let rcpt = "RCPT TO:<ADA@example.com>";
    let codes = client.say(["EHLO test", "MAIL FROM:<>", rcpt, rcpt]).await;
    assert_eq!(codes, [250, 250, 451, 451]);
    let asked = std::time::Instant::now();
    assert_eq!(client.say([rcpt]).await, [250]);
    assert!(asked.elapsed().as_millis() >= 30);
    assert_eq!(client.say([rcpt, "RSET", "DATA"]).await, [250, 250, 503]);

    for wrong in [
        json!([{"to": "*", "code": 250}]),
        json!([{"to": "*", "text": "a\r\nb"}]),
    ] {
        assert_eq!(
            put(&wrong).await.expect("an answer").status(),
            422,
            "{wrong}"
        );
    }
    assert!(
        put(&json!([{"to": "*", "codes": 1}]))
            .await
            .expect("an answer")
            .status()
            .is_client_error()
    );
}

#[tokio::test]
async fn commands_out_of_order_or_of_a_wrong_form_are_refused() {
    let inbox = inbox().await;
    let mut client = Client::connect(&inbox).await;
    let before_greeting = [
        "MAIL FROM:<a@example.com>",
        "RCPT TO:<a@example.com>",
        "DATA",
        "EHLO",
    ];
    assert_eq!(client.say(before_greeting).await, [503, 503, 503, 501]);
    assert_eq!(
        client
            .say(["EHLO test", "AUTH PLAIN AGEAYg==", "AUTH LOGIN"])
            .await,
        [250, 235, 504]
    );
    let wrong_senders = [
        "MAIL FROM: <a@example.com>",
        "MAIL FROM:a@example.com",
        "MAIL FROM:<example.com>",
        "MAIL FROM:<a@example.com> SIZE=99999999999",
        "MAIL FROM:<a@example.com> COLOUR=red",
        "DATA",
    ];
    assert_eq!(
        client.say(wrong_senders).await,
        [501, 501, 553, 552, 555, 503]
    );
    let sender = "MAIL FROM:<a@example.com> SIZE=100 BODY=8BITMIME SMTPUTF8";
    assert_eq!(client.say([sender, sender, "DATA"]).await, [250, 503, 503]);
    let wrong_recipients = [
        "RCPT TO:<>",
        "RCPT TO:<a b@example.com>",
        "RCPT TO:<a@b@c>",
        "RCPT FROM:<a@b>",
    ];
    assert_eq!(client.say(wrong_recipients).await, [553, 553, 553, 501]);
    assert_eq!(client.say(["NOOP", "WHAT", "QUIT"]).await, [250, 500, 221]);
    assert_eq!(client.reply().await, 0, "the server hangs up after QUIT");
}

#[tokio::test]
async fn bare_line_feeds_and_endless_lines_are_refused_and_the_conversation_goes_on() {
    let inbox = inbox().await;
    let url = web(&inbox).await;
    let mut client = Client::connect(&inbox).await;
    client.send(b"NOOP\n").await;
    assert_eq!(client.reply().await, 500);
    client
        .send(&[b"NOOP ".as_slice(), &vec![b'x'; 10_000], b"\r\n"].concat())
        .await;
    assert_eq!(client.reply().await, 500);
    assert_eq!(
        client
            .mail(
                "a@example.com",
                b"one\n.\nMAIL FROM:<b@example.com>\r\n.\r\n"
            )
            .await,
        554
    );
    let long_line = [vec![b'x'; 1200], b"\r\n.\r\n".to_vec()].concat();
    assert_eq!(client.mail("a@example.com", &long_line).await, 554);
    assert_eq!(mails(&url).await.len(), 0);
    assert_eq!(
        client
            .mail("a@example.com", b"Subject: fine\r\n\r\nfine\r\n.\r\n")
            .await,
        250
    );
    assert_eq!(mails(&url).await.len(), 1);
}

#[tokio::test]
async fn only_the_last_ten_thousand_mails_are_kept() {
    let mailbox = Mailbox::default();
    for number in 0..10_001 {
        mailbox.deliver(&[format!("{number}@example.com")], b"Subject: many\r\n\r\n");
    }
    let kept = mailbox.mails(None);
    assert_eq!(kept.len(), 10_000);
    assert_eq!(kept[0].to, "1@example.com");
}

#[tokio::test]
async fn a_request_of_a_browser_is_disconnected_at_its_first_line() {
    let inbox = inbox().await;
    let url = web(&inbox).await;
    for first in ["POST / HTTP/1.1", "GET /x y HTTP/1.0", "PRI * HTTP/2.0"] {
        let mut client = Client::connect(&inbox).await;
        let request = format!(
            "{first}\r\nHost: localhost\r\n\r\nEHLO x\r\nMAIL FROM:<a@example.com>\r\n\
             RCPT TO:<b@example.com>\r\nDATA\r\nhello\r\n.\r\n"
        );
        client.send(request.as_bytes()).await;
        assert_eq!(client.reply().await, 421, "{first}");
        assert_eq!(client.reply().await, 0, "{first}");
    }
    assert!(mails(&url).await.is_empty());
    // A command that only mentions HTTP is an ordinary one.
    let mut client = Client::connect(&inbox).await;
    assert_eq!(client.say(["NOOP HTTP"]).await, [250]);
}
