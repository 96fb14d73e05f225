//! The types: their field names are those of the contract.

use chat_client::{Edit, Text, Unsent};
use protocol::factors::{
    AddPasskey, ConfirmTotp, Factors, Fresh, Passkey, PasskeyBegun, PasskeyLogin, PasskeyResponse,
    RecoveryCodes, StepUp, TotpBegun,
};
use protocol::http::{
    AddMember, Challenge, ChangePage, ChangePassword, CreateRoom, ForgotPassword, Invitation,
    Invitations, InvitedRoom, Login, MeResponse, Page, Register, ResendOtp, ResetLink,
    ResetPassword, RoomResponse, Rooms, Session, Sessions, SignedIn, SocketAddress, UpdateMe,
    UpdateMember, UpdateRoom, Verify, Version, Versions,
};
use protocol::model::Me;
use protocol::push::QuietHours;
use protocol::{
    Change, ChangeKind, ClientFrame, Deletion, ErrorBody, ErrorCode, LastMessage, Member,
    MemberAct, Message, Notify, Quote, Reaction, Role, Room, RoomKind, ServerFrame, User,
};

use super::Json;
use super::read::{Read, enums, or_default, reads};
use super::write::{Object, Write, writes};
use crate::state::CodeStep;

reads! {
    User { id, name }
    Me { id, name, email }
    Member { user, role, read_seq; moderator, confusable }
    Room { id, name, kind, last_seq, read_seq, topic, last, last_at, members, invited, online; last_rev, notify }
    Message {
        room, seq, id, from, text, at, rev, edited_at, deleted, reply_to;
        edits, reactions, pinned, mentions
    }
    Reaction { emoji, count, by; mine }
    Text { text, reply_to; mentions }
    Deletion { at, by }
    Quote { seq, from, text }
    Version { text, by, at }
    Versions { versions }
    LastMessage { seq, from, text, at }
    ErrorBody { error, message, field, attempts_left, retry_at }
    Challenge { challenge, expires_at, resend_at }
    SignedIn { access_token, expires_at, user }
    Unsent { room, id, content, at }
    Unsent<Edit> { room, id, content, at }
    CodeStep { email, challenge, is_reset }
    MeResponse { user }
    SocketAddress { url, protocol }
    Session { id, created_at, seen_at, device, current }
    Sessions { sessions }
    Rooms { rooms }
    InvitedRoom { id, name, kind }
    Invitation { room, by, at, expires_at }
    Invitations { invitations }
    RoomResponse { room }
    Page { messages, first_seq, last_seq; rev }
    ChangePage { changes, last_rev }
    Factors { totp_since, recovery_codes_left, passkeys, password_is_short, fresh_until }
    Passkey { id, name, created_at, used_at }
    PasskeyResponse { passkey }
    PasskeyBegun<Json> { challenge, expires_at, options }
    Fresh { fresh_until }
    TotpBegun { secret, uri, expires_at }
    RecoveryCodes { recovery_codes }
}

enums! {
    Role { "owner" => Owner, "moderator" => Moderator, "member" => Member }
    MemberAct, else Unknown {
        "joined" => Joined,
        "left" => Left,
        "removed" => Removed,
        "owner" => Owner,
        "moderator" => Moderator,
        "member" => Member,
    }
    Notify, else All { "mentions" => Mentions, "none" => None }
    RoomKind, else Unknown { "group" => Group, "direct" => Direct }
    ErrorCode, else Unknown {
        "invalid" => Invalid,
        "too_fast" => TooFast,
        "wrong_credentials" => WrongCredentials,
        "wrong_code" => WrongCode,
        "expired" => Expired,
        "signed_out" => SignedOut,
        "forbidden" => Forbidden,
        "unknown_room" => UnknownRoom,
        "not_found" => NotFound,
        "unknown_action" => UnknownAction,
        "too_large" => TooLarge,
        "try_again" => TryAgain,
        "internal" => Internal,
    }
}

writes! {
    Register { email, password, name }
    Login { email, password }
    ResendOtp { challenge }
    Verify { challenge, code }
    ForgotPassword { email }
    ResetLink { token, password }
    ResetPassword { challenge, code, password }
    ChangePassword { current, password }
    AddMember { email }
    UpdateMember { role }
    QuietHours { from, to, zone }
    ConfirmTotp { code }
    AddPasskey<Json> { challenge, name, credential }
    PasskeyLogin<Json> { challenge, credential }
    Unsent { room, id, content, at }
    Unsent<Edit> { room, id, content, at }
    Quote { seq, from, text }
    User { id, name }
    CodeStep { email, challenge, is_reset }
}

