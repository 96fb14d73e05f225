//! The resource usage of each action, as logged by the functions.

use std::fmt::Write as _;
use std::sync::Arc;

use e2e::people::Person;
use e2e::stack::Stack;
use e2e::wait::{TIMEOUT, eventually};

use crate::assumptions::Assumptions;

const TIMES: usize = 20;
/// Repetitions of a sign-in, which the hourly limit of codes bounds.
const SIGN_INS: usize = 8;

/// An action of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Signing in with password and mailed code.
    SignIn,
    /// Opening and closing the page: session, rooms and socket.
    Open,
    /// A ping of an idle socket.
    Stay,
    /// A message with its acknowledgement and deliveries.
    Talk,
}

pub const DEEDS: [Deed; 4] = [Deed::SignIn, Deed::Open, Deed::Stay, Deed::Talk];

/// The usage of one action.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// Requests to the HTTP API.
    pub requests: f64,
    pub invocations: f64,
    /// Milliseconds of functions, each invocation rounded up.
    pub milliseconds: f64,
    /// Frames in both directions, each at most 32 KB.
    pub frames: f64,
    pub mails: f64,
    /// Messages from the database drivers to the database.
    pub operations: f64,
    pub logged: f64,
}

/// The usage of every action.
pub struct Measured([Taken; 4]);

impl Measured {
    /// Performs every action and reads the log.
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
        // Warm up: `bench cold` measures cold starts.
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
                other.receive_text(&room, &text).await;
            }
        }
        let talk = begun.taken(TIMES).await;
        Self([sign_in, open, stay, talk])
    }

    /// What doing this once takes.
    pub fn taken(&self, deed: Deed) -> &Taken {
        &self.0[deed as usize]
    }

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

/// The requests of the page between opening and closing.
async fn open(person: &Person) {
    person.refresh(&person.cookie).await.expect(200);
    person.client.get("/api/rooms").await.expect(200);
    person.client.get("/api/socket").await.expect(200);
    person.online().await.close().await;
}

/// A starting point for counting.
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

    /// The usage since then, divided by the repetitions.
    async fn taken(self, times: usize) -> Taken {
        settled(self.stack).await;
        let mut all = Taken {
            operations: (self.stack.database().passed() - self.operations) as f64,
            ..Taken::default()
        };
        for line in self.stack.journal.of_functions(self.lines) {
            all.logged += line.fields.to_string().len() as f64;
            if line.fields["message"] != "invocation" {
                continue;
            }
            let number = |field: &str| line.fields[field].as_f64().unwrap_or_default();
            let event = line.fields["event"].as_str().unwrap_or_default();
            all.invocations += 1.0;
            all.milliseconds += number("milliseconds").ceil();
            all.mails += number("MailsSent");
            all.frames += number("Deliveries");
            match event {
                _ if event.contains("/api/") => all.requests += 1.0,
                // The frame and the function's reply.
                "hello" | "ping" | "join" | "leave" => all.frames += 2.0,
                // The frame; its reply is among the deliveries.
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

/// Waits until all functions are idle, so that the log is complete.
async fn settled(stack: &Arc<Stack>) {
    eventually("all functions to be idle", TIMEOUT, || async {
        let before = stack.journal.length();
        stack.idle().await;
        (stack.journal.length() == before).then_some(())
    })
    .await;
}
