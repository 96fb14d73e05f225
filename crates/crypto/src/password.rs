//! Passwords: argon2id with its parameters in the hash, and the refusal of
//! common ones.

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier, generate_salt};
use domain::{Password, ValidationError};

use crate::argon2id::Argon2id;

/// OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// A hash of no password at all, verified where there is no account, so that an
/// unknown address takes as long as a known one.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Refuses what a guesser tries first: a zxcvbn score below 3 of 4, with the
/// person's own name and address counted as known (OWASP ASVS 6.2.4, 6.2.12).
pub fn refuse_common(
    field: &str,
    password: &Password,
    about: &[&str],
) -> Result<(), ValidationError> {
    // zxcvbn looks at the first 100 characters; its own advice says why not more.
    let estimate = zxcvbn::zxcvbn(password.as_str(), about);
    if estimate.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let advice = estimate
        .feedback()
        .and_then(|feedback| feedback.warning())
        .map_or(String::new(), |warning| format!(" {warning}"));
    Err(ValidationError::new(
        field,
        format!("is easy to guess.{advice} Four or five unrelated words do well."),
    ))
}

/// Hashes a password for keeping. Takes tens of milliseconds of a core, on a
/// thread of its own.
pub async fn hash(password: Password) -> String {
    blocking(move || {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("these are in range");
        Argon2id
            .hash_password_with_params(password.as_str().as_bytes(), &generate_salt(), params)
            .expect("argon2 hashes any password of a few hundred bytes")
            .to_string()
    })
    .await
}

/// Verifies a password against the hash of an account, or against a fixed hash
/// if there is no account, so that both take the same time.
pub async fn verify(password: Password, kept: Option<String>) -> bool {
    blocking(move || {
        let hash = kept.as_deref().unwrap_or(NOBODYS);
        let right = PasswordHash::new(hash).is_ok_and(|hash| {
            let password = password.as_str().as_bytes();
            Argon2id.verify_password(password, &hash).is_ok()
        });
        right && kept.is_some()
    })
    .await
}

/// Whether a kept hash was made with weaker parameters than today's.
pub fn is_outdated(kept: &str) -> bool {
    !kept.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("hashing does not panic")
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordHasher;
    use argon2::{Algorithm, Argon2, Version};

    use super::*;

    fn password(text: &str) -> Password {
        Password::presented(text)
    }

    /// Checklist 21.
    #[tokio::test]
    async fn item_21_a_password_is_kept_as_argon2id_with_its_parameters() {
        let kept = hash(password("correct horse battery staple")).await;
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(!is_outdated(&kept));
        assert!(is_outdated(&kept.replace("t=2", "t=1")));
        assert!(verify(password("correct horse battery staple"), Some(kept.clone())).await);
        assert!(!verify(password("correct horse battery"), Some(kept)).await);
    }

    #[tokio::test]
    async fn item_21_a_weaker_hash_is_accepted_and_reported_for_rehashing() {
        let weak = Params::new(MEMORY_KIB / 2, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
        let kept = weak.hash_password(b"correct horse").unwrap().to_string();
        assert!(is_outdated(&kept), "{kept}");
        assert!(verify(password("correct horse"), Some(kept.clone())).await);
        assert!(!verify(password("wrong horse"), Some(kept)).await);
        assert!(!is_outdated(&hash(password("correct horse")).await));
    }

    #[tokio::test]
    async fn without_an_account_every_password_is_wrong() {
        assert!(!verify(password(""), None).await);
    }

    #[test]
    fn item_20_common_passwords_are_refused_also_with_digits_behind_them() {
        for text in [
            "passwordpassword",
            "password1234567",
            "qwertyuiopasdfgh",
            "aaaaaaaaaaaaaaaaaaaa",
            "123456789012345",
        ] {
            assert!(
                refuse_common("password", &password(text), &[]).is_err(),
                "{text}"
            );
        }
        assert!(
            refuse_common(
                "password",
                &password("ann.miller@example.com"),
                &["ann.miller@example.com"]
            )
            .is_err()
        );
        assert!(refuse_common("password", &password("lantern gravel otter sunday"), &[]).is_ok());
    }
}