impl Write for RoomKind {
    fn write(&self, to: &mut String) {
        match self {
            Self::Group => "group",
            Self::Direct => "direct",
            // The service rejects it.
            Self::Unknown => "unknown",
        }
        .write(to);
    }
}

impl Write for Role {
    fn write(&self, to: &mut String) {
        match self {
            Self::Owner => "owner",
            Self::Moderator => "moderator",
            Self::Member => "member",
        }
        .write(to);
    }
}

impl Write for Notify {
    fn write(&self, to: &mut String) {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::None => "none",
        }
        .write(to);
    }
}

impl Write for UpdateRoom {
    fn write(&self, to: &mut String) {
        let Self {
            name,
            topic,
            notify,
        } = self;
        let mut object = Object::begin(to);
        object.optional("name", name).optional("topic", topic);
        object.optional("notify", notify);
        object.end();
    }
}

impl Write for UpdateMe {
    fn write(&self, to: &mut String) {
        let Self { name, quiet } = self;
        let mut object = Object::begin(to);
        object.optional("name", name).optional("quiet", quiet);
        object.end();
    }
}

impl Write for CreateRoom {
    fn write(&self, to: &mut String) {
        let Self {
            name,
            kind,
            members,
            id,
        } = self;
        let mut object = Object::begin(to);
        object.field("name", name);
        object.field("kind", kind);
        object.field("members", members);
        if let Some(id) = id {
            object.field("id", id);
        }
        object.end();
    }
}

impl Write for StepUp {
    fn write(&self, to: &mut String) {
        let Self { password, code } = self;
        let mut object = Object::begin(to);
        object.field("password", password);
        if let Some(code) = code {
            object.field("code", code);
        }
        object.end();
    }
}

impl Write for ClientFrame {
    fn write(&self, to: &mut String) {
        let mut object = Object::begin(to);
        let name = match self {
            Self::Hello { .. } => "hello",
            Self::Join { .. } => "join",
            Self::Leave { .. } => "leave",
            Self::Message { .. } => "message",
            Self::Typing { .. } => "typing",
            Self::Read { .. } => "read",
            Self::Ping { .. } => "ping",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::React { .. } => "react",
            Self::Pin { .. } => "pin",
        };
        object.field("action", &name);
        match self {
            Self::Hello {
                rooms,
                revs,
                understands,
            } => {
                object.optional("rooms", rooms).optional("revs", revs);
                object.unless_empty("understands", understands);
            }
            Self::Ping { rooms, revs } => {
                object.optional("rooms", rooms).optional("revs", revs);
            }
            Self::Join { reference, room } | Self::Leave { reference, room } => {
                if let Some(reference) = reference {
                    object.field("ref", reference);
                }
                object.field("room", room);
            }
            Self::Message {
                id,
                room,
                text,
                reply_to,
                mentions,
            } => {
                object.field("id", id).field("room", room);
                object.field("text", text).optional("reply_to", reply_to);
                object.unless_empty("mentions", mentions);
            }
            Self::Edit {
                id,
                room,
                seq,
                text,
            } => {
                object.field("id", id).field("room", room);
                object.field("seq", seq).field("text", text);
            }
            Self::Delete { id, room, seq } => {
                object.field("id", id).field("room", room);
                object.field("seq", seq);
            }
            Self::React {
                id,
                room,
                seq,
                emoji,
                on,
            } => {
                object.field("id", id).field("room", room);
                object.field("seq", seq).field("emoji", emoji);
                object.field("on", on);
            }
            Self::Pin { id, room, seq, on } => {
                object.field("id", id).field("room", room);
                object.field("seq", seq).field("on", on);
            }
            Self::Typing { room } => {
                object.field("room", room);
            }
            Self::Read { room, seq } => {
                object.field("room", room).field("seq", seq);
            }
        }
        object.end();
    }
}

impl Write for Text {
    fn write(&self, to: &mut String) {
        let Self {
            text,
            reply_to,
            mentions,
        } = self;
        let mut object = Object::begin(to);
        object.field("text", text).optional("reply_to", reply_to);
        object.unless_empty("mentions", mentions);
        object.end();
    }
}

