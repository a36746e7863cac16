//! What a person does: create an account, open it, add, save, rename, remove. Each act ends when the page shows it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use thirtyfour::By;
use thirtyfour::common::print::{PrintPage, PrintParameters};

use super::{Browser, BrowserError};

/// What a person keeps of an account.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name that she chose.
    pub handle: String,
    /// The proposed secret phrase.
    pub phrase: String,
    /// The twelve words of the sheet.
    pub words: Vec<String>,
}

impl Browser {
    /// Creates an account from the first page to the open, empty safe.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn creates_account(&self, handle: &str) -> Result<Account, BrowserError> {
        self.click("home-create").await?;
        self.click("create-start").await?;
        self.types("create-handle", handle).await?;
        self.click("create-handle-next").await?;
        self.see("create-phrase-word").await?;
        let phrase = self.texts("create-phrase-word").await?.join(" ");
        self.click("create-phrase-next").await?;
        self.see("sheet-word").await?;
        let words = self.texts("sheet-word").await?;
        self.retypes(&words).await?;
        self.click("create-submit").await?;
        self.see("safe").await?;
        Ok(Account {
            handle: handle.to_owned(),
            phrase,
            words,
        })
    }

    /// Types the three words of the sheet that the page asks for.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn retypes(&self, words: &[String]) -> Result<(), BrowserError> {
        self.see("sheet-retype").await?;
        for field in self
            .driver
            .find_all(By::Css("[data-testid='sheet-retype']"))
            .await?
        {
            let number = field
                .attr("data-number")
                .await?
                .and_then(|number| number.parse::<usize>().ok());
            let word = number.and_then(|number| words.get(number.checked_sub(1)?));
            field.send_keys(word.map_or("", String::as_str)).await?;
        }
        Ok(())
    }

    /// Opens the safe from wherever the page is.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn opens(&self, account: &Account) -> Result<(), BrowserError> {
        self.knocks(account).await?;
        self.see("safe").await?;
        Ok(())
    }

    /// Types identifier and phrase and asks to open, whatever comes of it.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn knocks(&self, account: &Account) -> Result<(), BrowserError> {
        if self.see_one_of(&["home-open", "open-handle"]).await? == "home-open" {
            self.click("home-open").await?;
        }
        self.types("open-handle", &account.handle).await?;
        self.types("open-phrase", &account.phrase).await?;
        self.click("open-submit").await
    }

    /// Loads the page again as a browser does that kept no open safe: nothing of memory is left, the phrase is asked for.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn reloads(&self) -> Result<(), BrowserError> {
        self.driver
            .execute("localStorage.removeItem('civis.open')", vec![])
            .await?;
        Ok(self.driver.refresh().await?)
    }

    /// Chooses files, adds them without a word, and returns at once.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn begins_upload(&self, files: &[&PathBuf]) -> Result<(), BrowserError> {
        self.chooses(files).await?;
        // Nobody has to say what they are about.
        self.click("add-submit").await
    }

    /// Chooses files; what they are about is asked then.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn chooses(&self, files: &[&PathBuf]) -> Result<(), BrowserError> {
        let chooser = self.wait("the file chooser", async || {
            Ok(self
                .driver
                .find_all(By::Css("input[data-testid='safe-file']"))
                .await?
                .into_iter()
                .next())
        });
        let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        Ok(chooser.await?.send_keys(paths.join("\n")).await?)
    }

    /// Waits until every one of these files is in the safe.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn sees_saved(&self, files: &[&PathBuf]) -> Result<(), BrowserError> {
        for file in files {
            self.row(&name_of(file)).await?;
            let css = format!("[data-testid='tray-item'][data-name=\"{}\"]", name_of(file));
            self.wait(&format!("{css} to be saved"), async || {
                for item in self.driver.find_all(By::Css(css.as_str())).await? {
                    if item.attr("data-state").await?.as_deref() != Some("saved") {
                        return Ok(None);
                    }
                }
                Ok(Some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Chooses files and waits until they are in the safe.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn uploads(&self, files: &[&PathBuf]) -> Result<(), BrowserError> {
        self.begins_upload(files).await?;
        self.sees_saved(files).await
    }

    /// Saves a document to the downloads folder and reads it there.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn downloads(&self, name: &str) -> Result<Vec<u8>, BrowserError> {
        let target = self.downloads.join(name);
        if target.exists() {
            fs::remove_file(&target)?;
        }
        self.asks_for(name).await?;
        self.finds_download(name).await
    }

    /// Asks for a document to be saved, by its menu, whatever comes of it.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn asks_for(&self, name: &str) -> Result<(), BrowserError> {
        self.opens_menu(name).await?;
        self.click("doc-download").await
    }

    /// Opens the menu of a document or folder.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn opens_menu(&self, name: &str) -> Result<(), BrowserError> {
        self.folds_tray().await?;
        let menu = format!("tr[data-name=\"{name}\"] [data-testid='doc-menu']");
        self.see_css(&menu).await?.click().await?;
        Ok(())
    }

    /// Folds the tray where it lies over the list.
    async fn folds_tray(&self) -> Result<(), BrowserError> {
        let open = By::Css(".tray:not(.tray--folded) .tray-fold");
        if let Some(fold) = self.driver.find_all(open).await?.first() {
            fold.click().await?;
        }
        Ok(())
    }

    /// Presses the name of a document or folder.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn presses_name(&self, name: &str) -> Result<(), BrowserError> {
        let link = format!("tr[data-name=\"{name}\"] [data-testid='doc-name']");
        self.see_css(&link).await?.click().await?;
        Ok(())
    }

    /// Opens the page of a document, and waits until its preview is in this state: `shown`, or why not.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn views(&self, name: &str, state: &str) -> Result<(), BrowserError> {
        let row = format!("[data-testid='doc-row'][data-name=\"{name}\"]");
        self.opens_menu(name).await?;
        self.see_css(&format!("{row} [data-testid='doc-open']"))
            .await?
            .click()
            .await?;
        self.see_css(&format!("[data-testid='preview'][data-state='{state}']"))
            .await?;
        Ok(())
    }

    /// Waits for a file of this name in the downloads folder and reads it.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn finds_download(&self, name: &str) -> Result<Vec<u8>, BrowserError> {
        let target = self.downloads.join(name);
        // The browser gives a finished download its name at the end.
        self.wait(&format!("{name} on the disk"), async || {
            Ok(target.is_file().then_some(()))
        })
        .await?;
        Ok(fs::read(&target)?)
    }

    /// Whatever lies in the downloads folder, finished or not.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub fn downloaded(&self) -> Result<Vec<String>, BrowserError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.downloads)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// What the page would put on A4 paper, as PDF.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn prints(&self) -> Result<Vec<u8>, BrowserError> {
        let a4 = PrintPage {
            width: 21.0,
            height: 29.7,
        };
        let parameters = PrintParameters {
            page: a4,
            ..PrintParameters::default()
        };
        Ok(self.driver.print_page(parameters).await?)
    }

    /// Goes to a screen of the open safe by its link.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn goes_to(&self, path: &str) -> Result<(), BrowserError> {
        let link = self.see_css(&format!("nav a[href='{path}']")).await?;
        Ok(link.click().await?)
    }

    /// Presses what has this `data-testid`.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn click(&self, id: &str) -> Result<(), BrowserError> {
        self.click_css(&format!("[data-testid='{id}']")).await
    }

    /// Presses what this selector finds first.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn click_css(&self, css: &str) -> Result<(), BrowserError> {
        self.wait(&format!("{css} to press"), async || {
            let element = self.driver.find(By::Css(css)).await?;
            if !element.is_displayed().await? || !element.is_enabled().await? {
                return Ok(None);
            }
            element.click().await.map(Some)
        })
        .await
    }

    /// Fills a field.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn types(&self, id: &str, text: &str) -> Result<(), BrowserError> {
        let field = self.see(id).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// The texts of everything with this `data-testid`, in the order of the page.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn texts(&self, id: &str) -> Result<Vec<String>, BrowserError> {
        let mut texts = Vec::new();
        for element in self
            .driver
            .find_all(By::Css(format!("[data-testid='{id}']")))
            .await?
        {
            texts.push(element.text().await?);
        }
        Ok(texts)
    }
}

fn name_of(file: &Path) -> String {
    file.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
