//! A broker to try things on: queues made for one test, and looked into.

use std::io::Write;
use std::time::{Duration, Instant};

use domain::{Purpose, Timestamp};
use lapin::message::Delivery;
use lapin::options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use queue::Settings;
use queue::jobs::mail::{DEAD_QUEUE, Job, QUEUE};
use queue::topology::{self, DELAYS};
use tokio::sync::{Mutex, MutexGuard};

use crate::proxy::Proxy;

/// When the tests take place.
pub const NOW: Timestamp = Timestamp::from_secs(1_000);

/// Tests share the queues' names, hence they run one after the other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Bench {
    uri: AMQPUri,
    connection: Connection,
    _turn: MutexGuard<'static, ()>,
}

/// A code that dies five minutes after [`NOW`].
pub fn code(challenge: &str) -> Job {
    Job::SendOtp {
        email: "ann@example.com".into(),
        otp: "12345678".into(),
        purpose: Purpose::Login,
        challenge: challenge.into(),
        expires_at: NOW + Duration::from_mins(5),
        link: None,
    }
}

/// Shows a line although the test passes: the harness holds back only what is
/// printed by macros.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Bench {
    /// Fresh queues on the broker that `BANTER_TEST_RABBITMQ_URL` names, as `cargo xtask
    /// test` sets it. `None`, with a line on standard error, if it is not set.
    pub async fn start() -> Option<Self> {
        let turn = ONE_AT_A_TIME.lock().await;
        let Ok(url) = std::env::var("BANTER_TEST_RABBITMQ_URL") else {
            say("skipped: BANTER_TEST_RABBITMQ_URL is not set");
            return None;
        };
        let uri: AMQPUri = url
            .parse()
            .expect("BANTER_TEST_RABBITMQ_URL is an AMQP URL");
        let connection = Connection::connect_uri(uri.clone(), ConnectionProperties::default())
            .await
            .expect("the broker of BANTER_TEST_RABBITMQ_URL answers");
        let passive = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let channel = connection.create_channel().await.unwrap();
        if channel
            .queue_declare(QUEUE.into(), passive, FieldTable::default())
            .await
            .is_ok()
        {
            panic!("the broker of BANTER_TEST_RABBITMQ_URL has mail queues, which may be in use");
        }
        let bench = Self {
            uri,
            connection,
            _turn: turn,
        };
        topology::declare(&bench.settings()).await.unwrap();
        Some(bench)
    }

    pub fn address(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }

    pub fn settings(&self) -> Settings {
        Settings {
            endpoint: format!("amqp://{}", self.address()),
            authority: None,
            username: self.uri.authority.userinfo.username.clone(),
            password: self.uri.authority.userinfo.password.clone(),
            virtual_host: self.uri.vhost.clone(),
        }
    }

    pub fn settings_through(&self, proxy: &Proxy) -> Settings {
        Settings {
            endpoint: format!("amqp://{}", proxy.address()),
            ..self.settings()
        }
    }

    /// The next message of `queue`, once there is one.
    pub async fn take(&self, queue: &str) -> Delivery {
        let channel = self.channel().await;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let got = channel
                .basic_get(queue.into(), BasicGetOptions { no_ack: true })
                .await
                .unwrap();
            if let Some(message) = got {
                return message.delivery;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("nothing came to {queue} within {PATIENCE:?}");
    }

    /// How many messages can be taken from `queue`; takes them.
    pub async fn count(&self, queue: &str) -> usize {
        let channel = self.channel().await;
        let mut count = 0;
        while channel
            .basic_get(queue.into(), BasicGetOptions { no_ack: true })
            .await
            .unwrap()
            .is_some()
        {
            count += 1;
        }
        count
    }

    pub async fn delete(&self, queue: &str) {
        self.channel()
            .await
            .queue_delete(queue.into(), QueueDeleteOptions::default())
            .await
            .unwrap();
    }

    pub async fn declare_classic(&self, queue: &str) {
        self.channel()
            .await
            .queue_declare(
                queue.into(),
                QueueDeclareOptions::durable(),
                FieldTable::default(),
            )
            .await
            .unwrap();
    }

    pub async fn end(self) {
        for queue in DELAYS
            .iter()
            .map(|delay| delay.queue)
            .chain([QUEUE, DEAD_QUEUE])
        {
            self.delete(queue).await;
        }
    }

    async fn channel(&self) -> Channel {
        self.connection.create_channel().await.unwrap()
    }
}
