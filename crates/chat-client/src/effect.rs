//! Effects: what the caller has to do.

use std::time::Duration;

use domain::history::PAGE_MOST;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use protocol::http::{Page, RoomResponse, Rooms};
use protocol::{ClientFrame, Room};

/// An action for the caller.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Drop the socket, if there is one, with its pending frames, and open a new one
    /// after a wait. It replaces an opening or waiting one.
    Connect {
        /// The time to wait.
        after: Duration,
    },
    /// Send this frame on the socket. If it is lost, it is sent again on the next.
    Send(ClientFrame),
    /// Make this request, and report its result.
    Fetch(Fetch),
    /// The session has ended.
    SignedOut,
}

/// A `GET` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetch {
    /// The list of rooms.
    Rooms,
    /// A room with its members.
    Room {
        /// The room's id.
        room: String,
    },
    /// The newest page of a room's history.
    Newest {
        /// The room's id.
        room: String,
    },
    /// The page before a message.
    Older {
        /// The room's id.
        room: String,
        /// The oldest loaded message.
        before: i64,
    },
    /// The page around a message.
    Around {
        /// The room's id.
        room: String,
        /// The message.
        seq: i64,
    },
    /// The page after a message.
    After {
        /// The room's id.
        room: String,
        /// The newest message without a gap before it.
        after: i64,
    },
}

impl Fetch {
    /// The request's path and query.
    pub fn path(&self) -> String {
        let page = |room: &str, query: &str| format!("{}/messages{query}", of_room(room));
        match self {
            Self::Rooms => "/api/rooms".to_owned(),
            Self::Room { room } => of_room(room),
            Self::Newest { room } => page(room, ""),
            Self::Older { room, before } => {
                page(room, &format!("?before={before}&limit={PAGE_MOST}"))
            }
            Self::Around { room, seq } => page(room, &format!("?around={seq}&limit={PAGE_MOST}")),
            Self::After { room, after } => page(room, &format!("?after={after}&limit={PAGE_MOST}")),
        }
    }

    /// Parses the body of a `200` response.
    ///
    /// # Errors
    /// If the body is not of the documented form: it is not from the service.
    pub fn answered(&self, body: &str) -> serde_json::Result<Fetched> {
        Ok(match self.clone() {
            Self::Rooms => Fetched::Rooms(serde_json::from_str::<Rooms>(body)?.rooms),
            Self::Room { .. } => Fetched::Room(serde_json::from_str::<RoomResponse>(body)?.room),
            Self::Newest { room } => Fetched::Newest {
                room,
                page: serde_json::from_str(body)?,
            },
            Self::Older { room, .. } => Fetched::Older {
                room,
                page: serde_json::from_str(body)?,
            },
            Self::Around { room, .. } => Fetched::Around {
                room,
                page: serde_json::from_str(body)?,
            },
            Self::After { room, after } => Fetched::After {
                room,
                after,
                page: serde_json::from_str(body)?,
            },
        })
    }
}

/// The response to a [`Fetch`].
#[derive(Debug, Clone)]
pub enum Fetched {
    /// All rooms.
    Rooms(Vec<Room>),
    /// One room with its members.
    Room(Room),
    /// The newest page of a room.
    Newest {
        /// The room's id.
        room: String,
        /// Its messages.
        page: Page,
    },
    /// The page before the loaded messages.
    Older {
        /// The room's id.
        room: String,
        /// Its messages.
        page: Page,
    },
    /// The page around a message.
    Around {
        /// The room's id.
        room: String,
        /// Its messages.
        page: Page,
    },
    /// The page after the loaded messages.
    After {
        /// The room's id.
        room: String,
        /// The message before the page.
        after: i64,
        /// Its messages.
        page: Page,
    },
}

/// Encodes a frame as text.
pub fn encode(frame: &ClientFrame) -> String {
    serde_json::to_string(frame).expect("frames are plain data")
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
