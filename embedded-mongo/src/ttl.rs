//! The TTL monitor.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bson::{DateTime, RawBsonRef};

use crate::server::State;
use crate::storage::RecordId;
use crate::storage::collection::Collection;
use crate::storage::index::{Index, Range};
use crate::value::key;

/// Shortest interval between two passes.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// Periodically removes expired documents, idle cursors and old sessions.
pub(crate) async fn monitor(state: Arc<State>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval.max(MIN_INTERVAL));
    loop {
        ticks.tick().await;
        let state = state.clone();
        let pass = tokio::task::spawn_blocking(move || {
            state.cursors.sweep();
            state.catalog.journal.append(state.sessions.sweep());
            remove_expired(&state, DateTime::now());
        });
        if let Err(error) = pass.await {
            tracing::error!(%error, "TTL monitor panicked");
        }
    }
}

/// Removes the documents that are expired at `now`. Returns how many were removed.
pub(crate) fn remove_expired(state: &State, now: DateTime) -> usize {
    let mut removed = 0;
    for database in state.catalog.databases() {
        for (name, _) in state.catalog.collections(&database) {
            let any = state.catalog.read(&database, &name, |collection| {
                !expired(collection, now).is_empty()
            });
            if !any.unwrap_or(false) {
                continue;
            }
            let result = state
                .catalog
                .write_existing(&database, &name, |collection, changes| {
                    // Evaluated again under the write lock: a document may have been
                    // updated.
                    let expired = expired(collection, now);
                    for id in &expired {
                        collection.remove(*id, changes);
                    }
                    Ok(expired.len())
                });
            match result {
                Ok(count) => removed += count.unwrap_or(0),
                Err(error) => tracing::warn!(%error, "could not remove expired documents"),
            }
        }
    }
    removed
}

fn expired(collection: &Collection, now: DateTime) -> BTreeSet<RecordId> {
    collection
        .indexes()
        .iter()
        .filter_map(|index| Some((index, range(index, now)?)))
        .flat_map(|(index, range)| {
            index
                .scan(&range, false)
                .map(|(_, id)| id)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The index range of expired dates.
fn range(index: &Index, now: DateTime) -> Option<Range> {
    let seconds = index.spec.expire_after?;
    let limit = now.timestamp_millis().saturating_sub(seconds * 1000);
    let descending = index.spec.pattern.fields().first()?.1;
    let bound = |millis| {
        let mut bytes = Vec::new();
        let date = RawBsonRef::DateTime(DateTime::from_millis(millis));
        key::push_directed(&mut bytes, date, descending);
        bytes
    };
    let (oldest, latest) = (bound(i64::MIN), bound(limit));
    let (start, last) = if descending {
        (latest, oldest)
    } else {
        (oldest, latest)
    };
    Some(Range {
        start,
        end: crate::storage::bounds::successor(&last),
    })
}
