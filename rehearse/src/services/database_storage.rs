//! Where a private MongoDB keeps its data.

/// The kinds of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// The data folder. The data outlives the run.
    Durable,
    /// Memory.
    Memory,
}
