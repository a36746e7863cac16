//! One thing wrong at a time, in the store or on the wire, and the finding that names it.

use server::store::SledStore;
use tests::adversary::{Fate, Line};
use tests::evil::LogKeeper;

use crate::ground::Ground;
use crate::store::in_the_store;
use crate::wire::{on_the_wire, with_the_key};

/// What is done, and what an audit must say.
pub(crate) struct Tampering {
    pub(crate) what: &'static str,
    pub(crate) finding: &'static str,
    pub(crate) lie: Lie,
    /// Whether it also runs where time is short.
    pub(crate) is_quick: bool,
}

pub(crate) enum Lie {
    /// In the store, behind the server's back.
    Store(StoreLie),
    /// On the auditor's line, by who has the log's key; entries up to `seen` are what the auditor has audited.
    Wire(fn(&Line, LogKeeper, seen: usize)),
    /// In the auditor's own folder.
    State(fn(&std::path::Path)),
}

pub(crate) type StoreLie = fn(&SledStore) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;

pub(crate) const fn store(what: &'static str, finding: &'static str, lie: StoreLie) -> Tampering {
    Tampering {
        what,
        finding,
        lie: Lie::Store(lie),
        is_quick: false,
    }
}

pub(crate) const fn wire(
    what: &'static str,
    finding: &'static str,
    lie: fn(&Line, LogKeeper, usize),
) -> Tampering {
    Tampering {
        what,
        finding,
        lie: Lie::Wire(lie),
        is_quick: false,
    }
}

impl Tampering {
    pub(crate) const fn quick(mut self) -> Self {
        self.is_quick = true;
        self
    }
}

/// Everything that the table tries.
fn table() -> Vec<Tampering> {
    let mut all = in_the_store();
    all.extend(on_the_wire());
    all.extend(with_the_key());
    all
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the table is what this test is read for")]
async fn each_single_tampering_has_its_finding() {
    let is_deep = std::env::var_os("CIVIS_DEEP").is_some();
    let (people, each) = if is_deep { (10, 300) } else { (2, 8) };
    let mut ground = Ground::with(people, each).await;
    ground.is_signed().await;
    let before = ground.audit("state", u64::MAX).await;
    assert!(before.findings.is_empty(), "{:#?}", before.findings.kept());
    let bodies = before.census.as_ref().unwrap().bodies.len();
    ground.people[0].2.saves("Nouveau.pdf", b"nouveau").await;
    ground.is_signed().await;
    ground.copy("state", "copy");
    let after = ground.audit("copy", 20).await;
    assert!(after.findings.is_empty(), "{:#?}", after.findings.kept());
    let seen = usize::try_from(before.sizes.1).unwrap();
    let log = LogKeeper::of(&ground.world, after.sizes.1).await;
    let whole = ground.world.snapshot().await.unwrap();

    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    let chosen = table().into_iter().filter(|each| is_deep || each.is_quick);
    for tampering in chosen {
        ground.copy("state", "copy");
        match tampering.lie {
            Lie::Store(lie) => ground.world.tamper(async |store| lie(store).await).await.unwrap(),
            Lie::Wire(lie) => lie(&ground.line, log.clone(), seen),
            Lie::State(lie) => lie(&ground.folder("copy")),
        }
        // Only what is in a chunk wants every chunk.
        let is_in_a_chunk = ["chunk_altered", "chunk_lost", "plaintext"].contains(&tampering.finding);
        let chunks = if is_in_a_chunk { u64::MAX } else { 20 };
        let outcome = ground.audit("copy", chunks).await;
        let names: Vec<&str> = outcome.findings.counts().keys().map(|name| name.name()).collect();
        lines.push(format!("{:<52} {}", tampering.what, names.join(", ")));
        if !names.contains(&tampering.finding) {
            wrong.push(format!(
                "{}: {names:?}, not {}",
                tampering.what, tampering.finding
            ));
        }
        ground.line.after(|_, _| Fate::Pass);
        if matches!(tampering.lie, Lie::Store(_)) {
            ground.world.roll_back(&whole).await.unwrap();
        }
    }
    println!("{bodies} bodies\n{}", lines.join("\n"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    ground.copy("state", "copy");
    assert!(ground.audit("copy", 20).await.findings.is_empty());
}
