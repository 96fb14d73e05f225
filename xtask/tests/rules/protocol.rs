//! The routes in the tables of `docs/protocol.md` and those of the template are the same.

use std::collections::BTreeSet;

use crate::assert_none;
use crate::openapi::routes;
use crate::repository::text_of;

const DOCUMENT: &str = "docs/protocol.md";

#[test]
fn every_route_of_the_template_is_in_the_protocol_and_no_other() {
    let documented = documented(text_of(DOCUMENT));
    let routes = routes(text_of("template.yaml"));
    assert_none(&differences(&documented, &routes));
}

fn differences(documented: &BTreeSet<String>, routes: &BTreeSet<String>) -> Vec<String> {
    let missing = routes.difference(documented);
    let unknown = documented.difference(routes);
    missing
        .map(|route| format!("{DOCUMENT}: {route} is missing; add it to a table"))
        .chain(
            unknown.map(|route| {
                format!("{DOCUMENT}: {route} is not a route of template.yaml; remove it")
            }),
        )
        .collect()
}

/// The routes in the first cells: "| `GET /api/me` | … |".
fn documented(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .filter(|cell| cell.contains(" /api/"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_missing_and_an_unknown_route_are_refused() {
    let text = "| `GET /api/me` | | `200` |\n| `POST /api/logout` | | `204` |\n| `too_fast` | |";
    let routes = ["GET /api/me", "GET /api/rooms"].map(str::to_owned).into();
    assert_eq!(
        differences(&documented(text), &routes),
        [
            "docs/protocol.md: GET /api/rooms is missing; add it to a table",
            "docs/protocol.md: POST /api/logout is not a route of template.yaml; remove it",
        ]
    );
}
