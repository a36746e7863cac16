//! Fixed structures: [`Reader`], [`Writer`], `LP` and `PAD`.

#[cfg(feature = "keys")]
use zeroize::Zeroizing;

/// The bytes are not of the structure that was expected. Which rule failed is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub(crate) struct Malformed;

/// Walks over a structure from its first byte; every step checks what is left.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// `LP(x)`, with `x` of at most `max` bytes.
    pub(crate) fn lp(&mut self, max: usize) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        if len > max {
            return Err(Malformed);
        }
        self.bytes(len)
    }

    /// Exactly these bytes: a magic, a suite.
    pub(crate) fn expect(&mut self, wanted: &[u8]) -> Result<(), Malformed> {
        if self.bytes(wanted.len())? == wanted {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Reserved bytes, all zero.
    pub(crate) fn zeros(&mut self, len: usize) -> Result<(), Malformed> {
        if self.bytes(len)?.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Everything that is left.
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// The end: a trailing byte is refused.
    pub(crate) const fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Builds a structure from its first byte. For public structures: secrets go through CBOR under CE.
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(len: usize) -> Self {
        Self {
            out: Vec::with_capacity(len),
        }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    #[cfg(feature = "keys")]
    pub(crate) fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    #[cfg(feature = "keys")]
    pub(crate) fn zeros(&mut self, len: usize) -> &mut Self {
        self.out.resize(self.out.len() + len, 0);
        self
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }
}

/// `PAD(x, m)`: LP(x), then zeros to a multiple of `m`.
#[cfg(feature = "keys")]
pub(crate) fn pad(plain: &[u8], multiple: usize) -> Zeroizing<Vec<u8>> {
    let len = (plain.len() + 4).next_multiple_of(multiple);
    let mut out = Zeroizing::new(Vec::with_capacity(len));
    out.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(plain);
    out.resize(len, 0);
    out
}

/// The inverse of [`pad`]: the smallest padding only, and every byte of it zero.
#[cfg(feature = "keys")]
pub(crate) fn unpad(padded: &[u8], multiple: usize) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(padded);
    let plain = reader.lp(padded.len())?;
    if padded.len() != (plain.len() + 4).next_multiple_of(multiple) {
        return Err(Malformed);
    }
    reader.zeros(reader.left())?;
    reader.finish()?;
    Ok(plain)
}

#[cfg(all(test, feature = "keys"))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn padding_reads_back_and_has_one_form() {
        for len in 0..600_usize {
            let plain = vec![7; len];
            let padded = pad(&plain, 256);
            assert_eq!(padded.len() % 256, 0);
            assert_eq!(unpad(&padded, 256).unwrap(), plain);
            let longer = [padded.as_slice(), &[0; 256]].concat();
            assert_eq!(unpad(&longer, 256), Err(Malformed));
            let last = padded.len() - 1;
            if last >= len + 4 {
                let mut dirty = padded.clone();
                dirty[last] = 1;
                assert_eq!(unpad(&dirty, 256), Err(Malformed));
            }
        }
        assert_eq!(unpad(&[], 256), Err(Malformed));
        assert_eq!(unpad(&[0xff; 256], 256), Err(Malformed));
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(reader.lp(usize::MAX), Err(Malformed));
        let mut reader = Reader::new(&[0, 0, 0, 2, 1, 1]);
        assert_eq!(reader.lp(1), Err(Malformed));
    }

    #[test]
    fn trailing_bytes_and_dirty_zeros_are_refused() {
        let mut reader = Reader::new(&[0, 0, 1]);
        reader.zeros(2).unwrap();
        assert_eq!(reader.finish(), Err(Malformed));
        assert_eq!(Reader::new(&[0, 1]).zeros(2), Err(Malformed));
    }
}
