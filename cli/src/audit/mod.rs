//! `civis audit`: the log from where the last audit ended, the store as it is, samples of it; then the log once more, for
//! what happened meanwhile. `spec/audit.md`.

pub mod book;
pub mod census;
pub mod finding;
pub mod heads;
pub mod log;
pub mod replay;
pub mod report;
pub mod restored;
pub mod sample;
pub mod source;
pub mod statistics;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crypto::audit::origin::Origin;
use crypto::audit::policy::Policy;
use crypto::audit::tree::Growing;
use crypto::hash::sha256;
use crypto::id::{Hash32, Id};
use shared::audit::LogCard;

use crate::canary::{self, Canary};
use book::{Book, BookError, Fate, Mark};
use census::Census;
use finding::{Findings, Name};
use heads::HeadsError;
use log::{Reading, Signed};
use replay::{Counts, NamedHead, Replay};
use sample::Sample;
use source::{List, Source, SourceError, Walk};

/// What to do, and how much of it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The folder of this auditor's state about this deployment.
    pub folder: PathBuf,
    /// Chunks to draw.
    pub chunks: u64,
    /// The log alone: what is stored is not looked at.
    pub log_alone: bool,
    /// Milliseconds to wait at most for entries that explain what has just been erased.
    pub patience: u32,
    /// A backup that was put back is accepted: what comes behind it is audited anew.
    pub accept_restored: bool,
    /// Makes what is drawn unforeseeable: 32 random bytes.
    pub nonce: Hash32,
    /// A throw-away account that is watched (A12); nothing to leave it out.
    pub canary: Option<canary::Plan>,
}

/// No audit came about; nothing is said about the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// See [`SourceError`].
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The folder of the state failed.
    #[error("the folder of the state cannot be read or written")]
    Folder,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is wrong.
    pub findings: Findings,
    /// What was counted in the log.
    pub counts: Counts,
    /// Size of the log at the last audit, and now.
    pub sizes: (u64, u64),
    /// The newest checkpoint.
    pub checkpoint: Vec<u8>,
    /// The log's name.
    pub origin: String,
    /// How many witnesses must sign.
    pub quorum: u8,
    /// What is stored; nothing where it was not looked at.
    pub census: Option<Census>,
    /// What was drawn.
    pub sample: Option<Sample>,
    /// Whether the log was replayed to its end.
    pub is_replayed: bool,
    /// What a canary saw; nothing where it was left out, or stopped.
    pub canary: Option<Canary>,
}

/// Audits a deployment. The state advances where nothing is found, and only there.
///
/// # Errors
/// [`AuditError`]: nothing was audited.
pub async fn audit(source: &Source, plan: &Plan) -> Result<Outcome, AuditError> {
    let mut outcome = Outcome::default();
    let card = source.card().await?;
    // Who is not admitted is told so, and not that lists are withheld.
    source.list(List::Openings, &[], 1).await?;
    let mut book = match Book::open(&plan.folder) {
        Ok(book) => book,
        Err(BookError::Damaged) => return Ok(damaged(outcome)),
        Err(BookError::Unusable) => return Err(AuditError::Folder),
    };
    let run = Run {
        source,
        plan,
        card: &card,
    };
    let mut result = run.whole(&mut book, &mut outcome).await;
    let is_only_restored = outcome.findings.counts().keys().eq([&Name::Restored]);
    if plan.accept_restored && is_only_restored {
        drop(book);
        book = anew(&plan.folder)?;
        outcome = Outcome::default();
        result = run.whole(&mut book, &mut outcome).await;
    }
    match result {
        Ok(()) => Ok(outcome),
        Err(Stop::Found) => Ok(outcome),
        Err(Stop::Book(BookError::Damaged)) => Ok(damaged(outcome)),
        Err(Stop::Book(BookError::Unusable)) => Err(AuditError::Folder),
        Err(Stop::Source(error)) => Err(AuditError::Source(error)),
    }
}

