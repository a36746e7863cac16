//! What must hold in every story: a clean console, and no word to anyone but our own server.

use std::{fs, path::Path};

use serde_json::Value;

use super::{Browser, BrowserError};

/// One request that the browser made for the page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    /// Where to.
    pub url: String,
    /// The origin that asked.
    pub initiator: String,
}

impl Browser {
    /// Everything that the console says and should not: errors, and whatever the policies refused.
    ///
    /// # Errors
    /// The driver.
    pub async fn complaints(&self) -> Result<Vec<String>, BrowserError> {
        let log = self.driver.browser_log().await?;
        Ok(log
            .into_iter()
            .filter(|entry| entry.level == "SEVERE" || POLICY.iter().any(|word| entry.message.contains(word)))
            .map(|entry| format!("{}: {}", entry.level, entry.message))
            .collect())
    }

    /// Origin of the page.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl Sent {
    /// Every request on behalf of a page, workers included, from the browser's own record of its network.
    ///
    /// # Errors
    /// The record is not there.
    pub fn all(net_log: &Path) -> Result<Vec<Self>, BrowserError> {
        let mut sent = Vec::new();
        // One event a line; the file of a browser that was killed lacks only its end.
        for line in fs::read_to_string(net_log)?.lines() {
            let Ok(event) = serde_json::from_str::<Value>(line.trim_end_matches(',')) else {
                continue;
            };
            let params = &event["params"];
            if let (Some(url), Some(initiator)) = (params["url"].as_str(), params["initiator"].as_str()) {
                sent.push(Self {
                    url: url.to_owned(),
                    initiator: initiator.to_owned(),
                });
            }
        }
        sent.sort();
        sent.dedup();
        Ok(sent)
    }
}

/// How Chromium words what a Content-Security-Policy or Trusted Types refused.
const POLICY: [&str; 4] = [
    "Content Security Policy",
    "Content-Security-Policy",
    "TrustedHTML",
    "TrustedScript",
];
