//! Every limit of docs/protocol.md.

use std::time::Duration;

mod quota;

pub use quota::{Quota, Used};

/// Characters of a person's, a room's or a passkey's name.
pub const NAME_CHARS: usize = 80;
/// Minimum length of a password (NIST SP 800-63B-4, 3.1.1.2, single factor).
pub const PASSWORD_CHARS_LEAST: usize = 15;
/// Minimum length of a password that is not the only factor.
pub const PASSWORD_CHARS_WITH_FACTOR: usize = 8;
/// Maximum length of a password.
pub const PASSWORD_CHARS_MOST: usize = 256;
/// Characters of the topic of a room.
pub const TOPIC_CHARS: usize = 250;
/// Characters of a message after trimming.
pub const MESSAGE_CHARS: usize = 4_000;
/// Different emoji of the reactions to one message.
pub const EMOJI_PER_MESSAGE: i64 = 20;
/// Reactions to one message.
pub const REACTIONS_PER_MESSAGE: i64 = 1_000;
/// Reactions that one person adds to or removes from one message, so that the
/// changes of a message are bounded by its readers.
pub const REACTIONS_PER_PERSON: i64 = 100;
/// Users that a reaction names; the others are counted.
pub const REACTING_SHOWN: usize = 20;
/// Edits of one message.
pub const VERSIONS_PER_MESSAGE: i64 = 100;
/// Time in which a message can be edited, unless the template's `EditHours` is another.
pub const EDIT_WINDOW: Duration = Duration::from_hours(24);
/// Pinned messages of one room.
pub const PINS_PER_ROOM: i64 = 100;
/// Users that one message mentions.
pub const MENTIONS_PER_MESSAGE: usize = 50;
/// Characters of a message that a reply or a list of rooms shows.
pub const QUOTE_CHARS: usize = 80;
/// Changes after a client's cursor that `hello` and `ping` replay in a room.
pub const CHANGES_REPLAYED: u32 = 200;
/// Bytes of a request's body.
pub const BODY_BYTES: usize = 64 * 1024;
/// Bytes of a frame, in either direction (API Gateway's own limit).
pub const FRAME_BYTES: usize = 32 * 1024;
/// Rooms that one person may be in.
pub const ROOMS_PER_USER: usize = 500;
/// Rooms that others may put one person into. The rest of [`ROOMS_PER_USER`] is
/// left for rooms that the person creates or joins.
pub const ROOMS_BY_OTHERS: usize = 250;
/// Addresses that one request may name.
pub const MEMBERS_AT_ONCE: usize = 100;
/// Members of one room.
pub const MEMBERS_PER_ROOM: u64 = 10_000;
/// Members above which a room shows no presence.
pub const PRESENCE_MEMBERS: u64 = 100;
/// Members above which a room shows neither typing nor read marks.
pub const TYPING_MEMBERS: u64 = 50;
/// Sockets of one person.
pub const SOCKETS_PER_USER: u64 = 20;

/// Lifetime of an emailed code.
pub const CODE_LIFETIME: Duration = Duration::from_mins(5);
/// Lifetime of the link in a reset email. Reset emails are limited to
/// [`CODES_ASKED`] an hour, so an owner whose limit others used up has a valid
/// link in the mailbox.
pub const RESET_LINK_LIFETIME: Duration = Duration::from_hours(1);
/// Time until another code may be requested.
pub const RESEND_WAIT: Duration = Duration::from_mins(1);
/// Attempts per challenge.
pub const CODE_TRIES: u32 = 5;
/// Time to enter a second factor, or to create or use a passkey.
pub const CEREMONY_LIFETIME: Duration = Duration::from_mins(5);
/// Time to confirm a TOTP setup.
pub const TOTP_SETUP_LIFETIME: Duration = Duration::from_mins(10);
/// Devices of one person that are notified.
pub const DEVICES_PER_USER: usize = 10;
/// How long a device that its browser does not register again is notified.
pub const DEVICE_LIFETIME: Duration = SESSION_LIFETIME;
/// Age of a message at which it is no longer worth a notification.
pub const NOTIFICATION_LIFETIME: Duration = Duration::from_hours(24);
/// How long a message waits to be read before its notification is sent.
pub const NOTIFICATION_WAIT: Duration = Duration::from_secs(5);
/// Characters of a message that a notification shows.
pub const NOTIFICATION_CHARS: usize = 200;
/// Time after a sign-in or step-up in which a session may change factors.
pub const FRESH: Duration = Duration::from_mins(10);
/// Recovery codes of one set.
pub const RECOVERY_CODES: usize = 10;
/// Passkeys of one person.
pub const PASSKEYS_PER_USER: usize = 20;
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(15);
/// Lifetime of a session that is not refreshed.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Time after its rotation in which a reused refresh token is taken for a second
/// tab or a lost response, not for theft.
pub const REFRESH_GRACE: Duration = Duration::from_secs(30);
/// Time that a socket counts as present after its last frame.
pub const PRESENCE_LEASE: Duration = Duration::from_mins(5);
/// API Gateway closes a connection after two hours; its row lives a little longer.
pub const CONNECTION_LIFETIME: Duration = Duration::from_mins(2 * 60 + 10);

