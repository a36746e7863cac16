//! Randomness is an argument: this trait is the only source. An error aborts the operation (13, number 54).

/// The platform's generator failed. Nothing was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no randomness")]
pub struct RandomError;

/// A cryptographically secure generator, handed down as `&mut dyn Random`.
pub trait Random {
    /// Fills `out` with fresh random bytes.
    ///
    /// # Errors
    /// The platform failed; `out` must not be used.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError>;
}

/// Makes `N` fresh random bytes.
///
/// # Errors
/// As [`Random::fill`].
pub fn make_bytes<const N: usize>(random: &mut dyn Random) -> Result<[u8; N], RandomError> {
    let mut out = [0; N];
    random.fill(&mut out)?;
    Ok(out)
}