impl Write for Edit {
    fn write(&self, to: &mut String) {
        let Self { seq, kind } = self;
        let mut object = Object::begin(to);
        object.field("seq", seq);
        match kind {
            ChangeKind::Edit { text } => object.field("kind", &"edit").field("text", text),
            ChangeKind::Delete => object.field("kind", &"delete"),
            ChangeKind::React { emoji, on } => {
                object.field("kind", &"react").field("emoji", emoji);
                object.field("on", on)
            }
            ChangeKind::Pin { on } => object.field("kind", &"pin").field("on", on),
            // Not of clients.
            ChangeKind::Room { .. } | ChangeKind::Member { .. } | ChangeKind::Unknown => {
                object.field("kind", &"unknown")
            }
        };
        object.end();
    }
}

impl Read for Edit {
    fn read(from: &Json) -> Option<Self> {
        Some(Self {
            seq: Read::of_field(from, "seq")?,
            kind: Read::read(from)?,
        })
    }
}

impl Read for Change {
    fn read(from: &Json) -> Option<Self> {
        Some(Self {
            room: Read::of_field(from, "room")?,
            rev: Read::of_field(from, "rev")?,
            seq: Read::of_field(from, "seq")?,
            by: Read::of_field(from, "by")?,
            at: Read::of_field(from, "at")?,
            kind: Read::read(from)?,
        })
    }
}

impl Read for ChangeKind {
    fn read(from: &Json) -> Option<Self> {
        Some(match from.field("kind")?.text()?.as_str() {
            "edit" => Self::Edit {
                text: or_default(from, "text")?,
            },
            "delete" => Self::Delete,
            "react" => Self::React {
                emoji: Read::of_field(from, "emoji")?,
                on: Read::of_field(from, "on")?,
            },
            "pin" => Self::Pin {
                on: Read::of_field(from, "on")?,
            },
            "room" => Self::Room {
                name: Read::of_field(from, "name")?,
                topic: Read::of_field(from, "topic")?,
            },
            "member" => Self::Member {
                user: Read::of_field(from, "user")?,
                act: Read::of_field(from, "act")?,
            },
            _ => Self::Unknown,
        })
    }
}

impl Read for ServerFrame {
    fn read(from: &Json) -> Option<Self> {
        macro_rules! variant {
            ($variant:ident { $($field:ident),+ }) => {
                Self::$variant { $($field: Read::of_field(from, stringify!($field))?),+ }
            };
        }
        let reference = || Option::of_field(from, "ref");
        Some(match from.field("event")?.text()?.as_str() {
            "welcome" => Self::Welcome {
                user: Read::of_field(from, "user")?,
                rooms: Read::of_field(from, "rooms")?,
                missed: Read::of_field(from, "missed")?,
                more: Read::of_field(from, "more")?,
                more_rooms: or_default(from, "more_rooms")?,
                changes: or_default(from, "changes")?,
                stale: or_default(from, "stale")?,
            },
            "joined" => Self::Joined {
                reference: reference()?,
                room: Read::of_field(from, "room")?,
                last_seq: Read::of_field(from, "last_seq")?,
            },
            "left" => Self::Left {
                reference: reference()?,
                room: Read::of_field(from, "room")?,
            },
            "ack" => variant!(Ack {
                id,
                room,
                seq,
                rev,
                at
            }),
            "message" => Self::Message(Message::read(from)?),
            "change" => Self::Change(Change::read(from)?),
            "typing" => variant!(Typing { room, user }),
            "read" => variant!(Read { room, user, seq }),
            "pong" => Self::Pong {
                at: Read::of_field(from, "at")?,
                missed: Read::of_field(from, "missed")?,
                more: Read::of_field(from, "more")?,
                reads: or_default(from, "reads")?,
                changes: or_default(from, "changes")?,
                stale: or_default(from, "stale")?,
            },
            "added" => variant!(Added { room }),
            "member" => variant!(Member { room, user, joined }),
            "presence" => variant!(Presence {
                room,
                user,
                online,
                until
            }),
            "problem" => Self::Problem {
                error: Read::of_field(from, "error")?,
                message: Read::of_field(from, "message")?,
                reference: reference()?,
                id: Read::of_field(from, "id")?,
                field: Read::of_field(from, "field")?,
                retry_at: Read::of_field(from, "retry_at")?,
            },
            _ => Self::Unknown,
        })
    }
}
