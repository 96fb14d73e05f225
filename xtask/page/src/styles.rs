//! The style sheets without what only their writers read.

/// A sheet without comments, indentation and empty lines. Comments are never
/// put inside of strings in these sheets, nor strings across lines.
pub fn tight(sheet: &str) -> String {
    let mut text = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stay_and_comments_go() {
        let sheet = "/* What\n   for. */\n\na {\n  color: red; /* why */\n}\n/* end";
        assert_eq!(tight(sheet), "a {\ncolor: red;\n}\n");
    }
}
