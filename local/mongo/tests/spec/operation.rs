//! Operations of drivers, sent as the commands that they come down to.

use super::value::to_bson;
use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use mongodb::error::Error;
use mongodb::{Client, Database};
use serde_json::Value;

/// What an operation came to.
#[derive(Debug, Default)]
pub struct Answer {
    pub result: Option<Bson>,
    pub write_errors: usize,
    pub first_error: Option<String>,
}

impl Answer {
    fn of(result: impl Into<Bson>) -> Self {
        Self {
            result: Some(result.into()),
            ..Self::default()
        }
    }
}

/// Sends an operation.
pub async fn send(
    client: &Client,
    database: &str,
    collection: &str,
    operation: &Value,
) -> Result<Answer, Error> {
    let database = client.database(database);
    let arguments = match operation.get("arguments").map(to_bson) {
        Some(Bson::Document(arguments)) => arguments,
        _ => Document::new(),
    };
    let name = operation["name"].as_str().unwrap_or_default();
    match name {
        "insertOne" | "insertMany" | "updateOne" | "updateMany" | "replaceOne" | "deleteOne"
        | "deleteMany" => {
            let written = write(&database, collection, name, &arguments).await?;
            Ok(written.into_answer(name))
        }
        "bulkWrite" => bulk_write(&database, collection, &arguments).await,
        "find" | "findOne" | "aggregate" => {
            let documents = read(&database, collection, name, arguments).await?;
            Ok(match name {
                "findOne" => {
                    Answer::of(documents.into_iter().next().map_or(Bson::Null, Bson::from))
                }
                _ => Answer::of(documents),
            })
        }
        "count" | "estimatedDocumentCount" => {
            let command = with(
                doc! { "count": collection },
                arguments,
                &[("filter", "query")],
            );
            let reply = database.run_command(command).await?;
            Ok(Answer::of(reply.get("n").cloned().unwrap_or_default()))
        }
        "countDocuments" => count_documents(&database, collection, arguments).await,
        "distinct" => {
            let renames = [("filter", "query"), ("fieldName", "key")];
            let command = with(doc! { "distinct": collection }, arguments, &renames);
            let reply = database.run_command(command).await?;
            Ok(Answer::of(reply.get("values").cloned().unwrap_or_default()))
        }
        "findOneAndUpdate" | "findOneAndReplace" | "findOneAndDelete" => {
            find_and_modify(&database, collection, name, arguments).await
        }
        "createCollection" | "dropCollection" => {
            let mut arguments = arguments;
            let named = arguments.remove("collection").unwrap_or_default();
            let command = if name == "createCollection" {
                "create"
            } else {
                "drop"
            };
            database
                .run_command(with(doc! { command: named }, arguments, &[]))
                .await?;
            Ok(Answer::default())
        }
        "failPoint" => {
            let point = arguments
                .get_document("failPoint")
                .cloned()
                .unwrap_or_default();
            client.database("admin").run_command(point).await?;
            Ok(Answer::default())
        }
        "clientBulkWrite" => {
            let command = doc! {
                "bulkWrite": 1,
                "ops": [{ "insert": 0, "document": {} }],
                "nsInfo": [{ "ns": "crud_id.type_tests" }],
            };
            client.database("admin").run_command(command).await?;
            Ok(Answer::default())
        }
        other => panic!("the runner does not know the operation {other}"),
    }
}

/// All documents of a collection in the order of their `_id`.
pub async fn find_all(client: &Client, database: &str, name: &str) -> Result<Vec<Document>, Error> {
    let arguments = doc! { "sort": { "_id": 1 } };
    read(&client.database(database), name, "find", arguments).await
}

fn with(mut command: Document, arguments: Document, renames: &[(&str, &str)]) -> Document {
    for (name, value) in arguments {
        let name = renames
            .iter()
            .find(|(from, _)| *from == name)
            .map_or(name.as_str(), |(_, to)| to);
        command.insert(name, value);
    }
    command
}

async fn read(
    database: &Database,
    collection: &str,
    name: &str,
    mut arguments: Document,
) -> Result<Vec<Document>, Error> {
    let size = arguments.get("batchSize").cloned();
    let comment = arguments.get("comment").cloned();
    let command = if name == "aggregate" {
        let cursor = match arguments.remove("batchSize") {
            Some(size) => doc! { "batchSize": size },
            None => Document::new(),
        };
        let mut command = with(doc! { "aggregate": collection }, arguments, &[]);
        command.insert("cursor", cursor);
        command
    } else {
        if name == "findOne" {
            arguments.insert("limit", 1);
            arguments.insert("singleBatch", true);
        }
        with(doc! { "find": collection }, arguments, &[])
    };
    let mut reply = database.run_command(command).await?;
    let mut found = Vec::new();
    let mut part = "firstBatch";
    loop {
        let cursor = reply.get_document("cursor").expect("a cursor is answered");
        let batch = cursor.get_array(part).expect("a batch is answered");
        found.extend(batch.iter().filter_map(Bson::as_document).cloned());
        let id = cursor.get_i64("id").expect("a cursor has an id");
        if id == 0 {
            return Ok(found);
        }
        let mut more = doc! { "getMore": id, "collection": collection };
        if let Some(size) = size.clone().filter(|size| *size != Bson::Int32(0)) {
            more.insert("batchSize", size);
        }
        if let Some(comment) = comment.clone() {
            more.insert("comment", comment);
        }
        part = "nextBatch";
        reply = database.run_command(more).await?;
    }
}

