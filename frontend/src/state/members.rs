//! The members of the open room, and what the user may change about them.

use chat_client::Chat;
use protocol::{Member, Role, RoomKind};

use crate::strings;

#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub is_me: bool,
    pub is_online: bool,
    /// Whether the name looks like that of another member.
    pub is_confusable: bool,
}

/// A member with what the user may do about them.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonCard {
    pub person: Person,
    /// The direct room with them, if there is one.
    pub direct: Option<String>,
    /// Whether the user may change their role and remove them.
    pub is_managed: bool,
}

/// The name and the topic of the open group.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Details {
    pub name: String,
    pub topic: String,
    /// Whether the user may change them.
    pub is_editable: bool,
}

impl Person {
    /// The line under the name.
    pub fn about(&self) -> String {
        let role = match self.role {
            Role::Owner => strings::OWNER,
            Role::Moderator => strings::MODERATOR,
            Role::Member => "",
        };
        strings::about_member(role, self.is_online)
    }

    /// What is shown, for the key of a list.
    pub fn key(&self) -> String {
        [&self.id, "/", &self.name, "/", &self.about()].concat()
    }
}

/// The role of a member, of which the protocol tells moderators apart by a field.
pub fn role_of(member: &Member) -> Role {
    match member.role {
        Role::Member if member.moderator => Role::Moderator,
        role => role,
    }
}

pub fn persons(chat: &Chat) -> Vec<Person> {
    let Some(room) = chat.open_room() else {
        return Vec::new();
    };
    let person = |member: &Member| Person {
        id: member.user.id.clone(),
        name: member.user.name.clone(),
        role: role_of(member),
        is_me: member.user.id == chat.my_id(),
        is_online: room.presence.is_online(&member.user.id),
        is_confusable: member.confusable,
    };
    room.about.members.iter().flatten().map(person).collect()
}

/// A member of the open room.
pub fn person_card(chat: &Chat, id: &str) -> Option<PersonCard> {
    let persons = persons(chat);
    let is_group = chat.open_room()?.about.kind == RoomKind::Group;
    let am_owner = persons
        .iter()
        .any(|person| person.is_me && person.role == Role::Owner);
    let person = persons.into_iter().find(|person| person.id == id)?;
    let direct = chat.rooms.values().find(|room| {
        room.about.kind == RoomKind::Direct
            && room.other(chat.my_id()).is_some_and(|other| other.id == id)
    });
    Some(PersonCard {
        direct: direct
            .filter(|_| !person.is_me && is_group)
            .map(|room| room.about.id.clone()),
        is_managed: is_group && am_owner && !person.is_me,
        person,
    })
}

/// `None` for a direct room.
pub fn details(chat: &Chat) -> Option<Details> {
    let room = chat.open_room()?;
    (room.about.kind == RoomKind::Group).then(|| Details {
        name: room.about.name.clone(),
        topic: room.about.topic.clone().unwrap_or_default(),
        is_editable: super::moderates(chat),
    })
}

/// Whether the user is the only member of the open group, and has invited no other.
pub fn is_alone(chat: &Chat) -> bool {
    chat.open_room().is_some_and(|room| {
        let members = room.about.members.as_ref().map(Vec::len);
        let invited = room
            .about
            .invited
            .as_ref()
            .is_some_and(|all| !all.is_empty());
        room.about.kind == RoomKind::Group && members == Some(1) && !invited
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::state::samples::{at, talk, user};

    fn with(members: &Value) -> Chat {
        let mut chat = talk(Vec::new());
        let room = json!({"event": "added", "room": {"id": "r", "name": "Tea", "kind": "group",
            "last_seq": 0, "read_seq": 0, "topic": "Leaves", "members": members}});
        chat.receive_text(&room.to_string(), at(1));
        chat
    }

    fn member(name: &str, role: &str, moderator: bool) -> Value {
        json!({"user": user(name), "role": role, "read_seq": 0, "moderator": moderator})
    }

    #[test]
    fn only_the_owner_manages_others() {
        let members =
            |eve: &str, bob: &str| json!([member("eve", eve, false), member("bob", bob, true)]);
        let is_managed = |chat: &Chat, name: &str| {
            person_card(chat, &format!("id-of-{name}")).map(|card| card.is_managed)
        };
        let owned = with(&members("owner", "member"));
        assert_eq!(is_managed(&owned, "bob"), Some(true));
        assert_eq!(is_managed(&owned, "eve"), Some(false), "herself");
        assert_eq!(is_managed(&owned, "zoe"), None);
        let other = with(&members("member", "owner"));
        assert_eq!(is_managed(&other, "bob"), Some(false));
    }

    #[test]
    fn moderators_are_named_and_may_edit_the_details() {
        let chat = with(&json!([
            member("bob", "owner", false),
            member("eve", "member", true)
        ]));
        let about: Vec<String> = persons(&chat).iter().map(Person::about).collect();
        assert_eq!(about, ["owner", "moderator"]);
        let expected = Details {
            name: "Tea".into(),
            topic: "Leaves".into(),
            is_editable: true,
        };
        assert_eq!(details(&chat), Some(expected));
        let chat = with(&json!([
            member("bob", "owner", false),
            member("eve", "member", false)
        ]));
        assert_eq!(
            details(&chat).map(|details| details.is_editable),
            Some(false)
        );
    }

    #[test]
    fn a_member_is_alone_until_another_one_is_invited() {
        let mut chat = with(&json!([member("eve", "owner", false)]));
        assert!(is_alone(&chat));
        let room = json!({"event": "added", "room": {"id": "r", "name": "Tea", "kind": "group",
            "last_seq": 0, "read_seq": 0, "invited": ["bob@example.com"]}});
        chat.receive_text(&room.to_string(), at(2));
        assert!(!is_alone(&chat));
    }

    #[test]
    fn a_card_leads_to_the_direct_room_with_the_person() {
        let mut chat = with(&json!([
            member("eve", "owner", false),
            member("bob", "member", false)
        ]));
        assert_eq!(
            person_card(&chat, "id-of-bob").and_then(|card| card.direct),
            None
        );
        let members = json!([
            member("eve", "member", false),
            member("bob", "member", false)
        ]);
        let direct = json!({"event": "added", "room": {"id": "d", "name": "bob", "kind": "direct",
            "last_seq": 0, "read_seq": 0, "members": members}});
        chat.receive_text(&direct.to_string(), at(2));
        let card = person_card(&chat, "id-of-bob").expect("a member");
        assert_eq!(card.direct.as_deref(), Some("d"));
    }
}
