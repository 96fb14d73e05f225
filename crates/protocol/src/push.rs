//! Bodies of the routes about notifications, and the notifications themselves.

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::{Me, Notify};
use crate::time::Timestamp;

/// `GET /api/push`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PushKey {
    /// The `applicationServerKey` of `PushManager.subscribe`.
    pub public_key: String,
}

/// The keys of a `PushSubscription`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceKeys {
    /// The public key of the browser.
    pub p256dh: String,
    /// The secret that it shares with the service.
    pub auth: String,
}

/// `POST /api/devices`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterDevice {
    /// Where notifications are posted.
    pub endpoint: String,
    /// Their encryption.
    pub keys: DeviceKeys,
    /// The name in the list of devices.
    pub name: String,
}

/// `PATCH /api/devices/{id}`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDevice {
    /// Whether the device is notified.
    #[serde(default, deserialize_with = "not_null")]
    pub on: Option<bool>,
    /// Whether its notifications contain names and texts.
    #[serde(default, deserialize_with = "not_null")]
    pub text: Option<bool>,
}

/// A browser that is notified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Opaque id.
    pub id: String,
    /// The name in the list of devices.
    pub name: String,
    /// Whether the device is notified.
    pub on: bool,
    /// Whether its notifications contain names and texts.
    pub text: bool,
    /// When it was registered first.
    pub created_at: Timestamp,
    /// Whether the caller's session registered it.
    pub current: bool,
}

/// `POST /api/devices` and `PATCH /api/devices/{id}`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceResponse {
    /// The device.
    pub device: Device,
}

/// `GET /api/devices`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Devices {
    /// Oldest first.
    pub devices: Vec<Device>,
}

/// Hours of every day without notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// The local time at which they begin, such as `22:00`.
    pub from: String,
    /// The local time at which they end. The same as `from` for no quiet hours.
    pub to: String,
    /// The time zone, such as `Europe/Berlin`.
    pub zone: String,
}

/// The account as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Profile {
    /// Id, name and address.
    #[serde(flatten)]
    pub me: Me,
    /// Absent without quiet hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietHours>,
}

/// `GET /api/me` and `PATCH /api/me`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProfileResponse {
    /// The signed-in user.
    pub user: Profile,
}

/// The content of a push message, as JSON, decrypted by the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The room. A notification replaces an earlier one of the same room.
    pub room: String,
    /// The newest message that it is about.
    pub seq: i64,
    /// The number of unread messages of the room.
    pub unread: i64,
    /// The name of the room or of the other person; absent without `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The beginning of the message; absent without `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

pub(crate) fn is_all(notify: &Notify) -> bool {
    *notify == Notify::All
}

/// A field that may be absent, and may not be `null`.
pub(crate) fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}
