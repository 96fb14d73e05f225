//! Access tokens and refresh cookies: foreign ones are rejected, and so are
//! valid ones with one byte changed.

#![no_main]

use std::sync::LazyLock;

use crypto::{Pepper, RefreshToken, Signer, Verifier};
use domain::Timestamp;
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://chat.example.com";

static KEYS: LazyLock<(Verifier, String, Pepper, String)> = LazyLock::new(|| {
    let signer = Signer::new("a secret of more than thirty-two bytes, for this alone", ISSUER);
    let verifier = Verifier::new(&signer.public_key(), ISSUER);
    let user = protocol::User { id: "u".into(), name: "Ann".into() };
    let issued = signer.issue(&user, "s", Timestamp::from_millis(1_795_388_759_999));
    let pepper = Pepper::new("a pepper that is long enough for this");
    let cookie = RefreshToken { session: "s".into(), rotation: 4 }.seal(&pepper);
    (verifier, issued.token, pepper, cookie)
});

fuzz_target!(|data: &[u8]| {
    let (verifier, token, pepper, cookie) = &*KEYS;
    let text = String::from_utf8_lossy(data);
    assert!(verifier.verify(&text).is_none());
    assert!(RefreshToken::open(&text, pepper).is_none());
    let Some((place, rest)) = data.split_first() else {
        return;
    };
    let change = rest.first().copied().unwrap_or(1) & 0x7f;
    for ours in [token, cookie] {
        let mut bytes = ours.clone().into_bytes();
        let at = usize::from(*place) % bytes.len();
        if bytes[at] == change {
            continue;
        }
        bytes[at] = change;
        let changed = String::from_utf8(bytes).expect("ASCII");
        assert!(verifier.verify(&changed).is_none(), "{changed}");
        assert!(RefreshToken::open(&changed, pepper).is_none(), "{changed}");
    }
});
