//! `mail-consumer`: sends the emails of the queue `mail`.
//!
//! Reads and writes `deliveries`, publishes to the delay queues and to
//! `mail.dead`, speaks SMTP.
//!
//! A batch is delivered at least once, and as a whole. It fails only when sent jobs
//! cannot be looked up, or when the broker does not accept a job that could not be
//! sent. The whole batch is redelivered then, and sent jobs are skipped.
//!
//! An email is sent twice only if the process ends, or the server's reply is lost,
//! between the server's accepting it and our mark, or if two workers process
//! copies of the same job at the same moment.

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
    /// Jobs that this process sent but could not mark yet.
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
