use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// The content in a notation that shows its structure.
fn shape(content: &[Inline<'_>]) -> String {
    let each = |inline: &Inline<'_>| match inline {
        Inline::Part(Part::Text(text)) => (*text).to_owned(),
        Inline::Part(Part::Link { text, .. }) => format!("<link {text}>"),
        Inline::Part(Part::Mention { text, .. }) => format!("<mention {text}>"),
        Inline::Code(code) => format!("<code {code}>"),
        Inline::Styled(Style::Bold, content) => format!("<b {}>", shape(content)),
        Inline::Styled(Style::Italic, content) => format!("<i {}>", shape(content)),
        Inline::Styled(Style::Struck, content) => format!("<s {}>", shape(content)),
        Inline::Break => "|".to_owned(),
    };
    content.iter().map(each).collect()
}

fn styled(text: &str) -> String {
    shape(&inline(text, &[]))
}

fn block_shapes(text: &str) -> Vec<String> {
    let each = |block: &Block<'_>| match block {
        Block::Paragraph(content) => format!("p {}", shape(content)),
        Block::Quote(content) => format!("quote {}", shape(content)),
        Block::Code { language, text } => format!("code({language}) {text}"),
        Block::List { first, items } => {
            let items: Vec<String> = items.iter().map(|item| shape(item)).collect();
            format!("list({first:?}) {}", items.join(" / "))
        }
    };
    blocks(text, &[]).iter().map(each).collect()
}

#[test]
fn markers_around_words_style_them() {
    assert_eq!(styled("a **bold** word"), "a <b bold> word");
    assert_eq!(styled("*one* _two_ ~~three~~"), "<i one> <i two> <s three>");
    assert_eq!(styled("***both***"), "<b <i both>>");
    assert_eq!(styled("**bold _and_ more**"), "<b bold <i and> more>");
    assert_eq!(
        styled("**two\nlines**, (*so*)!"),
        "<b two\nlines>, (<i so>)!"
    );
    assert_eq!(styled("你**好**吗"), "你<b 好>吗");
}

#[test]
fn markers_without_a_counterpart_are_text() {
    for text in [
        "2 * 3 * 4",
        "2*3*4",
        "snake_case_name and __init__",
        "**open",
        "close**",
        "* *",
        "** **",
        "****",
        "~5 or ~6",
        "¯\\_(ツ)_/¯",
        "*a _b",
    ] {
        assert_eq!(styled(text), text, "{text}");
    }
    assert_eq!(styled("**a *b**"), "<b a *b>");
    assert_eq!(styled("*a **b*"), "<i a **b>");
}

#[test]
fn nothing_within_code_a_link_or_a_mention_is_a_marker() {
    assert_eq!(styled("`**a** _b_`"), "<code **a** _b_>");
    assert_eq!(styled("`` a ` b ``"), "<code a ` b>");
    assert_eq!(styled("`open and **bold**"), "`open and <b bold>");
    assert_eq!(styled("`a\nb`"), "`a\nb`");
    assert_eq!(
        styled("**https://a.b/x_y_z**"),
        "<b <link https://a.b/x_y_z>>"
    );
    let mentioned = [Mentioned {
        name: "Ann_Lee_".into(),
        is_reader: false,
    }];
    let content = inline("**@Ann_Lee_** _hi_", &mentioned);
    assert_eq!(shape(&content), "<b <mention @Ann_Lee_>> <i hi>");
}

#[test]
fn lines_form_quotes_lists_and_code() {
    assert_eq!(
        block_shapes("so:\n\n- one\n- **two**\n\n1. three\n2. four\nend"),
        [
            "p so:",
            "list(None) one / <b two>",
            "list(Some(1)) three / four",
            "p end"
        ]
    );
    assert_eq!(block_shapes("> a\n> *b*\nc"), ["quote a|<i b>", "p c"]);
    assert_eq!(
        block_shapes("see\n```rust\nlet a = 1;\n\n// **b**\n```\nso"),
        ["p see", "code(rust) let a = 1;\n\n// **b**", "p so"]
    );
    assert_eq!(block_shapes("```a b```"), ["code() a b"]);
    assert_eq!(block_shapes("```\na```"), ["code() a"]);
    for text in [
        "```\nopen",
        "```",
        "```\n```",
        "-5 degrees",
        ">_<",
        "2024. A year",
        "- ",
    ] {
        assert_eq!(block_shapes(text), [format!("p {text}")], "{text}");
    }
}

#[test]
fn a_plain_text_has_no_markers() {
    assert_eq!(plain("**a** `b`\n> c\n- d\n- e"), "a b\nc\nd\ne");
    assert_eq!(plain("a\nb * c"), "a\nb * c");
}

/// The fastest of a few runs, which other processes disturb the least.
fn fastest(text: &str) -> Duration {
    let run = || {
        let begin = Instant::now();
        assert!(!blocks(text, &[]).is_empty());
        begin.elapsed()
    };
    (0..5).map(|_| run()).min().unwrap_or_default()
}

#[test]
fn hostile_texts_take_no_longer_than_five_milliseconds() {
    let long = |piece: &str| piece.chars().cycle().take(4_000).collect::<String>();
    let runs: String = (1..88).map(|length| "`".repeat(length) + " ").collect();
    for text in [
        long("`"),
        long("` "),
        runs,
        long("*"),
        long("*a "),
        long("**a *b _c ~~d "),
        long("a** b* c_ d~~ "),
        long("***a"),
        long("> "),
        long(">\n"),
        long("- a\n"),
        long("```a\n"),
        long("```\na\n"),
        long("https://a.b/)"),
        format!("https://a{}", long(")")),
        long("a.a@"),
        long("a."),
        long("@a"),
        long("www.a.b"),
    ] {
        let took = fastest(&text);
        let begin: String = text.chars().take(20).collect();
        assert!(took < Duration::from_millis(5), "{took:?} for {begin}");
    }
}

/// The texts of the leaves, in order.
fn leaves<'t>(content: &[Inline<'t>], to: &mut Vec<&'t str>) {
    for each in content {
        match each {
            Inline::Part(
                Part::Text(text) | Part::Link { text, .. } | Part::Mention { text, .. },
            )
            | Inline::Code(text) => to.push(text),
            Inline::Styled(_, content) => leaves(content, to),
            Inline::Break => {}
        }
    }
}

fn is_marker(each: char) -> bool {
    "*_~`>-•.0123456789".contains(each) || each.is_whitespace()
}

proptest! {
    #[test]
    fn only_markers_are_missing_and_nothing_changes_its_place(
        text in "(\\PC|\\*{1,4}|_|~~|`{1,4}|\n|> |- |1\\. |https://a\\.b|a| ){0,60}"
    ) {
        let mut found = Vec::new();
        for block in blocks(&text, &[]) {
            match block {
                Block::Paragraph(content) | Block::Quote(content) => leaves(&content, &mut found),
                Block::List { items, .. } => items.iter().for_each(|item| leaves(item, &mut found)),
                Block::Code { language, text } => found.extend([language, text]),
            }
        }
        let mut done = 0;
        for leaf in found.iter().filter(|leaf| !leaf.is_empty()) {
            let start = leaf.as_ptr() as usize - text.as_ptr() as usize;
            prop_assert!(start >= done, "{:?} is out of order", leaf);
            let between = &text[done..start];
            prop_assert!(
                between.chars().all(is_marker),
                "{:?} is missing", between
            );
            done = start + leaf.len();
        }
        prop_assert!(text[done..].chars().all(is_marker));
    }
}
