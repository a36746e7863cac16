//! `civis audit evidence FILE`: what somebody's kept evidence proves to a person who saw neither side.
//!
//! Needs nothing but the file and, for what a log has signed, the log's key from a place that is trusted. The judge
//! separates what proves itself from what is the word of whoever hands the file over. `spec/evidence.md`, section 2.

use crypto::audit::checkpoint::SignedCheckpoint;
use crypto::audit::note::NoteKey;
use crypto::collection::charter::Charter;
use crypto::collection::head::{Head, SignedHead};
use sdk::Check;
use sdk::evidence::{Evidence, Export, Known};

/// What a piece of evidence is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worth {
    /// It proves by itself what it says: both sides are signed and contradict each other.
    Proven(Proof),
    /// It is whole and of one piece; that the server sent it is the word of whoever hands it over.
    Claimed,
    /// It needs the log's key, or another one than the one given.
    NeedsKey,
}

/// What is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The log has signed two roots for one size.
    TwoHistories {
        /// Of both.
        size: u64,
        /// Witnesses' signatures that hold on the one, and on the other.
        witnesses: [usize; 2],
    },
    /// One collection has two heads of one number, both under its own charter's keys.
    TwoHeads {
        /// Their number.
        number: u64,
    },
}

/// A file of evidence that does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this file is not evidence that Civis has written, or was changed since")]
pub struct Unreadable;

/// One piece, judged.
#[derive(Debug)]
pub struct Judged {
    /// The check that failed.
    pub check: Check,
    /// When, by the clock of the device.
    pub when: u64,
    /// What it is worth.
    pub worth: Worth,
}

/// Judges every piece of a file.
///
/// # Errors
/// [`Unreadable`].
pub fn judge(bytes: &[u8], log: Option<&NoteKey>, witnesses: &[NoteKey]) -> Result<Vec<Judged>, Unreadable> {
    let export = Export::parse(bytes).map_err(|_| Unreadable)?;
    let judged = export.pieces.iter().map(|piece| Judged {
        check: piece.check,
        when: piece.when,
        worth: worth(piece, log, witnesses),
    });
    Ok(judged.collect())
}

fn worth(piece: &Evidence, log: Option<&NoteKey>, witnesses: &[NoteKey]) -> Worth {
    if let Some(proof) = two_heads(piece) {
        return Worth::Proven(proof);
    }
    if piece.check != Check::LogForked {
        return Worth::Claimed;
    }
    let Some(log) = log else { return Worth::NeedsKey };
    let verified = |bytes: &[u8]| SignedCheckpoint::verify(bytes, log).ok();
    let Some(now) = verified(piece.bytes.as_slice()) else {
        return Worth::NeedsKey;
    };
    let before = piece.known.iter().filter_map(|known| match known {
        Known::Checkpoint { signed, .. } => verified(signed.as_ref()?.as_slice()),
        _ => None,
    });
    let contradicts = |before: &SignedCheckpoint| {
        before.tree().size == now.tree().size && before.tree().root != now.tree().root
    };
    match before.into_iter().find(contradicts) {
        Some(before) => {
            let signed_by = |checkpoint: &SignedCheckpoint| {
                let holds = |key: &&NoteKey| checkpoint.note().verify(key).is_ok();
                witnesses.iter().filter(holds).count()
            };
            Worth::Proven(Proof::TwoHistories {
                size: now.tree().size,
                witnesses: [signed_by(&before), signed_by(&now)],
            })
        }
        None => Worth::Claimed,
    }
}

/// Two heads of one number under one genesis charter, which is its own authority: its hash is the collection's id.
fn two_heads(piece: &Evidence) -> Option<Proof> {
    let charters = piece.known.iter().filter_map(|known| match known {
        Known::Charter { signed, .. } => Charter::parse(signed.as_ref()?.as_slice()).ok(),
        _ => None,
    });
    let charters: Vec<_> = charters
        .filter_map(|charter| {
            let id = *charter.collection_id();
            charter.verify_genesis(&id).ok()
        })
        .collect();
    let head = |bytes: &[u8]| -> Option<SignedHead> {
        let head = Head::parse(bytes).ok()?;
        let charter = charters
            .iter()
            .find(|charter| charter.hash() == head.charter_hash())?;
        head.verify(charter).ok()
    };
    let shown = head(piece.bytes.as_slice())?;
    let known = piece.known.iter().filter_map(|known| match known {
        Known::Head { signed, .. } => head(signed.as_ref()?.as_slice()),
        _ => None,
    });
    let contradicts = |known: &SignedHead| {
        known.head_no() == shown.head_no()
            && known.collection_id() == shown.collection_id()
            && known.hash() != shown.hash()
    };
    known.into_iter().find(contradicts).map(|_| Proof::TwoHeads {
        number: shown.head_no(),
    })
}
