//! The routes in `docs/openapi.json` and in the template are the same. The end-to-end tests check
//! every response against its schema.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::assert_none;
use crate::repository::text_of;

const DOCUMENT: &str = "docs/openapi.json";

#[test]
fn every_route_of_the_template_is_in_the_openapi_document_and_no_other() {
    let document: Value = serde_json::from_str(text_of(DOCUMENT)).expect("it is JSON");
    let documented = documented(&document);
    let routes = routes(text_of("template.yaml"));
    assert!(routes.len() > 10, "{routes:?}");
    assert_none(&differences(&documented, &routes));
}

fn differences(documented: &BTreeSet<String>, routes: &BTreeSet<String>) -> Vec<String> {
    let missing = routes.difference(documented);
    let unknown = documented.difference(routes);
    missing
        .map(|route| format!("{DOCUMENT}: {route} is missing; describe it"))
        .chain(
            unknown.map(|route| {
                format!("{DOCUMENT}: {route} is not a route of template.yaml; remove it")
            }),
        )
        .collect()
}

fn documented(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

/// The keys of the HTTP API's routes, such as `GET /api/me`.
pub fn routes(template: &str) -> BTreeSet<String> {
    let keys = template.split("RouteKey: ").skip(1);
    keys.map(|rest| rest.trim_start_matches('"'))
        .filter_map(|rest| rest.split([',', '"', '\n']).next())
        .filter(|key| !key.starts_with('$'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_missing_and_an_unknown_operation_are_refused() {
    let document = serde_json::json!({
        "paths": {"/api/me": {"get": {}}, "/api/logout": {"post": {}}}
    });
    let routes = ["GET /api/me", "GET /api/rooms"].map(str::to_owned).into();
    assert_eq!(
        differences(&documented(&document), &routes),
        [
            "docs/openapi.json: GET /api/rooms is missing; describe it",
            "docs/openapi.json: POST /api/logout is not a route of template.yaml; remove it",
        ]
    );
}
