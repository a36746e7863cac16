//! The keys of a collection: K_epoch, and the write and admin keys that sign heads and charters.
//!
//! Each is its own type, so that one cannot stand for another. spec/collection.md section 1.

use std::collections::BTreeMap;

use crate::primitives::signature::{SigningKey, VerifyingKey};
use crate::random::{Random, RandomError};
use crate::secret::key_of_one_purpose;

key_of_one_purpose! {
    /// K_epoch: seals charter box, head box and pages of one epoch of one collection.
    EpochKey;
}

macro_rules! signing_key {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SigningKey);

        impl $name {
            /// Makes a fresh random key.
            ///
            /// # Errors
            /// No randomness.
            pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
                SigningKey::make(random).map(Self)
            }

            /// The key of a 32-byte seed, as manifest and grants carry it.
            #[must_use]
            pub fn from_seed(seed: &[u8; 32]) -> Self {
                Self(SigningKey::from_seed(seed))
            }

            /// The seed, for a sealed record alone.
            #[must_use]
            pub fn expose_seed(&self) -> &[u8; 32] {
                self.0.expose_seed()
            }

            /// The public half, as the charter names it.
            #[must_use]
            pub fn public(&self) -> VerifyingKey {
                self.0.verifying_key()
            }

            pub(super) const fn signing_key(&self) -> &SigningKey {
                &self.0
            }
        }
    )*};
}

signing_key! {
    /// Signs the heads of one epoch (role write).
    WriteKey;
    /// Signs the next charter, and heads that purge at once (role admin).
    AdminKey;
}

/// Every K_epoch that a member holds of one collection: a page keeps its epoch until it is rewritten.
#[derive(Clone, Default)]
pub struct EpochKeys(BTreeMap<u32, EpochKey>);

impl EpochKeys {
    /// The keys of a collection that has one epoch.
    #[must_use]
    pub fn of(epoch: u32, key: EpochKey) -> Self {
        Self(BTreeMap::from([(epoch, key)]))
    }

    /// Adds or replaces the key of an epoch.
    pub fn insert(&mut self, epoch: u32, key: EpochKey) {
        self.0.insert(epoch, key);
    }

    /// The key of an epoch, if it is held.
    #[must_use]
    pub fn key(&self, epoch: u32) -> Option<&EpochKey> {
        self.0.get(&epoch)
    }
}
