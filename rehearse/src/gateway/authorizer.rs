//! Authorizers: IAM signatures, and functions that decide about a request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use bytes::Bytes;
use sam_template::application::{
    ACCOUNT, Authorizer, AuthorizerEvent, FunctionAuthorizer, PayloadFormat, REGION,
};
use sam_template::policy::{Matches, Policy, Statement};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::gateway::http_api::query_values;
use crate::gateway::jwt::{Expected, Issuers, Rejected};
use crate::iam::{Access, signature};
use crate::lambda::invoker::{InvokeError, Invoker};

/// Authorizes requests. Cheap to clone.
#[derive(Clone)]
pub struct Authorizers {
    invoker: Invoker,
    access: Arc<Access>,
    issuers: Issuers,
    responses: Arc<Mutex<HashMap<Identity, CachedResponse>>>,
}

/// What the cached response of an authorizer is for.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    api: String,
    stage: String,
    function: String,
    sources: Vec<String>,
}

struct CachedResponse {
    until: Instant,
    response: Value,
}

/// A request to be authorized.
pub struct Request<'a> {
    /// The id of the API.
    pub api: &'a str,
    /// The stage.
    pub stage: &'a str,
    /// The end of the route's ARN, such as `GET/pets` or `$connect`.
    pub route: &'a str,
    /// The service that requests are signed for.
    pub service: &'a str,
    /// The request.
    pub parts: &'a Parts,
    /// Its body.
    pub body: &'a Bytes,
    /// The event of the request in a format.
    pub event: &'a (dyn Fn(PayloadFormat) -> Value + Sync),
}

impl Request<'_> {
    fn arn(&self) -> String {
        format!(
            "arn:aws:execute-api:{REGION}:{ACCOUNT}:{}/{}/{}",
            self.api, self.stage, self.route
        )
    }
}

/// What an authorizer returned for a request that it allows.
#[derive(Debug, Clone, PartialEq)]
pub enum Authorized {
    /// The caller of a signed request.
    Iam {
        /// The access key id.
        access_key: String,
    },
    /// A JSON Web Token.
    Jwt {
        /// Its claims.
        claims: Map<String, Value>,
        /// The scopes of the route.
        scopes: Vec<String>,
    },
    /// The response of a function.
    Function {
        /// `principalId`.
        principal_id: Option<String>,
        /// `context`.
        context: Map<String, Value>,
    },
}

impl Authorized {
    /// `requestContext.authorizer` in payload format 1.0, and of WebSocket APIs: the
    /// values are texts.
    pub fn v1(&self) -> Value {
        match self {
            Self::Iam { .. } => json!({}),
            Self::Jwt { claims, .. } => json!({"claims": as_texts(claims)}),
            Self::Function {
                principal_id,
                context,
            } => {
                let texts = context.iter().filter_map(|(key, value)| match value {
                    Value::String(text) => Some((key.clone(), json!(text))),
                    Value::Bool(_) | Value::Number(_) => {
                        Some((key.clone(), json!(value.to_string())))
                    }
                    _ => None,
                });
                let mut entries: Map<String, Value> = texts.collect();
                entries.insert("principalId".to_owned(), json!(principal_id));
                entries.insert("integrationLatency".to_owned(), json!(0));
                Value::Object(entries)
            }
        }
    }

    /// `requestContext.authorizer` in payload format 2.0.
    pub fn v2(&self) -> Value {
        match self {
            Self::Iam { access_key } => json!({"iam": {
                "accessKey": access_key,
                "accountId": ACCOUNT,
                "callerId": access_key,
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/local/{access_key}"),
                "userId": access_key,
            }}),
            Self::Jwt { claims, scopes } => {
                let scopes = (!scopes.is_empty()).then_some(scopes);
                json!({"jwt": {"claims": as_texts(claims), "scopes": scopes}})
            }
            Self::Function { context, .. } => json!({"lambda": context}),
        }
    }
}

/// Why a request is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// An identity source is missing, or the authorizer threw `Unauthorized`: 401.
    Unauthorized,
    /// The policy denies the request: 403.
    Forbidden,
    /// The authorizer failed: 500.
    Failed,
}

impl Authorizers {
    /// Authorizes with functions invoked through `invoker`, and with signatures of
    /// the credentials of `access`.
    pub fn new(invoker: Invoker, access: Access) -> Self {
        Self {
            invoker,
            access: Arc::new(access),
            issuers: Issuers::default(),
            responses: Arc::default(),
        }
    }

