//! Driver operations, sent as the equivalent commands.

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error;
use mongodb::{Client, Database};
use serde_json::Value;

use super::value::to_bson;
use super::write;

/// Result of an operation.
#[derive(Debug, Default)]
pub struct OperationResponse {
    pub result: Option<Bson>,
    pub write_errors: usize,
    pub first_error: Option<String>,
}

impl OperationResponse {
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
) -> Result<OperationResponse, Error> {
    let database = client.database(database);
    let arguments = match operation.get("arguments").map(to_bson) {
        Some(Bson::Document(arguments)) => arguments,
        _ => Document::new(),
    };
    let name = operation["name"].as_str().unwrap_or_default();
    match name {
        "insertOne" | "insertMany" | "updateOne" | "updateMany" | "replaceOne" | "deleteOne"
        | "deleteMany" => {
            let written = write::send(&database, collection, name, &arguments).await?;
            Ok(written.into_answer(name))
        }
        "bulkWrite" => write::bulk(&database, collection, &arguments).await,
        "find" | "findOne" | "aggregate" => {
            let documents = read(&database, collection, name, arguments).await?;
            Ok(match name {
                "findOne" => OperationResponse::of(
                    documents.into_iter().next().map_or(Bson::Null, Bson::from),
                ),
                _ => OperationResponse::of(documents),
            })
        }
        "count" | "estimatedDocumentCount" => {
            let command = with(
                doc! { "count": collection },
                arguments,
                &[("filter", "query")],
            );
            let reply = database.run_command(command).await?;
            Ok(OperationResponse::of(
                reply.get("n").cloned().unwrap_or_default(),
            ))
        }
        "countDocuments" => count_documents(&database, collection, arguments).await,
        "distinct" => {
            let renames = [("filter", "query"), ("fieldName", "key")];
            let command = with(doc! { "distinct": collection }, arguments, &renames);
            let reply = database.run_command(command).await?;
            Ok(OperationResponse::of(
                reply.get("values").cloned().unwrap_or_default(),
            ))
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
            Ok(OperationResponse::default())
        }
        "failPoint" => {
            let point = arguments
                .get_document("failPoint")
                .cloned()
                .unwrap_or_default();
            client.database("admin").run_command(point).await?;
            Ok(OperationResponse::default())
        }
        "clientBulkWrite" => {
            let command = doc! {
                "bulkWrite": 1,
                "ops": [{ "insert": 0, "document": {} }],
                "nsInfo": [{ "ns": "crud_id.type_tests" }],
            };
            client.database("admin").run_command(command).await?;
            Ok(OperationResponse::default())
        }
        other => panic!("unknown operation: {other}"),
    }
}

/// All documents of a collection, sorted by `_id`.
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
) -> Result<OperationResponse, Error> {
    let mut pipeline = vec![doc! { "$match": arguments.remove("filter").unwrap_or_default() }];
    for name in ["skip", "limit"] {
        if let Some(value) = arguments.remove(name) {
            pipeline.push(doc! { format!("${name}"): value });
        }
    }
    pipeline.push(doc! { "$group": { "_id": 1, "n": { "$sum": 1 } } });
    arguments.insert("pipeline", pipeline);
    let found = read(database, collection, "aggregate", arguments).await?;
    Ok(OperationResponse::of(match found.first() {
        Some(counted) => counted.get("n").cloned().unwrap_or_default(),
        None => Bson::Int32(0),
    }))
}

async fn find_and_modify(
    database: &Database,
    collection: &str,
    name: &str,
    mut arguments: Document,
) -> Result<OperationResponse, Error> {
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
    Ok(OperationResponse::of(
        reply.get("value").cloned().unwrap_or_default(),
    ))
}
