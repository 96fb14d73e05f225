//! The steps of `cargo xtask rotate`, with a conversation under way.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use e2e::people::{Device, Person, Socket, Visitor};
use e2e::stack::Stack;
use e2e::suite::Test;
use e2e::wait::{eventually, now};
use fastrand::Rng;
use rotation::{State, Step, Subject, change_login, plan, replace_half};
use tokio::task::JoinHandle;
use tokio::time::interval;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        the_pepper_is_rotated_while_people_talk,
        the_signing_key_is_rotated_while_people_talk,
        the_proof_of_cloudfront_is_rotated_while_people_talk,
        the_users_of_the_broker_are_rotated_while_people_talk,
    ]
}

/// Between two messages.
const PACE: Duration = Duration::from_millis(500);
/// A runner that restarts, and a client that reconnects.
const SETTLED: Duration = Duration::from_secs(90);

async fn the_pepper_is_rotated_while_people_talk(stack: Arc<Stack>) {
    rotate(&stack, Subject::Pepper).await;
}

async fn the_signing_key_is_rotated_while_people_talk(stack: Arc<Stack>) {
    rotate(&stack, Subject::Signing).await;
}

async fn the_proof_of_cloudfront_is_rotated_while_people_talk(stack: Arc<Stack>) {
    rotate(&stack, Subject::Viewer).await;
}

async fn the_users_of_the_broker_are_rotated_while_people_talk(stack: Arc<Stack>) {
    rotate(&stack, Subject::Broker).await;
}

/// No session ends, and no message or email is lost.
async fn rotate(stack: &Arc<Stack>, subject: Subject) {
    let (ann, bob) = Person::join_two(stack, ["Ann", "Bob"]).await;
    let room = ann.create_group("Tea", &[&bob]).await;
    let conversation = Conversation::start(ann.sign_in().await, &room);
    let mut deployment = Deployment::of(stack);
    for step in plan(subject, &deployment.state).expect("the stack can be rotated") {
        if deployment.take(step).await {
            assert!(ann.is_signed_in().await, "the token is refused");
            // A code is published, consumed and verified.
            Visitor::new(stack, "Cat").sign_up().await;
        }
    }
    ann.refresh(&ann.cookie).await.expect(200);
    let sent = conversation.finish().await;
    let texts: Vec<_> = bob
        .whole_history(&room)
        .await
        .iter()
        .filter_map(|message| message["text"].as_str().map(str::to_owned))
        .collect();
    assert!(sent > 0, "nothing was said");
    let expected: Vec<_> = (0..sent).map(text).collect();
    assert_eq!(texts, expected, "each message once, in its order");
}

fn text(number: usize) -> String {
    format!("message {number}")
}

/// The parameters of the last deployment by these tests, which share a stack.
static DEPLOYED: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The stack as CloudFormation and Secrets Manager know it.
struct Deployment<'s> {
    stack: &'s Stack,
    state: State,
    /// Secrets that were changed since the last deployment.
    changed: BTreeMap<String, String>,
}

impl<'s> Deployment<'s> {
    fn of(stack: &'s Stack) -> Self {
        let defaults = [
            ("PepperInUse", "first"),
            ("SigningSecretInUse", "first"),
            ("SecretsEpoch", "1"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut parameters = BTreeMap::from(defaults.map(owned));
        let deployed = DEPLOYED.lock().expect("no test panics while it is locked");
        parameters.extend(deployed.clone());
        Self {
            stack,
            state: State {
                parameters,
                secrets: stack.template_secrets(),
            },
            changed: BTreeMap::new(),
        }
    }

    fn secret(&self, id: &str) -> &str {
        let changed = self.changed.get(id);
        let text = changed.or_else(|| self.state.secrets.get(id));
        text.expect("the template has it")
    }

    async fn take(&mut self, step: Step) -> bool {
        match step {
            Step::ReplaceHalf { secret, half } => {
                let text = replace_half(self.secret(secret), half, &key(64));
                let text = text.expect("it has two halves");
                self.changed.insert(secret.to_owned(), text);
                false
            }
            Step::ChangeLogin { secret, change } => {
                let text = change_login(secret, self.secret(secret), change, &key(32));
                self.changed
                    .insert(secret.to_owned(), text.expect("it is a login"));
                false
            }
            Step::Update { parameters } => {
                for (name, value) in parameters {
                    self.state.parameters.insert(name.to_owned(), value);
                }
                let parameters = self.state.parameters.iter();
                let parameters: Vec<_> = parameters
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let parameters: Vec<_> = parameters.iter().map(String::as_str).collect();
                let changed = std::mem::take(&mut self.changed);
                let put = |secrets: &mut BTreeMap<String, String>| secrets.extend(changed);
                self.stack.kill_and_redeploy(&parameters, put).await;
                self.state.secrets = self.stack.template_secrets();
                let mut deployed = DEPLOYED.lock().expect("no test panics while it is locked");
                deployed.clone_from(&self.state.parameters);
                true
            }
        }
    }
}

fn key(length: usize) -> String {
    std::iter::repeat_with(fastrand::alphanumeric)
        .take(length)
        .collect()
}

/// A device that sends a message at every turn.
struct Conversation {
    device: Arc<Device>,
    sending: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    unsent: Arc<AtomicUsize>,
}

impl Conversation {
    fn start(person: Person, room: &str) -> Self {
        let unsent = Arc::new(AtomicUsize::new(0));
        let sent = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let looking = Arc::clone(&unsent);
        let device = Arc::new(Device::start(person, Rng::new(), move |chat| {
            looking.store(chat.unsent().len(), Ordering::Relaxed);
        }));
        let sending = tokio::spawn({
            let (device, sent, stop) = (device.clone(), sent.clone(), stop.clone());
            let room = room.to_owned();
            async move {
                let mut turns = interval(PACE);
                while !stop.load(Ordering::Relaxed) {
                    turns.tick().await;
                    let number = sent.load(Ordering::Relaxed);
                    let room = room.clone();
                    let is_sent = device.change(move |chat| {
                        let said = chat.send(&room, Socket::fresh_id(), &text(number), now());
                        // It fails until the device has loaded its rooms.
                        (said.is_ok(), said.unwrap_or_default())
                    });
                    if is_sent.await {
                        sent.store(number + 1, Ordering::Relaxed);
                    }
                }
            }
        });
        Self {
            device,
            sending,
            stop,
            sent,
            unsent,
        }
    }

    /// Waits until everything is acknowledged. Returns the number of messages.
    async fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.await.expect("sending does not panic");
        eventually("everything is acknowledged", SETTLED, async || {
            (self.unsent.load(Ordering::Relaxed) == 0).then_some(())
        })
        .await;
        drop(self.device);
        self.sent.load(Ordering::Relaxed)
    }
}