/// An empty state in the place of the one before, which is kept beside it.
fn anew(folder: &Path) -> Result<Book, AuditError> {
    let free = (1..).map(|number| folder.with_extension(format!("before-{number}")));
    let beside = free
        .into_iter()
        .find(|path| !path.exists())
        .ok_or(AuditError::Folder)?;
    std::fs::rename(folder, beside).map_err(|_| AuditError::Folder)?;
    Book::open(folder).map_err(|_| AuditError::Folder)
}

fn damaged(mut outcome: Outcome) -> Outcome {
    outcome.findings.add(Name::State, "", Vec::new());
    outcome
}

/// Why an audit goes no further.
enum Stop {
    /// What was found leaves nothing to go on from.
    Found,
    Book(BookError),
    Source(SourceError),
}

impl From<BookError> for Stop {
    fn from(error: BookError) -> Self {
        Self::Book(error)
    }
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<HeadsError> for Stop {
    fn from(error: HeadsError) -> Self {
        match error {
            HeadsError::Withheld => Self::Found,
            HeadsError::Book(error) => Self::Book(error),
        }
    }
}

/// One audit.
struct Run<'a> {
    source: &'a Source,
    plan: &'a Plan,
    card: &'a LogCard,
}

impl Run<'_> {
    async fn whole(&self, book: &mut Book, outcome: &mut Outcome) -> Result<(), Stop> {
        let mark = book.mark()?;
        let policy = self.policy(mark.as_ref(), outcome).await?;
        book.begin()?;
        let mut at = At::new(mark.as_ref());
        outcome.sizes.0 = at.tree.leaves();
        let signed = log::checkpoint(self.source, &policy, &mut outcome.findings).await?;
        let signed = signed.ok_or(Stop::Found)?;
        outcome.checkpoint = signed.bytes.to_vec();
        if let Some(mark) = &mark
            && !log::continues(mark, &signed, &mut outcome.findings)
        {
            return Err(Stop::Found);
        }
        let mut missing = self.advance(book, &mut at, &signed, outcome).await?;
        if let Some(plan) = &self.plan.canary {
            let findings = &mut outcome.findings;
            // The client's flows are deep; on the heap they leave the stack to the rest.
            outcome.canary = Box::pin(canary::examine(self.source, plan, &self.plan.nonce, findings)).await;
        }
        let (before, mut unknown) = (at.tree.leaves(), BTreeSet::new());
        if !self.plan.log_alone {
            outcome.census = census::take(self.source, &mut outcome.findings).await;
            let stored = heads::census(self.source, book, &mut outcome.findings).await?;
            missing.extend(stored.missing);
            unknown = stored.unknown;
            if let Some(census) = &mut outcome.census {
                census.heads = stored.count;
            }
        }
        if let Some(census) = &outcome.census {
            let seed = sha256(&[&signed.tree.root[..], &self.plan.nonce].concat());
            let count = self.plan.chunks;
            let sample = sample::draw(self.source, census, seed, count, &mut outcome.findings).await;
            outcome.sample = Some(sample);
        }
        let last = self
            .settle(book, &mut at, &policy, (&mut missing, &unknown), outcome)
            .await?;
        heads::unlogged(self.source, book, &unknown, &mut outcome.findings).await?;
        self.judge(book, &mut at, &missing, before, outcome)?;
        outcome.is_replayed = true;
        outcome.counts = at.replay.counts;
        outcome.sizes.1 = at.tree.leaves();
        if let Some(last) = &last {
            outcome.checkpoint = last.bytes.to_vec();
        }
        if outcome.findings.is_empty() {
            let last = last.unwrap_or(signed);
            let mark = self.mark(book, &mut at, &last)?;
            book.finish(&self.plan.folder, &mark)?;
        }
        Ok(())
    }

    /// Whom the deployment asks to be believed with, held to what it asked before.
    async fn policy(&self, mark: Option<&Mark>, outcome: &mut Outcome) -> Result<Policy, Stop> {
        let Some(policy) = log::policy(self.card) else {
            outcome.findings.add(Name::LogKey, "", Vec::new());
            return Err(Stop::Found);
        };
        policy.log.name().clone_into(&mut outcome.origin);
        outcome.quorum = policy.quorum;
        let Some(mark) = mark else { return Ok(policy) };
        if mark.key != self.card.key {
            restored::judge(self.source, mark, self.card, &policy, &mut outcome.findings).await?;
            return Err(Stop::Found);
        }
        let known = log::known_policy(mark).ok_or(BookError::Damaged)?;
        if known.is_weakened_by(&policy) {
            outcome.findings.add(Name::PolicyWeaker, "", Vec::new());
            return Ok(known);
        }
        Ok(policy)
    }

    /// Replays up to a checkpoint. Heads that are not there are given back.
    async fn advance(
        &self,
        book: &mut Book,
        at: &mut At,
        signed: &Signed,
        outcome: &mut Outcome,
    ) -> Result<Vec<NamedHead>, Stop> {
        let findings = &mut outcome.findings;
        let mut openings = Walk::new(self.source, List::Openings);
        openings.seek(&at.tree.leaves().to_be_bytes(), u32::MAX);
        let mut reading = Reading::new(self.source, signed, at.tree.clone(), at.checkpoint.clone());
        let mut missing = Vec::new();
        while let Some((first, entries)) = reading.next(findings).await {
            for (index, entry) in (first..).zip(&entries) {
                let opened = opening(&mut openings, index, findings).await?;
                at.replay.entry(book, entry, opened.as_deref(), findings)?;
            }
            if at.replay.heads.len() >= HEADS_AT_ONCE {
                let named = std::mem::take(&mut at.replay.heads);
                missing.extend(heads::examine(self.source, book, named, findings).await?);
            }
        }
        at.tree = reading.finish(findings).await.ok_or(Stop::Found)?;
        at.checkpoint = signed.bytes.to_vec();
        let named = std::mem::take(&mut at.replay.heads);
        missing.extend(heads::examine(self.source, book, named, findings).await?);
        Ok(missing)
    }

    /// Reads on until what happened meanwhile is explained, or for as long as the plan waits. The last checkpoint.
    async fn settle(
        &self,
        book: &mut Book,
        at: &mut At,
        policy: &Policy,
        (missing, unknown): (&mut Vec<NamedHead>, &BTreeSet<Id>),
        outcome: &mut Outcome,
    ) -> Result<Option<Signed>, Stop> {
        let (mut last, mut waited) = (None, 0);
        loop {
            let Some(signed) = log::checkpoint(self.source, policy, &mut outcome.findings).await? else {
                return Err(Stop::Found);
            };
            if signed.tree.size < at.tree.leaves() {
                outcome
                    .findings
                    .add(Name::LogShrunk, signed.tree.size.to_string(), Vec::new());
                return Err(Stop::Found);
            }
            // Behind slow witnesses the map waits for them, some rounds long.
            if signed.tree.size > at.tree.leaves() && policy.quorum == 0 {
                at.replay.goes_on();
            }
            missing.extend(self.advance(book, at, &signed, outcome).await?);
            last = Some(signed).or(last);
            if self.is_explained(book, at, (missing, unknown), outcome)? || waited >= self.plan.patience {
                return Ok(last);
            }
            self.source.wait(PAUSE).await;
            waited += PAUSE;
        }
    }

    /// Whether nothing is missing that a later entry could explain.
    fn is_explained(
        &self,
        book: &Book,
        at: &At,
        (missing, unknown): (&[NamedHead], &BTreeSet<Id>),
        outcome: &Outcome,
    ) -> Result<bool, BookError> {
        let mut open = !at.replay.owed.is_empty();
        for id in unknown {
            open |= !heads::is_logged(book, id)?;
        }
        for head in missing {
            open |= book.fate(head.index)? != Some(Fate::Closed);
        }
        for lost in outcome.sample.iter().flat_map(|sample| &sample.lost) {
            open |= lives(book, at, &lost.0)?;
        }
        Ok(!open)
    }

    /// What stays unexplained.
    fn judge(
        &self,
        book: &Book,
        at: &mut At,
        missing: &[NamedHead],
        before: u64,
        outcome: &mut Outcome,
    ) -> Result<(), BookError> {
        for head in missing {
            if book.fate(head.index)? != Some(Fate::Closed) {
                let place = format!("{}: {}", shared::CollectionId(head.collection_id), head.head_no);
                outcome.findings.add(Name::HeadMissing, place, Vec::new());
            }
        }
        let lost = outcome.sample.as_ref().map(|sample| sample.lost.clone());
        for (id, chunk) in lost.unwrap_or_default() {
            if lives(book, at, &id)? {
                let place = format!("{}: {chunk}", shared::BodyId(id));
                outcome.findings.add(Name::ChunkLost, place, Vec::new());
            }
        }
        if let Some(census) = &outcome.census {
            let sizes = (before, at.tree.leaves());
            census::compare(book, census, sizes, self.source.now(), &mut outcome.findings)?;
        }
        at.replay.settle(&mut outcome.findings);
        Ok(())
    }

    fn mark(&self, book: &mut Book, at: &mut At, last: &Signed) -> Result<Mark, BookError> {
        let mut mark = Mark {
            key: self.card.key.clone(),
            witnesses: self.card.witnesses.clone(),
            quorum: self.card.quorum,
            max_age: self.card.max_age,
            strict: self.card.strict,
            size: at.tree.leaves(),
            complete: at.tree.complete().to_vec(),
            checkpoint: last.bytes.to_vec(),
            witnessed: last.witnessed,
            map_root: [0; 32],
            covered: 0,
            uncovered: Vec::new(),
        };
        at.replay.keep(book, &mut mark)?;
        Ok(mark)
    }
}

