//! `cargo xtask bench cold`: cold starts of the functions.
//!
//! Each function is started repeatedly by a minimal Runtime API, with the environment
//! that a running stack gives it: once with plain connections to database and broker,
//! and once through TLS. The difference is the cost of TLS.

mod event;
mod figures;
mod runtime_api;
mod subject;
mod tls;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use e2e::stack::{Options, Stack, Storage, binary};
use serde_json::json;

use figures::{Figures, Row};
use runtime_api::Lambda;
use subject::{Asker, SUBJECTS, Subject};
use tls::Authority;

/// Starts of each function, without and with TLS.
const STARTS: usize = 9;
/// Warm events of the empty function.
const HELLOS: usize = 200;

type Variables = Vec<(String, String)>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures")]
#[expect(clippy::print_stderr, reason = "its errors")]
async fn main() -> ExitCode {
    match measure().await {
        Ok(rows) => {
            println!("{}", figures::table(&rows));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> anyhow::Result<Vec<Row>> {
    let stack = Stack::start(Options {
        name: "cold",
        storage: Storage::BehindProxy,
    });
    let stack = Arc::new(stack.await?);
    let mut asker = Asker::prepare(&stack).await;
    let authority = Authority::new()?;
    let mut rows = vec![hello(&stack).await?];
    for subject in SUBJECTS {
        let plain = variables(&stack, subject.binary).await?;
        let secured = through_tls(&authority, &plain).await?;
        if subject.binary == "ws-message" {
            let connect = binary("ws-connect")?;
            let settings = variables(&stack, "ws-connect").await?;
            let (mut gateway, _) = Lambda::start(&connect, &settings).await?;
            gateway.invoke(&asker.socket()).await?;
        }
        let row = row(subject, &mut asker, &plain, &secured).await;
        rows.push(row.with_context(|| format!("measuring {}", subject.binary))?);
    }
    stack.finish().await;
    Ok(rows)
}

async fn hello(stack: &Arc<Stack>) -> anyhow::Result<Row> {
    let binary = binary("examples/hello")?;
    let variables = variables(stack, "session").await?;
    let mut figures = Figures::default();
    for start in 0..STARTS {
        let (mut lambda, next) = Lambda::start(&binary, &variables).await?;
        let (_, first) = lambda.invoke(&json!({})).await?;
        figures.cold(next, first, &lambda)?;
        if start + 1 == STARTS {
            for _ in 0..HELLOS {
                figures.warm.push(lambda.invoke(&json!({})).await?.1);
            }
            figures.peak = lambda.peak_memory()?;
        }
    }
    Row::new("a bare `lambda_runtime`", "any", &binary, figures, None)
}

async fn row(
    subject: Subject,
    asker: &mut Asker,
    plain: &Variables,
    secured: &Variables,
) -> anyhow::Result<Row> {
    let binary = binary(subject.binary)?;
    let in_the_clear = starts(subject, &binary, asker, plain).await?;
    let through_tls = starts(subject, &binary, asker, secured).await?;
    Row::new(
        subject.binary,
        subject.what,
        &binary,
        in_the_clear,
        Some(through_tls),
    )
}

async fn starts(
    subject: Subject,
    binary: &Path,
    asker: &mut Asker,
    variables: &Variables,
) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for start in 0..STARTS {
        let (mut lambda, next) = Lambda::start(binary, variables).await?;
        let url = lambda.answer_url();
        let event = asker.next(subject.binary, &url).await;
        let (answer, first) = lambda.invoke(&event).await?;
        examine(subject, &answer)?;
        figures.cold(next, first, &lambda)?;
        if start + 1 == STARTS {
            for _ in 0..subject.warm {
                let event = asker.next(subject.binary, &url).await;
                let (answer, took) = lambda.invoke(&event).await?;
                examine(subject, &answer)?;
                figures.warm.push(took);
            }
            figures.peak = lambda.peak_memory()?;
        }
    }
    Ok(figures)
}

/// Fails unless the response is a success.
fn examine(subject: Subject, answer: &serde_json::Value) -> anyhow::Result<()> {
    let failed = answer.get("errorMessage").is_some();
    if failed || answer["statusCode"].as_u64() != subject.status.map(u64::from) {
        bail!("{} answered {answer}", subject.what);
    }
    Ok(())
}

/// The environment of a function's process in the stack.
async fn variables(stack: &Arc<Stack>, binary: &str) -> anyhow::Result<Variables> {
    let name = binary.replace('-', "");
    let processes = stack.processes_of(&format!("{name}function")).await;
    let process = processes.first();
    let process = process.with_context(|| format!("{binary} does not run in the stack"))?;
    let environment = std::fs::read(format!("/proc/{}/environ", process.pid))?;
    Ok(String::from_utf8(environment)?
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// The same environment with database and broker behind TLS.
async fn through_tls(authority: &Authority, variables: &Variables) -> anyhow::Result<Variables> {
    let file = authority.file().display().to_string();
    let mut secured = Variables::new();
    for (name, value) in variables {
        let value = match name.as_str() {
            "MONGODB_URI" => {
                let port = authority.proxy(server_of(value)?).await?;
                format!(
                    "mongodb://localhost:{port}/banter?directConnection=true&tls=true&tlsCAFile={file}"
                )
            }
            "RABBITMQ_ENDPOINT" => {
                let port = authority.proxy(server_of(value)?).await?;
                format!("amqps://localhost:{port}?cacertfile={file}")
            }
            _ => value.clone(),
        };
        secured.push((name.clone(), value));
    }
    Ok(secured)
}

/// The address in a URL whose host is one.
fn server_of(url: &str) -> anyhow::Result<SocketAddr> {
    let (_, rest) = url.split_once("://").context("a URL")?;
    let server = rest.split(['/', '?']).next().unwrap_or_default();
    Ok(server.parse()?)
}
