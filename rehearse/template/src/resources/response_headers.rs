//! `AWS::CloudFront::ResponseHeadersPolicy`: the headers that CloudFront adds to
//! answers. The page is served with the same ones here.

use std::collections::BTreeMap;

use crate::document::{Kind, Node};
use crate::evaluate::{Fields, ResourceKind, Scope};

/// The headers of the policy that `policy` refers to.
pub fn read(scope: &Scope<'_>, policy: &Node) -> BTreeMap<String, String> {
    let id = match &policy.kind {
        Kind::Call(name, id) if name == "Ref" => id.scalar(),
        _ => None,
    };
    let mut all = scope.of_kind(ResourceKind::ResponseHeaders);
    let Some(resource) = all.find(|resource| Some(resource.id) == id) else {
        let message = "ResponseHeadersPolicyId is !Ref and a policy of this template here";
        scope.error(policy.line, message);
        return BTreeMap::new();
    };
    let outer = Fields::of(scope, resource.properties, resource.line, resource.id);
    let config = outer.map("ResponseHeadersPolicyConfig");
    outer.finish();
    config.ignore(&["Comment", "Name"]);
    let mut headers = BTreeMap::new();
    let security = config.map("SecurityHeadersConfig");
    // Only what comes by HTTPS may say so (RFC 6797, 7.2).
    security.ignore(&["StrictTransportSecurity"]);
    for (key, header) in [
        ("ContentSecurityPolicy", "content-security-policy"),
        ("ReferrerPolicy", "referrer-policy"),
    ] {
        let fields = security.map(key);
        fields.ignore(&["Override"]);
        headers.extend(fields.text(key).map(|text| (header.to_owned(), text)));
        fields.finish();
    }
    let frames = security.map("FrameOptions");
    frames.ignore(&["Override"]);
    let option = frames.one_of("FrameOption", &["DENY", "SAMEORIGIN"]);
    headers.extend(option.map(|option| ("x-frame-options".to_owned(), option)));
    frames.finish();
    if security.node("ContentTypeOptions").is_some() {
        headers.insert("x-content-type-options".to_owned(), "nosniff".to_owned());
    }
    security.finish();
    let custom = config.map("CustomHeadersConfig");
    for item in custom.list("Items") {
        let fields = Fields::of(scope, Some(item), item.line, "a header");
        fields.ignore(&["Override"]);
        if let (Some(name), Some(value)) = (fields.required("Header"), fields.required("Value")) {
            headers.insert(name.to_ascii_lowercase(), value);
        }
        fields.finish();
    }
    custom.finish();
    config.finish();
    headers
}
