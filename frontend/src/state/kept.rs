//! What one person has unsent, as it is kept in the browser.

use chat_client::Unsent;

/// Whose it is, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Who said it: it is sent for nobody else.
    pub user: String,
    /// What was said and not acknowledged.
    pub messages: Vec<Unsent>,
}
