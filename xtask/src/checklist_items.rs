//! Parses `docs/security-checklist.md` and the names of the tests of its items.

/// Marks an item that is not applicable yet.
const WAITS: &str = "(waits ";

pub struct Item {
    pub number: usize,
    pub claim: String,
    /// The condition until which the item needs no test.
    pub waits: Option<String>,
}

pub fn read(document: &str) -> Vec<Item> {
    document.lines().filter_map(item).collect()
}

fn item(line: &str) -> Option<Item> {
    let mut cells = line.strip_prefix("| ")?.split(" | ");
    let number = cells.next()?.parse().ok()?;
    let claim = cells.next()?.trim();
    let (claim, waits) = match claim.split_once(WAITS) {
        Some((claim, rest)) => (claim.trim(), Some(rest.trim_end_matches(')').to_owned())),
        None => (claim, None),
    };
    Some(Item {
        number,
        claim: claim.to_owned(),
        waits,
    })
}

/// The items in a test's name: `codes::item_03_04_…` covers 3 and 4.
pub fn shown_by(test: &str) -> Vec<usize> {
    let name = test.rsplit("::").next().unwrap_or(test);
    let Some(mut rest) = name.strip_prefix("item_") else {
        return Vec::new();
    };
    let mut numbers = Vec::new();
    while let Some((number, after)) = rest.split_once('_')
        && number.len() == 2
        && let Ok(number) = number.parse()
    {
        numbers.push(number);
        rest = after;
    }
    numbers
}
