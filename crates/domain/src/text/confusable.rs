//! Names that look the same (Unicode Technical Standard #39, "Confusable Detection").

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// For each name, whether another one of `names` looks the same, or differs only in
/// case or spacing.
pub fn confusable<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<bool> {
    let forms: Vec<[String; 2]> = names.into_iter().map(forms).collect();
    let mut uses = [HashMap::new(), HashMap::new()];
    for form in &forms {
        for (uses, form) in uses.iter_mut().zip(form) {
            *uses.entry(form.as_str()).or_insert(0_u32) += 1;
        }
    }
    let is_shared = |form: &[String; 2]| {
        let mut pairs = uses.iter().zip(form);
        pairs.any(|(uses, form)| uses[form.as_str()] > 1)
    };
    forms.iter().map(is_shared).collect()
}

/// Two forms, since a skeleton depends on case: that of `I` is `l`, that of `i` is
/// `i`. The first equals for names that differ in case, the second for names that
/// look the same in the case in which they were entered.
fn forms(name: &str) -> [String; 2] {
    let plain: String = name.nfkc().collect();
    let spaced: Vec<&str> = plain.split_whitespace().collect();
    let plain = spaced.join(" ");
    let entered: String = skeleton(&plain).collect();
    [plain, entered].map(|text| skeleton(&folded(&text)).collect())
}

/// The text without differences in case: `ß` and `SS` are the same.
fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_49_names_that_look_the_same_are_confusable() {
        for (one, other) in [
            ("Ann", "Ann"),
            ("Ann", "ann"),
            ("Ann", "\u{410}nn"),
            ("Ann", "\u{ff21}nn"),
            ("Ann Lee", "Ann  Lee"),
            ("Ann Lee", "Ann\u{a0}Lee"),
            ("lan", "Ian"),
            ("Ian", "IAN"),
            ("paypal", "\u{420}\u{410}\u{423}\u{420}\u{410}L"),
            ("Mia", "rnia"),
            ("Mia", "MIA"),
            ("Bob", "B0b"),
            ("Zoë", "Zoe\u{308}"),
            ("STRASSE", "straße"),
            ("1Password", "lPassword"),
        ] {
            assert_eq!(confusable([one, other]), [true, true], "{one} {other}");
        }
    }

    #[test]
    fn item_49_names_that_differ_are_not_confusable() {
        let names = [
            "Ann",
            "Anne",
            "Anna",
            "Bob",
            "Zoë",
            "Zoe",
            "李小龍",
            "李小竜",
            "דוד",
            "علی‌رضا",
            "👩‍👩‍👧",
            "👩🏽‍🚀",
            "Иван",
            "Ivan",
            "Lee Ann",
        ];
        for (name, is_confusable) in names.iter().zip(confusable(names)) {
            assert!(!is_confusable, "{name}");
        }
    }

    #[test]
    fn only_the_names_that_share_a_form_are_marked() {
        assert_eq!(
            confusable(["Ann", "Bob", "\u{410}nn", "Cat"]),
            [true, false, true, false]
        );
        assert!(confusable([]).is_empty());
    }
}
