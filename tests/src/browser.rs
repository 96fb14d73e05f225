//! A real browser, driven through WebDriver.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::stack::descendants;
use crate::wait::eventually;

const SLOW: Duration = Duration::from_secs(30);

/// A WebDriver server; its browsers end with it.
pub struct Driver {
    port: u16,
    process: Child,
}

/// One browser with a profile of its own.
pub struct Browser {
    client: Client,
}

/// The WebDriver server: the one that `BANTER_CHROMEDRIVER` names, or one on the
/// path, if it is installed.
pub fn driver() -> Option<PathBuf> {
    if let Some(driver) = std::env::var_os("BANTER_CHROMEDRIVER") {
        return Some(driver.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromedriver"))
        .find(|driver| driver.is_file())
}

impl Driver {
    /// Starts the server on a free port.
    ///
    /// # Errors
    /// When it is not installed.
    pub async fn start() -> anyhow::Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let driver = driver().context("chromedriver (Debian: chromium-driver) is missing")?;
        let process = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting chromedriver")?;
        eventually("chromedriver to listen", SLOW, || async move {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Ok(Self { port, process })
    }

    /// Opens a browser.
    ///
    /// # Errors
    /// When no browser starts.
    pub async fn open(&self) -> anyhow::Result<Browser> {
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities());
        let client = builder
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .context("starting a browser")?;
        Ok(Browser { client })
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

impl Browser {
    /// Goes to an address.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn visit(&self, url: &str) -> anyhow::Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// Fills in a field once it is there.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let field = self.visible(selector).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Clicks something once it is there.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        Ok(self.visible(selector).await?.click().await?)
    }

    /// Waits until an element is there and can be seen.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn visible(&self, selector: &str) -> anyhow::Result<Element> {
        let waiting = async {
            loop {
                let found = self.client.wait().at_most(SLOW);
                let element = found.for_element(Locator::Css(selector)).await?;
                if element.is_displayed().await.unwrap_or(false) {
                    return anyhow::Ok(element);
                }
            }
        };
        tokio::time::timeout(SLOW, waiting)
            .await
            .unwrap_or_else(|_| Err(anyhow::anyhow!("it stays hidden")))
            .with_context(|| format!("waiting for {selector}"))
    }

    /// Waits until one of the elements holds this text.
    ///
    /// # Panics
    /// When none does.
    pub async fn reads(&self, selector: &str, text: &str) {
        eventually(&format!("{text:?} in {selector}"), SLOW, || async {
            let elements = self.client.find_all(Locator::Css(selector)).await.ok()?;
            for element in elements {
                if element.text().await.is_ok_and(|shown| shown.contains(text)) {
                    return Some(());
                }
            }
            None
        })
        .await;
    }

    /// What a script returns.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn evaluate(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Sets the size of the window.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// Keeps a picture of what is shown.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn picture(&self, folder: &Path, name: &str) -> anyhow::Result<()> {
        let picture = self.client.screenshot().await?;
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, picture).with_context(|| format!("writing {}", path.display()))
    }

    /// Ends the browser.
    ///
    /// # Errors
    /// When it has gone already.
    pub async fn close(self) -> anyhow::Result<()> {
        Ok(self.client.close().await?)
    }
}

fn capabilities() -> serde_json::Map<String, Value> {
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
    let mut options = json!({"args": arguments});
    if let Some(browser) = std::env::var_os("BANTER_CHROMIUM") {
        options["binary"] = json!(browser.to_string_lossy());
    }
    serde_json::Map::from_iter([("goog:chromeOptions".to_owned(), options)])
}