    /// Decides about a request.
    ///
    /// # Errors
    /// Why it is denied.
    pub async fn authorize(
        &self,
        authorizer: &Authorizer,
        request: &Request<'_>,
    ) -> Result<Authorized, Denied> {
        match authorizer {
            Authorizer::Iam => self.signed(request),
            Authorizer::Function(function) => self.decided(function, request).await,
            Authorizer::Jwt {
                issuer,
                audience,
                identity_source,
                scopes,
            } => {
                let token = identity(identity_source, request.parts).ok_or(Denied::Unauthorized)?;
                let expected = Expected {
                    issuer,
                    audience: audience.as_deref(),
                    scopes,
                };
                let now = OffsetDateTime::now_utc().unix_timestamp();
                let claims = self.issuers.verify(&token, &expected, now).await;
                let claims = claims.map_err(|rejected| match rejected {
                    Rejected::Invalid => Denied::Unauthorized,
                    Rejected::Scope => Denied::Forbidden,
                })?;
                Ok(Authorized::Jwt {
                    claims,
                    scopes: scopes.clone(),
                })
            }
        }
    }

    fn signed(&self, request: &Request<'_>) -> Result<Authorized, Denied> {
        let now = OffsetDateTime::now_utc();
        let caller = signature::verify(
            request.parts,
            request.body,
            &self.access,
            request.service,
            now,
        )
        .map_err(|_| Denied::Forbidden)?;
        let allowed = request.service == "lambda"
            || caller.policy.allows("execute-api:Invoke", &request.arn());
        if !allowed {
            return Err(Denied::Forbidden);
        }
        Ok(Authorized::Iam {
            access_key: caller.access_key_id.clone(),
        })
    }

    async fn decided(
        &self,
        authorizer: &FunctionAuthorizer,
        request: &Request<'_>,
    ) -> Result<Authorized, Denied> {
        let sources: Option<Vec<String>> = authorizer
            .identity_sources
            .iter()
            .map(|source| identity(source, request.parts))
            .collect();
        let sources = sources.ok_or(Denied::Unauthorized)?;
        let arn = request.arn();
        let identity = Identity {
            api: request.api.to_owned(),
            stage: request.stage.to_owned(),
            function: authorizer.function.clone(),
            sources,
        };
        let cached = match authorizer.caching {
            Duration::ZERO => None,
            _ => self.cached(&identity),
        };
        let response = match cached {
            Some(response) => response,
            None => {
                let response = self
                    .invoked(authorizer, request, &arn, &identity.sources)
                    .await?;
                self.cache(identity, authorizer.caching, &response);
                response
            }
        };
        if authorizer.simple_response {
            simple(response)
        } else {
            by_policy(response, &arn)
        }
    }

    fn cached(&self, identity: &Identity) -> Option<Value> {
        let responses = self
            .responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let cached = responses.get(identity)?;
        (Instant::now() < cached.until).then(|| cached.response.clone())
    }

    /// Keeps a response. Without identity sources nothing is cached.
    fn cache(&self, identity: Identity, caching: Duration, response: &Value) {
        if caching.is_zero() || identity.sources.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut responses = self
            .responses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        responses.retain(|_, cached| now < cached.until);
        let cached = CachedResponse {
            until: now + caching,
            response: response.clone(),
        };
        responses.insert(identity, cached);
    }

    /// The response of the authorizer's function.
    async fn invoked(
        &self,
        authorizer: &FunctionAuthorizer,
        request: &Request<'_>,
        arn: &str,
        sources: &[String],
    ) -> Result<Value, Denied> {
        let event = match authorizer.event {
            AuthorizerEvent::Token => json!({
                "type": "TOKEN",
                "methodArn": arn,
                "authorizationToken": sources.first(),
            }),
            AuthorizerEvent::Request(format) => {
                let mut event = (request.event)(format);
                if let Value::Object(entries) = &mut event {
                    // There is neither a body nor a result of an authorizer yet.
                    for key in ["body", "isBase64Encoded"] {
                        entries.remove(key);
                    }
                    entries.insert("type".to_owned(), json!("REQUEST"));
                    match format {
                        PayloadFormat::V1 => {
                            entries.insert("methodArn".to_owned(), json!(arn));
                        }
                        PayloadFormat::V2 => {
                            entries.insert("routeArn".to_owned(), json!(arn));
                            entries.insert("identitySource".to_owned(), json!(sources));
                        }
                    }
                }
                event
            }
        };
        let payload = serde_json::to_vec(&event).unwrap_or_default();
        let answer = self
            .invoker
            .invoke(&authorizer.function, payload.into())
            .await;
        let answer = answer.map_err(|error| match error {
            InvokeError::Failed { message, .. } if message == "Unauthorized" => {
                Denied::Unauthorized
            }
            _ => Denied::Failed,
        })?;
        serde_json::from_slice(&answer).map_err(|_| Denied::Failed)
    }
}

