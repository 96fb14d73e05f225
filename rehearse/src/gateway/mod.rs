//! API Gateway and CloudFront: what clients connect to.

mod authorizer;
#[cfg(feature = "cloudfront")]
pub mod distribution;
mod headers;
pub mod http_api;
mod jwt;
mod listener;
#[cfg(not(feature = "cloudfront"))]
pub mod no_distribution;
mod rate;
pub mod web;
pub mod websocket_api;

use axum::http::request::Parts;

pub use authorizer::Authorizers;
pub use listener::Peer;
#[cfg(not(feature = "cloudfront"))]
pub use no_distribution as distribution;

/// Marks a request that arrived over TLS.
#[derive(Debug, Clone, Copy)]
pub struct Secure;

/// The scheme of a request.
pub fn scheme(parts: &Parts) -> &'static str {
    match parts.extensions.get::<Secure>() {
        Some(Secure) => "https",
        None => "http",
    }
}
