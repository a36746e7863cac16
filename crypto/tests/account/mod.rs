//! Accounts: round trips, frozen bytes, and every alteration refused (checklist 1, 5, 6, 8, 9, 10, 20, 21, 24, 28, 38).

mod bundle;
mod frozen;
mod record;
mod resume;
mod slot;
mod words;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::keys::Ark;
use crypto::account::manifest::LogPin;
use crypto::account::secrets::{Identity, Secrets};
use crypto::audit::note::{Kind, NoteSigner};
use crypto::audit::policy::Policy;
use crypto::audit::tree::TreeHead;
use crypto::random::{Random, RandomError};

use crate::support::FixedRandom;

/// Gives a number of draws, then fails.
pub(crate) struct Failing {
    /// Draws that succeed.
    pub(crate) good: usize,
}

impl Random for Failing {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        self.good = self.good.checked_sub(1).ok_or(RandomError)?;
        out.fill(0x42);
        Ok(())
    }
}

/// A log with one witness, seen at some size.
pub(crate) fn log_pin() -> LogPin {
    let key = |name, kind, seed| NoteSigner::from_seed(name, kind, &[seed; 32]).unwrap();
    let log = key("civis/AAAAAAAAAAAAAAAAAAAAAA", Kind::Text, 1);
    let witness = key("temoin.exemple.fr", Kind::Cosignature, 2);
    let witnesses = vec![witness.public().clone()];
    LogPin {
        policy: Policy::new(log.public().clone(), witnesses, 1, 86_400, false).unwrap(),
        tree: TreeHead {
            size: 7,
            root: [9; 32],
        },
    }
}

/// Everything that differs from `bytes` in one bit, first bit of the first byte first.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

/// One account with all its keys.
struct Owner {
    account_id: [u8; 16],
    ark: Ark,
    secrets: Secrets,
    bundle: VerifiedBundle,
    rng: FixedRandom,
}

impl Owner {
    fn new(name: &str) -> Self {
        let mut rng = FixedRandom::new(name);
        let account_id = rng.bytes(16).try_into().unwrap();
        let ark = Ark::make(&mut rng).unwrap();
        let secrets = Secrets::make(Identity::make(1_763_000_000, &mut rng).unwrap(), &mut rng).unwrap();
        let bundle = VerifiedBundle::make(&account_id, secrets.current().unwrap()).unwrap();
        Self {
            account_id,
            ark,
            secrets,
            bundle,
            rng,
        }
    }

    fn identity(&self) -> &Identity {
        self.secrets.current().unwrap()
    }
}
