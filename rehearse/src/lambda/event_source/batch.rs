//! Gathers messages into batches: full, large enough, or late enough.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::Consumer;
use lapin::message::Delivery;
use lapin::types::DeliveryTag;
use tokio::time::Instant;

use super::{ConnectionError, event};
use sam_template::application::MqMapping;

/// Messages that make one event.
pub struct Batch {
    /// Each as the JSON of its place in the event.
    pub records: Vec<Vec<u8>>,
    /// The last of them; none if there are no records.
    pub last_delivery_tag: Option<DeliveryTag>,
    /// Messages that fit into no event.
    pub too_large: Vec<Delivery>,
}

/// The batches of one consumer.
pub struct Batches {
    consumer: Consumer,
    size: usize,
    window: Duration,
    record_bytes: usize,
    /// Did not fit into the batch before.
    held_over: Option<(Vec<u8>, DeliveryTag)>,
}

impl Batches {
    /// Batches as `mapping` wants them.
    pub fn new(consumer: Consumer, mapping: &MqMapping) -> Self {
        Self {
            consumer,
            size: mapping.batch_size.into(),
            window: mapping.window,
            record_bytes: event::record_bytes(mapping),
            held_over: None,
        }
    }

    /// Waits for a first message, and then until the batch is full or its
    /// window is over.
    pub async fn next(&mut self) -> Result<Batch, ConnectionError> {
        let mut batch = Batch {
            records: Vec::new(),
            last_delivery_tag: None,
            too_large: Vec::new(),
        };
        let mut bytes = 0;
        if let Some((record, tag)) = self.held_over.take() {
            bytes = record.len();
            batch.add(record, tag);
        }
        let mut closes = (!batch.records.is_empty()).then(|| Instant::now() + self.window);
        while batch.records.len() < self.size {
            let Some(delivery) = self.delivery(closes).await? else {
                break;
            };
            closes.get_or_insert_with(|| Instant::now() + self.window);
            let record = event::record(&delivery);
            if record.len() > self.record_bytes {
                batch.too_large.push(delivery);
            } else if bytes + 1 + record.len() > self.record_bytes {
                self.held_over = Some((record, delivery.delivery_tag));
                break;
            } else {
                bytes += 1 + record.len();
                batch.add(record, delivery.delivery_tag);
            }
        }
        Ok(batch)
    }

    /// The next message, or none once the batch closes.
    async fn delivery(
        &mut self,
        closes: Option<Instant>,
    ) -> Result<Option<Delivery>, ConnectionError> {
        let next = self.consumer.next();
        let delivery = match closes {
            None => next.await,
            Some(closes) => match tokio::time::timeout_at(closes, next).await {
                Err(_) => return Ok(None),
                Ok(delivery) => delivery,
            },
        };
        match delivery {
            None => Err(ConnectionError::Cancelled),
            Some(delivery) => Ok(Some(delivery?)),
        }
    }
}

impl Batch {
    fn add(&mut self, record: Vec<u8>, tag: DeliveryTag) {
        self.records.push(record);
        self.last_delivery_tag = Some(tag);
    }
}