/// `resend-otp` per address.
pub const RESENDS: Quota = Quota {
    name: "resend",
    count: 5,
    window: Duration::from_hours(1),
};
/// Codes emailed per address, whatever requested them.
pub const CODES_MAILED: Quota = Quota {
    name: "codes",
    count: 10,
    window: Duration::from_hours(1),
};
/// Codes of one purpose requested by clients that prove nothing but know an
/// address, per address and over all sources: half of [`CODES_MAILED`], so that
/// the rest remain for sign-ins whose password was right. Beyond it nothing is
/// emailed.
pub const CODES_ASKED: Quota = Quota {
    name: "asked",
    count: 5,
    window: Duration::from_hours(1),
};
/// The same quota at a resend: one request and its [`RESENDS`] fit.
pub const CODES_ASKED_AGAIN: Quota = Quota {
    count: 6,
    ..CODES_ASKED
};
/// Wrong passwords or codes per source address.
pub const FAILURES_PER_SOURCE: Quota = Quota {
    name: "source-failures",
    count: 100,
    window: Duration::from_mins(15),
};
/// The same per IPv6 network of 48 bits, which may be one subscriber's or several.
pub const FAILURES_PER_NETWORK: Quota = Quota {
    name: "network-failures",
    count: 400,
    window: Duration::from_mins(15),
};
/// Registrations per source address.
pub const REGISTRATIONS: Quota = Quota {
    name: "registrations",
    count: 60,
    window: Duration::from_hours(1),
};
/// The same per IPv6 network of 48 bits.
pub const REGISTRATIONS_PER_NETWORK: Quota = Quota {
    name: "network-registrations",
    count: 240,
    window: Duration::from_hours(1),
};
/// Emails to addresses without an account, over the whole service: registrations, and
/// apart from them invitations. Both may name addresses that do not exist, and too many
/// of them ruin the sender's reputation.
pub const MAIL_TO_STRANGERS: Quota = Quota {
    name: "mail-to-strangers",
    count: 1_000,
    window: Duration::from_mins(1),
};
/// How long nothing is sent to an address that a mail server has refused for good.
pub const SUPPRESSION: Duration = Duration::from_hours(7 * 24);
/// Passkey sign-ins begun per source address: the page may begin one whenever it
/// is opened.
pub const PASSKEY_SIGN_INS: Quota = Quota {
    name: "passkey-sign-ins",
    count: 300,
    window: Duration::from_hours(1),
};
/// The same per IPv6 network of 48 bits.
pub const PASSKEY_SIGN_INS_PER_NETWORK: Quota = Quota {
    name: "network-passkey-sign-ins",
    count: 1_200,
    window: Duration::from_hours(1),
};
/// Invitations by mail per person who invites.
pub const INVITATIONS: Quota = Quota {
    name: "invitations",
    count: 50,
    window: Duration::from_hours(1),
};
/// Invitations mailed to one address, by all inviters together. Beyond it an invitation
/// is stored and not mailed.
pub const INVITATIONS_RECEIVED: Quota = Quota {
    name: "invitations-received",
    count: 5,
    window: Duration::from_hours(24),
};
/// How long an invitation can be accepted.
pub const INVITATION_LIFETIME: Duration = Duration::from_hours(14 * 24);
/// Invitations of one person that are listed, newest first.
pub const INVITATIONS_LISTED: usize = 100;
/// Addresses that one person names, with or without an account.
pub const PEOPLE_NAMED: Quota = Quota {
    name: "people-named",
    count: 300,
    window: Duration::from_hours(1),
};
/// Rooms that one person creates.
pub const ROOMS_CREATED: Quota = Quota {
    name: "rooms-created",
    count: 600,
    window: Duration::from_hours(24),
};
/// Changes that one person makes to rooms, to roles, to their own name and to their notifications.
pub const UPDATES: Quota = Quota {
    name: "updates",
    count: 60,
    window: Duration::from_hours(1),
};
/// Devices that one person registers, new or again.
pub const DEVICES_REGISTERED: Quota = Quota {
    name: "devices",
    count: 60,
    window: Duration::from_hours(1),
};
/// Rooms that one person is put into by people with whom they share no room.
/// Beyond it they are invited instead.
pub const ADDED_BY_STRANGERS: Quota = Quota {
    name: "added-by-strangers",
    count: 20,
    window: Duration::from_hours(24),
};
/// Rooms that one person is put into by one other with whom they share a room.
pub const ADDED_BY_ONE: Quota = Quota {
    name: "added-by-one",
    count: 20,
    window: Duration::from_hours(24),
};