async fn count_documents(
    database: &Database,
    collection: &str,
    mut arguments: Document,
) -> Result<Answer, Error> {
    let mut pipeline = vec![doc! { "$match": arguments.remove("filter").unwrap_or_default() }];
    for name in ["skip", "limit"] {
        if let Some(value) = arguments.remove(name) {
            pipeline.push(doc! { format!("${name}"): value });
        }
    }
    pipeline.push(doc! { "$group": { "_id": 1, "n": { "$sum": 1 } } });
    arguments.insert("pipeline", pipeline);
    let found = read(database, collection, "aggregate", arguments).await?;
    Ok(Answer::of(match found.first() {
        Some(counted) => counted.get("n").cloned().unwrap_or_default(),
        None => Bson::Int32(0),
    }))
}

async fn find_and_modify(
    database: &Database,
    collection: &str,
    name: &str,
    mut arguments: Document,
) -> Result<Answer, Error> {
    if name == "findOneAndDelete" {
        arguments.insert("remove", true);
    }
    if let Some(when) = arguments.remove("returnDocument") {
        arguments.insert("new", when == Bson::from("After"));
    }
    let renames = [
        ("filter", "query"),
        ("projection", "fields"),
        ("replacement", "update"),
    ];
    let command = with(doc! { "findAndModify": collection }, arguments, &renames);
    let reply = database.run_command(command).await?;
    Ok(Answer::of(reply.get("value").cloned().unwrap_or_default()))
}

/// What writes have come to.
#[derive(Debug, Default)]
struct Written {
    n: i64,
    modified: i64,
    upserted: Vec<(i64, Bson)>,
    inserted: Vec<(i64, Bson)>,
    errors: Vec<String>,
}

impl Written {
    fn into_answer(self, name: &str) -> Answer {
        let upserts = self.upserted.len() as i64;
        let mut result = match name {
            "insertOne" => doc! { "insertedId": self.inserted.first().map(|(_, id)| id.clone()) },
            // What a driver tells of a failure, whichever way the documents went in.
            "insertMany" if !self.errors.is_empty() => doc! {
                "deletedCount": 0,
                "insertedCount": self.n,
                "matchedCount": 0,
                "modifiedCount": 0,
                "upsertedCount": 0,
                "upsertedIds": {},
            },
            "insertMany" => doc! { "insertedIds": by_place(&self.inserted) },
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
        Answer {
            result: Some(result.into()),
            write_errors: self.errors.len(),
            first_error: self.errors.into_iter().next(),
        }
    }
}

fn by_place(ids: &[(i64, Bson)]) -> Document {
    ids.iter()
        .map(|(place, id)| (place.to_string(), id.clone()))
        .collect()
}

async fn write(
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
            for (place, document) in documents.iter_mut().enumerate() {
                if !document.contains_key("_id") {
                    document.insert("_id", ObjectId::new());
                }
                inserted.push((place as i64, document["_id"].clone()));
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

async fn bulk_write(
    database: &Database,
    collection: &str,
    arguments: &Document,
) -> Result<Answer, Error> {
    let ordered = arguments.get_bool("ordered").unwrap_or(true);
    let mut result = Document::new();
    let (mut inserted, mut upserted, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let (mut n_inserted, mut matched, mut modified, mut deleted) = (0, 0, 0, 0);
    let requests = arguments
        .get_array("requests")
        .expect("a bulk write has requests");
    for (place, request) in requests.iter().enumerate() {
        let request = request.as_document().expect("a request is a document");
        let (name, own) = request.iter().next().expect("a request has a name");
        let mut own = own.as_document().cloned().unwrap_or_default();
        if let Some(comment) = arguments.get("comment") {
            own.insert("comment", comment.clone());
        }
        let written = write(database, collection, name, &own).await?;
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
                            .map(|(_, id)| (place as i64, id)),
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
                        .map(|(_, id)| (place as i64, id)),
                );
            }
        }
        if failed && ordered {
            break;
        }
    }
    result.insert("deletedCount", deleted);
    result.insert("insertedCount", n_inserted);
    result.insert("insertedIds", by_place(&inserted));
    result.insert("matchedCount", matched);
    result.insert("modifiedCount", modified);
    result.insert("upsertedCount", upserted.len() as i64);
    result.insert("upsertedIds", by_place(&upserted));
    Ok(Answer {
        result: Some(result.into()),
        write_errors: errors.len(),
        first_error: errors.into_iter().next(),
    })
}
