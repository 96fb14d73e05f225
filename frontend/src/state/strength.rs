//! A hint on how easily a new password is guessed. The service decides with a
//! dictionary that is larger than the page; this estimate is stricter.

use domain::limits::PASSWORD_CHARS_LEAST;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    Empty,
    Short,
    /// The service may reject it.
    Weak,
    Good,
    Strong,
}

/// Bits of a dictionary word: one of two thousand.
const WORD: u32 = 11;
const GOOD: u32 = 34;
const STRONG: u32 = 50;

pub fn strength(password: &str) -> Strength {
    match password.chars().count() {
        0 => Strength::Empty,
        count if count < PASSWORD_CHARS_LEAST => Strength::Short,
        _ => match bits(password) {
            0..GOOD => Strength::Weak,
            GOOD..STRONG => Strength::Good,
            _ => Strength::Strong,
        },
    }
}

/// Each distinct word counts once, at most as a dictionary word.
fn bits(password: &str) -> u32 {
    let lower = password.to_ascii_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in lower.split(|each: char| each.is_ascii() && !each.is_ascii_alphanumeric()) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    // Without spaces the words are unknown: five letters count as one.
    let longest = |word: &&str| (turns(word) * 11 / 5).min(WORD * (1 + turns(word) / 8));
    words.iter().map(longest).sum()
}

/// The letters that do not follow from the one before, as in `aaaa` and `1234`.
fn turns(word: &str) -> u32 {
    let mut before = None;
    let mut step = None;
    let mut count = 0;
    for each in word.chars().map(|each| i64::from(u32::from(each))) {
        let now = before.map(|before: i64| each - before);
        let follows = now.is_some() && now == step && now.is_some_and(|step| step.abs() <= 1);
        if !follows {
            count += 1;
        }
        (before, step) = (Some(each), now);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_words_are_good_and_more_are_strong() {
        assert_eq!(strength(""), Strength::Empty);
        assert_eq!(strength("violet lantern"), Strength::Short);
        assert_eq!(strength("ann juggles violet lanterns"), Strength::Good);
        assert_eq!(
            strength("ann juggles seven violet lanterns tonight"),
            Strength::Strong
        );
    }

    #[test]
    fn a_long_repetition_is_weak() {
        for password in [
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "123456789012345678",
            "password password password",
            "abcdefghijklmnopq",
        ] {
            assert_eq!(strength(password), Strength::Weak, "{password}");
        }
    }
}
