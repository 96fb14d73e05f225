//! Sending notifications, and what follows from the answers of push services.

use std::ops::Add;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use queue::jobs::push::{Job, Retry};
use store::devices::DeviceRow;
use telemetry::Metric;
use tokio::time::Instant;
use web_push::{Keys, Outcome, Push, Urgency};

use crate::App;

/// Requests at once.
const AT_ONCE: usize = 32;
/// Failures after which a notification is dropped.
const ATTEMPTS: u32 = 5;
/// When what there was no time for is repeated.
const NO_TIME: Duration = Duration::from_secs(5);

/// A notification for one device.
pub(crate) struct Delivery {
    pub(crate) device: DeviceRow,
    pub(crate) plaintext: Vec<u8>,
    pub(crate) room: String,
    pub(crate) seq: i64,
    pub(crate) urgency: Urgency,
    pub(crate) ttl: Duration,
    /// Failures so far.
    pub(crate) attempt: u32,
}

/// Counts of a batch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    sent: usize,
    gone: usize,
    retried: usize,
    dropped: usize,
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            gone: self.gone + other.gone,
            retried: self.retried + other.retried,
            dropped: self.dropped + other.dropped,
        }
    }
}

impl Tally {
    pub(crate) fn log(&self, requests: usize) {
        let Self {
            sent,
            gone,
            retried,
            dropped,
        } = *self;
        tracing::info!(requests, sent, gone, retried, dropped, "batch notified");
    }
}

pub(crate) async fn all(app: &App, deliveries: Vec<Delivery>, deadline: Instant) -> Tally {
    stream::iter(deliveries)
        .map(|delivery| one(app, delivery, deadline))
        .buffer_unordered(AT_ONCE)
        .fold(Tally::default(), async |all, one| all + one)
        .await
}

async fn one(app: &App, delivery: Delivery, deadline: Instant) -> Tally {
    let outcome = match Instant::now() < deadline {
        true => post(app, &delivery).await,
        false => Outcome::Retry { after: NO_TIME },
    };
    match outcome {
        Outcome::Accepted => {
            telemetry::count(Metric::NotificationsSent, 1);
            Tally {
                sent: 1,
                ..Tally::default()
            }
        }
        Outcome::Gone => {
            if let Err(error) = app.store.remove_gone_device(&delivery.device).await {
                tracing::warn!(error = %error, "could not remove a device that is gone");
            }
            Tally {
                gone: 1,
                ..Tally::default()
            }
        }
        Outcome::Retry { after } => retry(app, delivery, after).await,
        Outcome::Refused(status) => {
            tracing::warn!(status, "push service refused a notification");
            Tally {
                dropped: 1,
                ..Tally::default()
            }
        }
    }
}

/// Posts to the endpoint of a device, which is checked again: the allowed hosts may have
/// changed since it was registered.
async fn post(app: &App, delivery: &Delivery) -> Outcome {
    let device = &delivery.device;
    let endpoint = app.hosts.endpoint(&device.endpoint);
    let keys = Keys::parse(&device.p256dh, &device.auth);
    let (Some(endpoint), Ok(keys)) = (endpoint, keys) else {
        return Outcome::Gone;
    };
    let push = Push {
        endpoint: &endpoint,
        keys: &keys,
        plaintext: &delivery.plaintext,
        topic: &app.client.topic(&device.id, &delivery.room),
        urgency: delivery.urgency,
        ttl: delivery.ttl,
    };
    app.client.send(&push, lambda::now()).await
}

async fn retry(app: &App, delivery: Delivery, after: Duration) -> Tally {
    let attempt = delivery.attempt + 1;
    let mut tally = Tally::default();
    if attempt > ATTEMPTS {
        tally.dropped = 1;
        return tally;
    }
    let job = Job {
        room: delivery.room,
        seq: delivery.seq,
        retry: Some(Retry {
            device: delivery.device.id,
            attempt,
        }),
    };
    match app.queue.retry_push(&job, after, lambda::now()).await {
        Ok(()) => tally.retried = 1,
        Err(error) => {
            tracing::warn!(error = %error, "could not repeat a notification");
            tally.dropped = 1;
        }
    }
    tally
}
