//! An operator's connection to the stack's broker.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;
use lapin::options::{BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::options::{BasicNackOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::Value;

use super::runner::Ready;

static JOBS: AtomicU32 = AtomicU32::new(0);

pub struct Broker {
    // Dropping the connection closes its channels.
    _connection: Connection,
    channel: Channel,
}

/// A message in `mail.dead`.
#[derive(Debug)]
pub struct DeadLetter {
    /// The job, from which the service removes the code.
    pub job: String,
    /// The headers, which contain the reason.
    pub headers: String,
}

impl Broker {
    pub(super) async fn connect(ready: &Ready, _data: &Path) -> anyhow::Result<Self> {
        let connection = Connection::connect(&ready.rabbitmq, ConnectionProperties::default())
            .await
            .context("connecting to the broker")?;
        let channel = connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(Self {
            _connection: connection,
            channel,
        })
    }

    /// The number of messages in a queue.
    pub async fn waiting(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let declared = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default())
            .await;
        declared
            .unwrap_or_else(|error| panic!("the queue {queue}: {error}"))
            .message_count()
    }

    /// Publishes `body` to a queue under a new message id.
    pub async fn publish(&self, queue: &str, body: &[u8]) {
        let job = format!("job-{}", JOBS.fetch_add(1, Ordering::Relaxed));
        self.publish_as(&job, queue, body).await;
    }

    /// Publishes `body` to a queue under the message id `job`.
    pub async fn publish_as(&self, job: &str, queue: &str, body: &[u8]) {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = BasicProperties::default()
            .with_delivery_mode(2)
            .with_priority(0)
            .with_message_id(job.into());
        self.channel
            .basic_publish("".into(), queue.into(), options, body, properties)
            .await
            .expect("the broker accepts it")
            .await
            .expect("the broker confirms it");
    }

    /// The messages in `mail.dead`; they stay there.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        let mut held = Vec::new();
        loop {
            let next = self
                .channel
                .basic_get("mail.dead".into(), BasicGetOptions::default())
                .await
                .expect("the dead-letter queue can be read");
            match next {
                Some(message) => held.push(message),
                None => break,
            }
        }
        let mut mails = Vec::new();
        for message in held {
            mails.push(DeadLetter {
                job: String::from_utf8_lossy(&message.delivery.data).into_owned(),
                headers: format!("{:?}", message.delivery.properties.headers()),
            });
            let back = BasicNackOptions {
                requeue: true,
                ..BasicNackOptions::default()
            };
            message
                .delivery
                .acker
                .nack(back)
                .await
                .expect("it is requeued");
        }
        mails
    }
}

impl DeadLetter {
    /// A field of the job, when the job is JSON.
    pub fn field(&self, name: &str) -> Option<Value> {
        let job: Value = serde_json::from_str(&self.job).ok()?;
        job.get(name).cloned()
    }
}
