//! A function for the runner's tests: records the batches that it gets, and
//! fails as long as the file `RECORD`.fail exists.

use std::io::Write;
use std::path::Path;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let record = std::env::var("RECORD")?;
    let mut file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(&record)?;
    file.write_all(format!("{}\n", event.payload).as_bytes())?;
    if Path::new(&format!("{record}.fail")).exists() {
        return Err("failure requested".into());
    }
    Ok(json!(null))
}
