//! The interface of a distribution, in a build without CloudFront.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::bail;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response};
use sam_template::application;

/// Never exists.
#[derive(Clone)]
pub struct Distribution(Infallible);

impl Distribution {
    /// # Errors
    /// Always.
    pub fn new(_from: &application::Distribution, _api: &str) -> anyhow::Result<Self> {
        bail!("this build of rehearse has no CloudFront: build it with --features cloudfront")
    }

    /// The source address of requests to the HTTP API.
    pub fn pass_on(&self, _request: &mut Request, _viewer: SocketAddr) -> SocketAddr {
        match self.0 {}
    }

    /// The cached error of a path.
    pub fn cached_error(&self, _method: &Method, _path: &str) -> Option<Response<Body>> {
        match self.0 {}
    }

    /// Caches an error.
    pub async fn cache_error(
        &self,
        _method: &Method,
        _path: &str,
        _response: Response<Body>,
    ) -> Response<Body> {
        match self.0 {}
    }

    /// Adds headers to a response of the HTTP API.
    pub fn complete_api(&self, _response: &mut Response<Body>) {
        match self.0 {}
    }

    /// Adds headers to a response of the page.
    pub fn complete_page(&self, _response: &mut Response<Body>) {
        match self.0 {}
    }
}
