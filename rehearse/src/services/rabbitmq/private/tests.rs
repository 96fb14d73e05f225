//! The private server in earnest: these start a RabbitMQ, some seconds each.
//!
//! The queue is declared one start before the kill: RabbitMQ 3.10 writes down the
//! name of a new quorum queue only after half a second, and one that is killed
//! before has a queue without a leader afterwards.

use std::process::{Command, Stdio};
use std::time::Duration;

use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::{AMQPUri, AMQPUserInfo};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::time::timeout;

use crate::services::broker_options::BrokerOptions;
use crate::services::rabbitmq::RabbitMq;

fn at(url: &str) -> BrokerOptions<'_> {
    BrokerOptions {
        url: Some(url),
        ..BrokerOptions::default()
    }
}

async fn channel(broker: &RabbitMq) -> (Connection, Channel) {
    let mut uri: AMQPUri = broker.endpoint().parse().expect("an endpoint");
    uri.authority.userinfo = AMQPUserInfo {
        username: broker.username().to_owned(),
        password: broker.password().to_owned(),
    };
    loop {
        let connecting = async {
            let properties = ConnectionProperties::default();
            let connection = Connection::connect_uri(uri.clone(), properties).await?;
            let channel = connection.create_channel().await?;
            Ok::<_, lapin::Error>((connection, channel))
        };
        // lapin may wait forever for a server that was killed while it responded.
        if let Ok(Ok(connected)) = timeout(Duration::from_secs(5), connecting).await {
            return connected;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn publish_durably(channel: &Channel, text: &[u8]) {
    let mut quorum = FieldTable::default();
    quorum.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare("kept".into(), durable, quorum)
        .await
        .expect("declared");
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .expect("confirms");
    let mandatory = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default().with_delivery_mode(2);
    let confirmation = channel
        .basic_publish("".into(), "kept".into(), mandatory, text, properties)
        .await
        .expect("published")
        .await
        .expect("confirmed");
    assert!(confirmation.is_ack());
}

async fn get(channel: &Channel) -> Option<BasicGetMessage> {
    channel
        .basic_get("kept".into(), BasicGetOptions { no_ack: true })
        .await
        .expect("the queue answers")
}

fn kill_9(data: &std::path::Path) {
    let id = std::fs::read_to_string(data.join("rabbitmq/pid")).expect("its process id");
    let killed = Command::new("sh")
        .args(["-c", &format!("kill -9 {}", id.trim())])
        .stderr(Stdio::null())
        .status();
    assert!(killed.expect("a shell").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_broker_keeps_its_messages_over_kill_9_and_over_restarts() {
    let data = tempfile::tempdir().expect("a folder");
    let start = || {
        RabbitMq::start(
            BrokerOptions::default(),
            data.path(),
            "admin",
            "secret.of-this_run",
        )
    };
    let broker = start().await.expect("it starts");
    let (_connection, first) = channel(&broker).await;
    publish_durably(&first, b"one").await;
    broker.stop().await;
    assert!(!data.path().join("rabbitmq/pid").exists());

    let broker = start().await.expect("it starts again");
    let (_connection, second) = channel(&broker).await;
    publish_durably(&second, b"two").await;
    kill_9(data.path());
    let (_connection, third) = channel(&broker).await;
    assert_eq!(get(&third).await.expect("kept").data, b"one");
    assert_eq!(get(&third).await.expect("kept").data, b"two");
    assert!(get(&third).await.is_none());
    broker.stop().await;

    let other = RabbitMq::start(BrokerOptions::default(), data.path(), "admin", "another").await;
    let error = format!("{:#}", other.err().expect("the login is another"));
    assert!(error.contains("remove that folder"), "{error}");
}

#[tokio::test]
async fn an_unavailable_configured_broker_is_an_error_without_the_password() {
    let url = "amqp://user:hush@127.0.0.1:1/%2f";
    let error = RabbitMq::start(at(url), std::path::Path::new("."), "", "")
        .await
        .err();
    let error = format!("{:#}", error.expect("no server listens there"));
    assert!(
        error.contains("amqp://127.0.0.1:1") && !error.contains("hush"),
        "{error}"
    );

    let error = RabbitMq::start(at("hush"), std::path::Path::new("."), "", "")
        .await
        .err();
    let error = format!("{:#}", error.expect("it is no URL"));
    assert!(
        error.contains("RABBITMQ_URL") && !error.contains("hush"),
        "{error}"
    );
}
