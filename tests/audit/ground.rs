//! A deployment that admits an auditor, with people who use it.

use std::path::PathBuf;
use std::rc::Rc;

use cli::audit::source::Source;
use cli::audit::{Outcome, Plan, audit};
use cli::canary;
use crypto::audit::note::{Kind, NoteSigner};
use sdk::api::auditor::Auditor;
use sdk::native::SystemClock;
use tests::adversary::{Line, OverLine};
use tests::person::{Desk, Person, Safe};
use tests::sample;
use tests::world::{World, copy_folder};

const SEED: [u8; 32] = [0x41; 32];

/// The world and its people.
pub(crate) struct Ground {
    pub(crate) world: World,
    /// The auditor's line, to be lied on.
    pub(crate) line: Rc<Line>,
    /// Whether a backup that was put back is accepted.
    pub(crate) accept_restored: bool,
    pub(crate) people: Vec<(Person, Desk, Safe)>,
}

fn key() -> NoteSigner {
    NoteSigner::from_seed("audit.example", Kind::Text, &SEED).unwrap()
}

impl Ground {
    /// People with documents: `each` of them for everybody.
    pub(crate) async fn with(people: usize, each: usize) -> Self {
        let world = World::start(|config| config.auditors = vec![key().public().clone()])
            .await
            .unwrap();
        let mut ground = Self {
            line: Line::to(&world.origin()),
            accept_restored: false,
            people: Vec::new(),
            world,
        };
        for number in 0..people {
            let desk = Desk::new(&ground.world);
            let (person, safe) = Person::creates_account(&format!("personne.{number}"), &desk).await;
            for document in 0..each {
                let size = 600 + 977 * document;
                safe.saves(
                    &format!("Pièce {document}.pdf"),
                    &sample::noise(size, number as u64),
                )
                .await;
            }
            ground.people.push((person, desk, safe));
        }
        ground
    }

    /// The log's name.
    pub(crate) async fn origin(&self) -> String {
        let line = Rc::new(OverLine(Line::to(&self.world.origin())));
        let card = Source::new(line, Rc::new(SystemClock)).card().await;
        card.unwrap().key.split('+').next().unwrap().to_owned()
    }

    /// The admitted auditor's key, as a file.
    pub(crate) fn key_file(&self) -> PathBuf {
        let path = self.world.folder().join("key");
        let kind = 1;
        let bytes = [b"CVNK\x01".as_slice(), &[kind], &SEED, b"audit.example"].concat();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A folder for an auditor's state.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.world.folder().join(name)
    }

    /// Puts a copy of one state in the place of another.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let _ = std::fs::remove_dir_all(self.folder(to));
        copy_folder(&self.folder(from), &self.folder(to)).unwrap();
    }

    /// What an audit over the auditor's line says, with the state in this folder.
    pub(crate) async fn audit(&self, folder: &str, chunks: u64) -> Outcome {
        self.audit_with(folder, chunks, None).await
    }

    /// The same, with a canary.
    pub(crate) async fn audit_with(
        &self,
        folder: &str,
        chunks: u64,
        canary: Option<canary::Plan>,
    ) -> Outcome {
        let source = Source::new(Rc::new(OverLine(Rc::clone(&self.line))), Rc::new(SystemClock));
        let source = source.admitted(Auditor::new(key(), self.origin().await));
        let plan = Plan {
            folder: self.folder(folder),
            chunks,
            log_alone: false,
            accept_restored: self.accept_restored,
            patience: 3_000,
            nonce: [7; 32],
            canary,
        };
        audit(&source, &plan).await.unwrap()
    }

    /// Waits until everything that was written is signed.
    pub(crate) async fn is_signed(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    }
}
