//! Every limit of the contract with its number, in one place.

use std::time::Duration;

mod quota;

pub use quota::{Quota, Used};

/// Characters of a person's or a room's name.
pub const NAME_CHARS: usize = 80;
/// The least characters of a password (NIST SP 800-63B-4, 3.1.1.2, single factor).
pub const PASSWORD_CHARS_LEAST: usize = 15;
/// The least characters of one that is not the only factor.
pub const PASSWORD_CHARS_WITH_FACTOR: usize = 8;
/// The most characters of a password.
pub const PASSWORD_CHARS_MOST: usize = 256;
/// Characters of a message after trimming.
pub const MESSAGE_CHARS: usize = 4_000;
/// Bytes of a request's body.
pub const BODY_BYTES: usize = 64 * 1024;
/// Bytes of a frame, in either direction (API Gateway's own limit).
pub const FRAME_BYTES: usize = 32 * 1024;
/// Rooms that one person may be in.
pub const ROOMS_PER_USER: usize = 500;
/// Members of one room.
pub const MEMBERS_PER_ROOM: u64 = 10_000;
/// Members above which a room shows no presence.
pub const PRESENCE_MEMBERS: u64 = 100;
/// Members above which a room shows neither typing nor read marks.
pub const TYPING_MEMBERS: u64 = 50;
/// Sockets of one person.
pub const SOCKETS_PER_USER: u64 = 20;

/// How long a mailed code counts.
pub const CODE_LIFETIME: Duration = Duration::from_mins(5);
/// How long to wait before asking for another code.
pub const RESEND_WAIT: Duration = Duration::from_mins(1);
/// Answers that one challenge takes.
pub const CODE_TRIES: u32 = 5;
/// How long a sign-in waits for its second factor, and a passkey to be made or
/// used.
pub const CEREMONY_LIFETIME: Duration = Duration::from_mins(5);
/// How long TOTP that was begun may be confirmed.
pub const TOTP_SETUP_LIFETIME: Duration = Duration::from_mins(10);
/// How long after its sign-in or step-up a session may change factors.
pub const FRESH: Duration = Duration::from_mins(10);
/// Recovery codes that are made at once.
pub const RECOVERY_CODES: usize = 10;
/// Passkeys of one person.
pub const PASSKEYS_PER_USER: usize = 20;
/// How long an access token counts.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_mins(15);
/// How long a session lasts without being refreshed.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);
/// Within this time of its rotation a refresh token is a second tab or a lost answer.
pub const REFRESH_GRACE: Duration = Duration::from_secs(30);
/// How long a socket counts as present after its last frame.
pub const PRESENCE_LEASE: Duration = Duration::from_mins(5);
/// A connection ends after two hours (API Gateway); its row a little later.
pub const CONNECTION_LIFETIME: Duration = Duration::from_mins(2 * 60 + 10);

/// `resend-otp` per address.
pub const RESENDS: Quota = Quota {
    name: "resend",
    count: 5,
    window: Duration::from_hours(1),
};
/// Codes mailed per address, whatever asked for them.
pub const CODES_MAILED: Quota = Quota {
    name: "codes",
    count: 10,
    window: Duration::from_hours(1),
};
/// Codes asked for by somebody who merely names an address, per that address and
/// the source: half of [`CODES_MAILED`], so that one source cannot use up those
/// that the address's owner needs. Beyond it nothing is mailed.
pub const CODES_ASKED: Quota = Quota {
    name: "asked",
    count: 5,
    window: Duration::from_hours(1),
};
/// The same count, where a code is asked for again: the [`RESENDS`] of one ask fit.
pub const CODES_ASKED_AGAIN: Quota = Quota {
    count: 6,
    ..CODES_ASKED
};
/// `forgot-password` per source address.
pub const FORGOTTEN: Quota = Quota {
    name: "forgotten",
    count: 60,
    window: Duration::from_hours(1),
};
/// Wrong passwords or codes per source address.
pub const FAILURES_PER_SOURCE: Quota = Quota {
    name: "source-failures",
    count: 100,
    window: Duration::from_mins(15),
};
/// Registrations per source address.
pub const REGISTRATIONS: Quota = Quota {
    name: "registrations",
    count: 60,
    window: Duration::from_hours(1),
};
/// Sign-ins with a passkey that are begun, per source address: a page may begin
/// one whenever it is opened.
pub const PASSKEY_SIGN_INS: Quota = Quota {
    name: "passkey-sign-ins",
    count: 300,
    window: Duration::from_hours(1),
};
/// Invitations per person.
pub const INVITATIONS: Quota = Quota {
    name: "invitations",
    count: 50,
    window: Duration::from_hours(1),
};

/// A steady rate with a burst, counted by its theoretical arrival time (GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The word by which it is counted in the store.
    pub name: &'static str,
    /// The time that one event costs.
    pub interval: Duration,
    /// How many may come at once.
    pub burst: u32,
}

/// Frames per person: burst 200, then 20 a second.
pub const FRAMES: Rate = Rate {
    name: "frames",
    interval: Duration::from_millis(1_000 / 20),
    burst: 200,
};
/// `typing` is passed on at most every 3 s per person and room.
pub const TYPING: Rate = Rate {
    name: "typing",
    interval: Duration::from_secs(3),
    burst: 1,
};

/// How long to wait after `failures` wrong passwords or codes in a row: nothing
/// up to the fifth, then 30 s doubling up to an hour, so that guessing is
/// hopeless and nobody can be shut out for good.
pub fn wait_after(failures: u32) -> Duration {
    match failures {
        0..=5 => Duration::ZERO,
        n => Duration::from_secs(30 << (n - 6).min(10)).min(Duration::from_hours(1)),
    }
}

/// Failures in a row after which codes by mail count no more until the password
/// is reset (NIST SP 800-63B-4, 3.2.2).
pub const FAILURES_UNTIL_DISABLED: u32 = 100;
/// The wait that a refusal names while they are disabled. It does not end with
/// it: a reset of the password ends it.
pub const DISABLED_WAIT: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_06_waits_begin_with_the_sixth_failure_and_grow_to_an_hour() {
        assert_eq!(wait_after(5), Duration::ZERO);
        assert_eq!(wait_after(6), Duration::from_secs(30));
        assert_eq!(wait_after(7), Duration::from_mins(1));
        assert_eq!(wait_after(13), Duration::from_hours(1));
        assert_eq!(wait_after(u32::MAX), Duration::from_hours(1));
    }
}
