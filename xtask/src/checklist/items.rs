//! The items of `docs/security-checklist.md`, and which of them a test shows.

/// What stands behind an item whose time has not come.
const WAITS: &str = "(waits ";

/// One item.
pub struct Item {
    /// Its number, from 1.
    pub number: usize,
    /// What holds.
    pub claim: String,
    /// Until what no test is asked for, if it waits for something.
    pub waits: Option<String>,
}

/// The items in the document's table.
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

/// The numbers that a test's name begins with: `codes::item_03_04_…` shows 3 and 4.
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
