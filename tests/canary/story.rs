//! A document's whole life, through the sdk and over a recorded wire.

use std::rc::Rc;

use cli::canary::needle::{Canary, Haystacks};
use sdk::{
    Device, Unlocked,
    flows::{account::Draft, document::ObjectId, login, upload::NewDocument, watch::Watch},
    native::{Folder, Http, SystemClock, SystemRandom},
};
use sha2::{Digest, Sha256};
use tests::{logs::Logs, recorder::Recorder, sample, world::World};

/// Name of the document; also of nothing else in the tree.
pub(crate) const NAME: &str = "Pièce Zyrkoléane-Brivoucq.pdf";
/// Its name after a while.
const RENAMED: &str = "Vélubrane d’Ostrogoule (copie).pdf";
/// Its category: the folder that it lies in.
const CATEGORY: &str = "Allocations krumvoliennes";
/// Words inside it.
const WORDS: [&str; 2] = ["Maître Quorvandine Esperluze", "revenu de 48 213 flouzines"];
/// Seven digits, odd, and not what its padding would make of it.
pub(crate) const SIZE: u64 = 3_571_913;
pub(crate) const HANDLE: &str = "alix.martin";
const PHRASE: &str = "orvet biniou cargo mulot tapir zinc écharpe lagon";

/// A server, the wire before it, and what must not be told.
pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) recorder: Recorder,
    secrets: Vec<(&'static str, Secret)>,
}

enum Secret {
    Text(String),
    Bytes(Vec<u8>),
    Size(u64),
}

/// The document itself.
pub(crate) fn document() -> Vec<u8> {
    sample::pdf(&WORDS, usize::try_from(SIZE).unwrap())
}

/// A device of its own, over this wire, with a local store in the world's folder.
pub(crate) fn device(world: &World, recorder: &Recorder, name: &str) -> Rc<Device> {
    let transport = Http::new(&format!("http://{}", recorder.address())).unwrap();
    let local = Folder::open(world.folder().join(name)).unwrap();
    Device::new(
        Rc::new(transport),
        Rc::new(SystemClock),
        Box::new(SystemRandom),
        Rc::new(local),
    )
}

pub(crate) fn new_document(parent: Option<ObjectId>) -> NewDocument {
    NewDocument {
        name: NAME.to_owned(),
        parent,
        media: "application/pdf".to_owned(),
        ..NewDocument::default()
    }
}

impl Story {
    /// Account, folder, upload, list, download, rename, trash and back, a second device with the phrase, a third with
    /// the words, another document erased for good.
    pub(crate) async fn live() -> Self {
        let world = World::start(|_| {}).await.unwrap();
        let recorder = Recorder::before(world.address()).await.unwrap();
        let content = document();
        let draft = Draft::make(device(&world, &recorder, "first")).unwrap();
        let words: Vec<String> = draft.words().iter().map(|word| word.to_string()).collect();
        let safe = draft.register(HANDLE, PHRASE).await.unwrap();
        let folder = safe.make_folder(CATEGORY, None).await.unwrap();
        let kept = safe
            .upload(&content, &new_document(Some(folder)), &Watch::none())
            .await
            .unwrap();
        safe.rename(&kept.object, RENAMED).await.unwrap();
        safe.trash(&kept.object).await.unwrap();
        safe.restore(&kept.object).await.unwrap();
        let erased = safe
            .upload(&content, &new_document(None), &Watch::none())
            .await
            .unwrap();
        safe.trash(&erased.object).await.unwrap();
        safe.purge(&[erased.object]).await.unwrap();
        let (_, ended) = safe.sign_out().await;
        ended.unwrap();

        let second = login::open(device(&world, &recorder, "second"), HANDLE, PHRASE)
            .await
            .unwrap();
        reads_back(&second, &kept.object, &content).await;
        let third = login::open_with_words(device(&world, &recorder, "third"), &words.join(" "))
            .await
            .unwrap();
        reads_back(&third, &kept.object, &content).await;
        Self {
            world,
            recorder,
            secrets: secrets(&content, &words),
        }
    }

    pub(crate) fn secrets(&self) -> usize {
        self.secrets.len()
    }

    pub(crate) fn canary(&self) -> Canary {
        self.secrets
            .iter()
            .fold(Canary::new(), |canary, (what, secret)| match secret {
                Secret::Text(text) => canary.text(what, text),
                Secret::Bytes(bytes) => canary.bytes(what, bytes),
                Secret::Size(size) => canary.size(what, *size),
            })
    }

    /// Store, logs and traffic. Ends the server, so that all of it is on the disk.
    pub(crate) async fn haystacks(&mut self, logs: &Logs) -> Haystacks {
        self.world.stop().await;
        let mut stacks = Haystacks::default();
        stacks.add_folder(self.world.data()).unwrap();
        stacks.add("log", logs.text());
        for stream in self.recorder.streams() {
            stacks.add(stream.name, stream.bytes);
        }
        stacks
    }

    /// Bytes of the data folder.
    pub(crate) fn stored_bytes(&self) -> u64 {
        let files = cli::canary::needle::files_below(self.world.data()).unwrap();
        files.iter().map(|file| file.metadata().unwrap().len()).sum()
    }
}

async fn reads_back(safe: &Unlocked, object: &ObjectId, content: &[u8]) {
    safe.sync().await.unwrap();
    let item = safe.list().into_iter().find(|item| item.id == *object).unwrap();
    assert_eq!((item.name.as_str(), item.len), (RENAMED, SIZE));
    let mut read: Vec<u8> = Vec::new();
    safe.download(object, &mut read, &Watch::none()).await.unwrap();
    assert!(read == content);
}

fn secrets(content: &[u8], words: &[String]) -> Vec<(&'static str, Secret)> {
    let text = |text: &str| Secret::Text(text.to_owned());
    let mut secrets = vec![
        ("name", text(NAME)),
        ("later name", text(RENAMED)),
        ("category", text(CATEGORY)),
        ("media type", text("application/pdf")),
        ("words", text(WORDS[0])),
        ("words", text(WORDS[1])),
        ("phrase", text(PHRASE)),
        ("size", Secret::Size(SIZE)),
        ("digest", Secret::Bytes(Sha256::digest(content).to_vec())),
        ("first bytes", Secret::Bytes(content[..16].to_vec())),
        (
            "inner bytes",
            Secret::Bytes(content[1_000_000..1_000_016].to_vec()),
        ),
    ];
    // Each word alone is a word of a language; two in a row are the sheet.
    secrets.extend(
        words
            .windows(2)
            .map(|pair| ("twelve words", Secret::Text(pair.join(" ")))),
    );
    secrets
}
