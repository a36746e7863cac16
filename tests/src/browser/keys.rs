//! A person without a mouse: the tabulator finds, the keys act. Nothing here presses anything on the screen.

use serde_json::json;
use thirtyfour::{By, Key};

use super::{Account, Browser, BrowserError};

impl Browser {
    /// Creates an account as [`Browser::creates_account`] does.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn keys_create_account(&self, handle: &str) -> Result<Account, BrowserError> {
        self.enters("home-create").await?;
        self.enters("create-start").await?;
        self.writes("create-handle", handle).await?;
        self.presses(Key::Enter).await?;
        self.see("create-phrase-word").await?;
        let phrase = self.texts("create-phrase-word").await?.join(" ");
        self.enters("create-phrase-next").await?;
        self.see("sheet-word").await?;
        let words = self.texts("sheet-word").await?;
        self.keys_retype(&words).await?;
        self.presses(Key::Enter).await?;
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
    pub async fn keys_retype(&self, words: &[String]) -> Result<(), BrowserError> {
        self.see("sheet-retype").await?;
        for (number, word) in (1..).zip(words) {
            let css = format!("[data-testid='sheet-retype'][data-number='{number}']");
            if !self.driver.find_all(By::Css(css.as_str())).await?.is_empty() {
                self.tabs_to(&css).await?;
                self.driver.action_chain().send_keys(word).perform().await?;
            }
        }
        Ok(())
    }

    /// Opens the safe with the twelve words and sets the phrase that is proposed; the account as it is afterwards.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn keys_recover(&self, account: &Account) -> Result<Account, BrowserError> {
        self.enters("home-open").await?;
        self.enters("open-sheet").await?;
        self.writes("recover-words", &account.words.join(" ")).await?;
        self.enters("recover-submit").await?;
        self.see("create-phrase-word").await?;
        let phrase = self.texts("create-phrase-word").await?.join(" ");
        self.enters("create-phrase-next").await?;
        self.see("safe").await?;
        Ok(Account {
            phrase,
            ..account.clone()
        })
    }

    /// Opens the safe from the door.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn keys_open(&self, account: &Account) -> Result<(), BrowserError> {
        self.keys_knock(account).await?;
        self.see("safe").await?;
        Ok(())
    }

    /// Types identifier and phrase and asks to open, whatever comes of it.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn keys_knock(&self, account: &Account) -> Result<(), BrowserError> {
        self.writes("open-handle", &account.handle).await?;
        self.writes("open-phrase", &account.phrase).await?;
        self.presses(Key::Enter).await
    }

    /// Chooses an act in the menu of a document.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn keys_choose(&self, name: &str, act: &str) -> Result<(), BrowserError> {
        self.row(name).await?;
        self.tabs_to(&format!(
            "[data-testid='doc-row'][data-name=\"{name}\"] [data-testid='doc-menu']"
        ))
        .await?;
        self.presses(Key::Enter).await?;
        self.enters(act).await
    }

    /// Goes to a screen of the open safe by its link.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn keys_go_to(&self, path: &str) -> Result<(), BrowserError> {
        self.tabs_to(&format!("nav a[href='{path}']")).await?;
        self.presses(Key::Enter).await
    }

    /// Goes to what has this `data-testid` and presses Enter.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn enters(&self, id: &str) -> Result<(), BrowserError> {
        self.tabs_to(&format!("[data-testid='{id}']")).await?;
        self.presses(Key::Enter).await
    }

    /// Goes to a field, and types over what it holds.
    ///
    /// # Errors
    /// See [`BrowserError`].
    pub async fn writes(&self, id: &str, text: &str) -> Result<(), BrowserError> {
        self.tabs_to(&format!("[data-testid='{id}']")).await?;
        let all = self.driver.action_chain().key_down(Key::Control).send_keys("a");
        all.key_up(Key::Control).perform().await?;
        self.presses(Key::Delete).await?;
        Ok(self.driver.action_chain().send_keys(text).perform().await?)
    }

    /// Moves the focus to what this selector finds, one stop after the other; with the arrows within a menu.
    ///
    /// # Errors
    /// [`BrowserError::NotSeen`] where no key leads there.
    pub async fn tabs_to(&self, css: &str) -> Result<(), BrowserError> {
        for _ in 0..STOPS {
            // What is drawn anew meanwhile is another element: it is looked for at every stop.
            let way = self
                .wait(&format!("{css} to go to"), async || {
                    let way = self.driver.execute(WAY, vec![json!(css)]).await?;
                    Ok(way.json().as_str().map(str::to_owned))
                })
                .await?;
            match way.as_str() {
                "there" => return Ok(()),
                "arrow" => self.presses(Key::Down).await?,
                "back" => {
                    let back = self
                        .driver
                        .action_chain()
                        .key_down(Key::Shift)
                        .send_keys(Key::Tab);
                    back.key_up(Key::Shift).perform().await?;
                }
                _ => self.presses(Key::Tab).await?,
            }
        }
        let shown = self.driver.find(By::Css("body")).await?.text().await?;
        Err(BrowserError::NotSeen {
            what: format!("{css} under the keys"),
            shown: shown.replace('\n', " | "),
        })
    }
}

/// Which key brings the focus nearer; null while there is nothing to go to.
const WAY: &str = "const [css] = arguments;
const target = [...document.querySelectorAll(css)].find((one) => one.checkVisibility() && !one.disabled);
if (!target) return null;
const at = document.activeElement;
if (at === target) return 'there';
const menu = target.closest('[role=menu]');
if (menu) return menu.contains(at) ? 'arrow' : null;
if (target.type === 'radio' && at.type === 'radio' && at.name === target.name) return 'arrow';
return at !== document.body && at.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING ? 'back' : 'on';";

/// More than any screen has.
const STOPS: usize = 200;
