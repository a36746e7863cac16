//! The witnesses of the log: which checkpoint they are asked to sign, what they have signed, and which one counts
//! (`spec/log.md`, section 6).
//!
//! Checkpoints come every half a minute, and each witness when it comes. So one checkpoint stays the one to sign until
//! its quorum has signed it; only then the newest one takes its place. Of the checkpoints that count one after the other
//! the third was therefore made after the first was served: clients rely on it for what they wrote.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use crypto::audit::checkpoint::{CheckpointError, SignedCheckpoint};
use crypto::audit::note::{Note, NoteError, NoteKey};
use crypto::audit::policy::Policy;

use super::keep::{self, ASKED, LogError, Memory, WITNESSED};

/// What the witnesses of a log have signed.
pub(crate) struct Witnessed {
    policy: Policy,
    /// Of what counts, and of what is asked; none where nothing is kept.
    files: Option<(PathBuf, PathBuf)>,
    /// One change at a time.
    turn: Mutex<()>,
    heads: RwLock<Heads>,
}

/// Both only grow.
#[derive(Clone, Default)]
struct Heads {
    /// The newest that its quorum has signed.
    counts: Option<SignedCheckpoint>,
    /// A longer one, signed by fewer.
    asked: Option<SignedCheckpoint>,
}

/// Why a cosignature was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is no note.
    Malformed,
    /// It is of no checkpoint that is to be signed, or counts.
    Other,
    /// No witness of this log has signed it.
    Unknown,
    /// In the name of a witness, and false.
    False,
    /// It could not be kept.
    Kept,
}

impl Witnessed {
    /// What was signed before this start, as far as it still counts under this policy.
    pub(super) fn open(policy: Policy, memory: &Memory, newest: &SignedCheckpoint) -> Result<Self, LogError> {
        let files = memory.beside(WITNESSED).zip(memory.beside(ASKED));
        // Where nobody is asked the newest counts: what did before is less, and must never be served again.
        let files = match files {
            Some((counts, asked)) if policy.quorum == 0 => {
                keep::remove(&counts)?;
                keep::remove(&asked)?;
                None
            }
            files => files,
        };
        let mut this = Self {
            policy,
            files,
            turn: Mutex::default(),
            heads: RwLock::default(),
        };
        if let Some((counts, asked)) = &this.files {
            let (counts, asked) = (this.read(counts, newest)?, this.read(asked, newest)?);
            let counts = counts.filter(|counts| this.is_enough(counts));
            let size = counts.as_ref().map_or(0, |counts| counts.tree().size);
            let asked = asked.filter(|asked| counts.is_none() || asked.tree().size > size);
            // Fewer may be asked for than before.
            let heads = match asked {
                Some(asked) if this.is_enough(&asked) => Heads {
                    counts: Some(asked),
                    asked: None,
                },
                asked => Heads { counts, asked },
            };
            this.heads = RwLock::new(heads);
        }
        this.ask(newest)?;
        Ok(this)
    }

    /// The checkpoint that counts, `newest` being the newest; none before the first quorum.
    pub(super) fn counts(&self, newest: SignedCheckpoint) -> Option<SignedCheckpoint> {
        let counts = self.heads().counts;
        if self.policy.quorum > 0 {
            return counts;
        }
        let is_same = |counts: &SignedCheckpoint| counts.note().text() == newest.note().text();
        Some(counts.filter(is_same).unwrap_or(newest))
    }

    /// The checkpoint that the witnesses are asked to sign: where nothing was written since, the one that counts, again.
    pub(super) fn asked(&self, newest: SignedCheckpoint) -> SignedCheckpoint {
        let heads = self.heads();
        heads.asked.or(heads.counts).unwrap_or(newest)
    }

