//! Which route a request takes.

use std::collections::BTreeMap;

use sam_template::application::{HttpApi, HttpRoute};

/// A route and what its `{parameters}` stand for.
#[derive(Debug, PartialEq)]
pub struct Selected<'a> {
    /// The route.
    pub route: &'a HttpRoute,
    /// Its path parameters, percent-decoded.
    pub parameters: BTreeMap<String, String>,
}

/// The most specific route for a request: a full match, then a greedy one, then
/// `$default`; within each a concrete method before `ANY`, and plain segments
/// before parameters.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
pub fn select<'a>(api: &'a HttpApi, method: &str, path: &str) -> Option<Selected<'a>> {
    let mut best: Option<(Vec<Rank>, bool, Selected<'a>)> = None;
    for route in &api.routes {
        let concrete = route.method == method;
        if !concrete && route.method != "ANY" {
            continue;
        }
        let Some((rank, parameters)) = matched(&route.path, path) else {
            continue;
        };
        let better = match &best {
            None => true,
            Some((best_rank, best_concrete, _)) => {
                (&rank, !concrete) < (best_rank, !*best_concrete)
            }
        };
        if better {
            best = Some((rank, concrete, Selected { route, parameters }));
        }
    }
    best.map(|(_, _, selected)| selected)
}

/// How specific a segment is, the most specific first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Plain,
    Parameter,
    Greedy,
    Default,
}

fn matched(pattern: &str, path: &str) -> Option<(Vec<Rank>, BTreeMap<String, String>)> {
    let mut parameters = BTreeMap::new();
    if pattern == "$default" {
        return Some((vec![Rank::Default], parameters));
    }
    let mut ranks = Vec::new();
    let mut rest = path.strip_prefix('/')?;
    let mut segments = pattern.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = segments.next() {
        let name = segment
            .strip_prefix('{')
            .and_then(|inner| inner.strip_suffix('}'));
        if let Some(greedy) = name.and_then(|name| name.strip_suffix('+')) {
            if rest.is_empty() {
                return None;
            }
            parameters.insert(greedy.to_owned(), decoded(rest));
            ranks.push(Rank::Greedy);
            return Some((ranks, parameters));
        }
        let (here, after) = match rest.split_once('/') {
            Some((here, after)) => (here, Some(after)),
            None => (rest, None),
        };
        match name {
            Some(_) if here.is_empty() => return None,
            Some(name) => {
                parameters.insert(name.to_owned(), decoded(here));
                ranks.push(Rank::Parameter);
            }
            None if decoded(here) == segment => ranks.push(Rank::Plain),
            None => return None,
        }
        match (after, segments.peek()) {
            (None, None) => return Some((ranks, parameters)),
            (Some(after), Some(_)) => rest = after,
            _ => return None,
        }
    }
    None
}

/// Percent-decoded; what is not UTF-8 then is replaced.
pub fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use sam_template::application::{ApiKind, PayloadFormat};

    use super::*;

    fn chosen(routes: &[(&str, &str)], method: &str, path: &str) -> Option<String> {
        let routes = routes.iter().map(|(method, path)| HttpRoute {
            method: (*method).to_owned(),
            path: (*path).to_owned(),
            function: "F".to_owned(),
            payload: PayloadFormat::V2,
            authorizer: None,
            timeout: std::time::Duration::from_secs(30),
        });
        let api = HttpApi {
            id: "Api".to_owned(),
            kind: ApiKind::Http,
            stage: "$default".to_owned(),
            stage_variables: BTreeMap::new(),
            cors: None,
            routes: routes.collect(),
            throttling: None,
        };
        let selected = select(&api, method, path)?;
        let parameters = selected.parameters.iter();
        let parameters: Vec<_> = parameters.map(|(k, v)| format!("{k}={v}")).collect();
        Some(format!(
            "{} {} {}",
            selected.route.method,
            selected.route.path,
            parameters.join("&")
        ))
    }

    /// The example of API Gateway's own documentation.
    #[test]
    fn the_most_specific_route_is_taken() {
        let routes = [
            ("GET", "$default"),
            ("ANY", "/{proxy+}"),
            ("GET", "/pets/{proxy+}"),
            ("GET", "/pets/dog/{id}"),
            ("GET", "/pets/dog/1"),
        ];
        let get = |path| chosen(&routes, "GET", path).expect("a route");
        assert_eq!(get("/pets/dog/1"), "GET /pets/dog/1 ");
        assert_eq!(get("/pets/dog/2"), "GET /pets/dog/{id} id=2");
        assert_eq!(get("/pets/cat/1"), "GET /pets/{proxy+} proxy=cat/1");
        assert_eq!(get("/test/5"), "ANY /{proxy+} proxy=test/5");
        assert_eq!(
            chosen(&routes, "POST", "/test/5").expect("a route"),
            "ANY /{proxy+} proxy=test/5"
        );
    }

    #[test]
    fn any_loses_to_a_method_and_a_missing_route_is_none() {
        let routes = [("ANY", "/a"), ("GET", "/a"), ("POST", "/b/{x}")];
        assert_eq!(chosen(&routes, "GET", "/a").as_deref(), Some("GET /a "));
        assert_eq!(chosen(&routes, "PUT", "/a").as_deref(), Some("ANY /a "));
        assert_eq!(chosen(&routes, "GET", "/b/1"), None);
        assert_eq!(chosen(&routes, "POST", "/b/"), None);
        assert_eq!(chosen(&routes, "GET", "/a/"), None);
    }

    #[test]
    fn parameters_are_percent_decoded() {
        let routes = [("GET", "/rooms/{room}")];
        assert_eq!(
            chosen(&routes, "GET", "/rooms/a%20b%2Fc").as_deref(),
            Some("GET /rooms/{room} room=a b/c")
        );
    }
}
