//! Tags: where those who hold a collection's or an account's key find its entries in the log, and nobody else does.
//!
//! ```text
//! head n of a collection:   KDF(KDF(K_epoch, k/log, collection_id, 32), log-tag, n u64, 16)
//! manifest v of an account: KDF(KDF(ARK, k/log, account_id, 32), log-tag, v u64, 16)
//! the charter that ends an epoch, the manifest that ends an ark_gen: the same with n = 2^64-1
//! ```
//!
//! spec/log.md section 2.

use super::entry::Tag;
use crate::account::keys::Ark;
use crate::collection::keys::EpochKey;
use crate::id::Id;
use crate::label::Label;
use crate::primitives::kdf;
use crate::secret::Key32;

/// Finds the entries of one collection's epoch, or of one account.
pub struct LogKey(Key32);

impl LogKey {
    /// Of a collection's epoch.
    #[must_use]
    pub fn of_collection(epoch: &EpochKey, collection_id: &Id) -> Self {
        Self::derive(epoch.key(), collection_id)
    }

    /// Of an account.
    #[must_use]
    pub fn of_account(ark: &Ark, account_id: &Id) -> Self {
        Self::derive(ark.key(), account_id)
    }

    /// The tag of head or manifest number `n`.
    #[must_use]
    pub fn tag(&self, n: u64) -> Tag {
        *kdf::derive::<16>(self.0.expose(), Label::LogTag, &[&n.to_be_bytes()])
    }

    /// The tag of what ends the epoch or the account key.
    #[must_use]
    pub fn end_tag(&self) -> Tag {
        self.tag(u64::MAX)
    }

    fn derive(key: &Key32, id: &Id) -> Self {
        Self(Key32::new(*kdf::derive::<32>(key.expose(), Label::KLog, &[id])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_of_one_key_one_thing_and_one_number() {
        let epoch = |byte| EpochKey::new(Key32::new([byte; 32]));
        let key = LogKey::of_collection(&epoch(1), &[1; 16]);
        assert_eq!(key.tag(3), LogKey::of_collection(&epoch(1), &[1; 16]).tag(3));
        let others = [
            key.tag(4),
            key.end_tag(),
            LogKey::of_collection(&epoch(2), &[1; 16]).tag(3),
            LogKey::of_collection(&epoch(1), &[2; 16]).tag(3),
        ];
        assert!(!others.contains(&key.tag(3)));
    }
}
