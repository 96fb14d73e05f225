//! What is to be done after something happened.

use std::time::Duration;

use domain::history::PAGE_MOST;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::ClientFrame;
use protocol::http::{RoomAnswer, Rooms};

use crate::chat::Fetched;

/// Something that only who has a network can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Drop the socket, if there is one, with all that it may still say, and
    /// open another after this wait. One that is opening or waited for already
    /// is given up for this one.
    Connect {
        /// How long to wait.
        after: Duration,
    },
    /// Say this on the socket. What is lost with it is said again on the next.
    Send(ClientFrame),
    /// Make this request, and tell how it ended.
    Fetch(Fetch),
    /// The session has ended, and with it this conversation.
    SignedOut,
}

/// Something to be had by `GET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// The list of rooms.
    Rooms,
    /// A room with its members.
    Room {
        /// Which.
        room: String,
    },
    /// The newest page of a room's history.
    Newest {
        /// Which.
        room: String,
    },
    /// The page before a message.
    Older {
        /// Which room.
        room: String,
        /// The oldest message that is there.
        before: i64,
    },
    /// The page after a message.
    After {
        /// Which room.
        room: String,
        /// The newest message that is there without a hole.
        after: i64,
    },
}

impl Fetch {
    /// Where it is to be had.
    pub fn path(&self) -> String {
        let page = |room: &str, query: &str| format!("{}/messages{query}", of_room(room));
        match self {
            Self::Rooms => "/api/rooms".to_owned(),
            Self::Room { room } => of_room(room),
            Self::Newest { room } => page(room, ""),
            Self::Older { room, before } => {
                page(room, &format!("?before={before}&limit={PAGE_MOST}"))
            }
            Self::After { room, after } => page(room, &format!("?after={after}&limit={PAGE_MOST}")),
        }
    }

    /// The body of a `200` to it.
    ///
    /// # Errors
    /// When it is not what the contract says, so that something else than the
    /// service has answered.
    pub fn answered(&self, body: &str) -> serde_json::Result<Fetched> {
        Ok(match self.clone() {
            Self::Rooms => Fetched::Rooms(serde_json::from_str::<Rooms>(body)?.rooms),
            Self::Room { .. } => Fetched::Room(serde_json::from_str::<RoomAnswer>(body)?.room),
            Self::Newest { room } => Fetched::Newest {
                room,
                page: serde_json::from_str(body)?,
            },
            Self::Older { room, .. } => Fetched::Older {
                room,
                page: serde_json::from_str(body)?,
            },
            Self::After { room, .. } => Fetched::After {
                room,
                page: serde_json::from_str(body)?,
            },
        })
    }
}

/// The text of a frame.
pub fn encode(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("the contract's frames are all JSON")
}

fn of_room(room: &str) -> String {
    format!("/api/rooms/{}", utf8_percent_encode(room, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_s_id_cannot_lead_to_another_path() {
        let fetch = Fetch::After {
            room: "../a?b".into(),
            after: 7,
        };
        assert_eq!(
            fetch.path(),
            "/api/rooms/%2E%2E%2Fa%3Fb/messages?after=7&limit=200"
        );
    }

    #[test]
    fn an_answer_that_is_not_the_service_s_is_an_error() {
        assert!(
            Fetch::Rooms
                .answered("<html>Please sign in</html>")
                .is_err()
        );
        assert!(Fetch::Rooms.answered(r#"{"rooms": []}"#).is_ok());
    }
}
