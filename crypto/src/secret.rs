//! Newtypes of secrets: no `Debug`, no `PartialEq`, no `Hash`, no serialisation; dropped means zeroed.
//!
//! `expose` is the one way out, a named act: whoever calls it says where the bytes go.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{Random, RandomError};

/// A 32-byte symmetric key: what CE takes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key32([u8; 32]);

impl Key32 {
    /// Takes 32 bytes as a key. The caller zeroes its own copy.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Makes a fresh random key.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut key = Self([0; 32]);
        random.fill(&mut key.0)?;
        Ok(key)
    }

    /// Takes a slice as a key; `None` unless it has 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for a primitive or for a sealed record; never for a log.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Declares a key of one purpose over [`Key32`], so that keys of two purposes cannot be exchanged.
macro_rules! key_of_one_purpose {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name($crate::secret::Key32);

        impl $name {
            /// Takes a key for this purpose.
            #[must_use]
            pub const fn new(key: $crate::secret::Key32) -> Self {
                Self(key)
            }

            /// Makes a fresh random key.
            ///
            /// # Errors
            /// No randomness.
            pub fn make(
                random: &mut dyn $crate::random::Random,
            ) -> Result<Self, $crate::random::RandomError> {
                $crate::secret::Key32::make(random).map(Self)
            }

            /// The key itself, for CE, a derivation or a sealed record.
            #[must_use]
            pub const fn key(&self) -> &$crate::secret::Key32 {
                &self.0
            }
        }
    )*};
}
pub(crate) use key_of_one_purpose;

key_of_one_purpose! {
    /// K_body: one body, one salt, for life (6.1).
    BodyKey;
}
