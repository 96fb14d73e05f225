//! The event source mapping of Amazon MQ for RabbitMQ: reads one queue and
//! invokes one function with batches, one at a time.
//!
//! A batch is acknowledged as a whole when its function answers, and goes back
//! to the queue as a whole when it fails: there are no partial answers here.
//! Like Lambda it declares nothing; the queue must exist.

mod batch;
mod event;

use std::time::Duration;

use bytes::Bytes;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::{AMQPUri, AMQPUserInfo};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::lambda::invoker::{InvokeError, Invoker};
use batch::{Batch, Batches};
use sam_template::application::MqMapping;

/// The first and the longest pause between attempts to reach the broker.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// How long one attempt to reach the broker may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first and the longest pause of a batch whose function is throttled.
const THROTTLED_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Seconds between heartbeats, so that a broker that hangs is noticed.
const HEARTBEAT: u16 = 10;

/// The event of one message that has not been delivered before.
pub fn example(mapping: &MqMapping, message: &[u8]) -> Bytes {
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(2);
    let record = event::record_of(&properties, false, message);
    event::payload(mapping, &[record])
}

/// Reads `mapping`'s queue on `endpoint` (`amqp://host:port`, no login) until
/// `stop` turns true, and invokes its function with batches.
pub fn start(
    mapping: MqMapping,
    endpoint: String,
    invoker: Invoker,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let source = Source {
        mapping,
        endpoint,
        invoker,
    };
    tokio::spawn(source.run(stop))
}

struct Source {
    mapping: MqMapping,
    endpoint: String,
    invoker: Invoker,
}

/// Why reading ended.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("the endpoint {0} is not an AMQP address")]
    Endpoint(String),
    #[error("a queue's name has at most 255 bytes")]
    QueueName,
    #[error("it does not exist in the virtual host {0}: declare it, for Lambda does not")]
    QueueMissing(String),
    #[error("the broker did not answer within {} s", PATIENCE.as_secs())]
    Silent,
    #[error("the broker ended the consumer")]
    Cancelled,
    #[error("{0}")]
    Broker(#[from] lapin::Error),
}

impl Source {
    /// Reads until `stop`, reconnecting after outages. The beginning and the end
    /// of an outage are logged once each.
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut is_reported = false;
        let mut pause = PAUSES.0;
        while let Err(error) = self.session(&mut stop, &mut is_reported).await {
            if !is_reported {
                is_reported = true;
                pause = PAUSES.0;
                tracing::warn!(
                    queue = self.mapping.queue,
                    function = self.mapping.function,
                    endpoint = self.endpoint,
                    %error,
                    "queue cannot be read, retrying"
                );
            }
            tokio::select! {
                () = stopped(&mut stop) => return,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSES.1),
            }
        }
    }

    /// One connection to the broker, until it is lost or the word is to stop.
    async fn session(
        &self,
        stop: &mut watch::Receiver<bool>,
        is_reported: &mut bool,
    ) -> Result<(), ConnectionError> {
        let opened = tokio::select! {
            () = stopped(stop) => return Ok(()),
            opened = tokio::time::timeout(PATIENCE, self.open()) => opened,
        };
        let (connection, channel, consumer) = opened.map_err(|_| ConnectionError::Silent)??;
        if std::mem::take(is_reported) {
            tracing::info!(queue = self.mapping.queue, "queue is read again");
        }
        self.read(&channel, consumer, stop).await?;
        let closed = connection.close(200, "the event source stops".into()).await;
        closed.or(Ok(()))
    }

    async fn open(&self) -> Result<(Connection, Channel, Consumer), ConnectionError> {
        let MqMapping {
            queue,
            virtual_host,
            username,
            password,
            batch_size,
            function,
            ..
        } = &self.mapping;
        let queue = ShortString::try_new(queue).map_err(|_| ConnectionError::QueueName)?;
        let mut uri: AMQPUri = self
            .endpoint
            .parse()
            .map_err(|_| ConnectionError::Endpoint(self.endpoint.clone()))?;
        uri.authority.userinfo = AMQPUserInfo {
            username: username.clone(),
            password: password.clone(),
        };
        uri.vhost.clone_from(virtual_host);
        uri.query.heartbeat = Some(HEARTBEAT);
        let properties = ConnectionProperties::default()
            .with_connection_name(format!("event source of {function}").into());
        let connection = Connection::connect_uri(uri, properties).await?;
        let channel = connection.create_channel().await?;
        channel
            .basic_qos(*batch_size, BasicQosOptions::default())
            .await?;
        let consumer = channel
            .basic_consume(
                queue,
                ShortString::default(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(|error| {
                if is_not_found(&error) {
                    ConnectionError::QueueMissing(virtual_host.clone())
                } else {
                    error.into()
                }
            })?;
        Ok((connection, channel, consumer))
    }

    /// Reads batches until `stop`.
    async fn read(
        &self,
        channel: &Channel,
        consumer: Consumer,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), ConnectionError> {
        let mut batches = Batches::new(consumer, &self.mapping);
        let mut failures: u64 = 0;
        loop {
            let batch = tokio::select! {
                biased;
                () = stopped(stop) => return Ok(()),
                batch = batches.next() => batch?,
            };
            for too_large in &batch.too_large {
                self.drop_message(too_large).await?;
            }
            let Some(last) = batch.last_delivery_tag else {
                continue;
            };
            match self.invoke(&batch, stop).await {
                Ok(()) => {
                    channel
                        .basic_ack(last, BasicAckOptions { multiple: true })
                        .await?;
                    failures = 0;
                }
                Err(error) => {
                    failures += 1;
                    // A batch that always fails is redelivered at once, so not every failure is logged.
                    if failures.is_power_of_two() {
                        tracing::warn!(
                            queue = self.mapping.queue, function = self.mapping.function,
                            messages = batch.records.len(), failures, %error,
                            "batch failed, returned to its queue"
                        );
                    }
                    let whole = BasicNackOptions {
                        multiple: true,
                        requeue: true,
                    };
                    channel.basic_nack(last, whole).await?;
                }
            }
        }
    }

    /// Invokes the function, however long it is throttled: that is not its failure.
    async fn invoke(
        &self,
        batch: &Batch,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), InvokeError> {
        let payload = event::payload(&self.mapping, &batch.records);
        let mut pause = THROTTLED_PAUSES.0;
        loop {
            let answer = self
                .invoker
                .invoke(&self.mapping.function, payload.clone())
                .await;
            if !matches!(answer, Err(InvokeError::Throttled)) || *stop.borrow() {
                return answer.map(|_| ());
            }
            tokio::select! {
                () = stopped(stop) => {}
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(THROTTLED_PAUSES.1),
            }
        }
    }

    /// A message that no event can hold is dropped, as Lambda does it.
    async fn drop_message(&self, delivery: &Delivery) -> Result<(), ConnectionError> {
        tracing::error!(
            queue = self.mapping.queue,
            bytes = delivery.data.len(),
            "message exceeds an event of 6 MB, dropped"
        );
        delivery.ack(BasicAckOptions::default()).await?;
        Ok(())
    }
}

/// Waits for the stop signal, or for its sender to be dropped.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// 404 of AMQP: what is named does not exist.
fn is_not_found(error: &lapin::Error) -> bool {
    use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
    matches!(
        error.kind(),
        lapin::ErrorKind::ProtocolError(error)
            if matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND))
    )
}
