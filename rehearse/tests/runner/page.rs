//! The page's files, and what only this machine may ask.

use crate::support::Start;
use reqwest::StatusCode;
use reqwest::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

fn page() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("index.html", "<!doctype html>"),
        ("app-0a1b2c3d4e5f.js", "// script"),
        ("app-0a1b2c3d4e5f.js.br", "compressed"),
        ("app_bg-0a1b2c3d4e5f.wasm", "wasm"),
    ] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

#[tokio::test]
async fn files_have_their_type_and_paths_of_the_page_its_index() {
    let page = page();
    let folder = page.path().to_str().expect("a plain path");
    let runner = Start::fixture("http.yaml").with(&["--page", folder]).run();
    for path in ["/", "/rooms/1", "/sign-in"] {
        let response = runner.get(path).await;
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
        // The template's distribution says which policy; this one has none.
        assert!(!response.headers().contains_key(CONTENT_SECURITY_POLICY));
        assert_eq!(response.text().await.expect("a body"), "<!doctype html>");
    }
    let wasm = runner.get("/app_bg-0a1b2c3d4e5f.wasm").await;
    assert_eq!(wasm.headers()[CONTENT_TYPE], "application/wasm");
    assert_eq!(
        runner.get("/missing.js").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        runner.get("/..%2fsecret.txt").await.status(),
        StatusCode::BAD_REQUEST
    );
    let posted = runner
        .client
        .post(runner.url("/"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    // The API keeps what is its own.
    assert_eq!(
        runner.get("/api/nowhere/at/all/x").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(runner.get("/api/plain").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_release_page_is_compressed_and_cached_for_ever_by_its_hash() {
    let page = page();
    let folder = page.path().to_str().expect("a plain path");
    let start = Start::fixture("http.yaml").with(&["--page", folder, "--release-page"]);
    let runner = start.run();
    let script = runner.url("/app-0a1b2c3d4e5f.js");
    let request = runner
        .client
        .get(&script)
        .header("accept-encoding", "gzip, br");
    let compressed = request.send().await.expect("an answer");
    assert_eq!(compressed.headers()[CONTENT_ENCODING], "br");
    assert!(
        compressed.headers()[CACHE_CONTROL]
            .to_str()
            .expect("text")
            .contains("immutable")
    );
    let tag = compressed.headers()["etag"].clone();
    assert_eq!(compressed.text().await.expect("a body"), "compressed");
    let plain = runner.client.get(&script).send().await.expect("an answer");
    assert!(!plain.headers().contains_key(CONTENT_ENCODING));
    assert_eq!(plain.text().await.expect("a body"), "// script");
    let request = runner.client.get(&script).header("accept-encoding", "br");
    let same = request
        .header("if-none-match", tag)
        .send()
        .await
        .expect("an answer");
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(runner.get("/").await.headers()[CACHE_CONTROL], "no-cache");
}

#[tokio::test]
async fn control_is_for_this_machine_alone() {
    let runner = Start::fixture("http.yaml").run();
    let ask = |name: &'static str, value: &'static str| {
        let request = runner.client.get(runner.url("/_local/functions"));
        request.header(name, value).send()
    };
    let elsewhere = ask("host", "evil.example").await.expect("an answer");
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
    let foreign = ask("origin", "https://evil.example")
        .await
        .expect("an answer");
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let own = ask("x-nothing", "at all").await.expect("an answer");
    assert_eq!(own.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_function_can_be_invoked_by_hand() {
    let runner = Start::fixture("http.yaml").run();
    let url = runner.url("/_local/functions/EchoFunction/invocations");
    let request = runner.client.post(url).body(r#"{"rawPath": "/plain"}"#);
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "\"a text alone\"");
}
