//! axe-core: faults of accessibility, found in the page as it is drawn.

use anyhow::Context;
use serde_json::Value;

use super::Browser;

/// What runs it, and says each fault in a line with the elements concerned.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document).then(
        ({violations}) => done(violations.map(({id, help, nodes}) =>
            `${id}: ${help}: ${nodes.map(({target, failureSummary}) =>
                `${target} ${failureSummary}`).join('; ')}`)),
        (error) => done([String(error)]),
    );";

impl Browser {
    /// The faults of what is shown, none of them expected.
    ///
    /// # Errors
    /// When axe-core is not there, or the browser has gone.
    pub async fn faults(&self) -> anyhow::Result<Vec<String>> {
        let file = std::env::var_os("BANTER_AXE")
            .context("BANTER_AXE does not name axe-core; `cargo xtask test` sets it")?;
        let axe = std::fs::read_to_string(file)?;
        let is_there = self.evaluate("return typeof axe === 'object'").await?;
        if is_there != Value::Bool(true) {
            self.client.execute(&axe, Vec::new()).await?;
        }
        let faults = self.client.execute_async(RUN, Vec::new()).await?;
        Ok(serde_json::from_value(faults)?)
    }
}
