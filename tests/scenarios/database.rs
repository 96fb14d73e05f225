//! The service's own database, for what only time or a crash would do to it.

use e2e::stack::Stack;
use mongodb::bson::{Document, doc};

/// Changes one row, as if time had passed or a function had been killed half-way.
pub async fn change(stack: &Stack, collection: &str, row: Document, fields: Document) {
    let client = mongodb::Client::with_uri_str(&stack.database_uri()).await;
    let database = client.expect("a URI").default_database();
    let rows = database
        .expect("the URI names a database")
        .collection::<Document>(collection);
    let changed = rows.update_one(row, doc! { "$set": fields }).await;
    assert_eq!(changed.expect("an answer").modified_count, 1);
}
