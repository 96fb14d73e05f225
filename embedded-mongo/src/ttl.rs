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

/// Periodically removes expired documents, idle cursors and old sessions.
pub(crate) async fn sweep(state: Arc<State>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        state.cursors.sweep();
        state.catalog.journal.append(state.sessions.sweep());
        for database in state.catalog.databases() {
            for (name, shared) in state.catalog.collections(&database) {
                let expired = match shared.read() {
                    Ok(collection) => expired(&collection, DateTime::now()),
                    Err(_) => continue,
                };
                if expired.is_empty() {
                    continue;
                }
                let outcome =
                    state
                        .catalog
                        .write_existing(&database, &name, |collection, changes| {
                            // Evaluated again under the write lock: a document may
                            // have been updated.
                            for id in self::expired(collection, DateTime::now()) {
                                collection.remove(id, changes);
                            }
                            Ok(())
                        });
                if let Err(error) = outcome {
                    tracing::warn!(%error, "could not remove expired documents");
                }
            }
        }
    }
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
