//! Links and mentions in a text, and texts of a few emoji. Everything else stays text: nothing
//! of a message is parsed as HTML.

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'t> {
    Text(&'t str),
    Link {
        text: &'t str,
        /// What the text lacks to be an address: `https://`, `mailto:` or nothing.
        prefix: &'static str,
    },
    /// `@` and a name.
    Mention {
        text: &'t str,
        is_reader: bool,
    },
}

/// A user whom a message mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentioned {
    pub name: String,
    /// Whether that is who reads the message.
    pub is_reader: bool,
}

/// Brackets that an address may contain, if both are in it.
const BRACKETS: [(char, char); 3] = [('(', ')'), ('[', ']'), ('（', '）')];

/// The most emoji that are drawn large.
const FEW: usize = 6;

/// The parts concatenate to the text.
pub fn parts<'t>(text: &'t str, mentioned: &[Mentioned]) -> Vec<Part<'t>> {
    let parts = links(text);
    if mentioned.is_empty() {
        return parts;
    }
    let with_mentions = |part| match part {
        Part::Text(text) => with_mentions(text, mentioned),
        other => vec![other],
    };
    parts.into_iter().flat_map(with_mentions).collect()
}

fn with_mentions<'t>(text: &'t str, mentioned: &[Mentioned]) -> Vec<Part<'t>> {
    let names: Vec<&str> = mentioned.iter().map(|one| one.name.as_str()).collect();
    let mut parts = Vec::new();
    let mut done = 0;
    for (start, length) in super::mention::mentions(text, &names) {
        if start > done {
            parts.push(Part::Text(&text[done..start]));
        }
        done = start + length;
        let name = &text[start + 1..done];
        parts.push(Part::Mention {
            text: &text[start..done],
            is_reader: mentioned
                .iter()
                .any(|one| one.is_reader && one.name == name),
        });
    }
    if done < text.len() {
        parts.push(Part::Text(&text[done..]));
    }
    parts
}

/// Links and what is between them.
fn links(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut done, mut from) = (0, 0);
    while from < text.len() {
        let rest = &text[from..];
        let follows_word = text[..from].ends_with(is_word);
        let found = if follows_word { None } else { link_at(rest) };
        match found {
            Some((length, prefix)) => {
                if from > done {
                    parts.push(Part::Text(&text[done..from]));
                }
                let text = &rest[..length];
                parts.push(Part::Link { text, prefix });
                from += length;
                done = from;
            }
            None => {
                // Links begin after what is not part of a word.
                let mut skipped = rest.char_indices().skip(1);
                let next = skipped.find(|(at, _)| !rest[..*at].ends_with(is_word));
                from += next.map_or(rest.len(), |(at, _)| at);
            }
        }
    }
    if done < text.len() {
        parts.push(Part::Text(&text[done..]));
    }
    parts
}

/// Whether a text is a few emoji and nothing else. Characters that are joined to
/// one emoji, such as those of a flag or a family, count once.
pub fn is_emoji(text: &str) -> bool {
    let mut count = 0;
    let mut is_joined = false;
    let mut is_half_flag = false;
    for character in text.chars() {
        match u32::from(character) {
            0x200d => is_joined = true,
            // Variation selectors, skin tones, tags and spaces.
            0xfe0f | 0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f | 0x20 => {}
            // A flag is a pair of regional indicators.
            0x1f1e6..=0x1f1ff => {
                count += usize::from(!is_half_flag);
                is_half_flag = !is_half_flag;
            }
            0x1f300..=0x1faff
            | 0x231a..=0x231b
            | 0x23e9..=0x23f3
            | 0x2600..=0x27bf
            | 0x2b50
            | 0x2b55 => {
                count += usize::from(!std::mem::take(&mut is_joined));
            }
            _ => return false,
        }
    }
    (1..=FEW).contains(&count)
}

