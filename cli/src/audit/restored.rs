//! Another log than the last audit saw: one that goes on from a backup and says so, or a stranger's (A2).

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::entry::Entry;
use crypto::audit::note::NoteKey;
use crypto::audit::origin::Origin;
use crypto::audit::policy::Policy;
use crypto::audit::tile::{Kind, Tile, WIDTH};
use shared::audit::LogCard;

use super::book::Mark;
use super::finding::{Findings, Name, Piece};
use super::log;
use super::source::{Source, SourceError};

/// Names it: `restored` where the log before vouches for it with its last checkpoint, `log_key` otherwise.
///
/// What was kept of the log before cannot be held against it here: an auditor keeps no old entries. People's own devices
/// do that (`spec/flows.md`, section 11).
///
/// # Errors
/// [`SourceError`].
pub async fn judge(
    source: &Source,
    mark: &Mark,
    card: &LogCard,
    policy: &Policy,
    findings: &mut Findings,
) -> Result<(), SourceError> {
    let Some(signed) = log::checkpoint(source, policy, findings).await? else {
        return Ok(());
    };
    let entry = match index(mark, card) {
        Some(index) => read(source, index, signed.tree.size).await,
        None => None,
    };
    let proof = vec![
        Piece::new("checkpoint of before", &mark.checkpoint),
        Piece::new("checkpoint of now", &signed.bytes),
        Piece::new("entry", entry.as_deref().unwrap_or_default()),
    ];
    match entry.and_then(|entry| last_of_before(mark, &entry)) {
        Some(last) => {
            let kept = card.restored_at.unwrap_or_default();
            let place = format!("{} -> {}: {last}, {kept}", mark.key, card.key);
            findings.add(Name::Restored, place, proof);
        }
        None => {
            let place = format!("{} -> {}", mark.key, card.key);
            findings.add(Name::LogKey, place, proof);
        }
    }
    Ok(())
}

/// Where the entry about the log of the last audit must stand.
fn index(mark: &Mark, card: &LogCard) -> Option<u64> {
    let origin = |key: &str| Origin::parse(NoteKey::parse(key).ok()?.name());
    let steps = origin(&mark.key)?.steps_to(&origin(&card.key)?)?;
    card.restored_at?.checked_add(u64::from(steps) - 1)
}

async fn read(source: &Source, index: u64, size: u64) -> Option<Vec<u8>> {
    let tile = Tile::at(Kind::Entries, index / u64::from(WIDTH), size)?;
    let bytes = source.tile(&tile).await.ok()?;
    let entries = tile.entries(&bytes)?;
    let entry = entries.get((index % u64::from(WIDTH)) as usize)?;
    Some(entry.to_vec())
}

/// The size of the last checkpoint of the log before, where the entry is about it and it covers what the last audit saw.
fn last_of_before(mark: &Mark, entry: &[u8]) -> Option<u64> {
    let Ok(Entry::Predecessor {
        origin, checkpoint, ..
    }) = Entry::parse(entry)
    else {
        return None;
    };
    let key = NoteKey::parse(&mark.key).ok()?;
    let last = SignedCheckpoint::verify(&checkpoint, &key).ok()?;
    (origin == key.name() && last.tree().size >= mark.size).then_some(last.tree().size)
}
