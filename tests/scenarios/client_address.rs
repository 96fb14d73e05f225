//! The client address: taken from CloudFront, which authenticates itself. A
//! request that bypasses CloudFront or forges the header is counted by its source
//! address.

use std::sync::Arc;

use e2e::people::Visitor;
use e2e::stack::Stack;
use e2e::suite::Test;

pub fn tests() -> Vec<Test> {
    e2e::tests![
        a_forged_client_address_grants_no_extra_attempts,
        the_api_answers_with_the_headers_of_the_site,
    ]
}

/// Registrations per source address and hour.
const REGISTRATIONS: usize = 60;

async fn a_forged_client_address_grants_no_extra_attempts(stack: Arc<Stack>) {
    let eve = Visitor::new(&stack, "Eve");
    if eve.client.source().is_none() {
        return; // This system has a single loopback address.
    }
    let past = eve.client.bypassing_cloudfront(&stack);
    for number in 0..REGISTRATIONS {
        let mut asking = Visitor::new(&stack, "Unknown");
        asking.client = past
            .with_header("x-viewer-address", &format!("192.0.2.{number}"))
            .with_header("x-viewer-proof", &"guess".repeat(number));
        asking.register().await.expect(202);
    }
    let mut again = Visitor::new(&stack, "Unknown");
    again.client = past.with_header("x-viewer-address", "192.0.2.200");
    again.register().await.too_fast();
    // Through CloudFront the forged header is ignored as well: Eve stays limited,
    // and Bob is not.
    again.client = eve.client.with_header("x-viewer-address", "192.0.2.201");
    again.register().await.too_fast();
    let mut bob = Visitor::new(&stack, "Bob");
    let as_eve = eve
        .client
        .source()
        .map_or_else(String::new, |ip| ip.to_string());
    bob.client = bob.client.with_header("x-viewer-address", &as_eve);
    bob.register().await.expect(202);
}

async fn the_api_answers_with_the_headers_of_the_site(stack: Arc<Stack>) {
    let ann = Visitor::new(&stack, "Ann");
    let front = ann.client.get("/api/me").await;
    let page = ann.client.get("/").await;
    for response in [&front, &page] {
        let header = |name: &str| response.headers.get(name).map(|value| value.as_bytes());
        let policy = header("content-security-policy").expect("a policy");
        assert!(policy.starts_with(b"default-src 'none'; script-src 'self'"));
        assert_eq!(header("x-content-type-options"), Some(&b"nosniff"[..]));
        assert_eq!(header("x-frame-options"), Some(&b"DENY"[..]));
        assert_eq!(header("referrer-policy"), Some(&b"no-referrer"[..]));
    }
    let past = ann.client.bypassing_cloudfront(&stack).get("/api/me").await;
    assert_eq!(past.headers.get("content-security-policy"), None);
    past.expect(401);
}
