//! Random identifiers in the shapes that AWS gives them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};

/// Unpredictable bytes.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system's random numbers do not run out");
    bytes
}

/// `N` random bytes as lower-case hexadecimal digits.
pub fn hex<const N: usize>() -> String {
    HEXLOWER.encode(&random::<N>())
}

/// A random UUID (version 4), the form of Lambda's request ids.
pub fn uuid() -> String {
    let id = uuid::Builder::from_random_bytes(random()).into_uuid();
    id.to_string()
}

/// As API Gateway numbers requests: `LV7fzho-PHcEJPw=`.
pub fn request_id() -> String {
    URL_SAFE.encode(random::<11>())
}

/// As X-Ray numbers traces: `Root=1-5e9f0c65-1de4d666d4dd26aced652b6c`.
pub fn new_trace_root() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    trace_root(now.unwrap_or_default().as_secs())
}

/// The same for a given time.
pub fn trace_root(unix_seconds: u64) -> String {
    format!("Root=1-{unix_seconds:08x}-{}", hex::<12>())
}

/// `N` letters and digits of `alphabet`, which has 32 or 64 of them.
pub fn code<const N: usize>(alphabet: &[u8]) -> String {
    let bytes = random::<N>();
    bytes
        .iter()
        .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]))
        .collect()
}
