//! Whom a client believes about the log: its key, witnesses, how many of them, how old. spec/log.md section 5.
//!
//! A checkpoint that the policy does not accept proves nothing. Without witnesses nobody but the log vouches for it: a
//! history that is shown to one client alone is then found by what clients carry between them, and not before.

use super::checkpoint::{CheckpointError, SignedCheckpoint};
use super::note::{Kind, NoteError, NoteKey};

/// Whom a client believes about the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The log's own key; its name is the origin.
    pub log: NoteKey,
    /// Who may cosign.
    pub witnesses: Vec<NoteKey>,
    /// How many of them must have; 0 asks none.
    pub quorum: u8,
    /// How old the quorum's cosignatures may be, in seconds.
    pub max_age: u32,
    /// Whether a stale checkpoint stops writing, or is told alone.
    pub strict: bool,
}

/// No policy of this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log's policy is malformed")]
pub struct PolicyError;

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedCheckpoint {
    /// Not the log's, or a signature does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Fewer witnesses than the policy asks for.
    #[error("too few witnesses have signed the checkpoint")]
    Quorum,
}

/// A checkpoint that the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    checkpoint: SignedCheckpoint,
    witnessed: Option<u64>,
}

impl Policy {
    /// A policy whose keys are of their kinds, each witness once and none of them the log, and no more asked for than
    /// there are.
    ///
    /// # Errors
    /// It is none.
    pub fn new(
        log: NoteKey,
        witnesses: Vec<NoteKey>,
        quorum: u8,
        max_age: u32,
        strict: bool,
    ) -> Result<Self, PolicyError> {
        let kinds = log.kind() == Kind::Text && witnesses.iter().all(|key| key.kind() == Kind::Cosignature);
        let once = witnesses
            .iter()
            .enumerate()
            .all(|(i, key)| !witnesses.iter().skip(i + 1).any(|other| other.is_like(key)));
        // A log that witnesses itself vouches for nothing.
        let others = !witnesses.iter().any(|key| key.is_like(&log));
        if kinds && once && others && witnesses.len() <= WITNESSES && usize::from(quorum) <= witnesses.len() {
            Ok(Self {
                log,
                witnesses,
                quorum,
                max_age,
                strict,
            })
        } else {
            Err(PolicyError)
        }
    }

    /// Accepts a checkpoint of this log with a quorum of its witnesses.
    ///
    /// # Errors
    /// [`RefusedCheckpoint`].
    pub fn accept(&self, bytes: &[u8]) -> Result<Accepted, RefusedCheckpoint> {
        let checkpoint = SignedCheckpoint::verify(bytes, &self.log)?;
        let mut times = Vec::with_capacity(self.witnesses.len());
        for witness in &self.witnesses {
            match checkpoint.note().verify(witness) {
                Ok(time) => times.push(time),
                Err(NoteError::Unsigned) => {}
                // A false signature in a witness's name is never an accident.
                Err(error) => return Err(CheckpointError::Note(error).into()),
            }
        }
        if times.len() < usize::from(self.quorum) {
            return Err(RefusedCheckpoint::Quorum);
        }
        times.sort_unstable_by(|a, b| b.cmp(a));
        let witnessed = usize::from(self.quorum)
            .checked_sub(1)
            .and_then(|last| times.get(last));
        Ok(Accepted {
            checkpoint,
            witnessed: witnessed.copied(),
        })
    }

    /// Whether what the quorum had signed at `witnessed` is older than allowed at `now`, both seconds UTC.
    #[must_use]
    pub fn is_stale(&self, witnessed: Option<u64>, now: u64) -> bool {
        witnessed.is_some_and(|time| now > time.saturating_add(self.max_age.into()))
    }

    /// Whether `other` asks for less than this one: another log, fewer of the witnesses that are known here, an older
    /// age, no stop any more. Who is new may fill the quorum alone, and counts for nothing.
    #[must_use]
    pub fn is_weakened_by(&self, other: &Self) -> bool {
        let new = other.witnesses.iter().filter(|key| !self.witnesses.contains(key));
        let known = usize::from(other.quorum).saturating_sub(new.count());
        other.log != self.log
            || known < usize::from(self.quorum)
            || other.max_age > self.max_age
            || (self.strict && !other.strict)
    }
}

impl Accepted {
    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// When the quorum had signed, seconds UTC; `None` where the policy asks no witness.
    #[must_use]
    pub const fn witnessed(&self) -> Option<u64> {
        self.witnessed
    }

    /// Whether it is older than the policy allows at `now`, seconds UTC. Without witnesses nobody knows its age.
    #[must_use]
    pub fn is_stale(&self, policy: &Policy, now: u64) -> bool {
        policy.is_stale(self.witnessed, now)
    }
}

