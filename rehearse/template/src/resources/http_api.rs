//! HTTP APIs: `AWS::Serverless::HttpApi` with the `HttpApi` events of functions.

use std::collections::BTreeMap;
use std::time::Duration;

use super::authorizers::{Auth, Owner};
use super::events::{self, Event};
use super::{cors, openapi, plain_http_api, stage};
use crate::application::{ApiKind, HttpApi, HttpRoute, PayloadFormat};
use crate::document::Node;
use crate::evaluate::{Fields, Resource, ResourceKind, Scope};

/// The API that SAM generates for events without an `ApiId`.
const IMPLICIT: &str = "ServerlessHttpApi";

/// Methods that a route may name.
pub const METHODS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

/// An API whose events are still to be read.
pub struct Declared {
    /// The API.
    pub api: HttpApi,
    /// Its authorizers.
    pub auth: Auth,
    /// The routes of its OpenAPI definition, which events may repeat.
    pub defined: Vec<HttpRoute>,
}

impl Declared {
    /// An API with the routes of its definition.
    pub fn new(api: HttpApi, auth: Auth) -> Self {
        Self {
            defined: api.routes.clone(),
            api,
            auth,
        }
    }
}

/// Reads every HTTP API with all its routes.
pub fn read(scope: &Scope<'_>) -> Vec<HttpApi> {
    let mut apis: BTreeMap<&str, Declared> = BTreeMap::new();
    for resource in scope.of_kind(ResourceKind::HttpApi) {
        apis.insert(resource.id, declared(scope, resource));
    }
    let mut plain = Vec::new();
    for resource in scope.of_kind(ResourceKind::PlainHttpApi) {
        plain.extend(plain_http_api::read(scope, resource));
    }
    for event in events::of_type(scope, "HttpApi") {
        let id = event.fields.text("ApiId").filter(|id| id != IMPLICIT);
        let (name, line) = (event.name(), event.line);
        let found = match id.as_deref() {
            None => Some(apis.entry(IMPLICIT).or_insert_with(implicit)),
            Some(id) => apis.get_mut(id),
        };
        if let Some(Declared { api, auth, defined }) = found {
            let route = route(scope, &event, auth);
            event.fields.finish();
            if let Some(route) = route {
                // The event repeats a route of the API's own definition.
                let known = defined
                    .iter()
                    .any(|other| other.function == route.function && same_place(other, &route));
                if !known {
                    add(scope, &mut api.routes, route, &name, line);
                }
            }
            continue;
        }
        let route = route(scope, &event, &Auth::default());
        event.fields.finish();
        let mut of_api = plain
            .iter_mut()
            .filter(|api| Some(api.id.as_str()) == id.as_deref())
            .peekable();
        if of_api.peek().is_none() {
            let message = format!("{name}: ApiId is not an HTTP API of this template");
            scope.error(line, message);
        }
        if let Some(route) = route {
            for api in of_api {
                add(scope, &mut api.routes, route.clone(), &name, line);
            }
        }
    }
    apis.into_values()
        .map(|declared| declared.api)
        .chain(plain)
        .collect()
}

fn implicit() -> Declared {
    let api = HttpApi {
        id: IMPLICIT.to_owned(),
        kind: ApiKind::Http,
        stage: "$default".to_owned(),
        stage_variables: BTreeMap::new(),
        routes: Vec::new(),
        cors: None,
        throttling: None,
    };
    Declared::new(api, Auth::default())
}

fn declared(scope: &Scope<'_>, resource: &Resource<'_>) -> Declared {
    let fields = Fields::of(scope, resource.properties, resource.line, resource.id);
    fields.ignore(&[
        "AccessLogSettings",
        "Description",
        "DisableExecuteApiEndpoint",
        "Domain",
        "FailOnWarnings",
        "Name",
        "PropagateTags",
        "Tags",
    ]);
    let settings = fields.map("DefaultRouteSettings");
    settings.ignore(&["DetailedMetricsEnabled"]);
    let throttling = stage::throttling(&settings);
    settings.finish();
    let auth = Auth::read(scope, &fields, Owner::Http);
    let api = HttpApi {
        id: resource.id.to_owned(),
        kind: ApiKind::Http,
        stage: fields
            .text("StageName")
            .unwrap_or_else(|| "$default".to_owned()),
        stage_variables: variables(scope, &fields, "StageVariables"),
        routes: openapi::routes(
            scope,
            resource,
            &fields,
            "DefinitionBody",
            PayloadFormat::V2,
        ),
        cors: cors::read(scope, &fields, "CorsConfiguration"),
        throttling,
    };
    fields.finish();
    Declared::new(api, auth)
}