/// A steady rate with a burst, counted by its theoretical arrival time (GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The key prefix in the store.
    pub name: &'static str,
    /// Time between events at the steady rate.
    pub interval: Duration,
    /// Events allowed at once.
    pub burst: u32,
}

/// Frames per person: burst 200, then 20 a second.
pub const FRAMES: Rate = Rate {
    name: "frames",
    interval: Duration::from_millis(1_000 / 20),
    burst: 200,
};
/// What a frame costs of [`FRAMES`] beyond the first: one for each of these bytes.
pub const BYTES_PER_FRAME: usize = 2 * 1024;
/// What `hello` and `ping` cost of [`FRAMES`] beyond the first: one for each of
/// these cursors.
pub const CURSORS_PER_FRAME: usize = 10;
/// Bytes that the messages of one person may add in a day: a bucket that fills
/// up evenly.
pub const BYTES_PER_DAY: u32 = 64 * 1024 * 1024;
/// What the row of a message takes beside its text.
pub const MESSAGE_ROW_BYTES: u32 = 256;
/// Handshakes per person: burst 60, then one a second.
pub const HANDSHAKES: Rate = Rate {
    name: "handshakes",
    interval: Duration::from_secs(1),
    burst: 60,
};
/// Notifications to the rooms of a person that they are online or offline:
/// burst 20, then one every 5 s. Beyond it a lease runs out by itself.
pub const PRESENCE_CHANGES: Rate = Rate {
    name: "presence",
    interval: Duration::from_secs(5),
    burst: 20,
};
/// Frames that telling one change of presence may take, smallest rooms first.
pub const PRESENCE_POSTS: usize = 1_000;
/// Authenticated requests per user: burst 600, then 20 a second. Those that list or
/// end sessions are counted apart, per session.
pub const REQUESTS: Rate = Rate {
    name: "requests",
    interval: Duration::from_millis(1_000 / 20),
    burst: 600,
};
/// Forwarded `typing` frames per person and room.
pub const TYPING: Rate = Rate {
    name: "typing",
    interval: Duration::from_secs(3),
    burst: 1,
};

/// Time to wait after `failures` wrong passwords or codes in a row: none up to
/// the fifth, then 30 s, doubling up to an hour. Guessing becomes hopeless and
/// the owner is never locked out for good.
pub fn wait_after(failures: u32) -> Duration {
    match failures {
        0..=5 => Duration::ZERO,
        n => Duration::from_secs(30 << (n - 6).min(10)).min(Duration::from_hours(1)),
    }
}

