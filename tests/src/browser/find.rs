//! Waiting for what is on the screen. Every wait names what it waits for and gives up after a minute.

use std::time::{Duration, Instant};

use thirtyfour::{By, WebElement, error::WebDriverResult};

use super::{Browser, BrowserError};

impl Browser {
    /// The element of this `data-testid`, once it is shown.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn see(&self, id: &str) -> Result<WebElement, BrowserError> {
        self.see_css(&format!("[data-testid='{id}']")).await
    }

    /// The first shown element that this selector finds.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn see_css(&self, css: &str) -> Result<WebElement, BrowserError> {
        self.wait(css, async || self.shown(css).await).await
    }

    /// Returns once no element of this `data-testid` is shown.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn gone(&self, id: &str) -> Result<(), BrowserError> {
        self.gone_css(&format!("[data-testid='{id}']")).await
    }

    /// Returns once nothing that this selector finds is shown.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn gone_css(&self, css: &str) -> Result<(), BrowserError> {
        self.wait(&format!("the end of {css}"), async || {
            Ok(self.shown(css).await?.is_none().then_some(()))
        })
        .await
    }

    /// Whichever of these `data-testid`s is shown first.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn see_one_of<'a>(&self, ids: &[&'a str]) -> Result<&'a str, BrowserError> {
        self.wait(&ids.join(" or "), async || {
            for &id in ids {
                if self.shown(&format!("[data-testid='{id}']")).await?.is_some() {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        })
        .await
    }

    /// The row of the document with this name, once it is listed.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn row(&self, name: &str) -> Result<WebElement, BrowserError> {
        self.see_css(&format!("[data-testid='doc-row'][data-name=\"{name}\"]"))
            .await
    }

    /// The names of all listed documents, sorted.
    ///
    /// # Errors
    /// The driver.
    pub async fn names(&self) -> Result<Vec<String>, BrowserError> {
        let mut names = Vec::new();
        for row in self.driver.find_all(By::Css("[data-testid='doc-row']")).await? {
            names.extend(row.attr("data-name").await?);
        }
        names.sort();
        Ok(names)
    }

    /// Returns once exactly these documents are listed.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn lists(&self, names: &[&str]) -> Result<(), BrowserError> {
        let mut wanted: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        wanted.sort();
        self.wait(
            &format!("exactly these documents: {wanted:?}"),
            async || match self.names().await {
                Ok(names) => Ok((names == wanted).then_some(())),
                Err(BrowserError::Driver(error)) => Err(error),
                Err(_) => Ok(None),
            },
        )
        .await
    }

    /// Asks until there is an answer. A page that is being drawn again counts as "not yet".
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`].
    pub async fn wait<T>(
        &self,
        what: &str,
        mut probe: impl AsyncFnMut() -> WebDriverResult<Option<T>>,
    ) -> Result<T, BrowserError> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Ok(Some(answer)) = probe().await {
                return Ok(answer);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        let shown = match self.driver.find(By::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        };
        Err(BrowserError::NotSeen {
            what: what.to_owned(),
            shown: shown.replace('\n', " | "),
        })
    }

    async fn shown(&self, css: &str) -> WebDriverResult<Option<WebElement>> {
        for element in self.driver.find_all(By::Css(css)).await? {
            if element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }
}

/// More than an upload of 24 MB and two Argon2id take on two slow cores.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