/// Witnesses of one policy, at most.
pub const WITNESSES: usize = 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::checkpoint::Checkpoint;
    use super::super::note::{Note, NoteSigner};
    use super::super::tree::TreeHead;
    use super::*;

    fn witness(number: u8) -> NoteSigner {
        NoteSigner::from_seed(&format!("w{number}.fr"), Kind::Cosignature, &[10 + number; 32]).unwrap()
    }

    fn log() -> NoteSigner {
        NoteSigner::from_seed("a.fr", Kind::Text, &[1; 32]).unwrap()
    }

    fn policy(quorum: u8) -> Policy {
        let witnesses = (0..3).map(|number| witness(number).public().clone()).collect();
        Policy::new(log().public().clone(), witnesses, quorum, 100, false).unwrap()
    }

    fn signed(times: &[(u8, u64)]) -> Note {
        let tree = TreeHead {
            size: 3,
            root: [1; 32],
        };
        let checkpoint = Checkpoint {
            origin: "a.fr".to_owned(),
            tree,
        };
        let text = checkpoint.to_text();
        let note = checkpoint.sign(&log()).unwrap().note().clone();
        times.iter().fold(note, |note, (number, time)| {
            note.join(&witness(*number).sign(&text, *time).unwrap()).unwrap()
        })
    }

    #[test]
    fn a_quorum_is_of_different_witnesses_and_its_age_that_of_its_oldest() {
        let note = signed(&[(0, 50), (1, 90), (2, 70)]);
        let accepted = policy(2).accept(&note.to_bytes()).unwrap();
        assert_eq!(accepted.witnessed(), Some(70));
        assert!(!accepted.is_stale(&policy(2), 170));
        assert!(accepted.is_stale(&policy(2), 171));
        let twice = signed(&[(0, 50), (0, 60)]);
        assert_eq!(
            policy(2).accept(&twice.to_bytes()),
            Err(RefusedCheckpoint::Quorum)
        );
        assert_eq!(
            policy(1).accept(&signed(&[]).to_bytes()),
            Err(RefusedCheckpoint::Quorum)
        );
        assert_eq!(
            policy(0).accept(&signed(&[]).to_bytes()).unwrap().witnessed(),
            None
        );
        // A stranger counts for nothing, and hurts nothing.
        let stranger = signed(&[(0, 50), (7, 50)]);
        assert_eq!(
            policy(2).accept(&stranger.to_bytes()),
            Err(RefusedCheckpoint::Quorum)
        );
        assert!(policy(1).accept(&stranger.to_bytes()).is_ok());
    }

    #[test]
    fn a_forged_cosignature_refuses_the_whole() {
        let honest = signed(&[(0, 50), (1, 50)]);
        let text = String::from_utf8(honest.to_bytes()).unwrap();
        let line = text.lines().last().unwrap();
        let bytes = base64::BASE64
            .decode(line.rsplit(' ').next().unwrap().as_bytes())
            .unwrap();
        for bit in [0, 63, 64, 64 + 511] {
            let mut other = bytes.clone();
            other[4 + bit / 8] ^= 1 << (bit % 8);
            let forged = text.replace(line, &format!("— w1.fr {}", base64::BASE64.encode(&other)));
            let refused = Err(CheckpointError::Note(NoteError::Signature).into());
            assert_eq!(policy(1).accept(forged.as_bytes()), refused, "bit {bit}");
        }
    }

    #[test]
    fn what_asks_for_less_is_weaker() {
        let two = policy(2);
        let change = |change: fn(&mut Policy)| {
            let mut other = two.clone();
            change(&mut other);
            two.is_weakened_by(&other)
        };
        assert!(!two.is_weakened_by(&two));
        assert!(!change(|other| other.quorum = 3));
        assert!(!change(|other| other.max_age = 50));
        assert!(!change(|other| other.strict = true));
        assert!(change(|other| other.quorum = 1));
        assert!(change(|other| other.max_age = 101));
        assert!(change(|other| other.witnesses.push(witness(9).public().clone())));
        assert!(!change(|other| {
            other.witnesses.push(witness(9).public().clone());
            other.quorum = 3;
        }));
        assert!(!policy(0).is_weakened_by(&two));
        assert!(change(|other| other.log =
            NoteSigner::from_seed("a.fr", Kind::Text, &[9; 32])
                .unwrap()
                .public()
                .clone()));
    }

    #[test]
    fn a_policy_has_keys_of_their_kinds_each_once() {
        let (log, w) = (log().public().clone(), witness(0).public().clone());
        assert!(Policy::new(log.clone(), vec![w.clone()], 1, 1, true).is_ok());
        assert_eq!(
            Policy::new(log.clone(), vec![w.clone()], 2, 1, true),
            Err(PolicyError)
        );
        assert_eq!(
            Policy::new(log.clone(), vec![w.clone(), w.clone()], 1, 1, true),
            Err(PolicyError)
        );
        assert_eq!(Policy::new(w.clone(), vec![], 0, 1, true), Err(PolicyError));
        let itself = NoteSigner::from_seed("other.fr", Kind::Cosignature, &[1; 32]).unwrap();
        assert_eq!(
            Policy::new(log.clone(), vec![itself.public().clone()], 1, 1, true),
            Err(PolicyError)
        );
        assert_eq!(
            Policy::new(log.clone(), vec![log.clone()], 1, 1, true),
            Err(PolicyError)
        );
    }
}
