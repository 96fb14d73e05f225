//! Direct writes to the service's database, to set up what otherwise needs time to
//! pass or a crash at one exact moment.

use e2e::stack::Stack;
use mongodb::bson::{Document, doc};

/// Sets `fields` of the one row that matches `row`.
pub async fn change(stack: &Stack, collection: &str, row: Document, fields: Document) {
    let client = mongodb::Client::with_uri_str(&stack.database_uri()).await;
    let database = client.expect("a URI").default_database();
    let rows = database
        .expect("the URI names a database")
        .collection::<Document>(collection);
    let changed = rows.update_one(row, doc! { "$set": fields }).await;
    assert_eq!(changed.expect("a response").modified_count, 1);
}
