//! Authorizers of HTTP, REST and WebSocket APIs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{plain_rest_api, policies};
use crate::application::{Authorizer, AuthorizerEvent, FunctionAuthorizer, PayloadFormat, REGION};
use crate::document::Node;
use crate::evaluate::{Fields, Resource, ResourceKind, Scope, references};

/// The header of tokens where no other is named.
const DEFAULT_HEADER: &str = "Authorization";

/// For how many seconds a REST API caches the response of an authorizer by default.
const REST_CACHING: u32 = 300;

/// The `Auth` property of `AWS::Serverless::HttpApi` or `AWS::Serverless::Api`.
#[derive(Default)]
pub struct Auth {
    default: Option<String>,
    named: BTreeMap<String, Option<Authorizer>>,
}

/// Which kind of API an [`Auth`] belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// `AWS::Serverless::HttpApi`.
    Http,
    /// `AWS::Serverless::Api`.
    Rest,
}

impl Auth {
    /// Reads the property `Auth` of an API.
    pub fn read(scope: &Scope<'_>, api: &Fields<'_, '_>, owner: Owner) -> Self {
        let fields = api.map("Auth");
        fields.ignore(&[
            "AddApiKeyRequiredToCorsPreflight",
            "AddDefaultAuthorizerToCorsPreflight",
            "ApiKeyRequired",
            "EnableIamAuthorizer",
            "InvokeRole",
            "UsagePlan",
        ]);
        let default = fields.text("DefaultAuthorizer");
        let mut named = BTreeMap::new();
        let all = fields.node("Authorizers");
        for entry in all.map_or(&[][..], Node::entries) {
            let owner_name = format!("the authorizer {}", entry.key);
            let fields = Fields::of(scope, Some(&entry.value), entry.line, owner_name);
            let authorizer = match owner {
                Owner::Http => http_authorizer(scope, &fields, entry.line),
                Owner::Rest => rest_authorizer(scope, &fields, entry.line),
            };
            fields.finish();
            named.insert(entry.key.clone(), authorizer);
        }
        fields.finish();
        Self { default, named }
    }

    /// The authorizer of an event with this `Auth` property.
    pub fn of_event(
        &self,
        scope: &Scope<'_>,
        event: &Fields<'_, '_>,
        line: usize,
    ) -> Option<Authorizer> {
        let fields = event.map("Auth");
        fields.ignore(&[
            "ApiKeyRequired",
            "InvokeRole",
            "OverrideApiAuth",
            "ResourcePolicy",
        ]);
        let own = fields.text("Authorizer");
        let scopes = texts(scope, &fields, "AuthorizationScopes");
        fields.finish();
        let name = own.as_ref().or(self.default.as_ref())?;
        match (name.as_str(), self.named.get(name)) {
            ("NONE", _) => None,
            ("AWS_IAM", _) => Some(Authorizer::Iam),
            (_, Some(authorizer)) => match (authorizer.clone(), scopes.is_empty()) {
                (
                    Some(Authorizer::Jwt {
                        issuer,
                        audience,
                        identity_source,
                        ..
                    }),
                    false,
                ) => Some(Authorizer::Jwt {
                    issuer,
                    audience,
                    identity_source,
                    scopes,
                }),
                (authorizer, _) => authorizer,
            },
            (name, None) => {
                scope.error(line, format!("there is no authorizer `{name}`"));
                None
            }
        }
    }
}

