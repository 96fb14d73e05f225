//! Mentions: `@` and the name of a member, in a text.

use protocol::{Member, User};

/// The id that stands for all members of a room.
pub const ROOM: &str = "@room";
/// Members that are offered at once.
const OFFERED: usize = 8;
/// The longest name that is looked up, in characters.
const LONGEST: usize = 80;

/// A mention, or the name of an emoji, that is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// Where it begins in the text, in bytes.
    pub start: usize,
    /// The text after `@` or `:`.
    pub query: String,
}

/// The mention in front of the cursor, which is in UTF-16 units as in a browser.
pub fn typed_mention(text: &str, cursor: u32) -> Option<Typed> {
    let before = &text[..byte_of(text, cursor)];
    let start = before.rfind('@')?;
    let query = &before[start + 1..];
    let follows_word = before[..start].ends_with(char::is_alphanumeric);
    let is_query = !query.starts_with(char::is_whitespace)
        && !query.contains('\n')
        && query.chars().count() <= LONGEST;
    (is_query && !follows_word).then(|| Typed {
        start,
        query: query.to_owned(),
    })
}

/// The text with what is being typed replaced, and the cursor after it.
pub fn completed(text: &str, typed: &Typed, by: &str) -> (String, u32) {
    let end = typed.start + 1 + typed.query.len();
    let rest = &text[end..];
    let space = if rest.starts_with(char::is_whitespace) {
        ""
    } else {
        " "
    };
    let begin = [&text[..typed.start], by, space].concat();
    let cursor = begin.encode_utf16().count() + usize::from(space.is_empty());
    let cursor = u32::try_from(cursor).unwrap_or(u32::MAX);
    ([begin.as_str(), rest].concat(), cursor)
}

/// The members whose name, or a word of it, begins with the query. The owner may
/// also mention the room.
pub fn candidates(members: &[Member], me: &str, query: &str) -> Vec<User> {
    let query = query.to_lowercase();
    let is_owner = members
        .iter()
        .any(|member| member.user.id == me && member.role == protocol::Role::Owner);
    let room = is_owner.then(|| User {
        id: ROOM.to_owned(),
        name: ROOM[1..].to_owned(),
    });
    let users = members.iter().map(|member| &member.user);
    let mut found: Vec<User> = users
        .filter(|user| user.id != me)
        .chain(&room)
        .filter(|user| begins_word(&user.name.to_lowercase(), &query))
        .cloned()
        .collect();
    found.sort_by_cached_key(|user| {
        let name = user.name.to_lowercase();
        (!name.starts_with(&query), name)
    });
    found.truncate(OFFERED);
    found
}

/// The ids of the members that a text mentions. Of members with the same name the
/// chosen one is mentioned.
pub fn mentions_in(text: &str, members: &[Member], me: &str, chosen: &[User]) -> Vec<String> {
    let everyone = candidates(members, me, &ROOM[1..]);
    let room = everyone.into_iter().find(|user| user.id == ROOM);
    let known: Vec<&User> = chosen
        .iter()
        .chain(members.iter().map(|member| &member.user))
        .chain(&room)
        .collect();
    let names: Vec<&str> = known.iter().map(|user| user.name.as_str()).collect();
    let mut ids = Vec::new();
    for (start, length) in mentions(text, &names) {
        let name = &text[start + 1..start + length];
        let user = known.iter().find(|user| user.name == name);
        if let Some(user) = user
            && !ids.contains(&user.id)
        {
            ids.push(user.id.clone());
        }
    }
    ids
}

/// Where a text has `@` and one of the names, and the length, in bytes. The
/// longest name wins.
pub fn mentions(text: &str, names: &[&str]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut end = 0;
    for (start, _) in text.match_indices('@') {
        if start < end || text[..start].ends_with(char::is_alphanumeric) {
            continue;
        }
        let rest = &text[start + 1..];
        let matching = names.iter().filter(|name| {
            !name.is_empty()
                && rest
                    .strip_prefix(**name)
                    .is_some_and(|after| !after.starts_with(char::is_alphanumeric))
        });
        if let Some(length) = matching.map(|name| name.len() + 1).max() {
            found.push((start, length));
            end = start + length;
        }
    }
    found
}

