//! Quoted text, times and paragraphs in emails.

use domain::Timestamp;
use domain::challenge::CODE_DIGITS;
use time::OffsetDateTime;
use time::macros::format_description;

const COLUMNS: usize = 72;
const QUOTE_CHARS: usize = 120;

/// Untrusted text, made safe for an email in our name: one line, shortened,
/// without anything that looks like a code or that a mail client turns into a
/// link.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = String::new();
    let mut digits = 0;
    let mut after_dot = false;
    for c in text.chars().take(QUOTE_CHARS) {
        if is_direction(c) {
            continue;
        }
        let c = if c.is_control() { ' ' } else { c };
        digits = if c.is_numeric() { digits + 1 } else { 0 };
        if after_dot && c.is_alphanumeric() && !c.is_numeric() || digits == CODE_DIGITS {
            shown.push(' ');
            digits = u8::from(c.is_numeric()).into();
        }
        after_dot = DOTS.contains(&c);
        shown.push(if ['@', '\u{FF20}'].contains(&c) {
            ' '
        } else {
            c
        });
    }
    shown.replace("://", " ")
}

/// The characters that separate the labels of a domain (IDNA 2003, 3.1).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}'];

/// Unicode's `Bidi_Control`, and the separators of lines and paragraphs.
fn is_direction(c: char) -> bool {
    matches!(c,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// `14:05 UTC`, rounded down to the minute.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    formatted(at, format_description!("[hour]:[minute] UTC"))
}

/// `22 November 2026, 14:05 UTC`
pub(crate) fn day_and_time(at: Timestamp) -> String {
    let form =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    formatted(at, form)
}

fn formatted(at: Timestamp, form: &[time::format_description::BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from_unix_timestamp(at.as_secs())
        .ok()
        .and_then(|time| time.format(form).ok())
        .unwrap_or_else(|| "soon".to_owned())
}

/// Wraps a paragraph at [`COLUMNS`], between words.
pub(crate) fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

pub(crate) fn escaped(text: &str) -> String {
    let mut html = String::new();
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn quoted_text_has_no_code_no_link_and_no_markup(words in any::<String>()) {
            let shown = quoted(&words);
            let digits = |c: char| !c.is_numeric();
            let longest = shown.split(digits).map(|run| run.chars().count()).max();
            prop_assert!(longest.unwrap_or_default() < CODE_DIGITS, "{shown:?}");
            prop_assert!(!shown.contains(['\r', '\n', '@']) && !shown.contains("://"));
            let html = escaped(&shown);
            prop_assert!(!html.contains(['<', '>', '"', '\'']), "{html:?}");
        }

        #[test]
        fn wrapping_keeps_all_words(paragraph in any::<String>()) {
            let text = wrapped(&paragraph);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&text), words(&paragraph));
        }
    }

    #[test]
    fn quoted_text_is_one_line_without_links_and_codes() {
        assert_eq!(quoted("a\r\nBcc: b"), "a  Bcc: b");
        assert_eq!(quoted("http://evil.example/x"), "http evil. example/x");
        assert_eq!(quoted("ann@evil.example"), "ann evil. example");
        assert_eq!(
            quoted("evil\u{FF0E}example\u{3002}com"),
            "evil\u{FF0E} example\u{3002} com"
        );
        assert_eq!(quoted("ann\u{FF20}evil"), "ann evil");
        assert_eq!(quoted("Ann\u{202E}gnp\u{2069}"), "Anngnp");
        assert_eq!(quoted("Gecko/20100101 rv:1.2"), "Gecko/2010010 1 rv:1.2");
        assert_eq!(quoted("1234567890123456"), "1234567 8901234 56");
    }

    #[test]
    fn times_are_in_utc() {
        let at = Timestamp::from_millis(1_795_388_759_999);
        assert_eq!(time_of_day(at), "23:05 UTC");
        assert_eq!(day_and_time(at), "22 November 2026, 23:05 UTC");
        assert_eq!(time_of_day(Timestamp::MAX), "soon");
    }

    #[test]
    fn a_long_paragraph_is_wrapped_between_words() {
        let text = wrapped(&"word ".repeat(40));
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
        assert_eq!(text.split_whitespace().count(), 40);
    }

    #[test]
    fn html_is_escaped() {
        assert_eq!(
            escaped("<b a='1'>&\""),
            "&lt;b a=&#39;1&#39;&gt;&amp;&quot;"
        );
    }
}
