//! A real browser, driven through WebDriver.

mod authenticator;
mod axe;
mod commands;
mod driver;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use crate::people::Person;
use crate::wait::eventually;

pub use driver::{Driver, driver};

const SLOW: Duration = Duration::from_secs(30);

/// One browser with a profile of its own.
pub struct Browser {
    client: Client,
}

impl Browser {
    /// Goes to an address.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn visit(&self, url: &str) -> anyhow::Result<()> {
        Ok(self.client.goto(url).await?)
    }

    /// From now on requests to addresses of this form get no answer.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn block(&self, addresses: &str) -> anyhow::Result<()> {
        self.devtools("Network.enable", json!({})).await?;
        self.devtools("Network.setBlockedURLs", json!({"urls": [addresses]}))
            .await
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

    /// Goes to the page as somebody who signed in elsewhere: with their cookie.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn visit_as(&self, person: &Person) -> anyhow::Result<()> {
        let web = person.stack.ready().web;
        let (name, value) = person.cookie.split_once('=').context("a cookie")?;
        let cookie = json!({"name": name, "value": value, "url": web, "httpOnly": true});
        self.devtools("Network.setCookie", cookie).await?;
        self.visit(&web).await?;
        self.visible("#connection[data-state=live]").await?;
        Ok(())
    }

    /// Types where the focus is, key by key.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn type_keys(&self, keys: &str) -> anyhow::Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    /// What a script hands to its last argument.
    ///
    /// # Errors
    /// When the browser has gone, or the script never does.
    pub async fn evaluate_async(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.client.execute_async(script, Vec::new()).await?)
    }

    /// Waits until a script returns something true.
    ///
    /// # Panics
    /// When it never does.
    pub async fn comes_true(&self, what: &str, script: &str) {
        self.comes_true_within(what, SLOW, script).await;
    }

    /// Waits that long at the most until a script returns something true.
    ///
    /// # Panics
    /// When it never does.
    pub async fn comes_true_within(&self, what: &str, limit: Duration, script: &str) {
        eventually(what, limit, || async {
            let seen = self.evaluate(script).await.ok()?;
            (seen == Value::Bool(true)).then_some(())
        })
        .await;
    }

    /// Sets the size of what is shown.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await
    }

    /// Prefers `light` or `dark`, and that nothing moves, so that colours are at
    /// once what they will be.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn prefer(&self, scheme: &str) -> anyhow::Result<()> {
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await
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
