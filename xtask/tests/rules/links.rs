//! Links in documents.

use crate::assert_none;
use crate::repository::{File, files, root};

#[test]
fn links_in_documents_lead_somewhere() {
    let faults: Vec<_> = files()
        .iter()
        .filter(|file| file.path.ends_with(".md"))
        .flat_map(|file| {
            file.lines().flat_map(move |(number, line)| {
                targets(line)
                    .filter(|target| !leads_somewhere(file, target))
                    .map(move |target| {
                        format!(
                            "{}:{number}: {target} does not exist; fix the link",
                            file.path
                        )
                    })
            })
        })
        .collect();
    assert_none(&faults);
}

/// The targets between `](` and `)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

fn leads_somewhere(file: &File, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    if path.contains("://") || path.starts_with("mailto:") {
        return true;
    }
    if path.is_empty() {
        return has_heading(&file.text, heading);
    }
    let place = root().join(&file.path);
    let place = place.parent().unwrap_or(root()).join(path);
    place.exists()
        && (heading.is_empty()
            || std::fs::read_to_string(&place).is_ok_and(|text| has_heading(&text, heading)))
}

/// Whether a heading has this anchor, by GitHub's rule.
fn has_heading(text: &str, anchor: &str) -> bool {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter(|c| c.is_alphanumeric() || "- _".contains(*c))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect::<String>()
        })
        .any(|made| made == anchor)
}

#[test]
fn a_link_that_leads_nowhere_is_recognised() {
    let file = File {
        path: "docs/a.md".to_owned(),
        text: "# A title, with `code`\n[one](#a-title-with-code) [two](b.md)".to_owned(),
    };
    assert_eq!(
        targets("[one](#x) and [two](b.md)").collect::<Vec<_>>(),
        ["#x", "b.md"]
    );
    assert!(leads_somewhere(&file, "#a-title-with-code"));
    assert!(!leads_somewhere(&file, "#another-title"));
    assert!(leads_somewhere(&file, "../README.md"));
    assert!(!leads_somewhere(&file, "missing.md"));
    assert!(!leads_somewhere(&file, "../README.md#missing"));
    assert!(leads_somewhere(&file, "https://example.com/missing"));
}
