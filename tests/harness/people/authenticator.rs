//! A software authenticator: creates passkeys and signs with them as WebAuthn
//! specifies. It can also produce invalid assertions.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// An authenticator with its browser.
#[derive(Clone)]
pub struct Authenticator {
    /// The page's origin, as reported by the browser.
    pub origin: String,
    pub site: String,
    /// Whether it verifies its user, by biometrics or a PIN.
    pub verifies: bool,
    pub counter: u32,
    credential: Vec<u8>,
    private_key: Vec<u8>,
    user: String,
}

impl Authenticator {
    /// An authenticator without a passkey, in a browser at `origin`.
    pub fn new(origin: &str) -> Self {
        let host = origin.split("://").nth(1).unwrap_or_default();
        Self {
            origin: origin.to_owned(),
            site: host.split(':').next().unwrap_or_default().to_owned(),
            verifies: true,
            counter: 1,
            credential: random(),
            private_key: new_key(),
            user: String::new(),
        }
    }

    /// The same passkey with an unregistered key.
    #[must_use]
    pub fn with_another_key(&self) -> Self {
        Self {
            private_key: new_key(),
            ..self.clone()
        }
    }

    /// The same key under an unregistered id.
    #[must_use]
    pub fn with_another_id(&self) -> Self {
        Self {
            credential: random(),
            ..self.clone()
        }
    }

    /// The same passkey with the user handle of another user.
    #[must_use]
    pub fn of(&self, user: &str) -> Self {
        Self {
            user: user.to_owned(),
            ..self.clone()
        }
    }

    /// The result of `navigator.credentials.create`.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user = text(options, "/user/id");
        let client_data = self.client_data("webauthn.create", &text(options, "/challenge"));
        let mut data = self.data(HAS_KEY);
        data.extend([0; 16]);
        let length = u16::try_from(self.credential.len()).expect("ids are short");
        data.extend(length.to_be_bytes());
        data.extend(&self.credential);
        data.extend(self.cose_key());
        // {fmt: "none", attStmt: {}, authData: …}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).expect("it has a short id"));
        attestation.extend(&data);
        json!({
            "id": encoded(&self.credential),
            "rawId": encoded(&self.credential),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": encoded(&client_data),
                "attestationObject": encoded(&attestation),
                "authenticatorData": encoded(&data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal"],
            },
            "clientExtensionResults": {"credProps": {"rk": true}},
        })
    }

    /// The result of `navigator.credentials.get`.
    pub fn get(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", &text(options, "/challenge"));
        if self.counter > 0 {
            self.counter += 1;
        }
        let data = self.data(0);
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key().sign(&SystemRandom::new(), &signed);
        let signature = signature.expect("a key signs");
        json!({
            "id": encoded(&self.credential),
            "rawId": encoded(&self.credential),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": encoded(&client_data),
                "authenticatorData": encoded(&data),
                "signature": encoded(signature.as_ref()),
                "userHandle": self.user,
            },
            "clientExtensionResults": {},
        })
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let data = json!({
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = digest(&SHA256, self.site.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// {1: 2, 3: -7, -1: 1, -2: x, -3: y}: a P-256 key for ES256.
    fn cose_key(&self) -> Vec<u8> {
        let key = self.key();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let begin: &[u8] = &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32];
        [begin, x, &[0x22, 0x58, 32], y].concat()
    }

    fn key(&self) -> EcdsaKeyPair {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        EcdsaKeyPair::from_pkcs8(algorithm, &self.private_key, &SystemRandom::new())
            .expect("it was made here")
    }
}

fn new_key() -> Vec<u8> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
    key.expect("the machine has random bytes").as_ref().to_vec()
}

fn random() -> Vec<u8> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.expect("the machine has random bytes");
    bytes.to_vec()
}

fn encoded(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn text(value: &Value, pointer: &str) -> String {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("{pointer} is missing: {value}"))
        .to_owned()
}
