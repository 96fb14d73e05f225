//! Queue events.
