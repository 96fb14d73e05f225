//! The WebDriver server, and the browsers that it opens.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::{Browser, SLOW};
use crate::stack::{Proxy, Stack, descendants};
use crate::wait::eventually;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
}

/// A WebDriver server; its browsers end with it. That of Firefox opens one.
pub struct Driver {
    engine: Engine,
    port: u16,
    process: Child,
}

/// The WebDriver server of Chromium: the one that `BANTER_CHROMEDRIVER` names, or
/// one on the path, if it is installed.
pub fn driver() -> Option<PathBuf> {
    Engine::Chromium.driver()
}

/// Whether Firefox and its WebDriver server are installed: the ones that
/// `BANTER_FIREFOX` and `BANTER_GECKODRIVER` name, or those on the path.
pub fn has_firefox() -> bool {
    Engine::Firefox.driver().is_some() && firefox().is_some()
}

impl Engine {
    fn driver(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => named_or_found("BANTER_CHROMEDRIVER", &["chromedriver"]),
            Self::Firefox => named_or_found("BANTER_GECKODRIVER", &["geckodriver"]),
        }
    }
}

fn firefox() -> Option<PathBuf> {
    named_or_found("BANTER_FIREFOX", &["firefox-esr", "firefox"])
}

fn named_or_found(variable: &str, programs: &[&str]) -> Option<PathBuf> {
    if let Some(program) = std::env::var_os(variable) {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| programs.iter().map(move |program| folder.join(program)))
        .find(|program| program.is_file())
}

impl Driver {
    /// Starts Chromium's server on a free port.
    ///
    /// # Errors
    /// When it is not installed.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_for(Engine::Chromium).await
    }

    /// Starts a browser's server on a free port.
    ///
    /// # Errors
    /// When it is not installed.
    pub async fn start_for(engine: Engine) -> anyhow::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let driver = engine
            .driver()
            .context("the WebDriver server of the browser is missing")?;
        let process = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the WebDriver server")?;
        eventually("the WebDriver server to listen", SLOW, || async move {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Ok(Self {
            engine,
            port,
            process,
        })
    }

    /// Opens a browser.
    ///
    /// # Errors
    /// When no browser starts.
    pub async fn open(&self) -> anyhow::Result<Browser> {
        self.open_with(None).await
    }

    /// Opens a browser that reaches the stack through a proxy, which can cut it
    /// off, and under the same address as all others.
    ///
    /// # Errors
    /// When no browser starts.
    pub async fn open_behind(&self, proxy: &Proxy, stack: &Stack) -> anyhow::Result<Browser> {
        let (port, to) = (stack.ready().port(), proxy.address());
        let rule = format!("--host-resolver-rules=MAP localhost:{port} {to}");
        self.open_with(Some(rule)).await
    }

    /// What the browsers' pages hold of the machine's memory.
    pub fn renderer_megabytes(&self) -> f64 {
        let all = self.process.id().into_iter().flat_map(descendants);
        let renderers = all.filter(|process| process.command().contains("--type=renderer"));
        renderers.map(|process| process.megabytes()).sum()
    }

    async fn open_with(&self, argument: Option<String>) -> anyhow::Result<Browser> {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(match self.engine {
            Engine::Chromium => capabilities(argument),
            Engine::Firefox => firefox_capabilities(),
        });
        let client = builder
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .context("starting a browser")?;
        Ok(Browser {
            engine: self.engine,
            client,
        })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Killed, it would leave the browsers of a failed test behind.
        for browser in self.process.id().into_iter().flat_map(descendants) {
            browser.signal("KILL");
        }
    }
}

fn capabilities(further: Option<String>) -> serde_json::Map<String, Value> {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--window-size=1280,800",
        "--hide-scrollbars",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
    ];
    let arguments: Vec<String> = arguments
        .into_iter()
        .map(str::to_owned)
        .chain(further)
        .collect();
    let mut options = json!({"args": arguments});
    if let Some(browser) = std::env::var_os("BANTER_CHROMIUM") {
        options["binary"] = json!(browser.to_string_lossy());
    }
    serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)])
}

fn firefox_capabilities() -> serde_json::Map<String, Value> {
    let mut options = json!({"args": ["-headless", "--width=1280", "--height=900"]});
    if let Some(browser) = firefox() {
        options["binary"] = json!(browser.to_string_lossy());
    }
    serde_json::Map::from_iter([("moz:firefoxOptions".to_owned(), options)])
}