fn http_authorizer(scope: &Scope<'_>, fields: &Fields<'_, '_>, line: usize) -> Option<Authorizer> {
    if fields.node("JwtConfiguration").is_some() {
        let jwt = fields.map("JwtConfiguration");
        let issuer = jwt.required("issuer");
        let audience = texts(scope, &jwt, "audience");
        jwt.finish();
        let source = fields.text("IdentitySource");
        return Some(Authorizer::Jwt {
            issuer: issuer?,
            audience: Some(audience),
            identity_source: source.unwrap_or_else(|| header(DEFAULT_HEADER)),
            scopes: texts(scope, fields, "AuthorizationScopes"),
        });
    }
    fields.ignore(&["FunctionInvokeRole", "EnableFunctionDefaultPermissions"]);
    let function = function(scope, fields, line)?;
    let version = fields.one_of("AuthorizerPayloadFormatVersion", &["1.0", "2.0"]);
    let payload = match version.as_deref() {
        Some("1.0") => PayloadFormat::V1,
        _ => PayloadFormat::V2,
    };
    let simple = fields.boolean("EnableSimpleResponses").unwrap_or(false);
    Some(Authorizer::Function(FunctionAuthorizer {
        function,
        event: AuthorizerEvent::Request(payload),
        identity_sources: identity(scope, fields),
        simple_response: simple,
        caching: caching(&fields.map("Identity"), "ReauthorizeEvery", 0),
    }))
}

fn rest_authorizer(scope: &Scope<'_>, fields: &Fields<'_, '_>, line: usize) -> Option<Authorizer> {
    if fields.node("UserPoolArn").is_some() {
        let pools = texts(scope, fields, "UserPoolArn");
        let source = identity(scope, fields).into_iter().next();
        let scopes = texts(scope, fields, "AuthorizationScopes");
        return user_pool(scope, fields.owner(), line, &pools, source, scopes);
    }
    fields.ignore(&[
        "FunctionInvokeRole",
        "AuthorizationScopes",
        "DisableFunctionDefaultPermissions",
    ]);
    let function = function(scope, fields, line)?;
    let kind = fields.one_of("FunctionPayloadType", &["TOKEN", "REQUEST"]);
    let request = kind.as_deref() == Some("REQUEST");
    let mut identity_sources = identity(scope, fields);
    if !request && identity_sources.is_empty() {
        identity_sources.push(header(DEFAULT_HEADER));
    }
    Some(Authorizer::Function(FunctionAuthorizer {
        function,
        event: if request {
            AuthorizerEvent::Request(PayloadFormat::V1)
        } else {
            AuthorizerEvent::Token
        },
        identity_sources,
        simple_response: false,
        caching: caching(&fields.map("Identity"), "ReauthorizeEvery", REST_CACHING),
    }))
}

/// How long responses are cached; `default` where the template does not say, in seconds.
fn caching(fields: &Fields<'_, '_>, key: &'static str, default: u32) -> Duration {
    let seconds = fields.number(key, 0..=3600).unwrap_or(default);
    Duration::from_secs(seconds.into())
}

/// A Cognito authorizer: tokens of the user pool, whatever their client.
fn user_pool(
    scope: &Scope<'_>,
    owner: &str,
    line: usize,
    pools: &[String],
    source: Option<String>,
    scopes: Vec<String>,
) -> Option<Authorizer> {
    let parts = pools.first().and_then(|arn| {
        let (before, id) = arn.split_once(":userpool/")?;
        Some((before.split(':').nth(3)?, id))
    });
    // Without the ARN of a user pool there is no token that could be accepted.
    let (region, id) = parts.unwrap_or((REGION, "unknown"));
    let message = format!(
        "{owner}: Cognito does not run here. Tokens of the user pool {id} are verified with the \
         keys that AWS publishes; other requests are rejected"
    );
    scope.warn(line, message);
    Some(Authorizer::Jwt {
        issuer: format!("https://cognito-idp.{region}.amazonaws.com/{id}"),
        audience: None,
        identity_source: source.unwrap_or_else(|| header(DEFAULT_HEADER)),
        scopes,
    })
}

fn function(scope: &Scope<'_>, fields: &Fields<'_, '_>, line: usize) -> Option<String> {
    let arn = fields.required("FunctionArn")?;
    let function = references::function_named(scope, &arn);
    if function.is_none() {
        scope.error(
            line,
            format!("FunctionArn `{arn}` is not a function of this template"),
        );
    }
    function
}

