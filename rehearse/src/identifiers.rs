//! Random identifiers in the shapes that AWS gives them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
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
    random::<N>().iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A random UUID (version 4), as Lambda numbers invocations.
pub fn uuid() -> String {
    let mut digits = hex::<16>();
    digits.replace_range(12..13, "4");
    digits.replace_range(16..17, "a");
    for at in [8, 13, 18, 23] {
        digits.insert(at, '-');
    }
    digits
}

/// As API Gateway numbers requests: `LV7fzho-PHcEJPw=`.
pub fn request_id() -> String {
    URL_SAFE.encode(random::<11>())
}

/// As X-Ray numbers traces: `Root=1-5e9f0c65-1de4d666d4dd26aced652b6c`.
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
