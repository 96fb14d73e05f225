//! Bodies of the routes under `/api`.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::model::{Me, Message, Notify, Quote, Role, Room, RoomKind, User};
use crate::push::{QuietHours, not_null};
use crate::time::Timestamp;

/// `POST /api/register`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The address to confirm.
    pub email: String,
    /// The password to be.
    pub password: String,
    /// The name that others see.
    pub name: String,
}

/// `POST /api/login`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The account's address.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// `POST /api/resend-otp`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResendOtp {
    /// The challenge whose code did not come.
    pub challenge: String,
}

/// `POST /api/verify-otp` and `POST /api/verify-totp`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The challenge.
    pub challenge: String,
    /// Its code.
    pub code: String,
}

/// `POST /api/forgot-password`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgotPassword {
    /// The account's address.
    pub email: String,
}

/// Body of `POST /api/reset-link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetLink {
    /// The token of the emailed link.
    pub token: String,
    /// The new password.
    pub password: String,
}

/// `POST /api/reset-password`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The challenge that `forgot-password` gave.
    pub challenge: String,
    /// The mailed code.
    pub code: String,
    /// The new password.
    pub password: String,
}

/// `POST /api/password`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password until now.
    pub current: String,
    /// The password from now on.
    pub password: String,
}

/// `POST /api/rooms`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateRoom {
    /// The name of a group; a direct room shows the other's name and may omit it.
    #[serde(default)]
    pub name: String,
    /// Group or direct.
    pub kind: RoomKind,
    /// Addresses of those to bring in.
    #[serde(default)]
    pub members: Vec<String>,
    /// Made by the client of a group's creator: a repeated request with the same id
    /// creates no second group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// `POST /api/rooms/{room}/members`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddMember {
    /// The address of the person to bring in.
    pub email: String,
}

/// `PATCH /api/rooms/{room}`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateRoom {
    /// The new name.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// The new topic; an empty one removes it.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub topic: Option<String>,
    /// The messages of which the caller is notified.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub notify: Option<Notify>,
}

/// `PATCH /api/rooms/{room}/members/{user}`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// The new role. A new owner takes the place of the caller.
    pub role: Role,
}

/// `PATCH /api/me`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The name that others see.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub name: Option<String>,
    /// Hours without notifications.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub quiet: Option<QuietHours>,
}

/// A code is on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenge {
    /// What the code will answer.
    pub challenge: String,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// From when on another code may be asked for.
    pub resend_at: Timestamp,
}

/// Signed in, for as long as the access token and then the refresh cookie last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedIn {
    /// A JWT.
    pub access_token: String,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// The signed-in user.
    pub user: User,
}

/// `GET /api/me`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MeResponse {
    /// The signed-in user.
    pub user: Me,
}

/// `GET /api/socket`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SocketAddress {
    /// Where to open the WebSocket.
    pub url: String,
    /// The subprotocol to offer beside the token.
    pub protocol: String,
}

/// One sign-in that still counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Opaque id.
    pub id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub seen_at: Timestamp,
    /// The browser, as it named itself.
    pub device: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `GET /api/sessions`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sessions {
    /// Newest first.
    pub sessions: Vec<Session>,
}

/// `GET /api/rooms`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rooms {
    /// The user's rooms.
    pub rooms: Vec<Room>,
}

/// `POST /api/rooms` and `GET /api/rooms/{room}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoomResponse {
    /// The room.
    pub room: Room,
}

/// `GET /api/rooms/{room}/messages`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Ascending by `seq`.
    pub messages: Vec<Message>,
    /// The first `seq` of this page, none when it is empty.
    pub first_seq: Option<i64>,
    /// The last `seq` of this page, none when it is empty.
    pub last_seq: Option<i64>,
    /// All changes of these messages up to this `rev` are in the page.
    #[serde(default)]
    pub rev: i64,
}

/// `GET /api/rooms/{room}/changes`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangePage {
    /// Ascending by `rev`.
    pub changes: Vec<Change>,
    /// The `rev` of the newest change of the room.
    pub last_rev: i64,
}

/// A text that an edit replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The text.
    pub text: String,
    /// The person who wrote it.
    pub by: User,
    /// When it was stored.
    pub at: Timestamp,
}

/// `GET /api/rooms/{room}/messages/{seq}/versions`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Versions {
    /// Oldest first, without the current text.
    pub versions: Vec<Version>,
}

/// `GET /api/rooms/{room}/pins`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pins {
    /// The pinned messages, the newest pin first.
    pub pins: Vec<Quote>,
}

/// The room of an invitation: all that is shown of it before it is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitedRoom {
    /// Opaque id.
    pub id: String,
    /// Its name, or for a direct room the inviter's.
    pub name: String,
    /// Group or direct.
    pub kind: RoomKind,
}

/// An invitation that can be accepted or declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The room.
    pub room: InvitedRoom,
    /// The person who invited.
    pub by: User,
    /// When it was issued.
    pub at: Timestamp,
    /// When it can no longer be accepted.
    pub expires_at: Timestamp,
}

/// `GET /api/invitations`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Invitations {
    /// Newest first.
    pub invitations: Vec<Invitation>,
}
