//! Lighthouse's report on the first view.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::process::Command;

/// A label, Lighthouse's name of the figure, and its unit.
const FIGURES: [(&str, &str); 6] = [
    ("first paint", "first-contentful-paint"),
    ("largest paint", "largest-contentful-paint"),
    ("speed index", "speed-index"),
    ("interactive", "interactive"),
    ("blocked", "total-blocking-time"),
    ("layout shift", "cumulative-layout-shift"),
];

/// Attempts to get a report: Lighthouse documents that its browser sometimes records
/// nothing and recommends another run.
const TRIES: usize = 3;

/// Loads the page with the profiles of a slow phone and of a desktop computer.
#[expect(clippy::print_stdout, reason = "figures go there")]
pub async fn measure(web: &str) -> anyhow::Result<()> {
    for (device, preset) in [("phone", None), ("desktop", Some("--preset=desktop"))] {
        let report = report(web, preset).await?;
        let score = |category: &str| {
            let score = report["categories"][category]["score"].as_f64();
            score.map_or_else(
                || "none".to_owned(),
                |score| format!("{:.0}", score * 100.0),
            )
        };
        println!(
            "  {device}: performance {}, accessibility {}, best practices {}",
            score("performance"),
            score("accessibility"),
            score("best-practices")
        );
        for (name, id) in FIGURES {
            let shown = &report["audits"][id]["displayValue"];
            println!("    {name:14} {}", shown.as_str().unwrap_or("unknown"));
        }
    }
    Ok(())
}

async fn report(web: &str, preset: Option<&str>) -> anyhow::Result<Value> {
    let mut tries = 1;
    loop {
        match run(web, preset).await {
            Err(error) if tries < TRIES && error.to_string().contains("run Lighthouse again") => {
                tries += 1;
            }
            outcome => return outcome,
        }
    }
}

async fn run(web: &str, preset: Option<&str>) -> anyhow::Result<Value> {
    let program = std::env::var_os("BANTER_LIGHTHOUSE")
        .context("BANTER_LIGHTHOUSE does not name Lighthouse; `cargo xtask bench page` sets it")?;
    let flags = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu \
                 --no-first-run --disable-background-networking --disable-component-update";
    let mut command = Command::new("node");
    command
        .arg(Path::new(&program))
        .arg(web)
        .args(["--quiet", "--output=json", "--no-enable-error-reporting"])
        .arg("--only-categories=performance,accessibility,best-practices")
        .arg(format!("--chrome-flags={flags}"))
        .args(preset)
        .kill_on_drop(true);
    if let Some(browser) = std::env::var_os("BANTER_CHROMIUM") {
        command.env("CHROME_PATH", browser);
    }
    let output = command.output().await.context("running Lighthouse")?;
    ensure!(
        output.status.success(),
        "Lighthouse: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}
