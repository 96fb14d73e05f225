//! Write operations.

use mongodb::Database;
use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use mongodb::error::Error;

use super::operation::OperationResponse;

/// Results of write commands.
#[derive(Debug, Default)]
pub struct Written {
    n: i64,
    modified: i64,
    upserted: Vec<(i64, Bson)>,
    inserted: Vec<(i64, Bson)>,
    errors: Vec<String>,
}

impl Written {
    /// As a driver's operation returns it.
    pub fn into_answer(self, name: &str) -> OperationResponse {
        let upserts = self.upserted.len() as i64;
        let mut result = match name {
            "insertOne" => doc! { "insertedId": self.inserted.first().map(|(_, id)| id.clone()) },
            // A driver's bulk write result.
            "insertMany" if !self.errors.is_empty() => doc! {
                "deletedCount": 0,
                "insertedCount": self.n,
                "matchedCount": 0,
                "modifiedCount": 0,
                "upsertedCount": 0,
                "upsertedIds": {},
            },
            "insertMany" => doc! { "insertedIds": by_index(&self.inserted) },
            "deleteOne" | "deleteMany" => doc! { "deletedCount": self.n },
            _ => doc! {
                "matchedCount": self.n - upserts,
                "modifiedCount": self.modified,
                "upsertedCount": upserts,
            },
        };
        if let Some((_, id)) = self.upserted.first() {
            result.insert("upsertedId", id.clone());
        }
        OperationResponse {
            result: Some(result.into()),
            write_errors: self.errors.len(),
            first_error: self.errors.into_iter().next(),
        }
    }
}

fn by_index(ids: &[(i64, Bson)]) -> Document {
    ids.iter()
        .map(|(index, id)| (index.to_string(), id.clone()))
        .collect()
}

/// Sends a write.
pub async fn send(
    database: &Database,
    collection: &str,
    name: &str,
    arguments: &Document,
) -> Result<Written, Error> {
    let mut command;
    let mut inserted = Vec::new();
    match name {
        "insertOne" | "insertMany" => {
            let mut documents = match (arguments.get("document"), arguments.get("documents")) {
                (Some(Bson::Document(one)), _) => vec![one.clone()],
                (_, Some(Bson::Array(many))) => {
                    many.iter().filter_map(Bson::as_document).cloned().collect()
                }
                _ => panic!("an insert has documents"),
            };
            for (index, document) in documents.iter_mut().enumerate() {
                if !document.contains_key("_id") {
                    document.insert("_id", ObjectId::new());
                }
                inserted.push((index as i64, document["_id"].clone()));
            }
            command = doc! { "insert": collection, "documents": documents };
        }
        "deleteOne" | "deleteMany" => {
            let mut statement = doc! { "limit": i32::from(name == "deleteOne") };
            move_to(
                &mut statement,
                arguments,
                &[
                    ("filter", "q"),
                    ("hint", "hint"),
                    ("collation", "collation"),
                ],
            );
            command = doc! { "delete": collection, "deletes": [statement] };
        }
        _ => {
            let mut statement = Document::new();
            if name == "updateMany" {
                statement.insert("multi", true);
            }
            let names = [
                ("filter", "q"),
                ("update", "u"),
                ("replacement", "u"),
                ("upsert", "upsert"),
                ("arrayFilters", "arrayFilters"),
                ("hint", "hint"),
                ("collation", "collation"),
                ("sort", "sort"),
            ];
            move_to(&mut statement, arguments, &names);
            command = doc! { "update": collection, "updates": [statement] };
        }
    }
    move_to(
        &mut command,
        arguments,
        &[("ordered", "ordered"), ("comment", "comment")],
    );
    let reply = database.run_command(command).await?;
    let whole = |name: &str| match reply.get(name) {
        Some(Bson::Int32(number)) => i64::from(*number),
        Some(Bson::Int64(number)) => *number,
        _ => 0,
    };
    let list = |name: &str| match reply.get(name) {
        Some(Bson::Array(items)) => items
            .iter()
            .filter_map(Bson::as_document)
            .cloned()
            .collect(),
        _ => Vec::new(),
    };
    Ok(Written {
        n: whole("n"),
        modified: whole("nModified"),
        upserted: list("upserted")
            .into_iter()
            .map(|one| (0, one.get("_id").cloned().unwrap_or_default()))
            .collect(),
        inserted,
        errors: list("writeErrors")
            .into_iter()
            .map(|one| one.get_str("errmsg").unwrap_or_default().to_owned())
            .collect(),
    })
}

fn move_to(target: &mut Document, arguments: &Document, names: &[(&str, &str)]) {
    for (from, to) in names {
        if let Some(value) = arguments.get(from) {
            target.insert(*to, value.clone());
        }
    }
}

/// Sends the writes of a bulk write in order.
pub async fn bulk(
    database: &Database,
    collection: &str,
    arguments: &Document,
) -> Result<OperationResponse, Error> {
    let ordered = arguments.get_bool("ordered").unwrap_or(true);
    let mut result = Document::new();
    let (mut inserted, mut upserted, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut n_inserted, mut matched, mut modified, mut deleted) = (0, 0, 0, 0);
    let requests = arguments
        .get_array("requests")
        .expect("a bulk write has requests");
    for (index, request) in requests.iter().enumerate() {
        let request = request.as_document().expect("a request is a document");
        let (name, own) = request.iter().next().expect("a request has a name");
        let mut own = own.as_document().cloned().unwrap_or_default();
        if let Some(comment) = arguments.get("comment") {
            own.insert("comment", comment.clone());
        }
        let written = send(database, collection, name, &own).await?;
        let failed = !written.errors.is_empty();
        errors.extend(written.errors);
        match name.as_str() {
            "insertOne" | "insertMany" => {
                n_inserted += written.n;
                if !failed {
                    inserted.extend(
                        written
                            .inserted
                            .into_iter()
                            .map(|(_, id)| (index as i64, id)),
                    );
                }
            }
            "deleteOne" | "deleteMany" => deleted += written.n,
            _ => {
                matched += written.n - written.upserted.len() as i64;
                modified += written.modified;
                upserted.extend(
                    written
                        .upserted
                        .into_iter()
                        .map(|(_, id)| (index as i64, id)),
                );
            }
        }
        if failed && ordered {
            break;
        }
    }
    result.insert("deletedCount", deleted);
    result.insert("insertedCount", n_inserted);
    result.insert("insertedIds", by_index(&inserted));
    result.insert("matchedCount", matched);
    result.insert("modifiedCount", modified);
    result.insert("upsertedCount", upserted.len() as i64);
    result.insert("upsertedIds", by_index(&upserted));
    Ok(OperationResponse {
        result: Some(result.into()),
        write_errors: errors.len(),
        first_error: errors.into_iter().next(),
    })
}
