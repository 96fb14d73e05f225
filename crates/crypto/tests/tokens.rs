//! Which access tokens pass, and which do not (checklist 22 to 24).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{Signer, Verifier};
use domain::Timestamp;
use domain::limits::ACCESS_TOKEN_LIFETIME;
use env::Variables;
use protocol::User;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

const ISSUER: &str = "https://chat.example.com";

fn signer() -> Signer {
    Signer::new("a signing secret of enough random bytes", ISSUER)
}

fn now() -> Timestamp {
    Timestamp::EPOCH + SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

fn ann() -> User {
    User {
        id: "u1".into(),
        name: "Ann".into(),
    }
}

fn issue(signer: &Signer, at: Timestamp) -> String {
    signer.issue(&ann(), "s1", at).token
}

/// A token that says anything, signed with the key that the signer has.
fn signed(header: &Value, claims: &Value) -> String {
    let seed = digest(&SHA256, b"a signing secret of enough random bytes");
    let key = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).unwrap();
    sealed_with(&key, header, claims)
}

fn sealed_with(key: &Ed25519KeyPair, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let said = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(said.as_bytes()));
    format!("{said}.{signature}")
}

/// What a genuine token of now says.
fn said() -> (Value, Value) {
    let token = issue(&signer(), now());
    let part = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let mut parts = token.split('.').map(part);
    (parts.next().unwrap(), parts.next().unwrap())
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
fn item_23_25_a_token_ends_after_its_lifetime_without_leeway() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    let expired = issue(
        &signer(),
        now() - ACCESS_TOKEN_LIFETIME - Duration::from_secs(1),
    );
    assert!(verifier.verify(&expired).is_none());
}

#[test]
fn item_22_23_no_other_key_issuer_type_or_algorithm_passes() {
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
fn item_23_each_claim_is_checked_although_the_signature_is_right() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    let (header, claims) = said();
    assert!(verifier.verify(&signed(&header, &claims)).is_some());
    let seconds = now().as_secs();
    for (claim, value) in [
        ("exp", json!(seconds - 1)),
        ("exp", Value::Null),
        ("nbf", json!(seconds + 60)),
        ("iss", json!("https://evil.example")),
        ("iss", Value::Null),
        ("aud", json!("another service")),
        ("aud", Value::Null),
        ("sub", Value::Null),
        ("sid", Value::Null),
    ] {
        let mut changed = claims.clone();
        changed[claim] = value;
        if changed[claim].is_null() {
            changed.as_object_mut().unwrap().remove(claim);
        }
        assert!(
            verifier.verify(&signed(&header, &changed)).is_none(),
            "{changed}"
        );
    }
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("kid", json!("x")),
    ] {
        let mut changed = header.clone();
        changed[name] = value;
        assert!(
            verifier.verify(&signed(&changed, &claims)).is_none(),
            "{changed}"
        );
    }
}

#[test]
fn item_22_a_key_that_a_token_brings_along_is_not_used() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    let own = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = URL_SAFE_NO_PAD.encode(own.public_key());
    let (header, claims) = said();
    for (name, value) in [
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": x})),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
        ("kid", json!(x)),
    ] {
        let mut brings = header.clone();
        brings[name] = value;
        let token = sealed_with(&own, &brings, &claims);
        assert!(verifier.verify(&token).is_none(), "{brings}");
    }
}

#[test]
fn item_24_during_a_rotation_both_keys_pass() {
    let old = Signer::new("the old signing secret of enough bytes", ISSUER);
    let keys = format!("{},{}", signer().public_key(), old.public_key());
    let verifier = Verifier::new(&keys, ISSUER);
    assert!(verifier.verify(&issue(&old, now())).is_some());
    assert!(verifier.verify(&issue(&signer(), now())).is_some());
}

#[test]
fn item_29_a_token_that_ran_out_or_is_foreign_opens_nothing() {
    let verifier = Verifier::new(&signer().public_key(), ISSUER);
    for minutes in [16, 60, 60 * 24] {
        let old = issue(&signer(), now() - Duration::from_mins(minutes));
        assert!(verifier.verify(&old).is_none(), "{minutes} minutes old");
    }
    let foreign = Signer::new("a signing secret of another deployment's", ISSUER);
    assert!(verifier.verify(&issue(&foreign, now())).is_none());
}

#[test]
fn a_malformed_public_key_is_reported_by_its_variable() {
    let errors = |keys: &str| {
        let mut variables = Variables::new([
            ("TOKEN_PUBLIC_KEYS".to_owned(), keys.to_owned()),
            ("SITE_ORIGIN".to_owned(), ISSUER.to_owned()),
        ]);
        Verifier::from_variables(&mut variables);
        variables.check().map_err(|error| error.to_string())
    };
    assert_eq!(errors(&signer().public_key()), Ok(()));
    for malformed in [URL_SAFE_NO_PAD.encode([7; 31]), "?".to_owned()] {
        let error = errors(&malformed).unwrap_err();
        assert!(error.contains("TOKEN_PUBLIC_KEYS must be"), "{error}");
    }
    let missing = errors("").unwrap_err();
    assert!(
        missing.contains("TOKEN_PUBLIC_KEYS is missing"),
        "{missing}"
    );
    assert!(!missing.contains("must be"), "{missing}");
}
