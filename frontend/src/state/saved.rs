//! Unsent messages as they are stored.

use chat_client::Unsent;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedMessages {
    /// The author: other users never send them.
    pub user: String,
    pub messages: Vec<Unsent>,
}
