//! Links in a text, and texts of a few emoji. Everything else stays text:
//! nothing of a message is parsed as HTML.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    Text(&'t str),
    Link(&'t str),
}

/// The most emoji that are drawn large.
const FEW: usize = 6;

/// The parts concatenate to the text.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut done, mut from) = (0, 0);
    while let Some(found) = text[from..].find("http") {
        let start = from + found;
        let end = start + link_length(&text[start..]);
        let is_word = !text[..start].ends_with(char::is_alphanumeric);
        if end > start && is_word {
            if start > done {
                parts.push(Part::Text(&text[done..start]));
            }
            parts.push(Part::Link(&text[start..end]));
            done = end;
        }
        from = end.max(start + "http".len());
    }
    if done < text.len() {
        parts.push(Part::Text(&text[done..]));
    }
    parts
}

pub fn is_emoji(text: &str) -> bool {
    let mut count = 0;
    for character in text.chars() {
        match u32::from(character) {
            // Joiners, variation selectors, skin tones and spaces.
            0x200d | 0xfe0f | 0x1f3fb..=0x1f3ff | 0x20 => {}
            0x1f1e6..=0x1faff | 0x2600..=0x27bf | 0x2b50 | 0x2b55 => count += 1,
            _ => return false,
        }
    }
    (1..=FEW).contains(&count)
}

/// The length of the link at the start of `text`; 0 if there is none.
fn link_length(text: &str) -> usize {
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return 0;
    };
    if !rest.starts_with(|first: char| first.is_alphanumeric() || first == '[') {
        return 0;
    }
    let end = text
        .find(|each: char| each.is_whitespace() || each.is_control() || "<>\"`".contains(each))
        .unwrap_or(text.len());
    let mut link = &text[..end];
    // Punctuation at the end belongs to the sentence.
    while let Some(last) = link.chars().next_back() {
        let ends_sentence = match last {
            ')' => link.matches(')').count() > link.matches('(').count(),
            ']' => link.matches(']').count() > link.matches('[').count(),
            _ => ".,;:!?'*_~…”’»".contains(last),
        };
        if !ends_sentence {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(text: &str) -> Vec<&str> {
        parts(text)
            .into_iter()
            .filter_map(|part| match part {
                Part::Link(link) => Some(link),
                Part::Text(_) => None,
            })
            .collect()
    }

    #[test]
    fn a_link_ends_where_the_sentence_goes_on() {
        assert_eq!(
            links("See https://example.com/a_(b), or (http://x.org/?q=1#f)."),
            ["https://example.com/a_(b)", "http://x.org/?q=1#f"]
        );
        assert_eq!(links("https://[::1]:80/\nnext"), ["https://[::1]:80/"]);
    }

    #[test]
    fn nothing_but_web_addresses_becomes_a_link() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,http",
            "xhttp://a.b",
            "http:// a",
            "https://\"onclick=",
            "httpx://a",
        ] {
            assert!(links(text).is_empty(), "{text}");
        }
        assert_eq!(links("http://a.b\"onclick=\"x"), ["http://a.b"]);
    }

    #[test]
    fn a_few_emoji_are_told_from_text() {
        assert!(is_emoji("☕"));
        assert!(is_emoji("👩‍💻 👍🏽"));
        assert!(!is_emoji("ok 👍"));
        assert!(!is_emoji("7"));
        assert!(!is_emoji(""));
        assert!(!is_emoji(&"👍".repeat(7)));
    }

    proptest! {
        #[test]
        fn the_parts_together_are_the_text(text in "(\\PC|https?://|[().\n ]){0,60}") {
            let joined: String = parts(&text)
                .into_iter()
                .map(|part| match part {
                    Part::Text(text) | Part::Link(text) => text,
                })
                .collect();
            prop_assert_eq!(joined, text);
        }
    }
}
