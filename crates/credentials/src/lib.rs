//! All cryptography, in one place to be reviewed: random codes and ids, keyed
//! hashes, passwords, access tokens and refresh tokens. No I/O; ring does the
//! work, argon2 the passwords.

pub mod password;
pub mod pepper;
pub mod random;
pub mod refresh;
pub mod token;

pub use pepper::Pepper;
pub use refresh::RefreshToken;
pub use token::{Claims, Signer, Verifier};
