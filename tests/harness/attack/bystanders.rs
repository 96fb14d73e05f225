//! Users of the service during an attack.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinError;
use tokio::time::{interval, timeout};

use super::report::Usage;
use crate::people::{Client, Mail, Person, Response, Visitor};
use crate::samples::Samples;
use crate::stack::{Kind, Stack};
use crate::suite::panics;
use crate::wait::{TIMEOUT, eventually};

/// The time between two rounds. In two minutes, sign-ins and what others may request use
/// up the codes that an hour allows.
pub(super) const PACE: Duration = Duration::from_secs(30);
/// An action that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kin {
    Known,
    Unknown,
    Stranger,
}

pub(super) struct Bystander {
    kin: Kin,
    visitor: Visitor,
    session: Option<Person>,
    /// The cookie jar of a known device.
    cookies: BTreeMap<String, String>,
    usage: Usage,
}

impl Bystander {
    /// The owner of an account who keeps the cookies of the device.
    pub(super) async fn with_device(stack: &Arc<Stack>) -> Self {
        Self::owner(stack, Kin::Known, "owner, known device").await
    }

    /// The owner of an account who keeps no cookies.
    pub(super) async fn without_device(stack: &Arc<Stack>) -> Self {
        Self::owner(stack, Kin::Unknown, "owner, new device").await
    }

    /// A person whose address the attacker does not know.
    pub(super) async fn stranger(stack: &Arc<Stack>) -> Self {
        Self::new(Visitor::new(stack, "Zoe"), Kin::Stranger, "stranger")
    }

    async fn owner(stack: &Arc<Stack>, kin: Kin, who: &'static str) -> Self {
        let visitor = Visitor::new(stack, if kin == Kin::Known { "Ann" } else { "Bob" });
        let mut owner = Self::new(visitor, kin, who);
        let signed_up = sign_up(&owner.visitor).await;
        owner.enter(signed_up);
        owner
    }

    fn new(visitor: Visitor, kin: Kin, who: &'static str) -> Self {
        Self {
            kin,
            visitor,
            session: None,
            cookies: BTreeMap::new(),
            usage: Usage {
                who,
                is_owner: kin != Kin::Stranger,
                attempted: 0,
                failures: Vec::new(),
                took: Samples::default(),
            },
        }
    }

    pub(super) fn session(&self) -> Option<&Person> {
        self.session.as_ref()
    }

    /// Signs in and uses the service until `until`, at least once.
    pub(super) async fn run(mut self, until: Instant) -> Usage {
        let mut rounds = interval(PACE);
        loop {
            rounds.tick().await;
            self.round().await;
            if Instant::now() + PACE > until {
                return self.usage;
            }
        }
    }

    async fn round(&mut self) {
        let visitor = self.at_device();
        let signed_in = match (self.kin, &self.session) {
            (Kin::Stranger, None) => {
                self.attempt("register", async move { sign_up(&visitor).await })
                    .await
            }
            (Kin::Unknown, _) => {
                let password = format!("{} again", self.visitor.password);
                self.attempt("sign in", async move {
                    sign_in_or_reset(&visitor, &password).await
                })
                .await
            }
            _ => {
                self.attempt("sign in", async move { sign_in(&visitor).await })
                    .await
            }
        };
        if let Some(signed_in) = signed_in {
            self.enter(signed_in);
        }
        let Some(person) = self.session.clone() else {
            return;
        };
        let me = person.clone();
        self.attempt("read the profile", async move {
            me.client.get("/api/me").await.expect(200);
        })
        .await;
        let me = person.clone();
        self.attempt("confirm the password", async move {
            let body = json!({"password": me.password});
            me.client.post("/api/step-up", body).await.expect(200);
        })
        .await;
        self.attempt("create a room and send a message", async move {
            let room = person.create_group("Own", &[]).await;
            let mut socket = person.online().await;
            socket.say(&room, "hello").await;
            let page = person.history(&room, "").await.expect(200);
            assert_eq!(page.text("/messages/0/text"), "hello");
            socket.close().await;
        })
        .await;
    }

    /// The visitor with the cookies of the device.
    fn at_device(&self) -> Visitor {
        let mut visitor = self.visitor.clone();
        if self.kin == Kin::Known && !self.cookies.is_empty() {
            let pairs: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            visitor.client = visitor.client.with_cookie(&pairs.join("; "));
        }
        visitor
    }

    /// Takes over the session and the cookies of a sign-in.
    fn enter(&mut self, (person, cookies): SignedIn) {
        if person.password != self.visitor.password {
            self.visitor = self.visitor.with_password(&person.password);
        }
        self.cookies.extend(cookies);
        self.session = Some(person);
    }

