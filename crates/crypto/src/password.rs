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

/// Refuses a password that a guesser tries early: a zxcvbn score below 3 of 4, with
/// the account's name and address left out (OWASP ASVS 6.2.4, 6.2.12).
pub fn refuse_common(
    field: &str,
    password: &Password,
    about: &[&str],
) -> Result<(), ValidationError> {
    let unrelated = without(password.as_str(), about);
    let estimate = zxcvbn::zxcvbn(&judged(&unrelated), about);
    if estimate.score() >= zxcvbn::Score::Three {
        return Ok(());
    }
    let advice = estimate
        .feedback()
        .and_then(|feedback| feedback.warning())
        .map_or(String::new(), |warning| format!(" {warning}"));
    Err(ValidationError::new(
        field,
        format!("This password is easy to guess.{advice} Use four or five unrelated words."),
    ))
}

/// Characters of a password that are judged.
const JUDGED_CHARS: usize = 32;
/// Different symbols that are tried as letters.
const JUDGED_SYMBOLS: usize = 2;
/// Symbols that zxcvbn also tries as letters, and the letter that each replaces.
/// It tries digits as well; all of them together have four combinations.
const SYMBOLS: [(char, char); 10] = [
    ('@', 'a'),
    ('(', 'c'),
    ('{', 'c'),
    ('[', 'c'),
    ('<', 'c'),
    ('!', 'i'),
    ('|', 'i'),
    ('$', 's'),
    ('+', 't'),
    ('%', 'x'),
];

/// The shortest word about the account that is left out of a judged password.
const WORD_ABOUT: usize = 4;

/// The password without the words about its account, in lower case if it contains any: a
/// part of a word, cut off at the bound of what is judged, would pass for random text.
fn without(password: &str, about: &[&str]) -> String {
    let mut rest = password.to_owned();
    for word in about {
        let (word, text) = (word.to_lowercase(), rest.to_lowercase());
        if word.chars().count() >= WORD_ABOUT && text.contains(&word) {
            rest = text.replace(&word, "");
        }
    }
    rest
}

/// What zxcvbn judges. Its time grows with the square of the length and with every
/// combination of symbols that may stand for letters, so both are bounded. Beyond
/// the bound each symbol is replaced by its letter, which never raises the score
/// above that of the same letters.
fn judged(password: &str) -> String {
    let letter_of = |c: char| {
        let found = SYMBOLS.iter().find(|(symbol, _)| *symbol == c);
        found.map(|(_, letter)| *letter)
    };
    let chars: Vec<char> = password.chars().take(JUDGED_CHARS).collect();
    let mut symbols: Vec<char> = chars
        .iter()
        .copied()
        .filter(|c| letter_of(*c).is_some())
        .collect();
    symbols.sort_unstable();
    symbols.dedup();
    if symbols.len() <= JUDGED_SYMBOLS {
        return chars.into_iter().collect();
    }
    chars
        .into_iter()
        .map(|c| letter_of(c).unwrap_or(c))
        .collect()
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
    fn words_about_the_account_do_not_count_however_long_they_are() {
        let address = "person.with.a.long.name@example.com";
        let twice = format!("{address}{}", address.to_uppercase());
        for text in [&twice, &format!("{address}1")] {
            let password = Password::parse("password", text, 15).unwrap();
            assert!(refuse_common("password", &password, &["Al", address]).is_err());
        }
        let text = format!("lantern gravel otter sunday {address}");
        let password = Password::parse("password", &text, 15).unwrap();
        assert!(refuse_common("password", &password, &["Al", address]).is_ok());
        assert_eq!(without("a palace", &["A"]), "a palace");
    }

    #[test]
    fn item_41_symbols_are_judged_as_letters_and_the_rest_of_a_long_password_is_not() {
        assert_eq!(judged("p4ssw0rd!"), "p4ssw0rd!");
        assert_eq!(judged("p@$$w0rd12345678"), "p@$$w0rd12345678");
        assert_eq!(judged("4@8({[<3691!|07$5+%2"), "4a8cccc3691ii07s5tx2");
        assert_eq!(judged(&"x".repeat(300)).len(), JUDGED_CHARS);
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