/// The property `Identity` as identity sources.
fn identity(scope: &Scope<'_>, fields: &Fields<'_, '_>) -> Vec<String> {
    let identity = fields.map("Identity");
    identity.ignore(&[
        "Context",
        "ReauthorizeEvery",
        "StageVariables",
        "ValidationExpression",
    ]);
    let mut sources: Vec<String> = identity
        .text("Header")
        .map(|name| header(&name))
        .into_iter()
        .collect();
    sources.extend(
        texts(scope, &identity, "Headers")
            .iter()
            .map(|name| header(name)),
    );
    let queries = texts(scope, &identity, "QueryStrings");
    sources.extend(
        queries
            .iter()
            .map(|name| format!("$request.querystring.{name}")),
    );
    identity.finish();
    sources
}

fn header(name: &str) -> String {
    format!("$request.header.{name}")
}

/// The texts of the list `key`, or its one text.
pub fn texts(scope: &Scope<'_>, fields: &Fields<'_, '_>, key: &'static str) -> Vec<String> {
    let Some(node) = fields.node(key) else {
        return Vec::new();
    };
    if node.items().is_empty() {
        return fields.text(key).into_iter().collect();
    }
    let items = fields.list(key).into_iter();
    items.filter_map(|item| scope.text(item, key)).collect()
}

/// The authorizer of an `AWS::ApiGatewayV2::Route`.
pub fn of_route(
    scope: &Scope<'_>,
    route: &Resource<'_>,
    fields: &Fields<'_, '_>,
) -> Option<Authorizer> {
    let types = ["NONE", "AWS_IAM", "CUSTOM", "JWT"];
    match attached(scope, route, fields, &types, ResourceKind::Authorizer)? {
        Attached::Iam => Some(Authorizer::Iam),
        Attached::Resource(resource, scopes) => plain_authorizer(scope, resource, scopes),
    }
}

/// What authorizes a route or method that is a resource of its own.
enum Attached<'s> {
    Iam,
    /// An authorizer, and the scopes of the route.
    Resource(&'s Resource<'s>, Vec<String>),
}

/// `AuthorizationType`, `AuthorizationScopes` and `AuthorizerId` of `owner`, whose
/// authorizers are resources of `kind`.
fn attached<'s>(
    scope: &'s Scope<'_>,
    owner: &Resource<'_>,
    fields: &Fields<'_, '_>,
    types: &[&str],
    kind: ResourceKind,
) -> Option<Attached<'s>> {
    let authorization = fields.one_of("AuthorizationType", types);
    let scopes = texts(scope, fields, "AuthorizationScopes");
    let id = fields.node("AuthorizerId");
    match authorization.as_deref() {
        None | Some("NONE") => None,
        Some("AWS_IAM") => Some(Attached::Iam),
        Some(_) => {
            let named = id.and_then(policies::referenced);
            let mut all = scope.of_kind(kind);
            let resource = all.find(|each| Some(each.id) == named.as_deref());
            if resource.is_none() {
                let message = format!(
                    "{}: AuthorizerId is not an authorizer of this template",
                    owner.id
                );
                scope.error(owner.line, message);
            }
            Some(Attached::Resource(resource?, scopes))
        }
    }
}

