//! Recovery codes: 120 random bits each, so that a plain hash keeps them and the
//! rotation of the pepper, which slow and keyed hashes would tie them to, is
//! nothing to them (OWASP ASVS 5.0, 6.5.2).

use domain::RecoveryCode;
use domain::limits::RECOVERY_CODES;
use ring::digest::{Context, SHA256};

use crate::random;

pub fn codes() -> Vec<RecoveryCode> {
    (0..RECOVERY_CODES)
        .map(|_| RecoveryCode::from_bytes(random::bytes()))
        .collect()
}

/// What is kept of a code: worth nothing for any other account.
pub fn hash(account: &str, code: &RecoveryCode) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in ["banter recovery code", account, code.as_str()] {
        context.update(&(part.len() as u32).to_le_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_so_do_their_hashes_by_account() {
        let codes = codes();
        assert_eq!(codes.len(), 10);
        let mut hashes: Vec<_> = codes.iter().map(|code| hash("ann", code)).collect();
        hashes.push(hash("bob", &codes[0]));
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 11);
        assert_eq!(hash("ann", &codes[0]), hash("ann", &codes[0]));
    }
}
