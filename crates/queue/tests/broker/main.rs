//! The queue against a real RabbitMQ: the one that `BANTER_TEST_RABBITMQ_URL` names, if it
//! has no mail queues yet. They are made here and deleted at the end.

mod bench;
mod proxy;

use std::time::Duration;

use bench::{Bench, NOW, code};
use lapin::types::AMQPValue;
use proxy::Proxy;
use queue::jobs::mail::{DEAD_QUEUE, Job, QUEUE};
use queue::topology::{self, DeclareError};
use queue::{ATTEMPT_HEADER, FailedAttempt, PARKED_AT_HEADER, Queue, REASON_HEADER, Retried};

#[tokio::test]
async fn a_published_job_is_on_the_queue_as_the_contract_has_it() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let queue = Queue::connect(bench.settings()).await;
    queue.publish("c-1", &code("c-1"), NOW).await.unwrap();
    let message = bench.take(QUEUE).await;
    let body: serde_json::Value = serde_json::from_slice(&message.data).unwrap();
    assert_eq!(body["type"], "send_otp");
    assert_eq!(body["otp"], "12345678");
    let properties = &message.properties;
    assert_eq!(*properties.delivery_mode(), Some(2));
    assert_eq!(*properties.priority(), Some(0));
    let id = properties.message_id().as_ref().map(ToString::to_string);
    assert_eq!(id.as_deref(), Some("c-1"));
    let expiration = properties.expiration().as_ref().map(ToString::to_string);
    assert_eq!(expiration.as_deref(), Some("300000"));
    bench.end().await;
}

#[tokio::test]
async fn many_tasks_may_publish_at_once() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let queue = Queue::connect(bench.settings()).await;
    let publishes = (0..50).map(|n| {
        let queue = &queue;
        async move {
            queue
                .publish(&format!("n-{n}"), &Job::Nothing {}, NOW)
                .await
        }
    });
    for published in futures_util::future::join_all(publishes).await {
        published.unwrap();
    }
    assert_eq!(bench.count(QUEUE).await, 50);
    bench.end().await;
}

#[tokio::test]
async fn a_job_that_no_queue_takes_is_unavailable_and_the_next_one_is_not() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let queue = Queue::connect(bench.settings()).await;
    bench.delete(QUEUE).await;
    let refused = queue.publish("c", &code("c"), NOW).await.unwrap_err();
    assert!(refused.to_string().contains("does not exist"), "{refused}");
    topology::declare(&bench.settings()).await.unwrap();
    queue.publish("c", &code("c"), NOW).await.unwrap();
    bench.end().await;
}

#[tokio::test]
async fn a_connection_that_broke_is_opened_again_within_the_same_publish() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let proxy = Proxy::start(bench.address()).await;
    let queue = Queue::connect(bench.settings_through(&proxy)).await;
    queue.publish("a", &code("a"), NOW).await.unwrap();
    proxy.cut().await;
    queue.publish("b", &code("b"), NOW).await.unwrap();
    proxy.freeze().await;
    queue.publish("c", &code("c"), NOW).await.unwrap();
    assert_eq!(bench.count(QUEUE).await, 3);
    bench.end().await;
}

#[tokio::test]
async fn an_unavailable_broker_fails_no_init_and_is_found_once_it_is_back() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let proxy = Proxy::start(bench.address()).await;
    proxy.refuse(true).await;
    let queue = Queue::connect(bench.settings_through(&proxy)).await;
    assert!(queue.publish("a", &code("a"), NOW).await.is_err());
    proxy.refuse(false).await;
    queue.publish("a", &code("a"), NOW).await.unwrap();
    bench.end().await;
}

fn second() -> FailedAttempt {
    FailedAttempt {
        count: 2,
        trace: None,
    }
}

#[tokio::test]
async fn a_delayed_job_returns_with_its_count_and_its_id() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let queue = Queue::connect(bench.settings()).await;
    let retried = queue.retry("c", &code("c"), &second(), NOW).await.unwrap();
    assert_eq!(retried, Retried::In(Duration::from_secs(5)));
    let back = bench.take(QUEUE).await;
    let headers = back.properties.headers().clone().unwrap();
    assert_eq!(
        headers.inner().get(ATTEMPT_HEADER),
        Some(&AMQPValue::LongLongInt(2))
    );
    let id = back
        .properties
        .message_id()
        .as_ref()
        .map(ToString::to_string);
    assert_eq!(id.as_deref(), Some("c"));
    let dying = queue
        .retry("c", &code("c"), &second(), NOW + Duration::from_secs(296))
        .await;
    assert_eq!(dying.unwrap(), Retried::Exhausted);
    bench.end().await;
}

#[tokio::test]
async fn a_parked_job_has_its_reason_and_no_code() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let queue = Queue::connect(bench.settings()).await;
    queue.park("c", code("c"), "550", NOW).await.unwrap();
    let dead = bench.take(DEAD_QUEUE).await;
    assert!(!String::from_utf8_lossy(&dead.data).contains("12345678"));
    let headers = dead.properties.headers().clone().unwrap();
    assert_eq!(
        headers.inner().get(REASON_HEADER),
        Some(&AMQPValue::LongString("550".into()))
    );
    assert_eq!(
        headers.inner().get(PARKED_AT_HEADER),
        Some(&AMQPValue::LongLongInt(NOW.as_millis()))
    );
    bench.end().await;
}

#[tokio::test]
async fn a_code_that_is_not_consumed_in_time_is_dead_lettered() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let queue = Queue::connect(bench.settings()).await;
    queue
        .publish("c", &code("c"), NOW + Duration::from_millis(299_500))
        .await
        .unwrap();
    let dead = bench.take(DEAD_QUEUE).await;
    assert!(!dead.data.is_empty());
    bench.end().await;
}

#[tokio::test]
async fn declaring_again_changes_nothing_and_a_queue_of_another_kind_is_named() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    topology::declare(&bench.settings()).await.unwrap();
    bench.delete(DEAD_QUEUE).await;
    bench.declare_classic(DEAD_QUEUE).await;
    let error = topology::declare(&bench.settings()).await.unwrap_err();
    assert!(matches!(error, DeclareError::Differs(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains("the queue mail.dead exists"), "{text}");
    bench.end().await;
}

#[tokio::test]
async fn a_wrong_login_is_reported_without_the_password() {
    let Some(bench) = Bench::start().await else {
        return;
    };
    let mut settings = bench.settings();
    settings.password = "surely-not-this-one".to_owned();
    let error = topology::declare(&settings).await.unwrap_err();
    assert!(matches!(error, DeclareError::Unavailable(_)), "{error}");
    assert!(!error.to_string().contains("surely-not"), "{error}");
    bench.end().await;
}
