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
        let window = json!({
            "width": width,
            "height": if width < PHONE { 780 } else { 900 },
            "deviceScaleFactor": 1,
            "mobile": false,
        });
        let tools = self.driver.cdp();
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", window)
            .await?;
        Ok(())
    }

    /// The whole page as PNG, down to a height that still can be looked at.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn picture(&self) -> Result<Vec<u8>, BrowserError> {
        let tools = self.driver.cdp();
        let size = &tools.send_raw("Page.getLayoutMetrics", json!({})).await?["cssContentSize"];
        let clip = json!({
            "x": 0, "y": 0, "scale": 1,
            "width": size["width"],
            "height": size["height"].as_f64().unwrap_or_default().min(TALLEST),
        });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = tools.send_raw("Page.captureScreenshot", wanted).await?;
        let text = taken.get("data").and_then(Value::as_str).unwrap_or_default();
        Ok(base64::BASE64.decode(text.as_bytes()).unwrap_or_default())
    }
}

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
const TALLEST: f64 = 4_000.0;
