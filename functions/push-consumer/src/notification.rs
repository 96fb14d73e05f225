//! What a notification says.

use std::time::Duration;

use domain::limits::{NOTIFICATION_CHARS, NOTIFICATION_LIFETIME};
use domain::{QuietTimes, Timestamp};
use jiff::tz::TimeZone;
use protocol::model::EVERYBODY;
use protocol::push::{Notification, QuietHours};
use protocol::{Notify, RoomKind};
use store::devices::{Announced, Recipient, Unannounced};
use web_push::{PLAINTEXT_BYTES, Urgency};

/// A notification for one member, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) room: String,
    pub(crate) seq: i64,
    pub(crate) urgency: Urgency,
    pub(crate) ttl: Duration,
    unread: i64,
    title: String,
    body: String,
}

impl Notice {
    /// The notification of the newest message that one member has not read and wants to be
    /// notified of, if any.
    pub(crate) fn of(news: &Unannounced, recipient: &Recipient, now: Timestamp) -> Option<Self> {
        let mentions = |message: &Announced| {
            let mut named = message.mentions.iter();
            named.any(|user| *user == recipient.user || user == EVERYBODY)
        };
        let wanted: Vec<&Announced> = news
            .messages
            .iter()
            .filter(|message| message.seq > recipient.read_seq)
            .filter(|message| message.from().id != recipient.user)
            .filter(|message| match recipient.notify {
                Notify::All => true,
                Notify::Mentions => mentions(message),
                Notify::None => false,
            })
            .collect();
        let newest = wanted.last()?;
        let age = now.saturating_since(newest.at);
        let ttl = NOTIFICATION_LIFETIME
            .checked_sub(age)
            .filter(|ttl| !ttl.is_zero())?;
        let is_direct = news.room.kind == RoomKind::Direct;
        let text: String = newest.text.chars().take(NOTIFICATION_CHARS).collect();
        let from = newest.from().name;
        let is_urgent = is_direct || wanted.iter().any(|message| mentions(message));
        Some(Self {
            room: news.room.id.clone(),
            seq: newest.seq,
            urgency: match is_urgent {
                true => Urgency::High,
                false => Urgency::Normal,
            },
            ttl,
            unread: news.newest - recipient.read_seq,
            title: match is_direct {
                true => from.clone(),
                false => news.room.name.clone(),
            },
            body: match is_direct {
                true => text,
                false => format!("{from}: {text}"),
            },
        })
    }

    /// What is encrypted for a device, with or without names and texts.
    pub(crate) fn plaintext(&self, with_text: bool) -> Vec<u8> {
        let mut notification = Notification {
            room: self.room.clone(),
            seq: self.seq,
            unread: self.unread,
            title: with_text.then(|| self.title.clone()),
            body: with_text.then(|| self.body.clone()),
        };
        let plaintext = encode(&notification);
        if plaintext.len() <= PLAINTEXT_BYTES {
            return plaintext;
        }
        notification.body = None;
        encode(&notification)
    }
}

fn encode(notification: &Notification) -> Vec<u8> {
    serde_json::to_vec(notification).expect("a notification is plain data")
}

