//! What every screen is judged by: axe, the layout, and a walk over it with the tabulator alone.
//!
//! axe-core comes from `node_modules` and enters the page by the driver alone: the bundle and its policy never see it.

use std::{fs, path::Path};

use thirtyfour::Key;

use super::{Browser, BrowserError};

impl Browser {
    /// What axe finds wrong, one line each.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn axe(&self) -> Result<Vec<String>, BrowserError> {
        self.brings_judge().await?;
        self.asks_judge("return civisJudge.axe();").await
    }

    /// One title, at most one primary action, no scrolling to the side.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn layout(&self) -> Result<Vec<String>, BrowserError> {
        self.brings_judge().await?;
        self.asks_judge("return civisJudge.layout();").await
    }

    /// Whether the tabulator reaches everything that can be used, and the focus is seen wherever it is.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn tabs(&self) -> Result<Vec<String>, BrowserError> {
        self.brings_judge().await?;
        let mut left = self.counts("return civisJudge.begin();").await?;
        // Once round, past the browser's own stop between the last element and the first, and past what came meanwhile.
        for _ in 0..2 * left + 8 {
            if left == 0 {
                break;
            }
            self.presses(Key::Tab).await?;
            left = self.counts("return civisJudge.step();").await?;
        }
        self.asks_judge("return civisJudge.end();").await
    }

    /// Presses one key, wherever the focus is.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn presses(&self, key: Key) -> Result<(), BrowserError> {
        Ok(self.driver.action_chain().send_keys(key).perform().await?)
    }

    async fn brings_judge(&self) -> Result<(), BrowserError> {
        let there = self
            .driver
            .execute("return 'civisJudge' in globalThis;", vec![])
            .await?;
        if there.json().as_bool() == Some(true) {
            return Ok(());
        }
        let axe = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(AXE))?;
        self.driver.execute(axe, vec![]).await?;
        self.driver.execute(include_str!("judge.js"), vec![]).await?;
        Ok(())
    }

    async fn asks_judge(&self, question: &str) -> Result<Vec<String>, BrowserError> {
        Ok(self.driver.execute(question, vec![]).await?.convert()?)
    }

    async fn counts(&self, question: &str) -> Result<usize, BrowserError> {
        Ok(self.driver.execute(question, vec![]).await?.convert()?)
    }
}

/// A locked package of `package.json`, fetched by `cargo xtask`.
const AXE: &str = "../node_modules/axe-core/axe.min.js";
