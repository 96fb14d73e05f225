//! A push service (RFC 8030) with its subscriptions. It decrypts what it receives, as a
//! browser would, with an implementation of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, bail, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{NonZeroScalar, PublicKey, SecretKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{aead, hkdf, signature};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The largest message that every push service accepts.
const MESSAGE_BYTES: usize = 4_096;

/// One notification as it was received.
#[derive(Debug, Clone)]
pub struct Push {
    pub content: Value,
    pub topic: String,
    pub urgency: String,
    pub ttl: u64,
    /// The size of the encrypted message.
    pub bytes: usize,
    /// The `sub` of the sender's token.
    pub subject: String,
    /// The sender's public key.
    pub sender: String,
}

/// What a browser knows of its subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    id: String,
    endpoint: String,
    p256dh: String,
    auth: String,
}

impl Subscription {
    /// The body of `POST /api/devices`.
    pub fn registration(&self, name: &str) -> Value {
        json!({
            "endpoint": self.endpoint,
            "keys": {"p256dh": self.p256dh, "auth": self.auth},
            "name": name,
        })
    }
}

struct Subscribed {
    key: SecretKey,
    auth: [u8; 16],
    /// Answers to the next requests.
    answers: VecDeque<(StatusCode, Option<u64>)>,
    requests: usize,
    /// In order; a later push replaces an earlier one of its topic.
    waiting: Vec<Push>,
}

#[derive(Default)]
struct Service {
    origin: String,
    subscriptions: BTreeMap<String, Subscribed>,
    /// What was wrong with requests.
    faults: Vec<String>,
}

type Shared = Arc<Mutex<Service>>;

pub struct PushService {
    origin: String,
    service: Shared,
    server: JoinHandle<()>,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl PushService {
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let service = Shared::default();
        service
            .lock()
            .expect("no one has it yet")
            .origin
            .clone_from(&origin);
        let app = Router::new()
            .route("/push/{id}", post(receive))
            .with_state(Arc::clone(&service));
        let server = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("it can accept");
        });
        Ok(Self {
            origin,
            service,
            server,
        })
    }

    /// As the parameter `PushHosts` names it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn subscribe(&self) -> Subscription {
        let mut random = [0; 32];
        SystemRandom::new()
            .fill(&mut random)
            .expect("there is randomness");
        let key = SecretKey::from_slice(&random).expect("almost every number is a key");
        let mut auth = [0; 16];
        SystemRandom::new()
            .fill(&mut auth)
            .expect("there is randomness");
        let mut service = self.lock();
        let id = format!("s{}", service.subscriptions.len());
        let subscription = Subscription {
            endpoint: format!("{}/push/{id}", self.origin),
            p256dh: URL_SAFE_NO_PAD.encode(key.public_key().to_sec1_point(false).as_bytes()),
            auth: URL_SAFE_NO_PAD.encode(auth),
            id: id.clone(),
        };
        let subscribed = Subscribed {
            key,
            auth,
            answers: VecDeque::new(),
            requests: 0,
            waiting: Vec::new(),
        };
        service.subscriptions.insert(id, subscribed);
        subscription
    }

    /// Answers a later request for a subscription with a status, and the time to wait.
    pub fn answer(&self, to: &Subscription, status: u16, retry_after: Option<u64>) {
        let status = StatusCode::from_u16(status).expect("it is a status");
        let mut service = self.lock();
        let found = service.subscriptions.get_mut(&to.id);
        let found = found.expect("it was made here");
        found.answers.push_back((status, retry_after));
    }

    /// The number of requests for a subscription.
    pub fn requests(&self, of: &Subscription) -> usize {
        self.lock().subscriptions[&of.id].requests
    }

    /// What waits for a device that is not connected.
    pub fn waiting(&self, of: &Subscription) -> Vec<Push> {
        self.lock().subscriptions[&of.id].waiting.clone()
    }

    /// What was wrong with the requests so far.
    pub fn faults(&self) -> Vec<String> {
        self.lock().faults.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Service> {
        self.service.lock().expect("no holder panics")
    }
}

async fn receive(
    State(service): State<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let mut service = service.lock().expect("no holder panics");
    let origin = service.origin.clone();
    let Some(subscribed) = service.subscriptions.get_mut(&id) else {
        return (StatusCode::NOT_FOUND, HeaderMap::new());
    };
    subscribed.requests += 1;
    let mut more = HeaderMap::new();
    if let Some((status, wait)) = subscribed.answers.pop_front() {
        if let Some(wait) = wait {
            more.insert("retry-after", wait.into());
        }
        return (status, more);
    }
    if body.len() > MESSAGE_BYTES {
        return (StatusCode::PAYLOAD_TOO_LARGE, more);
    }
    match read(subscribed, &origin, &headers, &body) {
        Ok(push) => {
            subscribed.waiting.retain(|one| one.topic != push.topic);
            subscribed.waiting.push(push);
            (StatusCode::CREATED, more)
        }
        Err(fault) => {
            service.faults.push(format!("{fault:#}"));
            (StatusCode::BAD_REQUEST, more)
        }
    }
}

