//! Emoji to react with.

/// Emoji and the words that find them. The first ones are offered without a search.
const EMOJI: [(&str, &str); 72] = [
    ("👍", "thumbs up yes good like"),
    ("❤️", "heart love red"),
    ("😂", "joy laugh tears funny"),
    ("😮", "surprised wow open mouth"),
    ("😢", "sad cry tear"),
    ("🙏", "thanks please pray"),
    ("🎉", "party celebrate tada"),
    ("🔥", "fire hot"),
    ("👀", "eyes look"),
    ("✅", "check done yes"),
    ("👎", "thumbs down no bad dislike"),
    ("🚀", "rocket ship launch"),
    ("😀", "grin smile happy"),
    ("😄", "smile happy eyes"),
    ("😅", "sweat smile relief"),
    ("🤣", "rolling laugh floor"),
    ("😊", "blush smile"),
    ("🙂", "slight smile"),
    ("😉", "wink"),
    ("😍", "heart eyes love"),
    ("🥰", "hearts love adore"),
    ("😘", "kiss"),
    ("😋", "yum tasty"),
    ("😎", "cool sunglasses"),
    ("🤩", "star struck wow"),
    ("🤔", "thinking hmm"),
    ("🤨", "raised eyebrow doubt"),
    ("😐", "neutral"),
    ("🙄", "eye roll"),
    ("😏", "smirk"),
    ("😴", "sleep tired"),
    ("😭", "sob cry loud"),
    ("😡", "angry mad"),
    ("😱", "scream fear"),
    ("😳", "flushed embarrassed"),
    ("🥳", "party face birthday"),
    ("🤯", "mind blown exploding"),
    ("🤝", "handshake deal agree"),
    ("👏", "clap applause"),
    ("🙌", "raised hands hooray"),
    ("💪", "muscle strong"),
    ("👋", "wave hello bye"),
    ("👌", "ok perfect"),
    ("✌️", "victory peace"),
    ("🤞", "fingers crossed luck"),
    ("🫡", "salute"),
    ("🤷", "shrug unknown"),
    ("🤦", "facepalm"),
    ("💯", "hundred full score"),
    ("⭐", "star"),
    ("✨", "sparkles"),
    ("💡", "idea bulb light"),
    ("⚡", "zap lightning fast"),
    ("❓", "question"),
    ("❗", "exclamation important"),
    ("❌", "cross no wrong"),
    ("⚠️", "warning"),
    ("🐛", "bug"),
    ("💔", "broken heart"),
    ("💙", "blue heart"),
    ("💚", "green heart"),
    ("💛", "yellow heart"),
    ("🎂", "cake birthday"),
    ("🍕", "pizza"),
    ("☕", "coffee tea"),
    ("🍺", "beer"),
    ("🌞", "sun"),
    ("🌈", "rainbow"),
    ("🎵", "music note"),
    ("🏆", "trophy win"),
    ("📌", "pin"),
    ("🎁", "gift present"),
];

/// Emoji that are offered without a search.
const COMMON: usize = 12;

/// Emoji with their names. A search may be an emoji itself, which then comes first.
pub fn emoji(search: &str) -> Vec<(String, String)> {
    let search = search.trim().to_lowercase();
    let item = |(emoji, words): &(&str, &str)| ((*emoji).to_owned(), (*words).to_owned());
    if search.is_empty() {
        return EMOJI.iter().take(COMMON).map(item).collect();
    }
    if super::is_emoji(&search) {
        let known = EMOJI.iter().find(|(emoji, _)| *emoji == search);
        let words = known.map_or(search.as_str(), |(_, words)| words);
        return vec![(search.clone(), words.to_owned())];
    }
    let is_found = |words: &str| {
        let mut terms = search.split_whitespace();
        terms.all(|term| words.split(' ').any(|word| word.starts_with(term)))
    };
    let found = EMOJI.iter().filter(|(_, words)| is_found(words));
    found.take(2 * COMMON).map(item).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn found(search: &str) -> Vec<String> {
        emoji(search).into_iter().map(|(emoji, _)| emoji).collect()
    }

    #[test]
    fn emoji_are_found_by_the_beginnings_of_their_words() {
        assert_eq!(found("").len(), COMMON);
        assert_eq!(found(" Rock"), ["🚀"]);
        assert_eq!(found("hea blu"), ["💙"]);
        assert!(found("nothing like that").is_empty());
    }

    #[test]
    fn any_emoji_finds_itself() {
        assert_eq!(found("🦀"), ["🦀"]);
        assert_eq!(emoji("🔥"), [("🔥".to_owned(), "fire hot".to_owned())]);
    }

    #[test]
    fn all_are_different_emoji() {
        let all: BTreeSet<&str> = EMOJI.iter().map(|(emoji, _)| *emoji).collect();
        assert_eq!(all.len(), EMOJI.len());
        assert!(all.iter().all(|emoji| crate::state::is_emoji(emoji)));
    }
}
