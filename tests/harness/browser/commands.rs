//! Commands of the driver beyond the common ones.

use std::str::FromStr;

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use reqwest::Url;
use serde_json::{Value, json};

use super::Browser;

/// A command of the session, by its path.
#[derive(Debug)]
struct Custom {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl WebDriverCompatibleCommand for Custom {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as FromStr>::Err> {
        let session = session.unwrap_or_default();
        base.join(&format!("session/{session}/{}", self.path))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        let body = self.body.as_ref().map(Value::to_string);
        (self.method.clone(), body)
    }
}

impl Browser {
    /// Posts something to the driver.
    pub(super) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let command = Custom {
            method: Method::POST,
            path: path.to_owned(),
            body: Some(body),
        };
        Ok(self.client.issue_cmd(command).await?)
    }

    /// Calls one of Chromium's developer tools.
    pub(super) async fn devtools(&self, name: &str, parameters: Value) -> anyhow::Result<()> {
        let call = json!({"cmd": name, "params": parameters});
        self.post("goog/cdp/execute", call).await.map(drop)
    }
}
