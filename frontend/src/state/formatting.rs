//! Formatting while a message is written, and the length of messages.

use domain::limits::MESSAGE_CHARS;

use super::mention::byte_of;

/// Characters before the limit from which on the rest is counted.
const COUNTED: usize = 400;
/// A longer message is folded.
const LONG: (usize, usize) = (24, 1_800);

/// A change of the text in the composer, in UTF-16 units as in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// What is replaced.
    pub from: (u32, u32),
    pub by: String,
    /// What is selected afterwards.
    pub selected: (u32, u32),
}

/// Puts a marker around the selection, or removes it from there.
pub fn toggled(text: &str, (start, end): (u32, u32), marker: &str) -> Replacement {
    let selected = &text[byte_of(text, start)..byte_of(text, end)];
    // A double click selects the space behind a word.
    let inner = selected.trim();
    let lead = units(&selected[..selected.len() - selected.trim_start().len()]);
    let (start, end) = match inner {
        "" => (start, start),
        _ => (start + lead, start + lead + units(inner)),
    };
    let (before, after) = (&text[..byte_of(text, start)], &text[byte_of(text, end)..]);
    let length = units(marker);
    if is_marked(before, after, marker) {
        return Replacement {
            from: (start - length, end + length),
            by: inner.to_owned(),
            selected: (start - length, end - length),
        };
    }
    if inner.is_empty() && begins_with_marker(after, marker) {
        // The marker behind the cursor ends what was being written.
        return Replacement {
            from: (start, start),
            by: String::new(),
            selected: (start + length, start + length),
        };
    }
    Replacement {
        from: (start, end),
        by: [marker, inner, marker].concat(),
        selected: (start + length, end + length),
    }
}

/// Whether exactly this marker is on both sides: `**` has no `*`.
fn is_marked(before: &str, after: &str, marker: &str) -> bool {
    let sign = sign(marker);
    let ends = before.len() - before.trim_end_matches(sign).len();
    has_marker(ends, marker) && begins_with_marker(after, marker)
}

fn begins_with_marker(text: &str, marker: &str) -> bool {
    has_marker(
        text.len() - text.trim_start_matches(sign(marker)).len(),
        marker,
    )
}

/// Whether so many signs are the marker: three are `*` within `**`.
fn has_marker(count: usize, marker: &str) -> bool {
    count == marker.len() || count == 3 && sign(marker) == '*'
}

fn sign(marker: &str) -> char {
    marker.chars().next().unwrap_or_default()
}

/// The characters that are left, near the limit; negative beyond it.
pub fn remaining(text: &str) -> Option<i64> {
    // Bytes are counted faster, and are never fewer than characters.
    if text.len() + COUNTED < MESSAGE_CHARS {
        return None;
    }
    let count = text.trim().chars().count();
    (count + COUNTED >= MESSAGE_CHARS).then_some(MESSAGE_CHARS as i64 - count as i64)
}

/// Whether a message is shown folded.
pub fn is_long(text: &str) -> bool {
    let (lines, chars) = LONG;
    text.lines().nth(lines).is_some() || text.chars().nth(chars).is_some()
}

fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Toggles the marker around what is between `[` and `]`, in the same notation.
    fn toggle(marked: &str, marker: &str) -> String {
        let start = units(&marked[..marked.find('[').expect("a selection")]);
        let end = units(&marked[..marked.find(']').expect("a selection")]) - 1;
        let text = marked.replace(['[', ']'], "");
        let done = toggled(&text, (start, end), marker);
        let at = |unit| byte_of(&text, unit);
        let text = [&text[..at(done.from.0)], &done.by, &text[at(done.from.1)..]].concat();
        let (start, end) = (
            byte_of(&text, done.selected.0),
            byte_of(&text, done.selected.1),
        );
        [&text[..start], "[", &text[start..end], "]", &text[end..]].concat()
    }

    #[test]
    fn a_marker_is_put_around_the_selection_and_removed_again() {
        assert_eq!(toggle("a [word] 👍", "**"), "a **[word]** 👍");
        assert_eq!(toggle("👍 **[word]**", "**"), "👍 [word]");
        assert_eq!(toggle("a [word ]b", "*"), "a *[word]* b");
        assert_eq!(toggle("a [] b", "`"), "a `[]` b");
        assert_eq!(toggle("**[]**", "**"), "[]");
        assert_eq!(toggle("**word[]**", "**"), "**word**[]");
        assert_eq!(toggle("**[word]**", "*"), "***[word]***");
        assert_eq!(toggle("***[word]***", "**"), "*[word]*");
    }

    #[test]
    fn the_rest_is_counted_near_the_limit() {
        assert_eq!(remaining(&"x".repeat(3_500)), None);
        assert_eq!(remaining(&"x".repeat(3_600)), Some(400));
        assert_eq!(remaining(&"é".repeat(4_003)), Some(-3));
        assert_eq!(remaining(&["x", &" ".repeat(4_000)].concat()), None);
    }

    #[test]
    fn many_lines_or_characters_are_long() {
        assert!(!is_long(&"a\n".repeat(24)));
        assert!(is_long(&"a\n".repeat(25)));
        assert!(is_long(&"a".repeat(1_801)));
    }

    proptest! {
        #[test]
        fn toggling_twice_restores_the_text(text in "[a-c 👍]{0,12}", a in 0u32..14, b in 0u32..14) {
            let at = |count: u32| units(&text.chars().take(count as usize).collect::<String>());
            let range = (at(a.min(b)), at(a.max(b)));
            let apply = |text: &str, done: &Replacement| {
                let (from, to) = (byte_of(text, done.from.0), byte_of(text, done.from.1));
                [&text[..from], &done.by, &text[to..]].concat()
            };
            let once = toggled(&text, range, "**");
            let marked = apply(&text, &once);
            let twice = toggled(&marked, once.selected, "**");
            prop_assert_eq!(apply(&marked, &twice), text);
        }
    }
}
