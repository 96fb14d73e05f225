//! What is to be done after a change of state.

use wire::ClientFrame;

/// Something that only the browser can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Say this on the socket.
    Send(ClientFrame),
    /// Fetch the list of rooms.
    FetchRooms,
    /// Fetch a room with its members.
    FetchRoom {
        /// Which.
        room: String,
    },
    /// Fetch the newest page of a room's history.
    FetchNewest {
        /// Which.
        room: String,
    },
    /// Fetch the page before a message.
    FetchOlder {
        /// Which room.
        room: String,
        /// The oldest message that is there.
        before: i64,
    },
    /// Fetch the page after a message.
    FetchAfter {
        /// Which room.
        room: String,
        /// The newest message that is there without a hole.
        after: i64,
    },
    /// Drop the socket, which seems dead, and open another.
    Reconnect,
    /// The session has ended.
    SignedOut,
}