fn read(
    subscribed: &Subscribed,
    origin: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> anyhow::Result<Push> {
    let header = |name: &str| {
        let value = headers.get(name).with_context(|| format!("no {name}"))?;
        anyhow::Ok(value.to_str()?.to_owned())
    };
    ensure!(header("content-encoding")? == "aes128gcm", "another coding");
    let topic = header("topic")?;
    ensure!(topic.len() <= 32, "a topic has at most 32 characters");
    let (subject, sender) = authorized(&header("authorization")?, origin)?;
    let plaintext = decrypt(subscribed, body)?;
    Ok(Push {
        content: serde_json::from_slice(&plaintext)?,
        topic,
        urgency: header("urgency")?,
        ttl: header("ttl")?.parse()?,
        bytes: body.len(),
        subject,
        sender,
    })
}

/// Checks the sender's token (RFC 8292); returns its subject and the public key.
fn authorized(value: &str, origin: &str) -> anyhow::Result<(String, String)> {
    let parts = value.strip_prefix("vapid t=").context("no vapid")?;
    let (token, public) = parts.split_once(", k=").context("no key")?;
    let (signed, signed_with) = token.rsplit_once('.').context("no signature")?;
    let key = URL_SAFE_NO_PAD.decode(public)?;
    signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signed_with)?)
        .ok()
        .context("the signature is wrong")?;
    let (_, claims) = signed.split_once('.').context("no claims")?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    ensure!(claims["aud"] == origin, "for another service: {claims}");
    let now = std::time::UNIX_EPOCH.elapsed()?.as_secs();
    let expires = claims["exp"].as_u64().context("no expiry")?;
    ensure!(
        (now..now + 86_400).contains(&expires),
        "expires at {expires}"
    );
    let subject = claims["sub"].as_str().context("no subject")?;
    Ok((subject.to_owned(), public.to_owned()))
}

/// Decrypts a message (RFC 8291) and removes its padding.
fn decrypt(subscribed: &Subscribed, message: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (salt, rest) = message.split_at_checked(16).context("no salt")?;
    let (length, rest) = rest.split_at_checked(5).context("no length")?;
    let (sender, content) = rest
        .split_at_checked(usize::from(length[4]))
        .context("no key")?;
    let public = PublicKey::from_sec1_bytes(sender)?;
    let own: NonZeroScalar = subscribed.key.to_nonzero_scalar();
    let shared = (public.to_projective() * *own).to_affine();
    let shared = shared.to_sec1_point(false);
    let secret = shared.x().context("the shared secret is a point")?;

    let receiver = subscribed.key.public_key().to_sec1_point(false);
    let info = [b"WebPush: info\0", receiver.as_bytes(), sender].concat();
    let ikm = derive(&subscribed.auth, secret, &info, 32)?;
    let key = derive(salt, &ikm, b"Content-Encoding: aes128gcm\0", 16)?;
    let nonce = derive(salt, &ikm, b"Content-Encoding: nonce\0", 12)?;
    let key = aead::UnboundKey::new(&aead::AES_128_GCM, &key).ok();
    let key = aead::LessSafeKey::new(key.context("16 bytes are a key")?);
    let nonce = aead::Nonce::try_assume_unique_for_key(&nonce).ok();
    let mut content = content.to_vec();
    let plaintext = key
        .open_in_place(
            nonce.context("12 bytes are a nonce")?,
            aead::Aad::empty(),
            &mut content,
        )
        .ok()
        .context("it was encrypted otherwise")?;
    let end = plaintext.iter().rposition(|byte| *byte != 0);
    match end.map(|end| (end, plaintext[end])) {
        Some((end, 2)) => Ok(plaintext[..end].to_vec()),
        other => bail!("ends with {other:?} and not with a delimiter"),
    }
}

fn derive(salt: &[u8], secret: &[u8], info: &[u8], length: usize) -> anyhow::Result<Vec<u8>> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut output = vec![0; length];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(&[info], Length(length))
        .and_then(|okm| okm.fill(&mut output))
        .ok()
        .context("the length is one")?;
    Ok(output)
}
