//! The stage of a story: one server with the bundle, a recorder before it, one driver, and profiles that begin empty.
//!
//! Everything lies in one temporary folder and ends with the stage. Needs `chromium` and `chromedriver` on the PATH.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::json;
use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{BrowserError, Proxy};
use crate::{recorder::Recorder, world::World};

/// A server and a driver.
pub struct Stage {
    world: World,
    recorder: Recorder,
    proxy: Option<Proxy>,
    driver: Driver,
    folder: TempDir,
}

/// One browser with a profile of its own.
pub struct Browser {
    pub(super) driver: WebDriver,
    pub(super) origin: String,
    pub(super) downloads: PathBuf,
    pub(super) net_log: PathBuf,
}

impl Stage {
    /// Serves the bundle of `CIVIS_DIST` on a free port and starts the driver.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn set() -> Result<Self, BrowserError> {
        Self::over(std::env::var_os("CIVIS_DIST").map_or_else(default_dist, PathBuf::from)).await
    }

    /// [`Stage::set`] with a server in between that can alter what browsers are answered.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn evil() -> Result<Self, BrowserError> {
        let mut stage = Self::set().await?;
        stage.proxy = Some(Proxy::before(stage.recorder.address()).await?);
        Ok(stage)
    }

    /// The server in between.
    ///
    /// # Panics
    /// On a stage without one.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a stage that was set as evil")
    }

    /// Serves another bundle.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn over(dist: PathBuf) -> Result<Self, BrowserError> {
        if !dist.join("index.html").is_file() {
            return Err(BrowserError::NoBundle(dist.display().to_string()));
        }
        let world = World::start(|config| config.assets_dir = Some(dist)).await?;
        let recorder = Recorder::before(world.address()).await?;
        Ok(Self {
            world,
            recorder,
            proxy: None,
            driver: Driver::start().await?,
            folder: tempfile::tempdir()?,
        })
    }

    /// The server.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The server, to be restarted or put back to what it was.
    pub const fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Ends the server; what it stored can be read now.
    pub async fn stop(&mut self) {
        self.world.stop().await;
    }

    /// Everything that browsers and server said to each other.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// A file for a person to upload.
    ///
    /// # Errors
    /// The disk.
    pub fn file(&self, name: &str, content: &[u8]) -> Result<PathBuf, BrowserError> {
        let folder = self.folder.path().join("papers");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), content)?;
        Ok(folder.join(name))
    }

    /// Opens the page in a browser whose profile begins empty. The name tells profiles of one story apart.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn browser(&self, name: &str) -> Result<Browser, BrowserError> {
        self.browser_at(name, "/").await
    }

    /// [`Stage::browser`], whose first address is another one.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn browser_at(&self, name: &str, path: &str) -> Result<Browser, BrowserError> {
        let profile = self.folder.path().join(name);
        let downloads = profile.join("downloads");
        fs::create_dir_all(&downloads)?;
        let net_log = profile.join("net.json");
        let server = self
            .proxy
            .as_ref()
            .map_or(self.recorder.address(), Proxy::address);
        let origin = format!("http://{server}");
        let mut wanted = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wanted.add_arg(flag)?;
        }
        if is_root() {
            wanted.add_arg("--no-sandbox")?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.join("profile").display()))?;
        wanted.add_arg(&format!("--log-net-log={}", net_log.display()))?;
        wanted.add_experimental_option(
            "prefs",
            json!({
                "download.default_directory": downloads,
                "download.prompt_for_download": false,
                "profile.default_content_setting_values.automatic_downloads": 1,
            }),
        )?;
        wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
        // The driver's client shares reqwest with the commands, which speak TLS; it does so over plain http.
        sdk::native::install_provider();
        let driver = WebDriver::new(format!("http://127.0.0.1:{}", self.driver.port), wanted).await?;
        let browser = Browser {
            driver,
            origin,
            downloads,
            net_log,
        };
        browser.go(path).await?;
        Ok(browser)
    }
}

impl Browser {
    /// Opens a path of the page.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn go(&self, path: &str) -> Result<(), BrowserError> {
        Ok(self.driver.goto(format!("{}{path}", self.origin)).await?)
    }

    /// The driver, for what has no word of its own yet.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Ends the browser; returns where it wrote down its network requests.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn quit(self) -> Result<PathBuf, BrowserError> {
        self.driver.quit().await?;
        Ok(self.net_log)
    }
}

/// A chromedriver of our own, on a port of its choice; ends when dropped.
struct Driver {
    port: u16,
    _process: Child,
}

impl Driver {
    /// Starts one. It takes one port for two families of addresses, and ends where another program has one of them.
    async fn start() -> Result<Self, BrowserError> {
        for _ in 1..STARTS {
            if let Ok(driver) = Self::try_start().await {
                return Ok(driver);
            }
        }
        Self::try_start().await
    }

    async fn try_start() -> Result<Self, BrowserError> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or(BrowserError::NoDriver)?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            let port = line
                .split("started successfully on port ")
                .nth(1)
                .and_then(|rest| rest.trim_end_matches('.').trim().parse().ok());
            if let Some(port) = port {
                // Its later lines are read and forgotten, so that it never waits for a reader.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self {
                    port,
                    _process: process,
                });
            }
        }
        Err(BrowserError::NoDriver)
    }
}

fn default_dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist")
}

/// Chromium's own sandbox does not start as root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// How often a driver is started before that is an error.
const STARTS: u32 = 4;
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--lang=fr",
    "--window-size=1280,900",
];