/// Failures in a row after which emailed codes are disabled until the password is
/// reset (NIST SP 800-63B-4, 3.2.2).
pub const FAILURES_UNTIL_DISABLED: u32 = 100;
/// The wait that is reported while they are disabled. Only a password reset
/// enables them again.
pub const DISABLED_WAIT: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factor::TOTP_STEP;

    /// Every limit as a literal number, beside the text of docs/protocol.md that
    /// states it; an empty text where it states none.
    #[test]
    fn the_limits_are_those_of_the_protocol() {
        let protocol = include_str!("../../../../docs/protocol.md");
        let millis = |length: Duration| length.as_millis() as u64;
        let rows: &[(u64, u64, &str)] = &[
            (
                NAME_CHARS as u64,
                80,
                "| name of a user, a room, a passkey or a device | 1 to 80 characters,",
            ),
            (
                PASSWORD_CHARS_LEAST as u64,
                15,
                "| password | 15 to 256 characters (8 with TOTP or a passkey)",
            ),
            (PASSWORD_CHARS_WITH_FACTOR as u64, 8, ""),
            (PASSWORD_CHARS_MOST as u64, 256, ""),
            (
                MESSAGE_CHARS as u64,
                4_000,
                "| text of a message | 1 to 4,000 characters",
            ),
            (
                EMOJI_PER_MESSAGE as u64,
                20,
                "| 20 different emoji, 1,000 reactions; 100 changes by one user |",
            ),
            (REACTIONS_PER_MESSAGE as u64, 1_000, ""),
            (REACTIONS_PER_PERSON as u64, 100, ""),
            (REACTING_SHOWN as u64, 20, "`by` names the first 20 users."),
            (
                TOPIC_CHARS as u64,
                250,
                "| topic of a room | up to 250 characters",
            ),
            (
                VERSIONS_PER_MESSAGE as u64,
                100,
                "| edits of a message | 100, within 24 hours",
            ),
            (
                millis(EDIT_WINDOW),
                86_400_000,
                "within 24 hours (`EditHours` in the template)",
            ),
            (
                PINS_PER_ROOM as u64,
                100,
                "| pinned messages of a room | 100 |",
            ),
            (
                MENTIONS_PER_MESSAGE as u64,
                50,
                "| users that a message mentions | 50 |",
            ),
            (
                QUOTE_CHARS as u64,
                80,
                "The text of `reply_to` is the first 80 characters;",
            ),
            (
                CHANGES_REPLAYED.into(),
                200,
                "rooms with more than 200 changes after the cursor",
            ),
            (BODY_BYTES as u64, 65_536, "| body of a request | 64 KB |"),
            (FRAME_BYTES as u64, 32_768, "| 32 KB; 128 KB |"),
            (
                ROOMS_PER_USER as u64,
                500,
                "| rooms per user; members per room | 500; 10,000 |",
            ),
            (MEMBERS_PER_ROOM, 10_000, ""),
            (
                PRESENCE_MEMBERS,
                100,
                "| presence is shown in rooms of up to | 100 members |",
            ),
            (
                TYPING_MEMBERS,
                50,
                "| typing and read marks are shown in rooms of up to | 50 members |",
            ),
            (
                SOCKETS_PER_USER,
                20,
                "| sockets per user | 20; those without a lease do not count",
            ),
            (
                millis(CODE_LIFETIME),
                300_000,
                "| a mailed code | 8 digits, 5 minutes, 5 attempts, 1 success |",
            ),
            (CODE_TRIES.into(), 5, ""),
            (
                millis(RESET_LINK_LIFETIME),
                3_600_000,
                "| the link of a reset email | 1 hour, 1 success |",
            ),
            (millis(SUPPRESSION), 604_800_000, "| none for 7 days |"),
            (
                millis(RESEND_WAIT),
                60_000,
                "| `resend-otp` | first after 60 s, 5 an hour per address |",
            ),
            (
                millis(CEREMONY_LIFETIME),
                300_000,
                "A challenge takes 5 attempts within 5 minutes.",
            ),
            (millis(TOTP_SETUP_LIFETIME), 600_000, ""),
            (millis(TOTP_STEP), 30_000, "each step of 30 s once"),
            (millis(FRESH), 600_000, "10 minutes"),
            (RECOVERY_CODES as u64, 10, "ten codes"),
            (
                PASSKEYS_PER_USER as u64,
                20,
                "| passkeys per account | 20 |",
            ),
            (DEVICES_PER_USER as u64, 10, "| devices of a user | 10 |"),
            (
                millis(DEVICE_LIFETIME),
                2_592_000_000,
                "A device that is not registered again for 30 days is removed.",
            ),
            (
                millis(NOTIFICATION_WAIT),
                5_000,
                "that its user has not read after 5 seconds.",
            ),
            (
                millis(NOTIFICATION_LIFETIME),
                86_400_000,
                "one every 5 s; of messages of the last 24 hours",
            ),
            (
                NOTIFICATION_CHARS as u64,
                200,
                "| text in a notification | the first 200 characters |",
            ),
            (
                millis(ACCESS_TOKEN_LIFETIME),
                900_000,
                "valid for at most 15 minutes",
            ),
            (
                millis(SESSION_LIFETIME),
                2_592_000_000,
                "A session ends 30 days after its last refresh.",
            ),
            (
                millis(REFRESH_GRACE),
                30_000,
                "used again within 30 s of its rotation",
            ),
            (millis(PRESENCE_LEASE), 300_000, "a lease is 5 minutes"),
            (
                millis(CONNECTION_LIFETIME),
                7_800_000,
                "| lifetime of a socket | 2 hours,",
            ),
            (
                FRAMES.burst.into(),
                200,
                "| frames per user | burst of 200, then 20 a second",
            ),
            (millis(FRAMES.interval), 50, ""),
            (TYPING.burst.into(), 1, ""),
            (millis(TYPING.interval), 3_000, "at most every 3 s per user"),
            (
                FAILURES_UNTIL_DISABLED.into(),
                100,
                "100 in a row disable the sign-in until the password is reset",
            ),
            (
                millis(DISABLED_WAIT),
                3_600_000,
                "with a `retry_at` an hour ahead",
            ),
        ];
        for (number, literal, text) in rows {
            assert_eq!(number, literal, "{text}");
            assert!(protocol.contains(text), "docs/protocol.md lacks {text}");
        }
    }

    #[test]
    fn the_quotas_are_those_of_the_protocol() {
        let protocol = include_str!("../../../../docs/protocol.md");
        for (quota, count, millis, text) in [
            (RESENDS, 5, 3_600_000, "5 an hour per address"),
            (
                CODES_MAILED,
                10,
                3_600_000,
                "| codes mailed per account | 10 an hour,",
            ),
            (
                CODES_ASKED,
                5,
                3_600_000,
                "| 5 an hour for each of the two; `resend-otp` counts too, up to 6 |",
            ),
            (CODES_ASKED_AGAIN, 6, 3_600_000, ""),
            (
                FAILURES_PER_SOURCE,
                100,
                900_000,
                "per source address (per IPv6 /48) | 100 (400) in 15 minutes;",
            ),
            (FAILURES_PER_NETWORK, 400, 900_000, ""),
            (
                REGISTRATIONS,
                60,
                3_600_000,
                "| registrations per source address (per IPv6 /48) | 60 (240) an hour |",
            ),
            (REGISTRATIONS_PER_NETWORK, 240, 3_600_000, ""),
            (
                MAIL_TO_STRANGERS,
                1_000,
                60_000,
                "| registrations, over the whole service | 1,000 a minute |",
            ),
            (
                PASSKEY_SIGN_INS,
                300,
                3_600_000,
                "| `passkey-login/begin` per source address (per IPv6 /48) | 300 (1,200) an hour |",
            ),
            (PASSKEY_SIGN_INS_PER_NETWORK, 1_200, 3_600_000, ""),
            (
                INVITATIONS,
                50,
                3_600_000,
                "| invitations per user | 50 an hour |",
            ),
            (
                UPDATES,
                60,
                3_600_000,
                "to roles, to their own name and to their notifications | 60 an hour |",
            ),
            (
                DEVICES_REGISTERED,
                60,
                3_600_000,
                "| devices that a user registers, new or again | 60 an hour |",
            ),
        ] {
            let name = quota.name;
            assert_eq!(
                (quota.count, quota.window.as_millis()),
                (count, millis),
                "{name}"
            );
            assert!(protocol.contains(text), "docs/protocol.md lacks {text}");
        }
        assert_eq!(CODES_ASKED.name, CODES_ASKED_AGAIN.name, "one counter");
    }

    #[test]
    fn item_06_waits_begin_with_the_sixth_failure_and_grow_to_an_hour() {
        assert_eq!(wait_after(0), Duration::ZERO);
        assert_eq!(wait_after(5), Duration::ZERO);
        assert_eq!(wait_after(6), Duration::from_secs(30));
        assert_eq!(wait_after(7), Duration::from_mins(1));
        assert_eq!(wait_after(8), Duration::from_mins(2));
        assert_eq!(wait_after(12), Duration::from_mins(32));
        assert_eq!(wait_after(13), Duration::from_hours(1));
        assert_eq!(wait_after(u32::MAX), Duration::from_hours(1));
    }
}
