//! Argon2id, profile 1, the only one: version 0x13, t = 3, p = 4, m = 65536 KiB, one thread (5.1).
//!
//! Nothing here takes parameters: a server that names others is not listened to (13, number 1).

use argon2::{Algorithm, Argon2, Params, Version};

/// The number of this profile in a slot.
pub const PROFILE: u8 = 1;

/// Argon2id refused its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("password hashing failed")]
pub struct PasswordError;

/// Argon2id, profile 1, of `password` under `salt` into `out` (4 bytes and more). About 64 MiB and a second.
///
/// # Errors
/// The password exceeds 4 GiB, the salt is under 8 bytes or the output under 4.
pub fn stretch(password: &[u8], salt: &[u8], out: &mut [u8]) -> Result<(), PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(out.len())).map_err(|_| PasswordError)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, out)
        .map_err(|_| PasswordError)
}

const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 4;
