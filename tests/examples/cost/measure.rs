//! What each thing that people do takes, as the functions log it.

use std::fmt::Write as _;
use std::sync::Arc;

use e2e::people::Person;
use e2e::stack::Stack;
use e2e::wait::{PATIENCE, eventually};

use crate::assumptions::Assumptions;

/// How often each is done.
const TIMES: usize = 20;
/// Codes that one address may ask for in an hour are fewer.
const SIGN_INS: usize = 8;

/// Something that people do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Password, mailed code, session.
    SignIn,
    /// The page asks for session, rooms and socket, and opens it; and it closes.
    Open,
    /// A socket that is silent pings.
    Stay,
    /// A message, acknowledged and heard.
    Talk,
}

/// All of them.
pub const DEEDS: [Deed; 4] = [Deed::SignIn, Deed::Open, Deed::Stay, Deed::Talk];

/// What doing something once takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// Requests to the HTTP API.
    pub requests: f64,
    /// Invocations of functions.
    pub invocations: f64,
    /// Milliseconds of functions, each invocation rounded up.
    pub milliseconds: f64,
    /// Frames in and out, none of them above 32 KB.
    pub frames: f64,
    /// Mails.
    pub mails: f64,
    /// Messages from the database's clients to it.
    pub operations: f64,
    /// Bytes that functions log.
    pub logged: f64,
}

/// What everything takes.
pub struct Measured([Taken; 4]);

impl Measured {
    /// Has people do everything, and reads the log.
    pub async fn of(stack: &Arc<Stack>, assumptions: &Assumptions) -> Self {
        let ann = Person::join(stack, "Ann").await;
        let mut others = Vec::new();
        for _ in 1..assumptions.listeners {
            others.push(Person::join(stack, "Bob").await);
        }
        let members: Vec<&Person> = others.iter().collect();
        let room = ann.create_group("Tea", &members).await;
        let mut sockets = Vec::new();
        for other in &others {
            sockets.push(other.online().await);
        }
        // Warm: what starts cost is measured by `bench cold`.
        open(&ann).await;

        let begun = Mark::now(stack).await;
        for _ in 0..SIGN_INS {
            ann.sign_in().await;
        }
        let sign_in = begun.taken(SIGN_INS).await;
        let begun = Mark::now(stack).await;
        for _ in 0..TIMES {
            open(&ann).await;
        }
        let open = begun.taken(TIMES).await;
        let mut socket = ann.online().await;
        let begun = Mark::now(stack).await;
        for _ in 0..TIMES {
            socket.ping().await;
        }
        let stay = begun.taken(TIMES).await;
        let begun = Mark::now(stack).await;
        for number in 0..TIMES {
            let text = format!("message number {number}, of a usual length, about tea");
            socket.say(&room, &text).await;
            for other in &mut sockets {
                other.hear(&room, &text).await;
            }
        }
        let talk = begun.taken(TIMES).await;
        Self([sign_in, open, stay, talk])
    }

    /// What doing this once takes.
    pub fn taken(&self, deed: Deed) -> &Taken {
        &self.0[deed as usize]
    }

    /// All of it, in Markdown.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| once | HTTP requests | invocations | function time, ms | frames | mails | messages to the database | bytes logged |\n\
             | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        );
        let names = [
            "a sign-in",
            "the page opened and closed",
            "a ping",
            "a message",
        ];
        for (taken, name) in self.0.iter().zip(names) {
            let Taken {
                requests,
                invocations,
                milliseconds,
                frames,
                mails,
                operations,
                logged,
            } = taken;
            let _ = writeln!(
                table,
                "| {name} | {requests:.1} | {invocations:.1} | {milliseconds:.1} | {frames:.1} | {mails:.1} | {operations:.1} | {logged:.0} |"
            );
        }
        table
    }
}

/// What the page does when it is opened, until it is closed again.
async fn open(person: &Person) {
    person.refresh(&person.cookie).await.expect(200);
    person.client.get("/api/rooms").await.expect(200);
    person.client.get("/api/socket").await.expect(200);
    person.online().await.close().await;
}

/// A moment from which on is counted.
struct Mark<'s> {
    stack: &'s Arc<Stack>,
    lines: usize,
    operations: usize,
}

impl<'s> Mark<'s> {
    async fn now(stack: &'s Arc<Stack>) -> Self {
        settled(stack).await;
        Self {
            stack,
            lines: stack.journal.length(),
            operations: stack.database().passed(),
        }
    }

    /// What was taken since, by doing something so often.
    async fn taken(self, times: usize) -> Taken {
        settled(self.stack).await;
        let mut all = Taken {
            operations: (self.stack.database().passed() - self.operations) as f64,
            ..Taken::default()
        };
        for line in self.stack.journal.of_functions(self.lines) {
            all.logged += line.said.to_string().len() as f64;
            if line.said["message"] != "invocation" {
                continue;
            }
            let number = |field: &str| line.said[field].as_f64().unwrap_or_default();
            let event = line.said["event"].as_str().unwrap_or_default();
            all.invocations += 1.0;
            all.milliseconds += number("milliseconds").ceil();
            all.mails += number("MailsSent");
            all.frames += number("Deliveries");
            match event {
                _ if event.contains("/api/") => all.requests += 1.0,
                // The frame, and the answer that the function returns.
                "hello" | "ping" | "join" | "leave" => all.frames += 2.0,
                // The frame; its answer is among the deliveries.
                "message" | "typing" | "read" => all.frames += 1.0,
                _ => {}
            }
        }
        all.each(times as f64)
    }
}

impl Taken {
    fn each(self, times: f64) -> Self {
        Self {
            requests: self.requests / times,
            invocations: self.invocations / times,
            milliseconds: self.milliseconds / times,
            frames: self.frames / times,
            mails: self.mails / times,
            operations: self.operations / times,
            logged: self.logged / times,
        }
    }
}

/// Waits until nothing is under way, so that all of it is in the log.
async fn settled(stack: &Arc<Stack>) {
    eventually("all functions to be idle", PATIENCE, || async {
        let before = stack.journal.length();
        stack.idle().await;
        (stack.journal.length() == before).then_some(())
    })
    .await;
}
