//! The walk over the table: one browser, one account, every state once.

use std::path::PathBuf;

use serde_json::json;
use tests::{
    browser::{Account, Browser, BrowserError, Look, Stage},
    sample,
    world::Snapshot,
};
use thirtyfour::By;

use crate::screens::act::Act;
use crate::screens::table::{SCREENS, Screen};

/// Where the walk is.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) screen: &'static str,
    pub(crate) state: &'static str,
}

/// One browser on its way through the table.
pub(crate) struct Walk<'a> {
    stage: &'a mut Stage,
    backup: Option<Snapshot>,
    browser: Browser,
    account: Option<Account>,
    faults: Vec<String>,
    seen: usize,
}

impl<'a> Walk<'a> {
    pub(crate) async fn begin(stage: &'a mut Stage) -> Result<Self, BrowserError> {
        let browser = stage.browser("walk").await?;
        Ok(Self {
            stage,
            backup: None,
            browser,
            account: None,
            faults: Vec::new(),
            seen: 0,
        })
    }

    /// Visits every state; `look` says what is wrong there.
    ///
    /// A state that cannot be reached is a fault, and the walk goes on with the next screen.
    pub(crate) async fn all(
        &mut self,
        mut look: impl AsyncFnMut(&Browser, Place) -> Result<Vec<String>, BrowserError>,
    ) -> Result<(), BrowserError> {
        for screen in SCREENS.iter().filter(|screen| is_wanted(screen)) {
            for (state, acts) in screen.states {
                let place = Place {
                    screen: screen.name,
                    state,
                };
                if let Err(error) = self.reach(acts).await {
                    self.fault(place, &format!("not reached: {error}"));
                    break;
                }
                for fault in look(&self.browser, place).await? {
                    self.fault(place, &fault);
                }
                // The acts are written for a desktop in French.
                self.browser.looks(Look::new("fr", "light", 1280)).await?;
                self.seen += 1;
            }
        }
        Ok(())
    }

    /// States that were visited.
    pub(crate) const fn seen(&self) -> usize {
        self.seen
    }

    pub(crate) async fn end(self) -> Result<Vec<String>, BrowserError> {
        self.browser.quit().await?;
        Ok(self.faults)
    }

    fn fault(&mut self, place: Place, what: &str) {
        self.faults
            .push(format!("{}, {}: {what}", place.screen, place.state));
    }

    async fn reach(&mut self, acts: &[Act]) -> Result<(), BrowserError> {
        for act in acts {
            self.act(act).await?;
        }
        Ok(())
    }

