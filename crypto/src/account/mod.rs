//! Accounts: handle, slots, sealed records, public identity (`spec/account.md`).
//!
//! Headers, hashes and signatures are checked without keys; opening anything needs the feature `keys`.

pub mod bundle;
#[cfg(feature = "keys")]
pub mod device;
pub mod handle;
#[cfg(feature = "keys")]
pub mod keys;
#[cfg(feature = "keys")]
pub mod manifest;
pub mod record;
#[cfg(feature = "keys")]
pub mod resume;
#[cfg(feature = "keys")]
pub mod secrets;
pub mod slot;
#[cfg(feature = "keys")]
pub mod upload;
