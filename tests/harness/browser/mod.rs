//! A real browser, driven through WebDriver.

mod authenticator;
mod axe;
mod bidi;
mod commands;
mod driver;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use fantoccini::elements::Element;
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use crate::people::Person;
use crate::stack::Stack;
use crate::wait::eventually;

use bidi::Bidi;

pub use driver::{Driver, Engine};

const SLOW: Duration = Duration::from_secs(30);

/// One browser with a profile of its own.
pub struct Browser {
    engine: Engine,
    client: Client,
    bidi: Option<Bidi>,
}

/// A tab of a browser.
pub struct Tab(WindowHandle);

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
        if let Some(bidi) = &self.bidi {
            return bidi.block(addresses).await;
        }
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

    /// Moves the mouse over an element.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn hover(&self, selector: &str) -> anyhow::Result<()> {
        let (x, y, width, height) = self.visible(selector).await?.rectangle().await?;
        let (x, y) = ((x + width / 2.0) as i64, (y + height / 2.0) as i64);
        let moves = json!([{"type": "pointerMove", "duration": 0, "x": x, "y": y}]);
        let mouse = json!({"type": "pointer", "id": "mouse", "actions": moves});
        let actions = json!({"actions": [mouse]});
        self.post("actions", actions).await.map(drop)
    }

    /// Waits until an element is there and can be seen.
    ///
    /// # Errors
    /// When it does not appear.
    pub async fn visible(&self, selector: &str) -> anyhow::Result<Element> {
        let waiting = async {
            loop {
                let found = self.client.wait().at_most(SLOW);
                let element = match found.for_element(Locator::Css(selector)).await {
                    Ok(element) => element,
                    // The page navigated while the driver looked.
                    Err(error) if error.to_string().contains("aborted by navigation") => continue,
                    Err(error) => return Err(error.into()),
                };
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

    /// Opens the page with the cookie of a user who is signed in.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn visit_as(&self, person: &Person) -> anyhow::Result<()> {
        self.sign_in_as(person).await?;
        self.visit_path(&person.stack, "/").await
    }

    /// Goes to a path of the page and waits until the chat is connected.
    ///
    /// # Errors
    /// When the browser has gone, or the chat does not connect.
    pub async fn visit_path(&self, stack: &Stack, path: &str) -> anyhow::Result<()> {
        let web = stack.ready().web;
        self.visit(&format!("{}{path}", web.trim_end_matches('/')))
            .await?;
        self.visible("#connection[data-state=live]").await.map(drop)
    }

    /// Signs in with the cookie of a person, without going anywhere.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn sign_in_as(&self, person: &Person) -> anyhow::Result<()> {
        let web = person.stack.ready().web;
        let (name, value) = person.cookie.split_once('=').context("a cookie")?;
        if self.engine != Engine::Chromium {
            // WebDriver sets cookies of the current site only.
            self.visit(&format!("{web}/robots.txt")).await?;
            let cookie = json!({"name": name, "value": value, "path": "/", "httpOnly": true});
            let body = json!({"cookie": cookie});
            return self.post("cookie", body).await.map(drop);
        }
        let cookie = json!({"name": name, "value": value, "url": web, "httpOnly": true});
        self.devtools("Network.setCookie", cookie).await
    }

    /// Runs a script in every page before its own scripts.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn before_scripts(&self, script: &str) -> anyhow::Result<()> {
        if let Some(bidi) = &self.bidi {
            let function = json!({"functionDeclaration": format!("() => {{ {script} }}")});
            return bidi
                .call("script.addPreloadScript", function)
                .await
                .map(drop);
        }
        let source = json!({"source": script});
        self.devtools("Page.addScriptToEvaluateOnNewDocument", source)
            .await
    }

    /// Shows as much as a phone, and is touched.
    async fn become_phone(&self) -> anyhow::Result<()> {
        if let Some(bidi) = &self.bidi {
            let tree = bidi.call("browsingContext.getTree", json!({})).await?;
            let viewport = json!({
                "context": tree["contexts"][0]["context"],
                "viewport": {"width": 360, "height": 740},
            });
            let set = bidi.call("browsingContext.setViewport", viewport).await;
            return set.map(drop);
        }
        let size = json!({"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true});
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await?;
        let touch = json!({"enabled": true, "maxTouchPoints": 1});
        self.devtools("Emulation.setTouchEmulationEnabled", touch)
            .await
    }

    /// Goes back in the history.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn back(&self) -> anyhow::Result<()> {
        Ok(self.client.back().await?)
    }

    /// Goes forward in the history.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn forward(&self) -> anyhow::Result<()> {
        Ok(self
            .client
            .execute("history.forward()", Vec::new())
            .await
            .map(drop)?)
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn reload(&self) -> anyhow::Result<()> {
        Ok(self.client.refresh().await?)
    }

    /// Opens a tab and goes on in it. Returns the name of the one before.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn open_tab(&self) -> anyhow::Result<Tab> {
        let before = self.client.window().await?;
        let tab = self.client.new_window(true).await?;
        self.client.switch_to_window(tab.handle).await?;
        Ok(Tab(before))
    }

    /// Goes on in another tab.
    ///
    /// # Errors
    /// When that has gone.
    pub async fn switch_to(&self, tab: Tab) -> anyhow::Result<()> {
        Ok(self.client.switch_to_window(tab.0).await?)
    }

    /// Closes this tab and goes on in another.
    ///
    /// # Errors
    /// When that has gone.
    pub async fn close_tab(&self, next: Tab) -> anyhow::Result<()> {
        self.client.close_window().await?;
        self.switch_to(next).await
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

    /// Sets the size of the window.
    ///
    /// # Errors
    /// When the browser has gone.
    pub async fn resize_window(&self, width: u32, height: u32) -> anyhow::Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// Whether scripts can run before those of the page.
    pub fn has_early_scripts(&self) -> bool {
        self.engine != Engine::WebKit
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
