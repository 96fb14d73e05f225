//! Whose a request is: CloudFront says it and proves that it is CloudFront;
//! whoever goes past it, or says it themselves, is counted where they are.

use std::sync::Arc;

use e2e::harness::Test;
use e2e::people::Visitor;
use e2e::stack::Stack;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        nobody_gets_more_tries_by_saying_where_they_are,
        the_api_answers_with_the_headers_of_the_site,
    ]
}

/// `forgot-password` per source address in an hour, for addresses without account.
const FORGOTTEN: usize = 60;

async fn nobody_gets_more_tries_by_saying_where_they_are(stack: Arc<Stack>) {
    let eve = Visitor::new(&stack, "Eve");
    if eve.client.source().is_none() {
        return; // This system has one address for everybody.
    }
    let past = eve.client.past_the_distribution(&stack);
    for number in 0..FORGOTTEN {
        let mut asking = Visitor::new(&stack, "Nobody");
        asking.client = past
            .with_header("x-viewer-address", &format!("192.0.2.{number}"))
            .with_header("x-viewer-proof", &"guess".repeat(number));
        asking.forgot_password().await.expect(202);
    }
    let mut again = Visitor::new(&stack, "Nobody");
    again.client = past.with_header("x-viewer-address", "192.0.2.200");
    again.forgot_password().await.too_fast();
    // The front door tells CloudFront's own address to nobody's disadvantage:
    // the same person is the same one there, and another is another.
    again.client = eve.client.with_header("x-viewer-address", "192.0.2.201");
    again.forgot_password().await.too_fast();
    let mut bob = Visitor::new(&stack, "Bob");
    let as_eve = eve
        .client
        .source()
        .map_or_else(String::new, |ip| ip.to_string());
    bob.client = bob.client.with_header("x-viewer-address", &as_eve);
    bob.forgot_password().await.expect(202);
}

async fn the_api_answers_with_the_headers_of_the_site(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let front = ann.client.get("/api/me").await;
    let page = ann.client.get("/").await;
    for answer in [&front, &page] {
        let header = |name: &str| answer.headers.get(name).map(|value| value.as_bytes());
        let policy = header("content-security-policy").expect("a policy");
        assert!(policy.starts_with(b"default-src 'none'; script-src 'self'"));
        assert_eq!(header("x-content-type-options"), Some(&b"nosniff"[..]));
        assert_eq!(header("x-frame-options"), Some(&b"DENY"[..]));
        assert_eq!(header("referrer-policy"), Some(&b"no-referrer"[..]));
    }
    let past = ann
        .client
        .past_the_distribution(&stack)
        .get("/api/me")
        .await;
    assert_eq!(past.headers.get("content-security-policy"), None);
    past.expect(401);
}