    /// Has the newest checkpoint signed, unless another one is not signed yet.
    pub(super) fn ask(&self, newest: &SignedCheckpoint) -> Result<(), LogError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut heads = self.heads();
        let size = newest.tree().size;
        let is_signed = heads
            .counts
            .as_ref()
            .is_some_and(|counts| counts.tree().size >= size);
        if self.policy.witnesses.is_empty() || heads.asked.is_some() || is_signed {
            return Ok(());
        }
        if let Some((_, asked)) = &self.files {
            keep::write(asked, &newest.note().to_bytes())?;
        }
        heads.asked = Some(newest.clone());
        self.set(heads);
        Ok(())
    }

    /// Takes the signatures of witnesses. They are on the disk before this returns.
    pub(crate) fn cosign(&self, note: &[u8]) -> Result<(), Refused> {
        let note = Note::parse(note).map_err(|_| Refused::Malformed)?;
        if self.policy.witnesses.is_empty() {
            return Err(Refused::Unknown);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Heads { counts, asked } = self.heads();
        let is_it = |checkpoint: &&SignedCheckpoint| checkpoint.note().text() == note.text();
        if let Some(before) = asked.as_ref().filter(is_it) {
            let signed = self.join(before, &note)?;
            let heads = if self.is_enough(&signed) {
                Heads {
                    counts: Some(signed),
                    asked: None,
                }
            } else {
                Heads {
                    counts,
                    asked: Some(signed),
                }
            };
            return self.keep(heads);
        }
        let before = counts.as_ref().filter(is_it).ok_or(Refused::Other)?;
        let signed = self.join(before, &note)?;
        self.keep(Heads {
            counts: Some(signed),
            asked,
        })
    }

    /// The signatures of this log's witnesses besides those that the checkpoint has, of each the newest.
    fn join(&self, checkpoint: &SignedCheckpoint, note: &Note) -> Result<SignedCheckpoint, Refused> {
        let mut signed = checkpoint.clone();
        let mut known = 0;
        for witness in &self.policy.witnesses {
            signed = match signed.clone().cosigned(note, witness) {
                Ok(signed) => {
                    known += 1;
                    signed
                }
                Err(CheckpointError::Note(NoteError::Unsigned)) => signed,
                Err(_) => return Err(Refused::False),
            };
        }
        if known == 0 {
            Err(Refused::Unknown)
        } else {
            Ok(signed)
        }
    }

    fn keep(&self, heads: Heads) -> Result<(), Refused> {
        if let Some((counts, asked)) = &self.files {
            self.write(&heads, counts, asked).map_err(|error| {
                tracing::error!(%error, "a cosignature was not kept");
                Refused::Kept
            })?;
        }
        self.set(heads);
        Ok(())
    }

    /// What counts first: beside it a shorter one that was asked for says nothing, whenever this is cut off.
    fn write(&self, heads: &Heads, counts: &Path, asked: &Path) -> Result<(), LogError> {
        let before = self.heads();
        if heads.counts != before.counts
            && let Some(checkpoint) = &heads.counts
        {
            keep::write(counts, &checkpoint.note().to_bytes())?;
        }
        match &heads.asked {
            Some(checkpoint) if heads.asked != before.asked => {
                keep::write(asked, &checkpoint.note().to_bytes())
            }
            None if before.asked.is_some() => keep::remove(asked),
            _ => Ok(()),
        }
    }

    /// A checkpoint of this log, with those signatures of its witnesses that hold.
    fn read(&self, path: &Path, newest: &SignedCheckpoint) -> Result<Option<SignedCheckpoint>, LogError> {
        let Some(bytes) = keep::read(path)? else {
            return Ok(None);
        };
        let Ok(checkpoint) = SignedCheckpoint::verify(&bytes, &self.policy.log) else {
            // Witnesses sign again; nothing counts until they have.
            tracing::warn!(file = %path.display(), "the witnesses' signatures do not read");
            return Ok(None);
        };
        if checkpoint.tree().size > newest.tree().size {
            return Err(LogError::Shrunk);
        }
        let signers = self.signers(&checkpoint);
        Ok(Some(checkpoint.only(&self.policy.log, &signers)))
    }

    fn signers(&self, checkpoint: &SignedCheckpoint) -> Vec<&NoteKey> {
        let holds = |witness: &&NoteKey| checkpoint.note().verify(witness).is_ok();
        self.policy.witnesses.iter().filter(holds).collect()
    }

    fn is_enough(&self, checkpoint: &SignedCheckpoint) -> bool {
        self.signers(checkpoint).len() >= usize::from(self.policy.quorum.max(1))
    }

    fn heads(&self) -> Heads {
        self.heads.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, heads: Heads) {
        *self.heads.write().unwrap_or_else(PoisonError::into_inner) = heads;
    }
}
