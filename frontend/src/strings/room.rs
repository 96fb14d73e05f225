//! A room, its members and what changes them.

use protocol::User;

pub const DETAILS: &str = "Details";
pub const TOPIC: &str = "Topic";
pub const TOPIC_HINT: &str = "What this group is about.";
pub const EDIT_DETAILS: &str = "Edit name and topic";
pub const SAVE_DETAILS: &str = "Save";
pub const MODERATOR: &str = "moderator";
pub const PERSON: &str = "Member";
pub const MAKE_MODERATOR: &str = "Make moderator";
pub const MAKE_MEMBER: &str = "Remove as moderator";
pub const HAND_OVER: &str = "Make owner";
pub const HAND_OVER_CONFIRM: &str = "You will no longer be the owner. Click again to confirm.";
pub const REMOVE_FROM_GROUP: &str = "Remove from group";
pub const GO_TO_CHAT: &str = "Open your chat";
pub const MENTIONED: &str = "You were mentioned";
pub const SAME_NAME: &str = "This name looks like that of another member.";
pub const INVITE_OTHERS: &str = "Invite people";
pub const YOU_ARE_ALONE: &str = "You are the only member of this group.";

pub const FIRST_STEPS: &str = "Write to one person by their email address, or create a group and invite others. People without an account get an invitation by email.";
pub const WRITE_TO_PERSON: &str = "Write to a person";
pub const SHORTCUT_HINT: &str = "Press ? for keyboard shortcuts.";

pub fn welcome(name: &str) -> String {
    format!("Welcome, {name}")
}

/// A person as the subject of a sentence.
pub fn subject(user: &User, me: &str) -> String {
    match user.id == me {
        true => "You".to_owned(),
        false => user.name.clone(),
    }
}

/// A person as the object of a sentence.
pub fn object(user: &User, me: &str) -> String {
    match user.id == me {
        true => "you".to_owned(),
        false => user.name.clone(),
    }
}

pub fn renamed(by: &str, name: &str) -> String {
    format!("{by} renamed the group to “{name}”")
}

pub fn new_topic(by: &str, topic: &str) -> String {
    match topic {
        "" => format!("{by} removed the topic"),
        _ => format!("{by} changed the topic to “{topic}”"),
    }
}

pub fn joined(by: &str) -> String {
    format!("{by} joined")
}

pub fn added_member(by: &str, user: &str) -> String {
    format!("{by} added {user}")
}

pub fn left(by: &str) -> String {
    format!("{by} left")
}

pub fn removed_member(by: &str, user: &str) -> String {
    format!("{by} removed {user}")
}

pub fn made_owner(by: &str, user: &str) -> String {
    format!("{by} made {user} the owner")
}

pub fn made_moderator(by: &str, user: &str) -> String {
    format!("{by} made {user} a moderator")
}

pub fn made_member(by: &str, user: &str) -> String {
    format!("{by} removed {user} as a moderator")
}

/// The line under the name of a member.
pub fn about_member(role: &str, is_online: bool) -> String {
    let online = if is_online { super::ONLINE } else { "" };
    let parts: Vec<&str> = [role, online]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(", ")
}

/// Announces the edit of a message.
pub fn has_edited(name: &str, text: &str) -> String {
    format!("{name} edited a message: {text}")
}

/// Announces the deletion of a message.
pub fn has_deleted(name: &str) -> String {
    format!("{name} deleted a message")
}