    async fn act(&mut self, act: &Act) -> Result<(), BrowserError> {
        let (browser, stage) = (&self.browser, &*self.stage);
        match *act {
            Act::Go(path) => browser.go(path).await,
            Act::Link(path) => browser.goes_to(path).await,
            Act::Click(what) => browser.click_css(&css(what)).await,
            Act::Type(what, text) => browser.types(what, text).await,
            Act::Phrase(what) => {
                let phrase = self.account()?.phrase.clone();
                browser.types(what, &phrase).await
            }
            Act::See(what) => browser.see_css(&css(what)).await.map(drop),
            Act::Gone(what) => browser.gone_css(&css(what)).await,
            Act::Create => {
                self.account = Some(browser.creates_account(HANDLE).await?);
                Ok(())
            }
            Act::Open => browser.opens(self.account()?).await,
            Act::Knock => browser.knocks(self.account()?).await,
            Act::Add(names) => self.add(names).await,
            Act::AddMany(count) => {
                let names: Vec<String> = (1..=count)
                    .map(|number| format!("Relevé de compte, page {number}.pdf"))
                    .collect();
                self.add(&names.iter().map(String::as_str).collect::<Vec<_>>())
                    .await
            }
            Act::Choose(name) => browser.begins_upload(&[&paper(stage, name)?]).await,
            Act::Offer(name) => browser.chooses(&[&paper(stage, name)?]).await,
            Act::OfferPhotos(names) => {
                let photos = names
                    .iter()
                    .map(|name| stage.file(name, &sample::jpeg(300, 400).expect("a picture")))
                    .collect::<Result<Vec<PathBuf>, _>>()?;
                browser.chooses(&photos.iter().collect::<Vec<_>>()).await
            }
            Act::Renew => {
                let file = stage.file("plus récent.pdf", &sample::pdf(&["Plus récent"], 9_000))?;
                let chooser = By::Css("input[data-testid='document-file']");
                let chooser = browser.driver().find(chooser).await?;
                Ok(chooser.send_keys(file.display().to_string()).await?)
            }
            Act::Menu(name) => {
                browser
                    .click_css(&format!("[data-name=\"{name}\"] [data-testid='doc-menu']"))
                    .await
            }
            Act::Ask(name) => browser.asks_for(name).await,
            Act::Lie(change) => {
                stage.proxy().alter(change);
                Ok(())
            }
            Act::Cut => {
                stage.proxy().cut();
                Ok(())
            }
            Act::Mend => {
                stage.proxy().mend();
                Ok(())
            }
            Act::NewDevice => {
                let params = json!({ "origin": browser.origin(), "storageTypes": "all" });
                browser.go("/logo.svg").await?;
                browser
                    .driver()
                    .cdp()
                    .send_raw("Storage.clearDataForOrigin", params)
                    .await?;
                Ok(())
            }
            Act::Backup => {
                self.backup = Some(self.stage.world_mut().snapshot().await?);
                Ok(())
            }
            Act::Restore => {
                let Some(backup) = self.backup.take() else {
                    return Ok(());
                };
                let reason = "Panne du disque le 12 mars ; sauvegarde de la veille";
                self.stage.world_mut().restores(&backup, reason).await?;
                Ok(())
            }
            Act::Drag => self.drags("dragover").await,
            Act::DragEnd => self.drags("dragleave").await,
        }
    }

    /// Adds documents and waits until the tray says that each is kept; a long list need not show them all.
    async fn add(&self, names: &[&str]) -> Result<(), BrowserError> {
        let files = names
            .iter()
            .map(|name| paper(&*self.stage, name))
            .collect::<Result<Vec<PathBuf>, _>>()?;
        self.browser
            .begins_upload(&files.iter().collect::<Vec<_>>())
            .await?;
        self.browser.see("tray-item").await?;
        self.browser
            .gone_css("[data-testid='tray-item']:not([data-state='saved'])")
            .await
    }

    async fn drags(&self, event: &str) -> Result<(), BrowserError> {
        let window = self.browser.driver().find(By::Css("body")).await?;
        let files = "const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File(['x'], 'x.pdf'));
            arguments[0].dispatchEvent(new DragEvent(arguments[1], { dataTransfer, bubbles: true, cancelable: true }));";
        self.browser
            .driver()
            .execute(files, vec![window.to_json()?, json!(event)])
            .await?;
        Ok(())
    }

    fn account(&self) -> Result<&Account, BrowserError> {
        self.account.as_ref().ok_or_else(|| BrowserError::NotSeen {
            what: "an account".to_owned(),
            shown: String::new(),
        })
    }
}

/// `CIVIS_SCREEN=safe` walks over that screen alone, for someone who draws it. Screens within the safe need its first state.
fn is_wanted(screen: &Screen) -> bool {
    std::env::var("CIVIS_SCREEN").map_or(true, |names| names.split(',').any(|name| name == screen.name))
}

fn paper(stage: &Stage, name: &str) -> Result<PathBuf, BrowserError> {
    stage.file(name, &sample::pdf(&[name], 3_000 + name.len()))
}

/// A `data-testid`, or a selector as it stands.
fn css(what: &str) -> String {
    if what.starts_with(['.', '[', '#']) {
        what.to_owned()
    } else {
        format!("[data-testid='{what}']")
    }
}

const HANDLE: &str = "camille.moreau";