/// How far an audit is.
struct At {
    tree: Growing,
    replay: Replay,
    checkpoint: Vec<u8>,
}

impl At {
    fn new(mark: Option<&Mark>) -> Self {
        let tree = mark.and_then(|mark| Growing::resume(mark.size, mark.complete.clone()));
        Self {
            tree: tree.unwrap_or_default(),
            replay: Replay::new(mark),
            checkpoint: mark.map(|mark| mark.checkpoint.clone()).unwrap_or_default(),
        }
    }
}

/// The opening of an entry, out of the list of those that there are.
async fn opening(
    openings: &mut Walk<'_>,
    index: u64,
    findings: &mut Findings,
) -> Result<Option<Vec<u8>>, Stop> {
    let next = match openings.peek().await {
        Ok(next) => next,
        Err(SourceError::NotAdmitted) => return Err(SourceError::NotAdmitted.into()),
        Err(SourceError::None) => {
            findings.add(Name::ListWithheld, List::Openings.name(), Vec::new());
            return Err(Stop::Found);
        }
    };
    if next.is_none_or(|record| record.key != index.to_be_bytes()) {
        return Ok(None);
    }
    let opened = next.map(|record| record.value.clone());
    openings.skip();
    Ok(opened)
}

/// Whether the log says that a body lives.
fn lives(book: &Book, at: &At, id: &crypto::id::Id) -> Result<bool, BookError> {
    let mut lives = false;
    book.bodies(at.tree.leaves(), |_, fate| {
        lives |= matches!(fate, Fate::Body { body_id, .. } if body_id == *id);
    })?;
    Ok(lives)
}

/// The folder of one deployment among those of an auditor: that of its first log, whatever generation it is at.
#[must_use]
pub fn folder_of(all: &Path, origin: &str) -> PathBuf {
    let first = Origin::parse(origin).map(|origin| Origin {
        generation: 1,
        ..origin
    });
    let name = first.map_or_else(|| origin.to_owned(), |first| first.to_string());
    all.join(base64::HEXLOWER.encode(&sha256(name.as_bytes())[..8]))
}

/// Heads that wait for their bytes, at most.
const HEADS_AT_ONCE: usize = 50_000;
/// Milliseconds between two looks at the checkpoint.
const PAUSE: u32 = 1_000;
