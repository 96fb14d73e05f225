//! Emoji to write and to react with.

mod list;

use list::EMOJI;

use super::mention::{Typed, byte_of};

/// Emoji that are offered while a name is typed.
const COMPLETED: usize = 8;
/// Letters after `:` from which on a name is completed: `:)` and `:D` are none.
const SHORTEST: usize = 2;
/// Emoji that are remembered as recent.
const RECENT: usize = 12;

/// Emoji with their words: those of a search, or the recent ones, the common ones and
/// then all others. A search may be an emoji itself, which then comes first.
pub fn emoji(search: &str, recent: &[String]) -> Vec<(String, String)> {
    let search = search.trim().to_lowercase();
    let item = |(emoji, words): &(&str, &str)| ((*emoji).to_owned(), (*words).to_owned());
    if search.is_empty() {
        let is_new = |entry: &&(&str, &str)| !recent.iter().any(|one| one == entry.0);
        let recent = recent.iter().map(|one| named(one));
        return recent
            .chain(EMOJI.iter().filter(is_new).map(item))
            .collect();
    }
    if super::is_emoji(&search) {
        return vec![named(&search)];
    }
    let is_found = |words: &str| {
        let mut terms = search.split_whitespace();
        terms.all(|term| words.split(' ').any(|word| word.starts_with(term)))
    };
    EMOJI
        .iter()
        .filter(|(_, words)| is_found(words))
        .map(item)
        .collect()
}

/// An emoji with its words, or itself if they are not known.
fn named(emoji: &str) -> (String, String) {
    let known = EMOJI.iter().find(|(known, _)| *known == emoji);
    let words = known.map_or(emoji, |(_, words)| words);
    (emoji.to_owned(), words.to_owned())
}

/// The recent emoji after the use of another one, newest first.
pub fn used(recent: &[String], emoji: &str) -> Vec<String> {
    let others = recent.iter().filter(|one| *one != emoji).cloned();
    std::iter::once(emoji.to_owned())
        .chain(others)
        .take(RECENT)
        .collect()
}

/// The name of an emoji that is being typed: `:` and letters in front of the cursor,
/// which is in UTF-16 units. Returns where it begins, in bytes, and the letters.
pub fn typed_emoji(text: &str, cursor: u32) -> Option<Typed> {
    let before = &text[..byte_of(text, cursor)];
    let start = before.rfind(':')?;
    let query = &before[start + 1..];
    let is_name = query.chars().all(|each| each.is_ascii_lowercase());
    let follows_word =
        before[..start].ends_with(|each: char| each.is_alphanumeric() || each == ':');
    (is_name && query.len() >= SHORTEST && !follows_word).then(|| Typed {
        start,
        query: query.to_owned(),
    })
}

/// The emoji whose words begin so, those of whose name first.
pub fn completing(query: &str) -> Vec<(String, String)> {
    let begins = |words: &str, at: usize| {
        let mut words = words.split(' ').enumerate();
        words.any(|(index, word)| (index == 0) == (at == 0) && word.starts_with(query))
    };
    let mut found = Vec::new();
    for at in [0, 1] {
        let matching = EMOJI.iter().filter(|(_, words)| begins(words, at));
        for (emoji, words) in matching {
            let name = words.split(' ').next().unwrap_or_default();
            if found.iter().all(|(known, _)| known != emoji) {
                found.push(((*emoji).to_owned(), name.to_owned()));
            }
        }
    }
    found.truncate(COMPLETED);
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn found(search: &str) -> Vec<String> {
        let found = emoji(search, &[]).into_iter();
        found.map(|(emoji, _)| emoji).collect()
    }

    #[test]
    fn emoji_are_found_by_the_beginnings_of_their_words() {
        assert_eq!(found("").len(), EMOJI.len());
        assert_eq!(found(" Rock"), ["🚀"]);
        assert_eq!(found("hea blu"), ["💙"]);
        assert!(found("nothing like that").is_empty());
    }

    #[test]
    fn any_emoji_finds_itself() {
        assert_eq!(found("🦀"), ["🦀"]);
        assert_eq!(emoji("🔥", &[]), [("🔥".to_owned(), "fire hot".to_owned())]);
    }

    #[test]
    fn recent_emoji_come_first_and_once() {
        let recent = used(&used(&[], "🦀"), "🔥");
        assert_eq!(recent, ["🔥", "🦀"]);
        assert_eq!(used(&recent, "🦀"), ["🦀", "🔥"]);
        let shown = emoji("", &recent);
        assert_eq!((shown[0].0.as_str(), shown[1].0.as_str()), ("🔥", "🦀"));
        assert_eq!(shown.len(), EMOJI.len());
        let many = EMOJI
            .iter()
            .fold(Vec::new(), |recent, (one, _)| used(&recent, one));
        assert_eq!(many.len(), RECENT);
    }

    #[test]
    fn a_typed_name_is_completed() {
        let query = |text: &str| {
            let cursor = u32::try_from(text.encode_utf16().count()).expect("short");
            typed_emoji(text, cursor).map(|typed| typed.query)
        };
        assert_eq!(query("👍 :roc").as_deref(), Some("roc"));
        for text in [
            ":",
            ":)",
            ":D",
            ":r",
            "10:30",
            "a:roc",
            "::roc",
            ":ro ck",
            "https://a",
        ] {
            assert_eq!(query(text), None, "{text}");
        }
        let names = |query: &str| -> Vec<String> {
            let found = completing(query).into_iter();
            found.map(|(emoji, _)| emoji).collect()
        };
        assert_eq!(names("rocket"), ["🚀"]);
        assert_eq!(names("tea").first().map(String::as_str), Some("🍵"));
        assert!(names("tea").contains(&"☕".to_owned()));
        assert!(names("zzzz").is_empty());
    }

    #[test]
    fn all_are_different_emoji() {
        let all: BTreeSet<&str> = EMOJI.iter().map(|(emoji, _)| *emoji).collect();
        assert_eq!(all.len(), EMOJI.len());
        assert!(all.iter().all(|emoji| crate::state::is_emoji(emoji)));
    }
}
