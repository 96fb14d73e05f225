//! `docs/openapi.json` against the routes of the template. That its answers are
//! those of the service is what the end-to-end tests hold it to.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::assert_none;
use crate::repository::files;

const DOCUMENT: &str = "docs/openapi.json";

#[test]
fn every_route_of_the_template_is_in_the_openapi_document_and_no_other() {
    let file = |path: &str| {
        let file = files().iter().find(|file| file.path == path);
        &file.unwrap_or_else(|| panic!("{path} is there")).text
    };
    let document: Value = serde_json::from_str(file(DOCUMENT)).expect("it is JSON");
    let told = told(&document);
    let routes = routes(file("template.yaml"));
    assert!(routes.len() > 10, "{routes:?}");
    let untold = routes.difference(&told);
    let unknown = told.difference(&routes);
    let faults: Vec<_> =
        untold
            .map(|route| format!("{DOCUMENT}: {route} is missing; describe it"))
            .chain(unknown.map(|route| {
                format!("{DOCUMENT}: {route} is no route of template.yaml; take it out")
            }))
            .collect();
    assert_none(&faults);
}

fn told(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
        })
        .collect()
}

fn routes(template: &str) -> BTreeSet<String> {
    let keys = template.split("RouteKey: ").skip(1);
    keys.map(|rest| rest.trim_start_matches('"'))
        .filter_map(|rest| rest.split([',', '"', '\n']).next())
        .filter(|key| !key.starts_with('$'))
        .map(str::to_owned)
        .collect()
}
