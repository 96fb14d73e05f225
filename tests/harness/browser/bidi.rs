//! WebDriver BiDi, for what Firefox's classic WebDriver cannot do: scripts that run
//! before the page's own, a viewport of any size, and requests that fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// The BiDi connection of a session.
pub(super) struct Bidi {
    commands: mpsc::UnboundedSender<Command>,
    /// The addresses whose requests fail: parts in their order, as `*a*b`.
    blocked: Arc<Mutex<Option<String>>>,
}

struct Command {
    method: &'static str,
    parameters: Value,
    result: oneshot::Sender<Value>,
}

impl Bidi {
    /// Connects to the address in the capability `webSocketUrl`.
    pub(super) async fn connect(url: &str) -> anyhow::Result<Self> {
        let authority = url
            .strip_prefix("ws://")
            .and_then(|rest| rest.split('/').next())
            .context("a WebSocket address")?;
        let stream = TcpStream::connect(authority).await?;
        let (socket, _) = client_async(url, stream).await?;
        let (commands, received) = mpsc::unbounded_channel();
        let blocked = Arc::<Mutex<Option<String>>>::default();
        tokio::spawn(serve(socket, received, Arc::clone(&blocked)));
        Ok(Self { commands, blocked })
    }

    pub(super) async fn call(
        &self,
        method: &'static str,
        parameters: Value,
    ) -> anyhow::Result<Value> {
        let (result, response) = oneshot::channel();
        let command = Command {
            method,
            parameters,
            result,
        };
        self.commands
            .send(command)
            .map_err(|_| anyhow::anyhow!("the browser has gone"))?;
        let response = response.await.context("the browser has gone")?;
        if response["type"] == "error" {
            bail!("{method}: {}", response["message"]);
        }
        Ok(response["result"].clone())
    }

    /// From now on requests to such addresses fail, and no others.
    pub(super) async fn block(&self, addresses: &str) -> anyhow::Result<()> {
        let before = self.replace_blocked(addresses.to_owned());
        if before.is_none() {
            let events = json!({"events": ["network.beforeRequestSent"]});
            self.call("session.subscribe", events).await?;
            let phase = json!({"phases": ["beforeRequestSent"]});
            self.call("network.addIntercept", phase).await?;
            let bypass = json!({"cacheBehavior": "bypass"});
            self.call("network.setCacheBehavior", bypass).await?;
        }
        Ok(())
    }

    fn replace_blocked(&self, addresses: String) -> Option<String> {
        let mut blocked = self.blocked.lock().unwrap_or_else(|lock| lock.into_inner());
        blocked.replace(addresses)
    }
}

/// Sends commands, hands back their results, and decides about requests.
async fn serve(
    mut socket: WebSocketStream<TcpStream>,
    mut commands: mpsc::UnboundedReceiver<Command>,
    blocked: Arc<Mutex<Option<String>>>,
) {
    let mut waiting = BTreeMap::new();
    let mut number = 0_u64;
    loop {
        let (method, parameters) = tokio::select! {
            command = commands.recv() => match command {
                Some(Command { method, parameters, result }) => {
                    waiting.insert(number, result);
                    (method, parameters)
                }
                None => return,
            },
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                let Some(message) = parsed(&message) else { continue };
                if let Some(result) = message["id"].as_u64().and_then(|id| waiting.remove(&id)) {
                    let _ = result.send(message);
                    continue;
                }
                match decision(&message, &blocked) {
                    Some(decision) => decision,
                    None => continue,
                }
            }
        };
        let frame = json!({"id": number, "method": method, "params": parameters});
        number += 1;
        if socket.send(Message::text(frame.to_string())).await.is_err() {
            return;
        }
    }
}

fn parsed(message: &Message) -> Option<Value> {
    serde_json::from_str(message.to_text().ok()?).ok()
}

/// What becomes of an intercepted request.
fn decision(event: &Value, blocked: &Mutex<Option<String>>) -> Option<(&'static str, Value)> {
    let request = &event["params"]["request"];
    if event["params"]["isBlocked"] != true {
        return None;
    }
    let url = request["url"].as_str().unwrap_or_default();
    let blocked = blocked.lock().unwrap_or_else(|lock| lock.into_inner());
    let fails = blocked
        .as_ref()
        .is_some_and(|pattern| matches(pattern, url));
    let method = match fails {
        true => "network.failRequest",
        false => "network.continueRequest",
    };
    Some((method, json!({"request": request["request"]})))
}

/// Whether the parts of a pattern are in the address, in their order.
fn matches(pattern: &str, url: &str) -> bool {
    let mut rest = url;
    pattern.split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