/// Whether a member is not to be notified at `now`. A zone that this version does not have
/// silences no one.
pub(crate) fn is_quiet(quiet: &QuietHours, now: Timestamp) -> bool {
    let times = QuietTimes::parse(quiet);
    let zone = TimeZone::get(&quiet.zone);
    let time = jiff::Timestamp::from_millisecond(now.as_millis());
    let (Ok(times), Ok(zone), Ok(time)) = (times, zone, time) else {
        return false;
    };
    let local = time.to_zoned(zone);
    let minutes = i64::from(local.hour()) * 60 + i64::from(local.minute());
    times.contain(Duration::from_mins(minutes.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use store::rooms::RoomRow;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn room(kind: &str) -> RoomRow {
        let row = json!({"_id": "r", "kind": kind, "name": "Team", "created_at": 0});
        serde_json::from_value(row).unwrap()
    }

    fn message(seq: i64, from: &str, mentions: &[&str]) -> Value {
        json!({
            "seq": seq, "sender": from, "name": format!("{from}!"),
            "text": format!("no. {seq}"), "at": 1_000 * seq, "mentions": mentions,
        })
    }

    fn news(kind: &str, messages: &[Value]) -> Unannounced {
        let messages: Vec<Announced> =
            serde_json::from_value(Value::from(messages.to_vec())).unwrap();
        Unannounced {
            room: room(kind),
            newest: messages.last().map_or(0, |newest| newest.seq),
            messages,
        }
    }

    fn bob(read_seq: i64, notify: Notify) -> Recipient {
        Recipient {
            user: "bob".to_owned(),
            read_seq,
            notify,
        }
    }

    fn shown(notice: &Notice, with_text: bool) -> Value {
        serde_json::from_slice(&notice.plaintext(with_text)).unwrap()
    }

    #[test]
    fn a_direct_message_is_urgent_and_names_its_sender() {
        let news = news("direct", &[message(1, "ann", &[]), message(2, "ann", &[])]);
        let notice = Notice::of(&news, &bob(0, Notify::All), at(5_000)).unwrap();
        assert_eq!(notice.urgency, Urgency::High);
        assert_eq!(notice.ttl, NOTIFICATION_LIFETIME - Duration::from_secs(3));
        assert_eq!(
            shown(&notice, true),
            json!({"room": "r", "seq": 2, "unread": 2, "title": "ann!", "body": "no. 2"})
        );
        assert_eq!(
            shown(&notice, false),
            json!({"room": "r", "seq": 2, "unread": 2})
        );
    }

    #[test]
    fn what_was_read_or_is_one_s_own_is_not_announced() {
        let news = news("group", &[message(1, "ann", &[]), message(2, "bob", &[])]);
        let notice = Notice::of(&news, &bob(0, Notify::All), at(5_000)).unwrap();
        assert_eq!((notice.seq, notice.body.as_str()), (1, "ann!: no. 1"));
        assert_eq!(notice.urgency, Urgency::Normal);
        assert_eq!(Notice::of(&news, &bob(1, Notify::All), at(5_000)), None);
    }

    #[test]
    fn the_setting_of_the_room_decides() {
        let messages = [
            message(1, "ann", &["bob"]),
            message(2, "ann", &["@room"]),
            message(3, "ann", &["zoe"]),
        ];
        let news = news("group", &messages);
        let chosen = |notify| Notice::of(&news, &bob(0, notify), at(5_000));
        let seq = |notify| chosen(notify).map(|notice| (notice.seq, notice.urgency));
        assert_eq!(seq(Notify::All), Some((3, Urgency::High)));
        assert_eq!(seq(Notify::Mentions), Some((2, Urgency::High)));
        assert_eq!(seq(Notify::None), None);
    }

    #[test]
    fn old_messages_are_not_announced() {
        let news = news("group", &[message(1, "ann", &[])]);
        let now = at(1_000) + NOTIFICATION_LIFETIME;
        assert_eq!(Notice::of(&news, &bob(0, Notify::All), now), None);
    }

    #[test]
    fn the_longest_names_and_texts_fit() {
        let mut longest = message(1, "ann", &[]);
        longest["name"] = "\u{1f600}".repeat(80).into();
        longest["text"] = "\u{1f600}".repeat(4_000).into();
        let mut news = news("group", &[longest]);
        news.room.name = "\u{1f600}".repeat(80);
        let notice = Notice::of(&news, &bob(0, Notify::All), at(5_000)).unwrap();
        assert!(notice.plaintext(true).len() <= PLAINTEXT_BYTES);
        assert!(shown(&notice, true)["body"].is_string());
    }

    #[test]
    fn quiet_hours_follow_the_zone_and_its_summer_time() {
        let quiet = |zone: &str| QuietHours {
            from: "22:00".to_owned(),
            to: "07:00".to_owned(),
            zone: zone.to_owned(),
        };
        let at = |text: &str| {
            let time: jiff::Timestamp = text.parse().unwrap();
            at(time.as_millisecond())
        };
        let berlin = quiet("Europe/Berlin");
        assert!(is_quiet(&berlin, at("2026-01-10T21:30:00Z")));
        assert!(!is_quiet(&berlin, at("2026-01-10T06:30:00Z")));
        assert!(!is_quiet(&berlin, at("2026-07-10T05:30:00Z")));
        assert!(is_quiet(&berlin, at("2026-07-10T04:30:00Z")));
        assert!(!is_quiet(
            &quiet("Nowhere/Else"),
            at("2026-01-10T23:30:00Z")
        ));
    }
}
