//! The event source mapping, against a private RabbitMQ of the runner.

use std::path::Path;
use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::Value;

use crate::support::{Runner, Start, eventually, is_alive, send};

const TEMPLATE: &str = r#"Transform: AWS::Serverless-2016-10-31
Metadata:
  Rehearse:
    Secrets:
      Login: rabbitmq
Parameters:
  Record:
    Type: String
Resources:
  Login:
    Type: AWS::SecretsManager::Secret
    Properties:
      GenerateSecretString:
        SecretStringTemplate: '{"username": "reader"}'
        GenerateStringKey: password
        ExcludePunctuation: true
  Broker:
    Type: AWS::AmazonMQ::Broker
    Properties:
      BrokerName: mail
      EngineType: RABBITMQ
      EngineVersion: "4.2"
      HostInstanceType: mq.m7g.medium
      DeploymentMode: SINGLE_INSTANCE
      PubliclyAccessible: true
      AutoMinorVersionUpgrade: true
      Users:
        - Username: !Sub "{{resolve:secretsmanager:${Login}:SecretString:username}}"
          Password: !Sub "{{resolve:secretsmanager:${Login}:SecretString:password}}"
  Reader:
    Type: AWS::Serverless::Function
    Metadata:
      BuildProperties:
        Binary: batch
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: .
      Timeout: 10
      Environment:
        Variables:
          RECORD: !Ref Record
      Events:
        Mail:
          Type: MQ
          Properties:
            Broker: !GetAtt Broker.Arn
            Queues: [letters]
            BatchSize: 3
            MaximumBatchingWindowInSeconds: 1
            DynamicPolicyName: true
            SourceAccessConfigurations:
              - Type: BASIC_AUTH
                URI: !Ref Login
"#;

async fn channel(runner: &Runner) -> Channel {
    let url = runner.ready["rabbitmq"].as_str().expect("a broker");
    let connection = loop {
        match Connection::connect(url, ConnectionProperties::default()).await {
            Ok(connection) => break connection,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let channel = connection.create_channel().await.expect("a channel");
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .expect("confirms");
    channel
}

async fn declare(channel: &Channel) -> u32 {
    let mut arguments = FieldTable::default();
    arguments.insert(
        "x-queue-type".into(),
        AMQPValue::LongString("quorum".into()),
    );
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel
        .queue_declare("letters".into(), options, arguments)
        .await;
    queue.expect("declared").message_count()
}

async fn publish(channel: &Channel, text: &str) {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = BasicProperties::default().with_delivery_mode(2);
    let published = channel.basic_publish(
        "".into(),
        "letters".into(),
        options,
        text.as_bytes(),
        properties,
    );
    let confirmation = published
        .await
        .expect("published")
        .await
        .expect("confirmed");
    assert!(confirmation.is_ack());
}

/// The messages of each batch so far.
fn batches(record: &Path) -> Vec<Vec<Value>> {
    let text = std::fs::read_to_string(record).unwrap_or_default();
    let whole = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    whole
        .map(|event| {
            assert_eq!(event["eventSource"], "aws:rmq");
            event["rmqMessagesByQueue"]["letters::/"]
                .as_array()
                .expect("messages")
                .clone()
        })
        .collect()
}

#[tokio::test]
async fn a_queue_is_read_in_batches_over_failures_and_outages() {
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record");
    let failing = folder.path().join("record.fail");
    let parameter = format!("Record={}", record.display());
    let runner = Start::text(TEMPLATE)
        .with(&["--parameter-overrides", &parameter])
        .writable(folder.path())
        .run();
    eventually("the missing queue is named", async || {
        runner
            .log()
            .contains("it does not exist in the virtual host /")
    })
    .await;

    let first = channel(&runner).await;
    declare(&first).await;
    for text in ["one", "two", "three", "four"] {
        publish(&first, text).await;
    }
    eventually("four messages are handled", async || {
        batches(&record).concat().len() == 4
    })
    .await;
    let handled = batches(&record);
    assert!(handled.iter().all(|batch| batch.len() <= 3), "{handled:?}");
    assert_eq!(handled.concat()[0]["data"], "b25l");
    assert_eq!(handled.concat()[0]["redelivered"], false);
    assert_eq!(handled.concat()[0]["basicProperties"]["deliveryMode"], 2);

    std::fs::write(&failing, "").expect("written");
    publish(&first, "five").await;
    eventually("a failed batch comes again", async || {
        batches(&record)
            .concat()
            .iter()
            .any(|message| message["redelivered"] == true)
    })
    .await;
    std::fs::remove_file(&failing).expect("removed");
    eventually("the queue is empty again", async || {
        declare(&first).await == 0
    })
    .await;

    let pid = std::fs::read_to_string(runner.folder.path().join("data/rabbitmq/pid"));
    let before = batches(&record).concat().len();
    send("KILL", pid.expect("its id").trim().parse().expect("an id"));
    let second = channel(&runner).await;
    publish(&second, "six").await;
    eventually("messages are handled after the outage", async || {
        batches(&record).concat()[before..]
            .iter()
            .any(|message| message["data"] == "c2l4")
    })
    .await;
    let log = runner.log();
    assert_eq!(
        log.matches("queue cannot be read, retrying").count(),
        2,
        "{log}"
    );
    assert_eq!(log.matches("queue is read again").count(), 2, "{log}");
}

#[tokio::test]
async fn a_killed_runner_takes_its_broker_along_and_the_next_one_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let record = folder.path().join("record");
    let failing = folder.path().join("record.fail");
    let parameter = format!("Record={}", record.display());
    let start = || {
        let start = Start::text(TEMPLATE).data(&data).writable(folder.path());
        start.with(&["--parameter-overrides", &parameter]).run()
    };
    std::fs::write(&failing, "").expect("written");
    let killed = start();
    let first = channel(&killed).await;
    declare(&first).await;
    publish(&first, "kept").await;
    eventually("the message is tried", async || {
        !batches(&record).is_empty()
    })
    .await;
    let pid = std::fs::read_to_string(data.join("rabbitmq/pid")).expect("its id");
    let pid: u32 = pid.trim().parse().expect("an id");
    killed.end("KILL");

    let again = start();
    assert!(!is_alive(pid), "the broker outlived its runner");
    let before = batches(&record).concat().len();
    std::fs::remove_file(&failing).expect("removed");
    eventually("the message is handled", async || {
        batches(&record).concat().len() > before
    })
    .await;
    let second = channel(&again).await;
    eventually("the queue is empty", async || declare(&second).await == 0).await;
}
