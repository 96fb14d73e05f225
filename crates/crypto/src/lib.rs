//! All cryptography, in one place to be reviewed: random codes and ids, keyed
//! hashes, passwords, sealed secrets, TOTP and recovery codes, access tokens and
//! refresh tokens. No I/O; ring does the work, argon2 the passwords.

mod argon2id;
pub mod device;
pub mod password;
pub mod pepper;
pub mod random;
pub mod recovery;
pub mod refresh;
pub mod reset_link;
pub mod sealed;
pub mod token;
pub mod totp;

pub use device::DeviceToken;
pub use pepper::Pepper;
pub use refresh::RefreshToken;
pub use sealed::Sealed;
pub use token::{Claims, Signer, Verifier};
pub use totp::TotpSecret;
