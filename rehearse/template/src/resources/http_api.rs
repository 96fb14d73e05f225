//! The HTTP API and its routes: the `HttpApi` events of SAM, or plain resources.

use std::time::Duration;

use super::events::{self, Event};
use super::plain_http_api;
use crate::application::{HttpApi, HttpRoute};
use crate::evaluate::{Fields, ResourceKind, Scope};

/// The API that SAM makes for events which name none.
const IMPLICIT: &str = "ServerlessHttpApi";

/// Methods that a route may name.
const METHODS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

/// Reads the one HTTP API with all its routes.
pub fn read(scope: &Scope<'_>) -> Option<HttpApi> {
    let own = scope.of_kind(ResourceKind::HttpApi).next();
    let plain = scope.of_kind(ResourceKind::PlainHttpApi).next();
    let all = scope.of_kind(ResourceKind::HttpApi);
    for another in all.chain(scope.of_kind(ResourceKind::PlainHttpApi)).skip(1) {
        let message = format!("{}: the runner supports one HTTP API", another.id);
        scope.error(another.line, message);
    }
    if let Some(api) = own {
        let fields = Fields::of(scope, api.properties, api.line, api.id);
        fields.one_of("StageName", &["$default"]);
        fields.ignore(&["AccessLogSettings", "Description", "Name", "Tags"]);
        fields.finish();
    }
    let mut api = match (plain, own) {
        (Some(plain), _) => plain_http_api::read(scope, plain),
        (None, own) => HttpApi {
            id: own.map_or(IMPLICIT, |api| api.id).to_owned(),
            ..HttpApi::default()
        },
    };
    for event in events::of_type(scope, "HttpApi") {
        let read = route(scope, &event, own.map(|api| api.id));
        let (name, line) = (event.name(), event.line);
        event.fields.finish();
        if let Some(route) = read {
            add(scope, &mut api.routes, route, &name, line);
        }
    }
    let exists = own.is_some() || plain.is_some() || !api.routes.is_empty();
    exists.then_some(api)
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

fn route(scope: &Scope<'_>, event: &Event<'_, '_>, own: Option<&str>) -> Option<HttpRoute> {
    let fields = &event.fields;
    let api = fields.text("ApiId");
    if api.is_some() && api.as_deref() != own {
        let message = format!("{}: ApiId is not the template's HTTP API", event.name());
        scope.error(event.line, message);
    }
    fields.one_of("PayloadFormatVersion", &["2.0"]);
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
    check(scope, &method, &path, &event.name(), event.line);
    Some(HttpRoute {
        method,
        path,
        function: event.function.to_owned(),
        timeout,
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
fn same_place(one: &HttpRoute, other: &HttpRoute) -> bool {
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