/// The length of the link at the start of `text`, and its prefix.
fn link_at(text: &str) -> Option<(usize, &'static str)> {
    let begins_with = |start: &str| {
        let head = text.get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    for (start, prefix) in [("https://", ""), ("http://", ""), ("www.", "https://")] {
        if begins_with(start) {
            let host = text[start.len()..].chars().next()?;
            let may_begin = host.is_alphanumeric() || (host == '[' && prefix.is_empty());
            let length = address_length(text);
            return (may_begin && length > start.len()).then_some((length, prefix));
        }
    }
    email_length(text).map(|length| (length, "mailto:"))
}

fn address_length(text: &str) -> usize {
    let ends = |each: char| {
        each.is_whitespace()
            || each.is_control()
            || "<>\"`".contains(each)
            || is_bidi_control(each)
            || is_cjk_punctuation(each)
    };
    let mut link = &text[..text.find(ends).unwrap_or(text.len())];
    // How many more brackets of each kind are closed than opened.
    let mut unopened = BRACKETS.map(|(opening, closing)| {
        link.matches(closing).count() as i64 - link.matches(opening).count() as i64
    });
    // Punctuation at the end belongs to the sentence.
    while let Some(last) = link.chars().next_back() {
        let bracket = BRACKETS.iter().position(|(_, closing)| *closing == last);
        let ends_sentence = match bracket {
            Some(bracket) => {
                unopened[bracket] -= 1;
                unopened[bracket] >= 0
            }
            None => ".,;:!?'*…”’»".contains(last),
        };
        if !ends_sentence {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}

/// An email address such as `ann@example.com`.
fn email_length(text: &str) -> Option<usize> {
    let is_local = |each: char| each.is_ascii_alphanumeric() || "._%+-".contains(each);
    let is_domain = |each: char| each.is_ascii_alphanumeric() || ".-".contains(each);
    let local = text.find(|each| !is_local(each))?;
    let domain = text[local..].strip_prefix('@')?;
    if local == 0 || !text.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let length = domain.find(|each| !is_domain(each)).unwrap_or(domain.len());
    let domain = domain[..length].trim_end_matches(['.', '-']);
    let (name, top) = domain.rsplit_once('.')?;
    let is_address = !name.is_empty()
        && !name.starts_with(['.', '-'])
        && top.len() >= 2
        && top.chars().all(|each| each.is_ascii_alphabetic());
    is_address.then_some(local + 1 + domain.len())
}

fn is_word(each: char) -> bool {
    each.is_alphanumeric() || "@._%+-".contains(each)
}

/// Characters that change the direction of the text, and could make an address
/// look like another one.
fn is_bidi_control(each: char) -> bool {
    matches!(each, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Full-width punctuation, which no address contains.
fn is_cjk_punctuation(each: char) -> bool {
    matches!(each, '\u{3000}'..='\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}'
        | '\u{ff01}' | '\u{ff0c}' | '\u{ff0e}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(text: &str) -> Vec<String> {
        parts(text, &[])
            .into_iter()
            .filter_map(|part| match part {
                Part::Link { text, prefix } => Some([prefix, text].concat()),
                Part::Text(_) | Part::Mention { .. } => None,
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
        assert_eq!(
            links("https://a.b/x_ https://a.b/~"),
            ["https://a.b/x_", "https://a.b/~"]
        );
    }

    #[test]
    fn a_link_ends_at_bidi_controls_and_cjk_punctuation() {
        assert_eq!(links("https://a.b/\u{202e}gpj.exe"), ["https://a.b/"]);
        assert_eq!(links("看https://a.b/c。好"), Vec::<String>::new());
        assert_eq!(links("看 https://a.b/c。好"), ["https://a.b/c"]);
        assert_eq!(links("（https://a.b/c）"), ["https://a.b/c"]);
    }

    #[test]
    fn web_and_email_addresses_without_a_scheme_are_links() {
        assert_eq!(
            links("Https://A.b or WWW.a.b."),
            ["Https://A.b", "https://WWW.a.b"]
        );
        assert_eq!(
            links("FieldOptions ann.b+c@example.com."),
            ["mailto:ann.b+c@example.com"]
        );
        for text in ["@ann", "a@b", "ann@example.", "a@.com", "www. a", "x@1.2"] {
            assert!(links(text).is_empty(), "{text}");
        }
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
    fn mentioned_names_are_parts_outside_of_links() {
        let mentioned = |name: &str, is_reader| Mentioned {
            name: name.into(),
            is_reader,
        };
        let all = [mentioned("Ann", true), mentioned("Ben", false)];
        let mention = |text, is_reader| Part::Mention { text, is_reader };
        assert_eq!(
            parts("@Ann, see https://a.b/@Ben", &all),
            [
                mention("@Ann", true),
                Part::Text(", see "),
                Part::Link {
                    text: "https://a.b/@Ben",
                    prefix: ""
                },
            ]
        );
        assert_eq!(
            parts("hi @Ben", &all),
            [Part::Text("hi "), mention("@Ben", false)]
        );
        assert_eq!(parts("hi @Cy", &all), [Part::Text("hi @Cy")]);
    }

    #[test]
    fn a_few_emoji_are_distinguished_from_text() {
        assert!(is_emoji("☕"));
        assert!(is_emoji("👩‍💻 👍🏽"));
        assert!(is_emoji("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦"));
        assert!(is_emoji("🇩🇪🇫🇷🇮🇹🇪🇸🇵🇹🇳🇱"));
        assert!(!is_emoji("ok 👍"));
        assert!(!is_emoji("7"));
        assert!(!is_emoji(""));
        assert!(!is_emoji(&"👍".repeat(7)));
    }

    proptest! {
        #[test]
        fn the_parts_together_are_the_text(text in "(\\PC|https?://|www.|a@b.cd|[().\n ]){0,60}") {
            let joined: String = parts(&text, &[])
                .into_iter()
                .map(|part| match part {
                    Part::Text(text) | Part::Link { text, .. } | Part::Mention { text, .. } => text,
                })
                .collect();
            prop_assert_eq!(joined, text);
        }
    }
}
