//! Accounts: round trips, frozen bytes, and every alteration refused (checklist 1, 5, 6, 8, 9, 10, 20, 21, 24, 28, 38).

mod bundle;
mod frozen;
mod record;
mod slot;
mod words;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::keys::Ark;
use crypto::account::secrets::{Identity, Secrets};
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

/// Everything that differs from `bytes` in one bit, first bit of the first byte first.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

/// Compares with the frozen file, or writes it when `CIVIS_WRITE_VECTORS` is set.
pub(crate) fn assert_frozen(name: &str, value: &serde_json::Value) {
    let path = format!("{}/../spec/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("CIVIS_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(value).unwrap();
        std::fs::write(&path, text + "\n").unwrap();
    }
    let frozen: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        value, &frozen,
        "{name} changed: a stored format is no longer what it was"
    );
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