    async fn attempt<T: Send + 'static>(
        &mut self,
        what: &str,
        action: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.usage.attempted += 1;
        let began = Instant::now();
        let result = match timeout(LIMIT, tokio::spawn(panics::collect("bystander", action))).await
        {
            Ok(done) => done.map_err(panic_message),
            Err(_) => Err(format!("took over {} s", LIMIT.as_secs())),
        };
        match result {
            Ok(value) => {
                self.usage.took.add(began.elapsed().as_secs_f64() * 1_000.0);
                Some(value)
            }
            Err(error) => {
                self.usage.failures.push(format!("{what}: {error}"));
                None
            }
        }
    }
}

type SignedIn = (Person, Vec<(String, String)>);

async fn sign_up(visitor: &Visitor) -> SignedIn {
    let challenge = visitor.register().await.expect(202).text("/challenge");
    enter_code(visitor, &challenge, &visitor.code().await).await
}

async fn sign_in(visitor: &Visitor) -> SignedIn {
    let begun = begin_sign_in(visitor).await;
    finish_sign_in(visitor, begun).await
}

/// A response to `login`, and how many codes for sign-ins were mailed before it.
async fn begin_sign_in(visitor: &Visitor) -> (Response, usize) {
    let mails = visitor.stack.inbox.to(&visitor.email).await;
    let earlier = mails.iter().filter(|mail| is_sign_in(mail)).count();
    (visitor.login().await, earlier)
}

/// Enters the code of this sign-in. The attacker may have requested other codes for the
/// same address.
async fn finish_sign_in(visitor: &Visitor, (login, earlier): (Response, usize)) -> SignedIn {
    let challenge = login.expect(200).text("/challenge");
    let inbox = &visitor.stack.inbox;
    let mail = inbox
        .nth(&visitor.email, earlier, "a code", is_sign_in)
        .await;
    enter_code(visitor, &challenge, mail.code().unwrap_or_default()).await
}

fn is_sign_in(mail: &Mail) -> bool {
    mail.code().is_some() && mail.subject.to_lowercase().contains("sign")
}

/// Signs in. If the address has to wait, resets the password by the link of a mail,
/// and signs in with the cookies that the reset has set.
async fn sign_in_or_reset(visitor: &Visitor, password: &str) -> SignedIn {
    let begun = begin_sign_in(visitor).await;
    if begun.0.status == 200 {
        return finish_sign_in(visitor, begun).await;
    }
    visitor.client.secrets().note(Kind::Password, password);
    let cookies = reset_by_link(visitor, password).await;
    let mut visitor = visitor.with_password(password);
    let pairs: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    visitor.client = visitor.client.with_cookie(&pairs.join("; "));
    sign_in(&visitor).await
}

/// Resets the password by the newest link in the mailbox, regardless of the requester.
/// A link from before an earlier reset is void; then a newer one has to arrive.
async fn reset_by_link(visitor: &Visitor, password: &str) -> Vec<(String, String)> {
    let mut seen = 0;
    loop {
        visitor.forgot_password().await.expect(202);
        let links = eventually("a newer reset link", TIMEOUT, || async {
            let links = reset_links(visitor).await;
            (links.len() > seen).then_some(links)
        })
        .await;
        seen = links.len();
        let token = links.last().map_or("", String::as_str);
        visitor.client.secrets().note(Kind::Token, token);
        let reset = visitor.reset_by_link(token, password).await;
        if reset.status != 410 {
            return cookies_of(&reset.expect(204));
        }
    }
}

/// The tokens of all reset links that were mailed, oldest first.
async fn reset_links(visitor: &Visitor) -> Vec<String> {
    let mails = visitor.stack.inbox.to(&visitor.email).await;
    let tokens = mails.iter().filter_map(Mail::reset_token);
    tokens.map(str::to_owned).collect()
}

async fn enter_code(visitor: &Visitor, challenge: &str, code: &str) -> SignedIn {
    let response = visitor.verify(challenge, code).await.expect(200);
    let cookies = cookies_of(&response);
    let plain = Visitor {
        client: Client::without_token(&visitor.client),
        ..visitor.clone()
    };
    (Person::new(plain, &response), cookies)
}

pub(super) fn cookies_of(response: &Response) -> Vec<(String, String)> {
    let all = response.headers.get_all("set-cookie").iter();
    all.filter_map(|cookie| {
        let pair = cookie.to_str().ok()?.split(';').next()?;
        let (name, value) = pair.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    })
    .collect()
}

pub(super) fn panic_message(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => text_of(&*panic),
        Err(error) => error.to_string(),
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("a panic without a message");
    text.lines().take(3).collect::<Vec<_>>().join(" ")
}
