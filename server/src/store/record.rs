//! The header in front of every stored value: format, length, checksum. The engine has no repair tool, so a value
//! that changed on the disk, or stands under another key, must show itself. `spec/store.md`, "Values".

use sha2::{Digest, Sha256};

use super::key::Tree;

/// What the entry of a part says of it.
pub(super) struct PartEntry {
    /// Its length in bytes.
    pub(super) len: u32,
    /// Its SHA-256.
    pub(super) hash: [u8; 32],
}

/// header ‖ value, where header = format u8 ‖ length u32 ‖ check 16.
pub(super) fn frame(tree: Tree, key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(HEADER_BYTES + value.len());
    framed.push(FORMAT);
    // No value comes near 4 GiB: the contract's bound is 60 KiB.
    framed.extend_from_slice(&(value.len() as u32).to_be_bytes());
    framed.extend_from_slice(&check(tree, key, value));
    framed.extend_from_slice(value);
    framed
}

/// The value within its header, or `None` where anything of it is not as it was written.
pub(super) fn unframe<'a>(tree: Tree, key: &[u8], framed: &'a [u8]) -> Option<&'a [u8]> {
    let (header, value) = framed.split_at_checked(HEADER_BYTES)?;
    let (format, header) = header.split_first()?;
    let (len, stored) = header.split_first_chunk::<4>()?;
    let fits = *format == FORMAT && usize::try_from(u32::from_be_bytes(*len)) == Ok(value.len());
    (fits && stored == check(tree, key, value)).then_some(value)
}

impl PartEntry {
    /// Bytes in one slice; the last one may be shorter. Half a sealed chunk, so that a full part makes 128. Much
    /// larger ones cost memory: the engine caches whole leaves, in 256 shards that each keep several.
    pub(super) const SLICE_BYTES: usize = 8_200;

    pub(super) fn of(bytes: &[u8]) -> Self {
        // A part has at most `PART_BYTES`.
        Self {
            len: bytes.len() as u32,
            hash: Sha256::digest(bytes).into(),
        }
    }

    /// len u32 ‖ hash 32.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&self.len.to_be_bytes()[..], &self.hash].concat()
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (len, hash) = bytes.split_first_chunk::<4>()?;
        Some(Self {
            len: u32::from_be_bytes(*len),
            hash: hash.try_into().ok()?,
        })
    }

    pub(super) fn slices(&self) -> u16 {
        // At most 256: see `PART_BYTES`. A forged length saturates and ends as a missing slice.
        u16::try_from((self.len as usize).div_ceil(Self::SLICE_BYTES)).unwrap_or(u16::MAX)
    }
}

/// First 16 bytes of SHA-256(L("civis/store/value") ‖ tree ‖ key length ‖ key ‖ value).
fn check(tree: Tree, key: &[u8], value: &[u8]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(b"civis/store/value\0");
    hash.update([match tree {
        Tree::Records => 1,
        Tree::Parts => 2,
        Tree::Slices => 3,
    }]);
    hash.update((key.len() as u32).to_be_bytes());
    hash.update(key);
    hash.update(value);
    let full: [u8; 32] = hash.finalize().into();
    let mut short = [0; 16];
    short.iter_mut().zip(full).for_each(|(to, from)| *to = from);
    short
}

const FORMAT: u8 = 1;
/// Bytes in front of every value.
pub(super) const HEADER_BYTES: usize = 1 + 4 + 16;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::store::{PART_BYTES, VALUE_BYTES};

    #[test]
    fn a_value_reads_back_under_its_own_key_and_tree_only() {
        let framed = frame(Tree::Records, b"key", b"value");
        assert_eq!(unframe(Tree::Records, b"key", &framed), Some(&b"value"[..]));
        assert_eq!(unframe(Tree::Records, b"kez", &framed), None);
        assert_eq!(unframe(Tree::Slices, b"key", &framed), None);
    }

    #[test]
    fn every_flipped_bit_and_every_other_length_is_seen() {
        let framed = frame(Tree::Slices, b"key", b"some value");
        for at in 0..framed.len() * 8 {
            let mut flipped = framed.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(unframe(Tree::Slices, b"key", &flipped), None, "bit {at}");
        }
        for len in 0..framed.len() {
            assert_eq!(unframe(Tree::Slices, b"key", &framed[..len]), None);
        }
        assert_eq!(unframe(Tree::Slices, b"key", &[&framed[..], &[0]].concat()), None);
    }

    #[test]
    fn the_largest_record_stays_within_64_kib() {
        assert!(HEADER_BYTES + VALUE_BYTES.max(PartEntry::SLICE_BYTES) + 512 <= 64 << 10);
        assert_eq!(PartEntry::of(&[0; 1_049_600]).slices(), 128);
        assert_eq!(PartEntry::of(&[0; PART_BYTES]).slices(), 256);
        assert_eq!(PartEntry::of(&[1]).slices(), 1);
    }
}
