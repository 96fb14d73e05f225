//! `AWS::CloudFront::Distribution`, as far as it changes requests and responses.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{policies, response_headers};
use crate::application::{Distribution, HttpApi, Text, WebSocketApi};
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

/// The errors that CloudFront caches, whatever the cache policy says.
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html>
const CACHED_ERRORS: [u16; 11] = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

/// For how long, where the distribution does not say otherwise.
const ERROR_CACHING: Duration = Duration::from_secs(10);

/// Reads the one distribution; `http` and `socket` have to be reached through it.
pub fn read(
    scope: &Scope<'_>,
    http: Option<&HttpApi>,
    socket: Option<&WebSocketApi>,
) -> Option<Distribution> {
    let mut all = scope.of_kind(ResourceKind::Distribution);
    let resource = all.next()?;
    scope.within(resource, || read_one(scope, resource, all, http, socket))
}

fn read_one<'s, 't: 's>(
    scope: &Scope<'t>,
    resource: &Resource<'t>,
    others: impl Iterator<Item = &'s Resource<'t>>,
    http: Option<&HttpApi>,
    socket: Option<&WebSocketApi>,
) -> Option<Distribution> {
    for another in others {
        let message = format!("{}: the runner supports one distribution", another.id);
        scope.error(another.line, message);
    }
    let outer = Fields::of(scope, resource.properties, resource.line, resource.id);
    outer.ignore(&["Tags"]);
    let config = outer.map("DistributionConfig");
    outer.finish();
    config.ignore(&[
        "Aliases",
        "Comment",
        "DefaultRootObject",
        "HttpVersion",
        "IPV6Enabled",
        "PriceClass",
        "ViewerCertificate",
        "WebACLId",
    ]);
    config.required("Enabled");
    config.one_of("Enabled", &["true"]);
    let origins = origins(scope, &config);
    let page = Behavior::read(&config.map("DefaultCacheBehavior"), scope);
    let others: Vec<Behavior> = config
        .list("CacheBehaviors")
        .into_iter()
        .map(|node| {
            let owner = format!("{}.CacheBehaviors", resource.id);
            Behavior::read(&Fields::of(scope, Some(node), node.line, owner), scope)
        })
        .collect();
    let error_caching = error_caching(scope, &config);
    config.finish();
    let serving = |pattern: &str| {
        let found = others.iter().find(|behavior| behavior.pattern == pattern);
        if found.is_none() {
            let message = format!("{}: nothing serves {pattern}", resource.id);
            scope.error(resource.line, message);
        }
        found
    };
    if let Some(socket) = socket {
        serving(&format!("/{}", socket.stage));
    }
    let mut distribution = Distribution {
        page_answers: page.answers,
        error_caching,
        ..Distribution::default()
    };
    if let Some((http, path)) = http.and_then(|http| Some((http, http.common_path()?)))
        && let Some(behavior) = serving(&format!("{path}/*"))
    {
        behavior.check_methods(scope, http, resource.line);
        let headers = origins.get(&behavior.origin).cloned();
        distribution.api_requests = headers.unwrap_or_default();
        distribution.api_answers.clone_from(&behavior.answers);
        distribution
            .viewer_address_headers
            .clone_from(&behavior.viewer_address_headers);
    }
    Some(distribution)
}

/// For how long each error is cached. A page in place of an error is not supported.
fn error_caching(scope: &Scope<'_>, config: &Fields<'_, '_>) -> BTreeMap<u16, Duration> {
    let mut caching = BTreeMap::from(CACHED_ERRORS.map(|status| (status, ERROR_CACHING)));
    for node in config.list("CustomErrorResponses") {
        let fields = Fields::of(scope, Some(node), node.line, "CustomErrorResponses");
        let status = fields.number("ErrorCode", 400..=599);
        let seconds = fields.number("ErrorCachingMinTTL", 0..=31_536_000);
        for key in ["ResponsePagePath", "ResponseCode"] {
            if fields.node(key).is_some() {
                let message = format!("{key} replaces responses of the API and is not supported");
                scope.error(node.line, message);
            }
        }
        fields.finish();
        let status = status.and_then(|status| u16::try_from(status).ok());
        match (status, seconds) {
            (Some(status), _) if !CACHED_ERRORS.contains(&status) => {
                scope.error(
                    node.line,
                    format!("CloudFront has no error page for {status}"),
                );
            }
            (Some(status), Some(seconds)) => {
                caching.insert(status, Duration::from_secs(seconds.into()));
            }
            _ => {}
        }
    }
    caching.retain(|_, duration| !duration.is_zero());
    caching
}

