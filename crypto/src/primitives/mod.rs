//! The only importers of cipher, curve, hash and password crates. Everything else is written over these.

#[cfg(feature = "keys")]
pub(crate) mod aead;
pub mod hash;
#[cfg(feature = "keys")]
pub mod hpke;
pub(crate) mod kdf;
#[cfg(feature = "keys")]
pub mod password;
pub mod signature;