fn begins_word(name: &str, query: &str) -> bool {
    name.starts_with(query) || name.split_whitespace().any(|word| word.starts_with(query))
}

pub(super) fn byte_of(text: &str, utf16: u32) -> usize {
    let mut units = 0;
    for (at, character) in text.char_indices() {
        if units >= utf16 {
            return at;
        }
        units += character.len_utf16() as u32;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::Role;

    use super::*;
    use crate::state::samples::user;

    fn members(names: &[&str]) -> Vec<Member> {
        let member = |(number, name): (usize, &&str)| Member {
            user: user(name),
            role: if number == 0 {
                Role::Owner
            } else {
                Role::Member
            },
            read_seq: 0,
            moderator: false,
            confusable: false,
        };
        names.iter().enumerate().map(member).collect()
    }

    fn query(text: &str) -> Option<String> {
        let cursor = u32::try_from(text.encode_utf16().count()).expect("short");
        typed_mention(text, cursor).map(|typed| typed.query)
    }

    #[test]
    fn a_mention_begins_at_a_word_and_ends_at_the_cursor() {
        assert_eq!(query("@").as_deref(), Some(""));
        assert_eq!(query("hi 👍 @An").as_deref(), Some("An"));
        assert_eq!(query("(@Ann Le").as_deref(), Some("Ann Le"));
        assert_eq!(query("ann@example"), None, "an email address");
        assert_eq!(query("5 @ 3"), None);
        assert_eq!(query("@ann\nand"), None);
        let cursor = 5;
        assert_eq!(
            typed_mention("👍 @Ben", cursor).map(|typed| typed.query),
            Some("B".into())
        );
    }

    #[test]
    fn a_completed_mention_is_followed_by_one_space() {
        let complete = |text: &str, cursor| {
            let typed = typed_mention(text, cursor).expect("typed");
            completed(text, &typed, "@Ann Lee")
        };
        assert_eq!(complete("hi @an", 6), ("hi @Ann Lee ".into(), 12));
        assert_eq!(
            complete("hi @an there", 6),
            ("hi @Ann Lee there".into(), 12)
        );
    }

    #[test]
    fn members_are_found_by_any_word_of_their_name() {
        let members = members(&["Eve", "Ann Lee", "Leo", "Ben"]);
        let names = |me: &str, query: &str| -> Vec<String> {
            let found = candidates(&members, me, query).into_iter();
            found.map(|user| user.name).collect()
        };
        assert_eq!(names("id-of-Ben", "le"), ["Leo", "Ann Lee"]);
        assert_eq!(names("id-of-Ben", ""), ["Ann Lee", "Eve", "Leo"]);
        assert_eq!(names("id-of-Eve", "ro"), ["room"], "the owner");
        assert!(names("id-of-Ben", "ro").is_empty());
    }

    #[test]
    fn the_longest_name_is_mentioned_and_the_chosen_of_two_equal_ones() {
        let mut all = members(&["Eve", "Ann", "Ann Lee", "Ben", "Ben"]);
        all[4].user.id = "other-ben".into();
        let ids = |text: &str, chosen: &[User]| mentions_in(text, &all, "id-of-Eve", chosen);
        assert_eq!(ids("@Ann Lee, @Ann!", &[]), ["id-of-Ann Lee", "id-of-Ann"]);
        assert_eq!(ids("@Anna and me@Ben", &[]), Vec::<String>::new());
        assert_eq!(ids("@Ben", &[]), ["id-of-Ben"]);
        assert_eq!(ids("@Ben", &[all[4].user.clone()]), ["other-ben"]);
        assert_eq!(ids("@room", &[]), [ROOM]);
        assert!(mentions_in("@room", &all, "id-of-Ann", &[]).is_empty());
    }

    proptest! {
        #[test]
        fn any_text_and_cursor_are_completed_without_losing_a_character(
            text in "[@a-c 👍é\n]{0,20}", cursor in 0u32..30
        ) {
            if let Some(typed) = typed_mention(&text, cursor) {
                let (completed, at) = completed(&text, &typed, "@Ann");
                prop_assert!(completed.starts_with(&text[..typed.start]));
                prop_assert!(completed.ends_with(&text[typed.start + 1 + typed.query.len()..]));
                prop_assert!(at as usize <= completed.encode_utf16().count());
            }
        }
    }
}
