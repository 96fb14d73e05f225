//! Every index, and what it is for. `setup` makes them at deploy time.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::{CommitQuorum, IndexOptions};
use mongodb::{Database, IndexModel};

use crate::error::Result;

pub(crate) async fn create(database: &Database) -> Result<()> {
    for (collection, indexes) in all() {
        database
            .collection::<Document>(collection)
            .create_indexes(indexes)
            // By default every voting member must be ready, so that an unavailable
            // secondary would block the build.
            .commit_quorum(CommitQuorum::Majority)
            .await?;
    }
    Ok(())
}

fn all() -> Vec<(&'static str, Vec<IndexModel>)> {
    vec![
        (
            "users",
            vec![
                // One account per address.
                unique(doc! { "email": 1 }),
                // One account per passkey, and whose it is.
                unique_where_present("passkeys.credential"),
            ],
        ),
        // Those of an account, deleted when its credentials change.
        ("challenges", vec![plain(doc! { "user": 1 }), expiring()]),
        ("ceremonies", vec![plain(doc! { "user": 1 }), expiring()]),
        // One's own sessions, newest first.
        (
            "sessions",
            vec![plain(doc! { "user": 1, "created_at": -1 }), expiring()],
        ),
        (
            "rooms",
            vec![
                // The same direct room for the same pair, always.
                unique_where_present("pair"),
                // One group for a request that is repeated.
                unique_where_present("creation"),
            ],
        ),
        (
            "members",
            vec![
                // One membership per user and room; the rooms of a user.
                unique(doc! { "user": 1, "room": 1 }),
                // The members of a room, longest-standing first.
                plain(doc! { "room": 1, "joined_at": 1 }),
                // The members of a room with a device.
                plain_where_present(doc! { "room": 1, "push": 1 }, "push"),
                // No more rooms than a person has slots.
                unique_where(doc! { "user": 1, "slot": 1 }, "slot"),
            ],
        ),
        (
            "invitations",
            vec![
                unique(doc! { "email": 1, "room": 1 }),
                plain(doc! { "room": 1 }),
                expiring(),
            ],
        ),
        (
            "messages",
            vec![
                // Order: nothing can take n + 1 before n exists.
                unique(doc! { "room": 1, "seq": 1 }),
                // Once only: the same id from the same sender is the same message.
                unique(doc! { "room": 1, "sender": 1, "client_id": 1 }),
                // The pinned messages of a room.
                plain_where_present(doc! { "room": 1, "pinned_at": 1 }, "pinned_at"),
            ],
        ),
        (
            "changes",
            vec![
                // Order and once only, as for messages.
                unique(doc! { "room": 1, "rev": 1 }),
                unique(doc! { "room": 1, "by": 1, "client_id": 1 }),
                // The changes of a page of messages.
                plain(doc! { "room": 1, "seq": 1, "rev": 1 }),
            ],
        ),
        (
            "connections",
            vec![
                // The subscribers of a room.
                plain(doc! { "rooms": 1 }),
                plain(doc! { "user": 1 }),
                // What an ended session has left open.
                plain(doc! { "session": 1 }),
                expiring(),
            ],
        ),
        // Whose socket a frame came from.
        (
            "presence",
            vec![plain(doc! { "sockets.id": 1 }), expiring()],
        ),
        ("counters", vec![expiring()]),
        ("rates", vec![expiring()]),
        ("failures", vec![expiring()]),
        ("deliveries", vec![expiring()]),
        (
            "devices",
            vec![
                // One account per endpoint.
                unique(doc! { "endpoint": 1 }),
                plain(doc! { "user": 1 }),
                // What an ended session has registered.
                plain(doc! { "session": 1 }),
                expiring(),
            ],
        ),
        ("suppressions", vec![expiring()]),
    ]
}

fn plain(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

fn plain_where_present(keys: Document, present: &str) -> IndexModel {
    let options = IndexOptions::builder()
        .partial_filter_expression(doc! { present: { "$exists": true } })
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}

fn unique(keys: Document) -> IndexModel {
    let options = IndexOptions::builder().unique(true).build();
    IndexModel::builder().keys(keys).options(options).build()
}

fn unique_where_present(field: &str) -> IndexModel {
    unique_where(doc! { field: 1 }, field)
}

fn unique_where(keys: Document, present: &str) -> IndexModel {
    let options = IndexOptions::builder()
        .unique(true)
        .partial_filter_expression(doc! { present: { "$exists": true } })
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// Documents go when their `expires` has passed. MongoDB looks once a minute, so
/// nothing relies on it: every query that cares compares the time itself.
fn expiring() -> IndexModel {
    let options = IndexOptions::builder().expire_after(Duration::ZERO).build();
    IndexModel::builder()
        .keys(doc! { "expires": 1 })
        .options(options)
        .build()
}
