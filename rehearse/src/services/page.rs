//! The page's files, as CloudFront would serve them in front of the cloud.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

/// The folder of a page. Cheap to clone.
#[derive(Clone)]
pub struct Page {
    folder: Arc<Path>,
    release: bool,
}

/// What every path without a dot gets: the page itself finds its way from there.
const INDEX: &str = "index.html";

impl Page {
    /// Serves `folder`. With `release`, files are cached and compressed.
    ///
    /// # Errors
    /// If the folder has no `index.html`.
    pub fn open(folder: &Path, release: bool) -> anyhow::Result<Self> {
        if !folder.join(INDEX).is_file() {
            anyhow::bail!("{} has no {INDEX}", folder.display());
        }
        Ok(Self {
            folder: folder.into(),
            release,
        })
    }

    /// Answers one request.
    pub async fn answer(&self, request: &Parts) -> Response<Body> {
        match request.method {
            Method::GET | Method::HEAD => self.file(request).await,
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        }
    }

    async fn file(&self, request: &Parts) -> Response<Body> {
        let Some(path) = relative(request.uri.path()) else {
            return plain(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let accepted = request.headers.get(ACCEPT_ENCODING);
        let brotli = self.release
            && accepted
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| value.split(',').any(|each| each.trim().starts_with("br")));
        let (encoding, contents) = match self.read(&path, brotli).await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return plain(StatusCode::NOT_FOUND, "Not Found");
            }
            Err(error) => {
                tracing::error!(file = %path.display(), %error, "page file cannot be read");
                return plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
            }
        };
        let mut headers = HeaderMap::new();
        let tag = tag(&contents, encoding);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&path)));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.caching(&path)));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        let fresh = request.headers.get(IF_NONE_MATCH) == Some(&tag);
        headers.insert(ETAG, tag);
        if encoding == Encoding::Brotli {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        let mut response = if fresh {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        } else {
            Response::new(Body::from(contents))
        };
        *response.headers_mut() = headers;
        response
    }

    async fn read(&self, path: &Path, brotli: bool) -> std::io::Result<(Encoding, Vec<u8>)> {
        let whole = self.folder.join(path);
        if brotli {
            let mut compressed = whole.clone().into_os_string();
            compressed.push(".br");
            match tokio::fs::read(&compressed).await {
                Ok(contents) => return Ok((Encoding::Brotli, contents)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let contents = tokio::fs::read(&whole).await?;
        Ok((Encoding::Plain, contents))
    }

    fn caching(&self, path: &Path) -> &'static str {
        if self.release && is_hashed(path) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Brotli,
}

/// The file that a path means, inside of the folder; `None` for one that leads
/// out of it.
fn relative(path: &str) -> Option<PathBuf> {
    let decoded = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    let path = Path::new(decoded.trim_start_matches('/'));
    let inside = |component| matches!(component, Component::Normal(_));
    if decoded.contains('\0') || !path.components().all(inside) {
        return None;
    }
    let is_file = path.extension().is_some();
    Some(if is_file { path } else { Path::new(INDEX) }.to_owned())
}

/// Whether a name says what is in the file: `app-0a1b2c3d4e5f.js`.
fn is_hashed(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let parts = stem.unwrap_or_default().split(['-', '.', '_']);
    parts
        .skip(1)
        .any(|part| part.len() >= 8 && part.chars().all(|c| c.is_ascii_hexdigit()))
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn tag(contents: &[u8], encoding: Encoding) -> HeaderValue {
    let digest = ring::digest::digest(&ring::digest::SHA256, contents);
    let hex = data_encoding::HEXLOWER.encode(&digest.as_ref()[..8]);
    let suffix = if encoding == Encoding::Brotli {
        "-br"
    } else {
        ""
    };
    HeaderValue::try_from(format!("\"{hex}{suffix}\"")).expect("hexadecimal digits are ASCII")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for path in [
            "/../secret.txt",
            "/a/%2e%2e/b.txt",
            "/..%2fsecret.txt",
            "/a%00.txt",
        ] {
            assert_eq!(relative(path), None, "{path}");
        }
        assert_eq!(relative("/a/b.js"), Some(PathBuf::from("a/b.js")));
        assert_eq!(relative("/rooms/1"), Some(PathBuf::from("index.html")));
    }

    #[test]
    fn only_names_with_a_hash_last_for_ever() {
        assert!(is_hashed(Path::new("app-0a1b2c3d4e5f.js")));
        assert!(!is_hashed(Path::new("index.html")));
        assert!(!is_hashed(Path::new("app-settings.js")));
    }
}
