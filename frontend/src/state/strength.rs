//! A hint on how easily a new password is guessed. The service judges with a
//! dictionary, which would outweigh the whole page; this only shows the way, and
//! errs on the strict side.

use domain::limits::PASSWORD_CHARS_LEAST;

/// What the hint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing is typed yet.
    Empty,
    /// The service will refuse it for its length.
    Short,
    /// The service may well refuse it.
    Weak,
    /// It will do.
    Good,
    /// It is better than it must be.
    Strong,
}

/// What a word of a dictionary is worth, in bits: one of two thousand.
const WORD: u32 = 11;
/// From how many bits on it will do, and is strong.
const GOOD: u32 = 34;
const STRONG: u32 = 50;

/// Judges a new password.
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

/// Each different word counts once, as a word of a dictionary at the most.
fn bits(password: &str) -> u32 {
    let lower = password.to_ascii_lowercase();
    let mut words: Vec<&str> = Vec::new();
    for word in lower.split(|each: char| each.is_ascii() && !each.is_ascii_alphanumeric()) {
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    // Without spaces nobody can tell its words: every five letters are one.
    let longest = |word: &&str| (turns(word) * 11 / 5).min(WORD * (1 + turns(word) / 8));
    words.iter().map(longest).sum()
}

/// How many letters of a word do not simply follow from the one before, as in
/// `aaaa` and `1234`.
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
    fn what_repeats_itself_is_weak_however_long() {
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
