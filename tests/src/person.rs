//! People who use Civis, each with devices: what a test says they do, the sdk does.
//!
//! A step that fails ends the test; steps that may fail are called on [`Unlocked`] itself.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use async_trait::async_trait;
use sdk::error::LocalError;
use sdk::flows::account::Draft;
use sdk::flows::document::{Item, ObjectId};
use sdk::flows::login;
use sdk::flows::upload::{NewDocument, Uploaded};
use sdk::flows::{Device, Watch};
use sdk::native::{SystemClock, SystemRandom};
use sdk::{Clock, LocalStore, Random, Unlocked};

use crate::adversary::{Line, OverLine};
use crate::world::World;

/// One device: its line to the server and what it keeps.
#[derive(Clone)]
pub struct Desk {
    /// To be cut, watched, or given to an adversary.
    pub line: Rc<Line>,
    /// What the device keeps between visits.
    pub drawer: Rc<Drawer>,
    /// Seconds by which its clock is ahead.
    pub later: Rc<Cell<u64>>,
    device: Rc<Device>,
}

impl Desk {
    /// A device that has never seen Civis.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self::with_drawer(world, Rc::default())
    }

    /// A device that keeps what `drawer` holds.
    #[must_use]
    pub fn with_drawer(world: &World, drawer: Rc<Drawer>) -> Self {
        Self::with_random(world, drawer, Box::new(SystemRandom))
    }

    /// The same with a source of randomness of the test's own.
    #[must_use]
    pub fn with_random(world: &World, drawer: Rc<Drawer>, random: Box<dyn Random>) -> Self {
        Self::over(Line::to(&world.origin()), drawer, random)
    }

    /// A device that keeps what `drawer` holds and speaks to `origin`, whoever that is.
    #[must_use]
    pub fn to(origin: &str, drawer: Rc<Drawer>) -> Self {
        Self::over(Line::to(origin), drawer, Box::new(SystemRandom))
    }

    fn over(line: Rc<Line>, drawer: Rc<Drawer>, random: Box<dyn Random>) -> Self {
        let transport = Rc::new(OverLine(Rc::clone(&line)));
        let store = Rc::new(InDrawer(Rc::clone(&drawer)));
        let later = Rc::<Cell<u64>>::default();
        let clock = Rc::new(Brisk(Rc::clone(&later)));
        let device = Device::new(transport, clock, random, store);
        Self {
            line,
            drawer,
            later,
            device,
        }
    }

    /// What the sdk runs on.
    #[must_use]
    pub fn device(&self) -> Rc<Device> {
        Rc::clone(&self.device)
    }
}

/// Who a person is, and what only they know.
#[derive(Clone)]
pub struct Person {
    /// Public.
    pub handle: String,
    /// Secret.
    pub phrase: String,
    /// On paper.
    pub words: String,
}

impl Person {
    /// Creates an account at `desk`.
    pub async fn creates_account(handle: &str, desk: &Desk) -> (Self, Safe) {
        let draft = Draft::make(desk.device()).expect("a draft");
        let words = draft
            .words()
            .iter()
            .map(|word| word.as_str().to_owned())
            .collect::<Vec<_>>()
            .join(" ");
        let phrase = format!("phrase de {handle} avec assez de mots");
        let unlocked = draft.register(handle, &phrase).await.expect("an account");
        let safe = Safe(unlocked);
        safe.sync().await.expect("an empty list");
        (
            Self {
                handle: handle.to_owned(),
                phrase,
                words,
            },
            safe,
        )
    }

    /// Opens the account at `desk` and reads the list.
    pub async fn opens(&self, desk: &Desk) -> Safe {
        let safe = self.opens_without_reading(desk).await;
        safe.sync().await.expect("a list");
        safe
    }

    /// Opens the account at `desk`; the list is not asked for yet.
    pub async fn opens_without_reading(&self, desk: &Desk) -> Safe {
        let unlocked = login::open(desk.device(), &self.handle, &self.phrase).await;
        Safe(unlocked.expect("an open account"))
    }
}

/// An open account, with the words of a story.
pub struct Safe(pub Unlocked);

impl Deref for Safe {
    type Target = Unlocked;

    fn deref(&self) -> &Unlocked {
        &self.0
    }
}

impl Safe {
    /// Saves a document at the root.
    pub async fn saves(&self, name: &str, content: &[u8]) -> Uploaded {
        let content = content.to_vec();
        self.upload(&content, &document(name), &Watch::none())
            .await
            .expect("a saved document")
    }

    /// Reads a document by its name.
    pub async fn reads(&self, name: &str) -> Vec<u8> {
        let mut sink = Vec::new();
        let object = self.finds(name).id;
        self.download(&object, &mut sink, &Watch::none())
            .await
            .expect("a document");
        sink
    }

    /// The one item of this name outside the trash.
    #[must_use]
    pub fn finds(&self, name: &str) -> Item {
        let mut found = self
            .list()
            .into_iter()
            .filter(|item| item.name == name && !item.in_trash);
        let item = found.next().unwrap_or_else(|| panic!("no item named {name}"));
        assert!(found.next().is_none(), "two items named {name}");
        item
    }

    /// Names of everything outside the trash, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.list()
            .into_iter()
            .filter(|item| !item.in_trash)
            .map(|item| item.name)
            .collect()
    }

    /// The id of the item of this name.
    #[must_use]
    pub fn id(&self, name: &str) -> ObjectId {
        self.finds(name).id
    }
}

/// A PDF to be saved at the root.
#[must_use]
pub fn document(name: &str) -> NewDocument {
    NewDocument {
        name: name.to_owned(),
        media: "application/pdf".to_owned(),
        ..NewDocument::default()
    }
}

/// A local store in memory, open to the test's eyes; and whether it is full, so that nothing more goes in.
#[derive(Default)]
pub struct Drawer(pub RefCell<BTreeMap<String, Vec<u8>>>, pub Cell<bool>);

impl Drawer {
    /// A copy as it is now.
    #[must_use]
    pub fn copy(&self) -> Rc<Self> {
        Rc::new(Self(RefCell::new(self.0.borrow().clone()), self.1.clone()))
    }
}

/// The system's clock, with pauses twenty times shorter: a test waits for nobody's sake.
struct Brisk(Rc<Cell<u64>>);

#[async_trait(?Send)]
impl Clock for Brisk {
    fn now(&self) -> u64 {
        SystemClock.now() + self.0.get()
    }

    async fn sleep(&self, milliseconds: u32) {
        SystemClock.sleep(milliseconds / 20).await;
    }
}

struct InDrawer(Rc<Drawer>);

#[async_trait(?Send)]
impl LocalStore for InDrawer {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LocalError> {
        Ok(self.0.0.borrow().get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), LocalError> {
        if self.0.1.get() {
            return Err(LocalError);
        }
        self.0.0.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), LocalError> {
        self.0.0.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        Ok(self
            .0
            .0
            .borrow()
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect())
    }
}