/// `AWS::ApiGatewayV2::Authorizer`.
fn plain_authorizer(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    scopes: Vec<String>,
) -> Option<Authorizer> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "ApiId",
        "AuthorizerCredentialsArn",
        "IdentityValidationExpression",
        "Name",
    ]);
    let kind = fields.required("AuthorizerType");
    let identity_sources = texts(scope, &fields, "IdentitySource");
    let authorizer = if kind.as_deref() == Some("JWT") {
        let jwt = fields.map("JwtConfiguration");
        let (issuer, issuer_lower) = (jwt.text("Issuer"), jwt.text("issuer"));
        let mut audience = texts(scope, &jwt, "Audience");
        audience.extend(texts(scope, &jwt, "audience"));
        jwt.finish();
        let issuer = issuer.or(issuer_lower);
        if issuer.is_none() {
            jwt_without_issuer(scope, resource);
        }
        Some(Authorizer::Jwt {
            issuer: issuer?,
            audience: Some(audience),
            identity_source: identity_sources
                .first()
                .cloned()
                .unwrap_or_else(|| header(DEFAULT_HEADER)),
            scopes,
        })
    } else {
        fields.one_of("AuthorizerType", &["JWT", "REQUEST"]);
        let uri = fields.required("AuthorizerUri")?;
        let arn = uri
            .split_once(":lambda:path/2015-03-31/functions/")
            .and_then(|(_, rest)| rest.strip_suffix("/invocations"));
        let function = references::function_named(scope, arn.unwrap_or(&uri));
        if function.is_none() {
            let message = format!(
                "{}: AuthorizerUri `{uri}` does not invoke a function of this template",
                resource.id
            );
            scope.error(resource.line, message);
        }
        let version = fields.one_of("AuthorizerPayloadFormatVersion", &["1.0", "2.0"]);
        let payload = match version.as_deref() {
            Some("2.0") => PayloadFormat::V2,
            _ => PayloadFormat::V1,
        };
        Some(Authorizer::Function(FunctionAuthorizer {
            function: function?,
            event: AuthorizerEvent::Request(payload),
            identity_sources,
            simple_response: fields.boolean("EnableSimpleResponses").unwrap_or(false),
            caching: caching(&fields, "AuthorizerResultTtlInSeconds", 0),
        }))
    };
    fields.finish();
    authorizer
}

/// The authorizer of an `AWS::ApiGateway::Method`.
pub fn of_method(
    scope: &Scope<'_>,
    method: &Resource<'_>,
    fields: &Fields<'_, '_>,
) -> Option<Authorizer> {
    let types = ["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"];
    match attached(scope, method, fields, &types, ResourceKind::RestAuthorizer)? {
        Attached::Iam => Some(Authorizer::Iam),
        Attached::Resource(resource, scopes) => plain_rest_authorizer(scope, resource, scopes),
    }
}

/// `AWS::ApiGateway::Authorizer`.
fn plain_rest_authorizer(
    scope: &Scope<'_>,
    resource: &Resource<'_>,
    scopes: Vec<String>,
) -> Option<Authorizer> {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "AuthType",
        "AuthorizerCredentials",
        "IdentityValidationExpression",
        "Name",
        "RestApiId",
    ]);
    fields.required("Type");
    let kind = fields.one_of("Type", &["TOKEN", "REQUEST", "COGNITO_USER_POOLS"])?;
    let sources = fields.text("IdentitySource").unwrap_or_default();
    let sources = sources.split(',').map(str::trim);
    let identity_sources: Vec<String> = sources
        .filter(|source| !source.is_empty())
        .map(str::to_owned)
        .collect();
    let caching = caching(&fields, "AuthorizerResultTtlInSeconds", REST_CACHING);
    if kind == "COGNITO_USER_POOLS" {
        let pools = texts(scope, &fields, "ProviderARNs");
        let source = identity_sources.into_iter().next();
        fields.finish();
        return user_pool(scope, resource.id, resource.line, &pools, source, scopes);
    }
    let uri = fields.required("AuthorizerUri")?;
    fields.finish();
    let Some(function) = plain_rest_api::invoked(scope, &uri) else {
        let message = format!(
            "{}: AuthorizerUri `{uri}` does not invoke a function of this template",
            resource.id
        );
        scope.error(resource.line, message);
        return None;
    };
    Some(Authorizer::Function(FunctionAuthorizer {
        function,
        event: match kind.as_str() {
            "TOKEN" => AuthorizerEvent::Token,
            _ => AuthorizerEvent::Request(PayloadFormat::V1),
        },
        identity_sources,
        simple_response: false,
        caching,
    }))
}

fn jwt_without_issuer(scope: &Scope<'_>, resource: &Resource<'_>) {
    let message = format!("{}: JwtConfiguration has no Issuer", resource.id);
    scope.error(resource.line, message);
}
