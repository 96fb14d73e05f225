//! API Gateway and CloudFront: what clients connect to.

pub mod distribution;
pub mod http_api;
mod rate;
pub mod web;
pub mod websocket_api;