/// The headers that each origin is sent, by its id.
fn origins(
    scope: &Scope<'_>,
    config: &Fields<'_, '_>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for node in config.list("Origins") {
        let fields = Fields::of(scope, Some(node), node.line, "an origin");
        fields.ignore(&[
            "ConnectionAttempts",
            "ConnectionTimeout",
            "CustomOriginConfig",
            "DomainName",
            "OriginAccessControlId",
            "OriginPath",
            "S3OriginConfig",
        ]);
        let mut headers = BTreeMap::new();
        for header in fields.list("OriginCustomHeaders") {
            let fields = Fields::of(scope, Some(header), header.line, "a header");
            let name = fields.required("HeaderName");
            let value = fields.node("HeaderValue");
            let value = value.and_then(|node| scope.value(node, "HeaderValue"));
            fields.finish();
            match (name, value) {
                (Some(name), Some(Text::Known(value))) => {
                    headers.insert(name.to_ascii_lowercase(), value);
                }
                _ => scope.error(header.line, "a header has a name and a plain value"),
            }
        }
        let id = fields.required("Id");
        fields.finish();
        found.extend(id.map(|id| (id, headers)));
    }
    found
}

/// How one kind of path is served.
struct Behavior {
    pattern: String,
    origin: String,
    methods: Vec<String>,
    /// The headers of its answers.
    answers: BTreeMap<String, String>,
    /// The request headers that a function sets to the viewer's address.
    viewer_address_headers: Vec<String>,
}

impl Behavior {
    fn read(fields: &Fields<'_, '_>, scope: &Scope<'_>) -> Self {
        fields.ignore(&[
            "CachePolicyId",
            "CachedMethods",
            "Compress",
            "OriginRequestPolicyId",
        ]);
        fields.one_of("ViewerProtocolPolicy", &["https-only", "redirect-to-https"]);
        let methods = fields.list("AllowedMethods").into_iter();
        let methods = methods.filter_map(|method| scope.text(method, "a method"));
        let policy = fields.node("ResponseHeadersPolicyId");
        let viewer_address_headers = viewer_address_headers(fields, scope);
        Self {
            pattern: fields.text("PathPattern").unwrap_or_default(),
            origin: fields.required("TargetOriginId").unwrap_or_default(),
            methods: methods.collect(),
            answers: policy
                .map(|policy| response_headers::read(scope, policy))
                .unwrap_or_default(),
            viewer_address_headers,
        }
    }

    fn check_methods(&self, scope: &Scope<'_>, api: &HttpApi, line: usize) {
        for route in &api.routes {
            if !self.methods.contains(&route.method) {
                let message = format!(
                    "{} is in no AllowedMethods of {}, so {} is never asked",
                    route.method,
                    self.pattern,
                    route.key()
                );
                scope.error(line, message);
            }
        }
    }
}

/// The request headers that the behavior's `viewer-request` functions set to the
/// viewer's address: assignments of the form
/// `request.headers['name'] = { value: event.viewer.ip }`. Other statements of a
/// function have no effect in the runner.
fn viewer_address_headers(fields: &Fields<'_, '_>, scope: &Scope<'_>) -> Vec<String> {
    let assignment = regex_lite::Regex::new(
        r#"request\.headers\[['"]([A-Za-z0-9-]+)['"]\]\s*=\s*\{\s*value:\s*event\.viewer\.ip\s*\}"#,
    )
    .expect("the pattern is valid");
    let mut headers = Vec::new();
    for association in fields.list("FunctionAssociations") {
        let owner = "FunctionAssociations";
        let association = Fields::of(scope, Some(association), association.line, owner);
        let event = association.required("EventType");
        let function = association
            .node("FunctionARN")
            .and_then(policies::referenced);
        association.finish();
        let function = function.and_then(|id| scope.resources.get(id.as_str()));
        let code = function
            .and_then(|function| function.properties?.get("FunctionCode"))
            .and_then(|node| scope.text(node, "FunctionCode"));
        if event.as_deref() == Some("viewer-request")
            && let Some(code) = code
        {
            let found = assignment.captures_iter(&code);
            headers.extend(found.map(|captures| captures[1].to_ascii_lowercase()));
        }
    }
    headers
}
