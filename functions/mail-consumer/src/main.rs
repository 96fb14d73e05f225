//! `mail-consumer`: mails the jobs of the queue `mail`.
//!
//! Reads and writes `deliveries`, publishes to the retry queues and to
//! `mail.dead`, talks SMTP.
//!
//! A batch is delivered at least once, and whole: it fails only when the
//! database cannot say what was mailed, or when the broker does not take what
//! could not be mailed. All of it comes again then, and what was mailed is
//! skipped. An email is sent twice only if the process dies, or the response is
//! lost, between the mail server's acceptance and our record. Two workers
//! (mappings) that hold the same job at the same moment, which takes a
//! publisher that sent it twice, are in that window as well.

mod batch;
mod job;
mod tally;

use std::collections::HashSet;
use std::sync::Mutex;

use email::Mailer;
use env::Variables;
use lambda::queue::Batch;
use queue::Queue;
use store::Store;

struct App {
    store: Store,
    queue: Queue,
    mailer: Mailer,
    /// Jobs that this process mailed and could not mark, so that it at least
    /// does not mail them again itself.
    unmarked: Mutex<HashSet<String>>,
}

#[tokio::main]
async fn main() -> Result<(), lambda::Error> {
    lambda::queue::run(start, handle).await
}

async fn start(mut variables: Variables) -> anyhow::Result<App> {
    let store = store::Settings::from_variables(&mut variables);
    let queue = queue::Settings::from_variables(&mut variables);
    let mailer = email::Settings::from_variables(&mut variables);
    variables.check()?;
    let (store, queue) = tokio::join!(Store::connect(store), Queue::connect(queue));
    Ok(App {
        store: store?,
        queue,
        mailer: Mailer::new(mailer),
        unmarked: Mutex::default(),
    })
}

async fn handle(app: &'static App, batch: Batch) -> anyhow::Result<()> {
    batch::handle(app, batch).await
}
