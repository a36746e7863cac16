//! A canary's life: the product's own flows, on devices that keep everything in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use async_trait::async_trait;
use sdk::Unlocked;
use sdk::error::LocalError;
use sdk::flows::account::Draft;
use sdk::flows::document::{Item, ObjectId};
use sdk::flows::login;
use sdk::flows::upload::NewDocument;
use sdk::flows::{Clock, Device, LocalStore, Transport, Watch};
use sdk::native::SystemRandom;

use super::secrets::Secrets;

/// Where a life ended before its time, and what the client said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped(String);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account that lives.
pub struct Life<'a> {
    line: Rc<dyn Transport>,
    clock: Rc<dyn Clock>,
    secrets: &'a Secrets,
    sheet: String,
    safe: Unlocked,
    document: Option<ObjectId>,
}

impl<'a> Life<'a> {
    /// Creates the account. `sheet` has its twelve words from then on, also where that fails.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn begin(
        line: Rc<dyn Transport>,
        clock: Rc<dyn Clock>,
        secrets: &'a Secrets,
        sheet: &mut Vec<String>,
    ) -> Result<Self, Stopped> {
        let stopped = at("creates the account");
        let draft = Draft::make(device(&line, &clock)).map_err(&stopped)?;
        *sheet = draft.words().iter().map(|word| word.to_string()).collect();
        let registered = draft.register(&secrets.handle, &secrets.phrase).await;
        let safe = registered.map_err(&stopped)?;
        Ok(Self {
            line,
            clock,
            secrets,
            sheet: sheet.join(" "),
            safe,
            document: None,
        })
    }

    /// Saves a document, and does to it what people do.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn keeps_a_document(&mut self) -> Result<(), Stopped> {
        let (safe, secrets) = (&self.safe, self.secrets);
        safe.sync().await.map_err(at("reads its empty list"))?;
        let document = NewDocument {
            name: secrets.name.clone(),
            media: Secrets::MEDIA.to_owned(),
            category: Some(Secrets::CATEGORY),
            tags: vec![secrets.tag.clone()],
            ..NewDocument::default()
        };
        let content = secrets.content();
        let saved = safe.upload(&content, &document, &Watch::none()).await;
        let id = saved.map_err(at("saves a document"))?.object;
        self.document = Some(id.clone());
        let folder = safe.make_folder(&secrets.folder, None).await;
        let folder = folder.map_err(at("makes a folder"))?;
        safe.rename(&id, &secrets.renamed)
            .await
            .map_err(at("renames it"))?;
        safe.move_to(&id, Some(&folder)).await.map_err(at("moves it"))?;
        safe.sync().await.map_err(at("reads its list"))?;
        Ok(())
    }

    /// Opens the account on two devices that have never seen it, with the phrase and with the words, and reads it there.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn is_read_elsewhere(&self) -> Result<(), Stopped> {
        let by_phrase = login::open(self.device(), &self.secrets.handle, &self.secrets.phrase).await;
        self.reads(by_phrase.map_err(at("signs in with its phrase"))?)
            .await?;
        let by_words = login::open_with_words(self.device(), &self.sheet).await;
        self.reads(by_words.map_err(at("signs in with its words"))?).await
    }

    /// Erases the document for good.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn erases_it(&self) -> Result<(), Stopped> {
        let Some(id) = &self.document else {
            return Err(Stopped("has no document".to_owned()));
        };
        self.safe.trash(id).await.map_err(at("puts it into the bin"))?;
        self.safe
            .purge(std::slice::from_ref(id))
            .await
            .map_err(at("erases it"))?;
        Ok(())
    }

    /// Closes the account.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn ends(self) -> Result<(), Stopped> {
        self.safe.close_account().await.map_err(at("closes the account"))
    }

    async fn reads(&self, safe: Unlocked) -> Result<(), Stopped> {
        safe.sync().await.map_err(at("reads its list elsewhere"))?;
        let other = |what: &str| Stopped(format!("reads it elsewhere: {what}"));
        let is_it = |item: &Item| Some(&item.id) == self.document.as_ref();
        let found = safe
            .list()
            .into_iter()
            .find(is_it)
            .ok_or_else(|| other("it is not there"))?;
        if found.name != self.secrets.renamed || found.len != self.secrets.size {
            return Err(other("its name or size is another"));
        }
        let mut content = Vec::new();
        let read = safe.download(&found.id, &mut content, &Watch::none()).await;
        read.map_err(at("reads it elsewhere"))?;
        if content != self.secrets.content() {
            return Err(other("its content is another"));
        }
        safe.sign_out().await.1.map_err(at("signs out"))
    }

    fn device(&self) -> Rc<Device> {
        device(&self.line, &self.clock)
    }
}

/// Closes the account of a life that did not begin well: it may have been made all the same.
pub async fn close(line: Rc<dyn Transport>, clock: Rc<dyn Clock>, secrets: &Secrets) {
    if let Ok(safe) = login::open(device(&line, &clock), &secrets.handle, &secrets.phrase).await {
        // What stopped the beginning is told; this could only fail after it.
        let _ = safe.close_account().await;
    }
}

/// Words an error of the client, which holds no text of the server's.
fn at<E: fmt::Display>(step: &'static str) -> impl Fn(E) -> Stopped {
    move |error| Stopped(format!("{step}: {error}"))
}

/// A device that has never seen Civis.
fn device(line: &Rc<dyn Transport>, clock: &Rc<dyn Clock>) -> Rc<Device> {
    let (line, clock) = (Rc::clone(line), Rc::clone(clock));
    Device::new(line, clock, Box::new(SystemRandom), Rc::<Drawer>::default())
}

/// What a device keeps, in memory alone.
#[derive(Default)]
struct Drawer(RefCell<BTreeMap<String, Vec<u8>>>);

#[async_trait(?Send)]
impl LocalStore for Drawer {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LocalError> {
        Ok(self.0.borrow().get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), LocalError> {
        self.0.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), LocalError> {
        self.0.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        let keys = self.0.borrow();
        Ok(keys
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect())
    }
}
