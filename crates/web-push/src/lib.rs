//! Web Push: sends encrypted notifications to the push services of browsers.
//!
//! RFC 8030 is the protocol, RFC 8291 the encryption with the content coding `aes128gcm`
//! of RFC 8188, RFC 8292 the authentication (VAPID). ring encrypts and signs.
//!
//! A subscription's endpoint is a URL that a client chose. [`AllowedHosts`] limits it to
//! known push services, and the client connects to public addresses only.

mod client;
mod encryption;
mod endpoint;
mod resolver;
mod vapid;

pub use client::{Client, Outcome, Push, Urgency};
pub use encryption::{Keys, PLAINTEXT_BYTES};
pub use endpoint::{AllowedHosts, Endpoint};
pub use vapid::{Subject, VapidKey, public_key, public_key_from};
