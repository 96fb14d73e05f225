//! The WebDriver server, and the browsers that it opens.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::bidi::Bidi;
use super::{Browser, SLOW};
use crate::stack::{Proxy, descendants};
use crate::wait::eventually;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
    /// WebKitGTK, on a virtual display.
    WebKit,
}

/// A WebDriver server; its browsers end with it. Those of Firefox and
/// WebKitGTK open one browser at a time.
pub struct Driver {
    engine: Engine,
    port: u16,
    process: Child,
    /// The virtual display of WebKitGTK.
    _display: Option<Child>,
}

impl Engine {
    /// Whether the browser and its WebDriver server are installed: the ones that
    /// `BANTER_CHROMEDRIVER`, `BANTER_FIREFOX` and `BANTER_GECKODRIVER` name, or those
    /// on the path.
    pub fn is_installed(self) -> bool {
        let has_browser = match self {
            Self::Chromium => true,
            Self::Firefox => firefox().is_some(),
            Self::WebKit => mini_browser().is_some() && display_server().is_some(),
        };
        has_browser && self.driver().is_some()
    }

    fn driver(self) -> Option<PathBuf> {
        match self {
            Self::Chromium => named_or_found("BANTER_CHROMEDRIVER", &["chromedriver"]),
            Self::Firefox => named_or_found("BANTER_GECKODRIVER", &["geckodriver"]),
            Self::WebKit => on_path(&["WebKitWebDriver"]),
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
    on_path(programs)
}

/// The browser that comes with WebKitGTK's driver; it is not on the path.
fn mini_browser() -> Option<PathBuf> {
    let architectures = std::fs::read_dir("/usr/lib").ok()?;
    let folders = architectures.filter_map(Result::ok).map(|each| each.path());
    folders
        .map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser"))
        .find(|file| file.is_file())
}

fn display_server() -> Option<PathBuf> {
    on_path(&["Xvfb"])
}

fn on_path(programs: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .flat_map(|folder| programs.iter().map(move |program| folder.join(program)))
        .find(|program| program.is_file())
}

impl Driver {
    /// Starts a browser's server on a free port.
    ///
    /// # Errors
    /// When it is not installed.
    pub async fn start(engine: Engine) -> anyhow::Result<Self> {
        Self::start_with(engine, None).await
    }

    /// Starts a server whose browsers are in a time zone.
    ///
    /// # Errors
    /// When it is not installed.
    pub async fn start_in(engine: Engine, time_zone: &str) -> anyhow::Result<Self> {
        Self::start_with(engine, Some(time_zone)).await
    }

    async fn start_with(engine: Engine, time_zone: Option<&str>) -> anyhow::Result<Self> {
        let [port, bidi_port] = [free_port()?, free_port()?];
        let driver = engine
            .driver()
            .context("the WebDriver server of the browser is missing")?;
        let mut command = Command::new(driver);
        command.arg(format!("--port={port}"));
        if engine == Engine::Firefox {
            command.arg(format!("--websocket-port={bidi_port}"));
        }
        let mut display = None;
        if engine == Engine::WebKit {
            let (server, name) = start_display().await?;
            command.env("DISPLAY", name);
            display = Some(server);
        }
        if let Some(zone) = time_zone {
            command.env("TZ", zone);
        }
        let process = command
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
            _display: display,
        })
    }

    /// Opens a browser.
    ///
    /// # Errors
    /// When no browser starts.
    pub async fn open(&self) -> anyhow::Result<Browser> {
        self.open_as(&Setup::default()).await
    }

    /// Opens a browser that reaches the stack through a SOCKS proxy, which can cut
    /// it off, and under the same address as all others.
    ///
    /// # Errors
    /// When no browser starts.
    pub async fn open_behind(&self, proxy: &Proxy) -> anyhow::Result<Browser> {
        self.open_as(&Setup {
            proxy: Some(proxy.address()),
            ..Setup::default()
        })
        .await
    }

    /// Opens a browser on a screen as narrow as a phone's, with a finger instead of a
    /// mouse.
    ///
    /// # Errors
    /// When no browser starts.
    pub async fn open_phone(&self) -> anyhow::Result<Browser> {
        let browser = self
            .open_as(&Setup {
                is_phone: true,
                ..Setup::default()
            })
            .await?;
        browser.become_phone().await?;
        Ok(browser)
    }

