//! What valid encodings are made of: chance that repeats itself, and writers of CBOR and of fixed layouts that know
//! `spec/` and not the product's own writers.

use crypto::random::{Random, RandomError};

/// Chance from a seed: the same seed, the same encodings.
pub struct Draw(u64);

impl Draw {
    /// Begins at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits (splitmix64: small, and no secret).
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.word() % end.max(1) as u64) as usize
    }

    /// A number of any size up to 64 bits, small ones as often as large ones.
    pub fn number(&mut self) -> u64 {
        let bits = self.below(65) as u32;
        self.word().checked_shr(64 - bits).unwrap_or(0)
    }

    /// [`number`](Self::number) within 32 bits.
    pub fn number32(&mut self) -> u32 {
        (self.number() >> 32) as u32
    }

    /// Heads or tails.
    pub fn coin(&mut self) -> bool {
        self.word() & 1 == 1
    }

    /// `N` bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.word() as u8)
    }

    /// `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.word() as u8).collect()
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// `count` different ids, ascending.
    pub fn ids(&mut self, count: usize) -> Vec<[u8; 16]> {
        let ids: std::collections::BTreeSet<_> = (0..count).map(|_| self.array()).collect();
        ids.into_iter().collect()
    }

    /// A word of `len` small letters.
    pub fn letters(&mut self, len: usize) -> String {
        (0..len)
            .map(|_| char::from(b'a' + self.below(26) as u8))
            .collect()
    }
}

impl Random for Draw {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        out.fill_with(|| self.word() as u8);
        Ok(())
    }
}

/// Deterministic CBOR (RFC 8949, 4.2.1), written item by item.
#[derive(Default)]
pub struct Cbor(Vec<u8>);

impl Cbor {
    fn head(mut self, major: u8, value: u64) -> Self {
        let major = major << 5;
        let bytes = value.to_be_bytes();
        match value {
            0..24 => self.0.push(major | bytes[7]),
            24..0x100 => self.0.extend([major | 24, bytes[7]]),
            0x100..0x1_0000 => {
                self.0.push(major | 25);
                self.0.extend(&bytes[6..]);
            }
            0x1_0000..0x1_0000_0000 => {
                self.0.push(major | 26);
                self.0.extend(&bytes[4..]);
            }
            _ => {
                self.0.push(major | 27);
                self.0.extend(bytes);
            }
        }
        self
    }

    /// An unsigned integer.
    #[must_use]
    pub fn uint(self, value: u64) -> Self {
        self.head(0, value)
    }

    /// A byte string.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self = self.head(2, bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self = self.head(3, text.len() as u64);
        self.0.extend(text.bytes());
        self
    }

    /// The head of an array.
    #[must_use]
    pub fn array(self, len: usize) -> Self {
        self.head(4, len as u64)
    }

    /// The head of a map.
    #[must_use]
    pub fn map(self, len: usize) -> Self {
        self.head(5, len as u64)
    }

    /// Null.
    #[must_use]
    pub fn null(mut self) -> Self {
        self.0.push(0xf6);
        self
    }

    /// Items written elsewhere.
    #[must_use]
    pub fn items(mut self, items: &[u8]) -> Self {
        self.0.extend(items);
        self
    }

    /// What was written.
    #[must_use]
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}
