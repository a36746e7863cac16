//! How the page is looked at: language, theme, width and size of letters, changed in place; and pictures of it.

use serde_json::{Value, json};

use super::{Browser, BrowserError};

/// One way to look at a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// `fr` or `en`.
    pub language: &'static str,
    /// `light` or `dark`.
    pub theme: &'static str,
    /// Of the window, in CSS pixels.
    pub width: u32,
    /// The browser's own size of letters.
    pub percent: u32,
}

impl Look {
    /// Letters of the usual size.
    #[must_use]
    pub const fn new(language: &'static str, theme: &'static str, width: u32) -> Self {
        Self {
            language,
            theme,
            width,
            percent: 100,
        }
    }

    /// The same with letters of twice the size.
    #[must_use]
    pub const fn large(self) -> Self {
        Self { percent: 200, ..self }
    }
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {} px", self.language, self.theme, self.width)?;
        if self.percent == 100 {
            Ok(())
        } else {
            write!(f, ", letters of {} %", self.percent)
        }
    }
}

impl Browser {
    /// Shows what is on the screen in this way; nothing is loaded again, and nothing that is open is closed.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn looks(&self, look: Look) -> Result<(), BrowserError> {
        let tools = self.driver.cdp();
        let features = json!([
            { "name": "prefers-color-scheme", "value": look.theme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        tools
            .send_raw("Emulation.setEmulatedMedia", json!({ "features": features }))
            .await?;
        let size = 16 * look.percent / 100;
        let fonts = json!({ "fontSizes": { "standard": size, "fixed": size * 13 / 16 } });
        tools.send_raw("Page.setFontSizes", fonts).await?;
        self.sized(look.width).await?;
        let spoken = self.driver.execute(SPEAK, vec![json!(look.language)]).await?;
        if spoken.json().as_str() == Some(look.language) {
            return Ok(());
        }
        Err(BrowserError::NotSeen {
            what: format!("the page in {}", look.language),
            shown: spoken.json().to_string(),
        })
    }

    /// A window of this width, as high as such devices are.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn sized(&self, width: u32) -> Result<(), BrowserError> {
        self.windowed(width, height_of(width)).await?;
        // As on a telephone, where the bar lies over the page and takes no room.
        let hidden = json!({ "hidden": width < PHONE });
        self.driver
            .cdp()
            .send_raw("Emulation.setScrollbarsHidden", hidden)
            .await?;
        Ok(())
    }

    async fn windowed(&self, width: u32, height: u32) -> Result<(), BrowserError> {
        let window = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        let tools = self.driver.cdp();
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", window)
            .await?;
        Ok(())
    }

    /// The whole page as PNG, down to a height that still can be looked at, in a window as high as that.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn picture(&self, look: Look) -> Result<Vec<u8>, BrowserError> {
        let tools = self.driver.cdp();
        let height = self.driver.execute(HEIGHT, vec![]).await?.convert::<u32>()?;
        let high = height > height_of(look.width);
        if high {
            self.windowed(look.width, height.min(TALLEST)).await?;
        }
        let taken = tools
            .send_raw("Page.captureScreenshot", json!({ "format": "png" }))
            .await?;
        if high {
            self.sized(look.width).await?;
        }
        let text = taken.get("data").and_then(Value::as_str).unwrap_or_default();
        Ok(base64::BASE64.decode(text.as_bytes()).unwrap_or_default())
    }
}

const fn height_of(width: u32) -> u32 {
    if width < PHONE { 780 } else { 900 }
}

const HEIGHT: &str = "return document.documentElement.scrollHeight;";

/// The page follows a language that another tab chose; here nobody else chose it.
const SPEAK: &str = "const [language] = arguments;
if (localStorage.getItem('civis.language') !== language) {
    localStorage.setItem('civis.language', language);
    dispatchEvent(new StorageEvent('storage', { key: 'civis.language' }));
}
const frame = () => new Promise(requestAnimationFrame);
return frame().then(frame).then(() => document.fonts.ready).then(() => document.documentElement.lang);";

/// Narrower than this a window is a telephone's.
const PHONE: u32 = 720;
const TALLEST: u32 = 4_000;
