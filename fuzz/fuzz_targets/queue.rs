//! An event of the RabbitMQ mapping: raw, and with the input as the body of a
//! message, which may be a job.

#![no_main]

use std::time::SystemTime;

use queue::jobs::mail::Job;
use lambda::queue::{Batch, Event};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    if let Ok(event) = serde_json::from_slice::<Event>(data) {
        for message in Batch::new(event, SystemTime::now()).messages {
            assert!(!message.id.is_empty());
            let _ = message.number("banter-attempt");
        }
    }
    let text = String::from_utf8_lossy(data);
    let record = json!({"basicProperties": {"messageId": text}, "data": text});
    let event = json!({"rmqMessagesByQueue": {"mail::/": [record]}});
    let event: Event = serde_json::from_value(event).expect("it has the form");
    assert_eq!(Batch::new(event, SystemTime::now()).messages.len(), 1);

    if let Ok(job) = serde_json::from_slice::<Job>(data) {
        let parked = serde_json::to_string(&job.clone().without_code()).expect("plain data");
        let parked: Job = serde_json::from_str(&parked).expect("it was one before");
        assert_eq!(parked, job.without_code());
    }
});
