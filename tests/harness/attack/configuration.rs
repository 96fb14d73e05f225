//! Attacks with what the functions are configured with.

use std::fs;
use std::sync::Arc;

use lapin::options::{BasicGetOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};

use super::{Limit, Target};

/// Uses the broker's login of a function that only publishes.
pub(super) async fn stolen_broker_login(target: Arc<Target>) -> Vec<Limit> {
    target.attacker().login().await;
    let processes = target.stack.processes_of("login").await;
    let process = processes.first().expect("a process of the login function");
    let environment = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
    let environment = String::from_utf8_lossy(&environment);
    let variable = |name: &str| {
        let all = environment
            .split('\0')
            .filter_map(|pair| pair.split_once('='));
        let found = all.into_iter().find(|(key, _)| *key == name);
        found.map_or_else(|| panic!("the function has {name}"), |(_, value)| value)
    };
    let login: serde_json::Value =
        serde_json::from_str(variable("RABBITMQ_LOGIN")).expect("the login is JSON");
    let part = |key: &str| login[key].as_str().expect("it is a text");
    let url = format!(
        "amqp://{}:{}@{}/{}",
        part("username"),
        part("password"),
        variable("RABBITMQ_ENDPOINT").trim_start_matches("amqp://"),
        variable("RABBITMQ_VIRTUAL_HOST").replace('/', "%2F"),
    );
    target.set_in_effect();
    let mut permitted = 0;
    for name in ["read", "declare", "delete"] {
        // A refused operation closes its channel.
        let connection = Connection::connect(&url, ConnectionProperties::default()).await;
        let connection = connection.expect("the login connects");
        let channel = connection.create_channel().await.expect("a channel");
        permitted += usize::from(is_permitted(&channel, name).await);
    }
    vec![Limit::new("operations beyond publishing", permitted, 0)]
}

async fn is_permitted(channel: &Channel, name: &str) -> bool {
    match name {
        "read" => {
            let got = channel
                .basic_get("mail.dead".into(), BasicGetOptions::default())
                .await;
            got.is_ok()
        }
        "declare" => {
            let declared = channel
                .queue_declare(
                    "intruder".into(),
                    QueueDeclareOptions::default(),
                    FieldTable::default(),
                )
                .await;
            declared.is_ok()
        }
        _ => {
            let deleted = channel
                .queue_delete("intruder".into(), QueueDeleteOptions::default())
                .await;
            deleted.is_ok()
        }
    }
}