/// The map of texts `key`.
pub fn variables(
    scope: &Scope<'_>,
    fields: &Fields<'_, '_>,
    key: &'static str,
) -> BTreeMap<String, String> {
    let entries = fields.node(key).map_or(&[][..], Node::entries).iter();
    entries
        .filter_map(|entry| {
            let value = scope.text(&entry.value, key)?;
            Some((entry.key.clone(), value))
        })
        .collect()
}

/// Adds `route`, which `name` describes, unless its place is taken.
pub fn add(
    scope: &Scope<'_>,
    routes: &mut Vec<HttpRoute>,
    route: HttpRoute,
    name: &str,
    line: usize,
) {
    if routes.iter().any(|other| same_place(other, &route)) {
        let message = format!(
            "{name}: the route {} {} is defined twice",
            route.method, route.path
        );
        scope.error(line, message);
    }
    routes.push(route);
}

fn route(scope: &Scope<'_>, event: &Event<'_, '_>, auth: &Auth) -> Option<HttpRoute> {
    let fields = &event.fields;
    let authorizer = auth.of_event(scope, fields, event.line);
    let version = fields.one_of("PayloadFormatVersion", &["1.0", "2.0"]);
    let payload = match version.as_deref() {
        Some("1.0") => PayloadFormat::V1,
        _ => PayloadFormat::V2,
    };
    let timeout = fields.number("TimeoutInMillis", 50..=30_000);
    let timeout = Duration::from_millis(timeout.unwrap_or(30_000).into());
    let (method, path) = match (fields.text("Method"), fields.text("Path")) {
        (None, None) => ("ANY".to_owned(), "$default".to_owned()),
        (Some(method), Some(path)) => (method.to_ascii_uppercase(), path),
        _ => {
            fields.missing("Method and Path, or only one of them");
            return None;
        }
    };
    let method = if method == "*" || method == "X-AMAZON-APIGATEWAY-ANY-METHOD" {
        "ANY".to_owned()
    } else {
        method
    };
    check(scope, &method, &path, &event.name(), event.line);
    Some(HttpRoute {
        method,
        path,
        function: event.function.to_owned(),
        timeout,
        payload,
        authorizer,
    })
}

/// Reports a method or a path that API Gateway does not take.
pub fn check(scope: &Scope<'_>, method: &str, path: &str, name: &str, line: usize) {
    if !METHODS.contains(&method) {
        scope.error(line, format!("{name}: the method `{method}` is unknown"));
    }
    if path != "$default"
        && let Err(why) = check_path(path)
    {
        scope.error(line, format!("{name}: Path {why}"));
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(format!("`{path}` does not begin with a slash"));
    };
    let mut names = Vec::new();
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        let Some(inner) = segment.strip_prefix('{') else {
            if segment.contains(['{', '}', '?', '#']) {
                return Err(format!("`{path}`: `{segment}` is half a parameter"));
            }
            continue;
        };
        let Some(name) = inner.strip_suffix('}') else {
            return Err(format!("`{path}`: `{segment}` is not closed"));
        };
        let name = match name.strip_suffix('+') {
            Some(_) if segments.peek().is_some() => {
                return Err(format!("`{path}`: {segment} has to come last"));
            }
            Some(greedy) => greedy,
            None => name,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
        if name.is_empty() || !name.chars().all(plain) || names.contains(&name) {
            return Err(format!("`{path}`: {segment} is no name, or is there twice"));
        }
        names.push(name);
    }
    Ok(())
}

/// Whether two routes would take the same requests: names of parameters do not
/// make a difference.
pub fn same_place(one: &HttpRoute, other: &HttpRoute) -> bool {
    let shape = |path: &str| -> Vec<String> {
        let segments = path.split('/').map(|segment| {
            match (segment.starts_with('{'), segment.ends_with("+}")) {
                (true, true) => "{+}".to_owned(),
                (true, false) => "{}".to_owned(),
                _ => segment.to_owned(),
            }
        });
        segments.collect()
    };
    one.method == other.method && shape(&one.path) == shape(&other.path)
}