    /// What the browsers' pages hold of the machine's memory.
    pub fn renderer_megabytes(&self) -> f64 {
        let all = self.process.id().into_iter().flat_map(descendants);
        let renderers = all.filter(|process| process.command().contains("--type=renderer"));
        renderers.map(|process| process.megabytes()).sum()
    }

    async fn open_as(&self, setup: &Setup) -> anyhow::Result<Browser> {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(match self.engine {
            Engine::Chromium => chromium_capabilities(setup),
            Engine::Firefox => firefox_capabilities(setup),
            Engine::WebKit => webkit_capabilities(),
        });
        let client = builder
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .context("starting a browser")?;
        let url = client
            .capabilities()
            .and_then(|all| all.get("webSocketUrl"));
        let bidi = match url.and_then(Value::as_str) {
            Some(url) => Some(Bidi::connect(url).await.context("WebDriver BiDi")?),
            None => None,
        };
        Ok(Browser {
            engine: self.engine,
            client,
            bidi,
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

/// How a browser is started.
#[derive(Default)]
struct Setup {
    proxy: Option<SocketAddr>,
    is_phone: bool,
}

/// Starts a display on a free number; returns its name.
async fn start_display() -> anyhow::Result<(Child, String)> {
    let server = display_server().context("Xvfb is missing")?;
    let mut server = Command::new(server)
        // It writes its number to its standard output once it listens.
        .args(["-displayfd", "1", "-screen", "0", "1280x900x24"])
        .args(["-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting Xvfb")?;
    let output = server.stdout.take().context("the output of Xvfb")?;
    let mut number = String::new();
    BufReader::new(output).read_line(&mut number).await?;
    anyhow::ensure!(!number.trim().is_empty(), "Xvfb did not start");
    Ok((server, format!(":{}", number.trim())))
}

fn webkit_capabilities() -> serde_json::Map<String, Value> {
    let browser = mini_browser().unwrap_or_default();
    let options = json!({"binary": browser.to_string_lossy(), "args": ["--automation"]});
    serde_json::Map::from_iter([("webkitgtk:browserOptions".to_owned(), options)])
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn chromium_capabilities(setup: &Setup) -> serde_json::Map<String, Value> {
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
    let mut arguments = arguments.map(str::to_owned).to_vec();
    if let Some(proxy) = setup.proxy {
        arguments.push(format!("--proxy-server=socks5://{proxy}"));
        arguments.push("--proxy-bypass-list=<-loopback>".to_owned());
    }
    let mut options = json!({"args": arguments});
    if let Some(browser) = std::env::var_os("BANTER_CHROMIUM") {
        options["binary"] = json!(browser.to_string_lossy());
    }
    serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)])
}

fn firefox_capabilities(setup: &Setup) -> serde_json::Map<String, Value> {
    let mut preferences = json!({
        "browser.cache.disk.enable": false,
        "browser.sessionstore.resume_from_crash": false,
        // Tests change tabs; those in the background keep their timers.
        "dom.min_background_timeout_value": 4,
        "dom.timeout.enable_budget_timer_throttling": false,
    });
    if let Some(proxy) = setup.proxy {
        preferences["network.proxy.type"] = json!(1);
        preferences["network.proxy.socks"] = json!(proxy.ip().to_string());
        preferences["network.proxy.socks_port"] = json!(proxy.port());
        preferences["network.proxy.allow_hijacking_localhost"] = json!(true);
    }
    if setup.is_phone {
        // A coarse pointer that cannot hover.
        preferences["ui.primaryPointerCapabilities"] = json!(1);
        preferences["ui.allPointerCapabilities"] = json!(1);
        preferences["dom.w3c_touch_events.enabled"] = json!(1);
    }
    let mut options = json!({
        "args": ["-headless", "--width=1280", "--height=900"],
        "prefs": preferences,
    });
    if let Some(browser) = firefox() {
        options["binary"] = json!(browser.to_string_lossy());
    }
    serde_json::Map::from_iter([
        ("moz:firefoxOptions".to_owned(), options),
        ("webSocketUrl".to_owned(), json!(true)),
    ])
}
