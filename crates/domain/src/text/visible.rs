//! Characters that a name must not have: they are invisible, or change the
//! direction or the lines of the text around it.

/// The first character of `text` that a name must not have.
pub(super) fn forbidden(text: &str) -> Option<char> {
    let chars: Vec<char> = text.chars().collect();
    let found = chars.iter().enumerate().find(|(at, c)| {
        let (before, after) = (&chars[..*at], &chars[at + 1..]);
        match **c {
            JOINER => !joins_emoji(before, after) && !joins_letters(before, after),
            NON_JOINER => !joins_letters(before, after),
            '\u{FE0E}' | EMOJI_STYLE => !before.last().is_some_and(|c| takes_style(*c)),
            c => is_invisible(c) || is_line_break(c),
        }
    });
    found.map(|(_, c)| *c)
}

/// Whether anything of `text` can be seen.
pub(super) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| {
        let is_blank = c.is_whitespace() || c.is_control() || c == '\u{2800}';
        !is_blank && !is_invisible(c)
    })
}

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
const EMOJI_STYLE: char = '\u{FE0F}';

/// Unicode's `Default_Ignorable_Code_Point`, which includes every control of the
/// direction of text.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// As in a family, which is several people in one.
fn joins_emoji(before: &[char], after: &[char]) -> bool {
    let mut before = before.iter().rev().filter(|c| **c != EMOJI_STYLE);
    before.next().is_some_and(|c| is_emoji(*c)) && after.first().is_some_and(|c| is_emoji(*c))
}

/// As in the scripts of Persian and of India, where it changes the form of
/// letters.
fn joins_letters(before: &[char], after: &[char]) -> bool {
    let shaped =
        |c: &char| matches!(c, '\u{600}'..='\u{8FF}' | '\u{900}'..='\u{DFF}') && !is_invisible(*c);
    before.last().is_some_and(shaped) && after.first().is_some_and(shaped)
}

fn takes_style(c: char) -> bool {
    is_emoji(c) || matches!(c, '0'..='9' | '#' | '*')
}

fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}'
        | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_49_invisible_and_reversing_characters_are_found() {
        for (text, c) in [
            ("\u{200B}", '\u{200B}'),
            ("\u{3164}", '\u{3164}'),
            ("Ann\u{202E}gnp", '\u{202E}'),
            ("Ann\u{2028}Bob", '\u{2028}'),
            ("Ann\u{E0041}", '\u{E0041}'),
            ("a\u{200D}b", '\u{200D}'),
            ("a\u{FE0F}", '\u{FE0F}'),
            ("\u{2066}Ann\u{2069}", '\u{2066}'),
        ] {
            assert_eq!(forbidden(text), Some(c), "{text:?}");
        }
    }

    #[test]
    fn item_49_names_of_all_scripts_and_emoji_are_accepted() {
        for text in [
            "Ann",
            "Zoë Čapková",
            "李小龍",
            "דוד",
            "علی‌رضا",
            "क्‍ष",
            "👩‍👩‍👧‍👦",
            "❤️‍🔥 Ann",
            "👩🏽‍🚀",
            "1️⃣",
        ] {
            assert_eq!(forbidden(text), None, "{text:?}");
            assert!(is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn item_49_what_cannot_be_seen_is_not_a_name() {
        for text in ["", " \u{A0}", "\u{2800}", "\u{200D}\u{FE0F}"] {
            assert!(!is_visible(text), "{text:?}");
        }
    }
}
