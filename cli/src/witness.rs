//! `civis audit witness`: cosigns what a log asks to have signed, if it continues all that this witness has signed.
//!
//! Keeps how far it has seen the log in one file, durable before it signs: a witness that was stopped anywhere never
//! signs two histories. It needs no admission: entries, tiles and checkpoints are public.

use std::io::{self, Write};
use std::path::Path;

use crypto::audit::note::{Note, NoteKey, NoteSigner};
use crypto::audit::tree::Growing;
use serde::{Deserialize, Serialize};

use crate::audit::finding::{Findings, Name, Piece};
use crate::audit::log::{Reading, Signed, read_checkpoint};
use crate::audit::source::{Source, SourceError};

/// Why nothing was signed, beside what is wrong with the log.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// See [`SourceError`].
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The file of the state cannot be read or written.
    #[error("the state of this witness: {0}")]
    File(#[from] io::Error),
    /// The state is damaged. A witness that has lost it must not sign any more: nobody knows what it has signed.
    #[error(
        "the state of this witness is damaged: put its copy back, or become a witness anew under a new key"
    )]
    State,
    /// The key is no witness's.
    #[error("this key is not one of a witness")]
    Key,
}

/// How far a witness has seen a log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    format: String,
    log: String,
    size: u64,
    complete: Vec<[u8; 32]>,
    checkpoint: Vec<u8>,
}

/// What came of one round: the size that was signed, or what is wrong.
#[derive(Debug)]
pub enum Round {
    /// Signed, and the log has taken it.
    Signed(u64),
    /// Nothing was signed.
    Refused(Findings),
}

/// Looks at the log once, and signs what it asks to have signed.
///
/// # Errors
/// [`WitnessError`]: nothing was signed.
pub async fn round(
    source: &Source,
    signer: &NoteSigner,
    expected: Option<&NoteKey>,
    state: &Path,
) -> Result<Round, WitnessError> {
    let seen = read(state)?;
    let card = source.card().await?;
    let mut findings = Findings::default();
    let key = NoteKey::parse(&card.key).ok();
    let is_known = |key: &NoteKey| {
        expected.is_none_or(|expected| expected == key)
            && seen.as_ref().is_none_or(|seen| seen.log == key.to_string())
    };
    let Some(key) = key.filter(is_known) else {
        findings.add(Name::LogKey, card.key, Vec::new());
        return Ok(Round::Refused(findings));
    };
    let bytes = source.newest().await?;
    let Some(checkpoint) = read_checkpoint(&bytes, &key) else {
        findings.add(Name::Checkpoint, "", vec![Piece::new("checkpoint", &bytes)]);
        return Ok(Round::Refused(findings));
    };
    let signed = Signed {
        tree: *checkpoint.tree(),
        bytes,
        witnessed: 0,
    };
    let before = match &seen {
        None => Growing::default(),
        Some(seen) => Growing::resume(seen.size, seen.complete.clone()).ok_or(WitnessError::State)?,
    };
    let last = seen.map(|seen| seen.checkpoint).unwrap_or_default();
    let Some(tree) = grown(source, &signed, before, last, &mut findings).await else {
        return Ok(Round::Refused(findings));
    };
    keep(state, &key, &tree, &signed)?;
    let note = cosigned(checkpoint.note(), signer, source.now()).ok_or(WitnessError::Key)?;
    source.cosign(note).await?;
    Ok(Round::Signed(signed.tree.size))
}

/// The tree at a checkpoint, read entry by entry from what was seen before; nothing where it does not go on from there.
async fn grown(
    source: &Source,
    signed: &Signed,
    before: Growing,
    last: Vec<u8>,
    findings: &mut Findings,
) -> Option<Growing> {
    if signed.tree.size < before.leaves() {
        let proof = vec![
            Piece::new("checkpoint of before", &last),
            Piece::new("checkpoint of now", &signed.bytes),
        ];
        let place = format!("{} < {}", signed.tree.size, before.leaves());
        findings.add(Name::LogShrunk, place, proof);
        return None;
    }
    let mut reading = Reading::new(source, signed, before, last);
    while reading.next(findings).await.is_some() {}
    let tree = reading.finish(findings).await?;
    findings.is_empty().then_some(tree)
}

fn cosigned(note: &Note, signer: &NoteSigner, now: u64) -> Option<Vec<u8>> {
    let own = signer.sign(note.text(), now).ok()?;
    Some(own.to_bytes())
}

fn read(path: &Path) -> Result<Option<Seen>, WitnessError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let seen: Seen = serde_json::from_slice(&bytes).map_err(|_| WitnessError::State)?;
            (seen.format == FORMAT)
                .then_some(Some(seen))
                .ok_or(WitnessError::State)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whole and durable, or as it was before.
fn keep(path: &Path, key: &NoteKey, tree: &Growing, signed: &Signed) -> Result<(), WitnessError> {
    let seen = Seen {
        format: FORMAT.to_owned(),
        log: key.to_string(),
        size: tree.leaves(),
        complete: tree.complete().to_vec(),
        checkpoint: signed.bytes.to_vec(),
    };
    let bytes = serde_json::to_vec(&seen).map_err(io::Error::other)?;
    let unfinished = path.with_extension("unfinished");
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()?;
    Ok(())
}

const FORMAT: &str = "civis-witness-1";
