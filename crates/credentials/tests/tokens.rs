//! Which access tokens pass, and which do not (checklist 22 to 24).

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credentials::{Signer, Verifier};
use domain::limits::ACCESS_TOKEN_LIFETIME;
use wire::User;

const ISSUER: &str = "https://chat.example.com";

fn signer() -> Signer {
    Signer::new("a signing secret of enough random bytes", ISSUER)
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64
}

fn ann() -> User {
    User {
        id: "u1".into(),
        name: "Ann".into(),
    }
}

fn issue(signer: &Signer, at: i64) -> String {
    signer.issue(&ann(), "s1", at).token
}

/// The token with another header, its signature kept.
fn with_header(token: &str, header: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}

#[test]
fn a_fresh_token_says_who_and_in_which_session() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    let claims = verifier.verify(&issue(&signer(), now())).unwrap();
    assert_eq!((claims.user(), claims.sid.as_str()), (ann(), "s1"));
    assert!(claims.exp - claims.iat <= 15 * 60);
}

#[test]
fn a_token_ends_after_its_lifetime_without_leeway() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    let expired = issue(&signer(), now() - ACCESS_TOKEN_LIFETIME - 1_000);
    assert!(verifier.verify(&expired).is_none());
}

#[test]
fn no_other_key_issuer_type_or_algorithm_passes() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    let token = issue(&signer(), now());
    let kid = token.split('.').next().unwrap();
    let header = String::from_utf8(URL_SAFE_NO_PAD.decode(kid).unwrap()).unwrap();

    let foreign_key = Signer::new("another signing secret of enough bytes", ISSUER);
    assert!(verifier.verify(&issue(&foreign_key, now())).is_none());
    let foreign_issuer = Signer::new(
        "a signing secret of enough random bytes",
        "https://evil.example",
    );
    assert!(verifier.verify(&issue(&foreign_issuer, now())).is_none());

    for forged in [
        header.replace("EdDSA", "none"),
        header.replace("EdDSA", "HS256"),
        header.replace("at+jwt", "JWT"),
        header.replace("\"kid\":\"", "\"kid\":\"x"),
        header.replace('}', r#","jku":"https://evil.example/keys"}"#),
    ] {
        assert!(
            verifier.verify(&with_header(&token, &forged)).is_none(),
            "{forged}"
        );
    }
    let (rest, _) = token.rsplit_once('.').unwrap();
    assert!(verifier.verify(&format!("{rest}.")).is_none());
    assert!(verifier.verify("").is_none());
}

#[test]
fn during_a_rotation_both_keys_pass() {
    let old = Signer::new("the old signing secret of enough bytes", ISSUER);
    let keys = format!("{},{}", signer().public_key(), old.public_key());
    let verifier = Verifier::new(&keys, ISSUER);
    assert!(verifier.verify(&issue(&old, now())).is_some());
    assert!(verifier.verify(&issue(&signer(), now())).is_some());
}