/// `{"isAuthorized": …, "context": …}`.
fn simple(response: Value) -> Result<Authorized, Denied> {
    match response.get("isAuthorized").and_then(Value::as_bool) {
        Some(true) => Ok(Authorized::Function {
            principal_id: None,
            context: context(&response),
        }),
        Some(false) => Err(Denied::Forbidden),
        None => Err(Denied::Failed),
    }
}

/// `{"principalId": …, "policyDocument": …, "context": …}`.
fn by_policy(response: Value, arn: &str) -> Result<Authorized, Denied> {
    let principal_id = response.get("principalId").and_then(Value::as_str);
    let statements = response
        .pointer("/policyDocument/Statement")
        .ok_or(Denied::Failed)?;
    let listed = match statements {
        Value::Array(items) => items.clone(),
        single => vec![single.clone()],
    };
    let policy = Policy(listed.iter().map(statement).collect());
    if !policy.allows("execute-api:Invoke", arn) {
        return Err(Denied::Forbidden);
    }
    Ok(Authorized::Function {
        principal_id: Some(principal_id.ok_or(Denied::Failed)?.to_owned()),
        context: context(&response),
    })
}

fn statement(value: &Value) -> Statement {
    let texts = |key: &str| -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match value.get(key) {
            Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
            Some(single) => text(single).into_iter().collect(),
            None => Vec::new(),
        }
    };
    Statement {
        allow: value.get("Effect").and_then(Value::as_str) == Some("Allow"),
        actions: Matches::AnyOf(texts("Action")),
        resources: Matches::AnyOf(texts("Resource")),
    }
}

/// API Gateway passes claims as texts, lists as `[a b]`.
fn as_texts(claims: &Map<String, Value>) -> Map<String, Value> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| {
                    item.as_str()
                        .map_or_else(|| item.to_string(), str::to_owned)
                })
                .collect();
            format!("[{}]", items.join(" "))
        }
        other => other.to_string(),
    };
    let texts = claims
        .iter()
        .map(|(key, value)| (key.clone(), json!(text(value))));
    texts.collect()
}

fn context(response: &Value) -> Map<String, Value> {
    let context = response.get("context").and_then(Value::as_object);
    context.cloned().unwrap_or_default()
}

/// The value of an identity source such as `$request.header.Authorization`,
/// `route.request.querystring.token` or `method.request.header.Auth`.
fn identity(source: &str, parts: &Parts) -> Option<String> {
    let (_, source) = source.split_once("request.")?;
    let (place, name) = source.split_once('.')?;
    let found = match place {
        "header" => {
            let value = parts.headers.get(name)?;
            value.to_str().ok()?.to_owned()
        }
        "querystring" => {
            let values = query_values(parts.uri.query().unwrap_or_default());
            values.get(name)?.last()?.clone()
        }
        _ => return None,
    };
    Some(found).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:Api/live/GET/pets";

    fn response(effect: &str, resource: &str) -> Value {
        json!({
            "principalId": "ann",
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
            ]},
            "context": {"tier": "free", "age": 7, "deep": {}},
        })
    }

    #[test]
    fn the_policy_of_the_response_decides() {
        let allowed = by_policy(response("Allow", "*/live/*"), ARN).expect("it is allowed");
        let expected = json!({
            "principalId": "ann", "tier": "free", "age": "7", "integrationLatency": 0,
        });
        assert_eq!(allowed.v1(), expected);
        assert_eq!(
            by_policy(response("Deny", "*"), ARN),
            Err(Denied::Forbidden)
        );
        assert_eq!(
            by_policy(response("Allow", "*/POST/*"), ARN),
            Err(Denied::Forbidden)
        );
        assert_eq!(
            by_policy(json!({"principalId": "ann"}), ARN),
            Err(Denied::Failed)
        );
    }

    #[test]
    fn a_simple_response_decides() {
        let response = json!({"isAuthorized": true, "context": {"tier": "free"}});
        let allowed = simple(response).expect("it is allowed");
        assert_eq!(allowed.v2(), json!({"lambda": {"tier": "free"}}));
        assert_eq!(
            simple(json!({"isAuthorized": false})),
            Err(Denied::Forbidden)
        );
        assert_eq!(simple(json!({})), Err(Denied::Failed));
    }

    #[test]
    fn identity_sources_are_headers_and_query_parameters() {
        let request = axum::http::Request::get("/a?token=x&empty=").header("auth", "Bearer y");
        let (parts, ()) = request.body(()).expect("valid").into_parts();
        for (source, value) in [
            ("$request.header.Auth", Some("Bearer y")),
            ("route.request.querystring.token", Some("x")),
            ("method.request.header.Auth", Some("Bearer y")),
            ("$request.querystring.empty", None),
            ("$request.header.other", None),
        ] {
            assert_eq!(identity(source, &parts).as_deref(), value, "{source}");
        }
    }
}
