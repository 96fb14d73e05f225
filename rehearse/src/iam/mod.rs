//! Credentials of functions, request signatures and policies.

mod access;
mod credentials;
pub mod percent;
pub mod signature;

pub use access::Access;
pub use credentials::Credentials;
