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
    let missing = routes.difference(&documented);
    let unknown = documented.difference(&routes);
    let faults: Vec<_> =
        missing
            .map(|route| format!("{DOCUMENT}: {route} is missing; describe it"))
            .chain(unknown.map(|route| {
                format!("{DOCUMENT}: {route} is not a route of template.yaml; remove it")
            }))
            .collect();
    assert_none(&faults);
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
