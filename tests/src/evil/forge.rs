//! A box made to open in two places: 32 bytes that ChaCha20-Poly1305 accepts under two keys at once.
//!
//! The attack of "Partitioning Oracle Attacks" and of "How to Abuse and Fix Authenticated Encryption Without Key
//! Commitment": Poly1305 is linear in the ciphertext, so two blocks satisfy two tags. Whoever knows many candidate keys
//! learns from one answer which half holds the right one. CE's key schedule is computed here a second time, from
//! `spec/encodings.md`, so that the product's code is not asked for what it refuses.

use crypto::ce::{Aead, ChaCha20Poly1305};
use crypto::label::{Label, WORDS_SALT};
use sha2::{Digest, Sha512};

/// A key of CE and what it is bound to.
#[derive(Clone)]
pub struct Door {
    /// K.
    pub key: [u8; 32],
    /// L(label) ‖ binding.
    pub context: Vec<u8>,
}

impl Door {
    /// The words slot of an account: the KEK that these words (their 16 bytes) give for the slot with this header.
    #[must_use]
    pub fn of_words_slot(entropy: &[u8; 16], header: &[u8; 64]) -> Self {
        let prk = hmac(WORDS_SALT, &[entropy]);
        // account_id ‖ slot_id stand in the header as they stand in the derivation.
        let out = hmac(&prk, &[Label::KekRecovery.bytes(), &header[8..40], &[1]]);
        Self {
            key: out[..32].try_into().expect("32 bytes"),
            context: [Label::Slot.bytes(), header].concat(),
        }
    }

    /// key ‖ base_nonce ‖ commitment for one salt.
    fn schedule(&self, salt: &[u8; 24]) -> ([u8; 32], [u8; 12], [u8; 32]) {
        let info = [
            b"c2sp.org/chunked-encryption@v1+AEAD_CHACHA20_POLY1305\0",
            &salt[..],
            &self.context,
        ]
        .concat();
        let first = hmac(&self.key, &[&info, &[1]]);
        let second = hmac(&self.key, &[&first, &info, &[2]]);
        let out = [first, second].concat();
        let take = |from: usize, to: usize| out[from..to].to_vec();
        (
            take(0, 32).try_into().expect("32 bytes"),
            take(32, 44).try_into().expect("12 bytes"),
            take(44, 76).try_into().expect("32 bytes"),
        )
    }
}

/// One ciphertext, authentic behind two doors.
pub struct Twofold {
    salt: [u8; 24],
    sealed: [u8; 48],
    /// What CE demands at each door.
    pub commitments: [[u8; 32]; 2],
}

impl Twofold {
    /// Makes one; whatever 32 bytes come out, they come out of both.
    #[must_use]
    pub fn make(doors: [&Door; 2]) -> Self {
        let salt = [0x24; 24];
        let keys = doors.map(|door| door.schedule(&salt));
        let sealed = collide(keys.map(|(key, nonce, _)| (key, nonce)));
        for (key, nonce, _) in keys {
            let cipher = ChaCha20Poly1305::new(&key).expect("a key");
            let (text, tag) = sealed.split_at(32);
            let tag = tag.try_into().expect("a tag");
            assert!(
                cipher.open_in_place(&nonce, &mut text.to_vec(), tag).is_ok(),
                "the cipher alone accepts it behind both doors"
            );
        }
        Self {
            salt,
            sealed,
            commitments: keys.map(|(_, _, commitment)| commitment),
        }
    }

    /// The box, 104 bytes, with this commitment.
    #[must_use]
    pub fn to_box(&self, commitment: &[u8; 32]) -> Vec<u8> {
        [&self.salt[..], commitment, &self.sealed].concat()
    }
}

/// Two blocks and a tag that Poly1305 accepts under both one-time keys.
fn collide(keys: [([u8; 32], [u8; 12]); 2]) -> [u8; 48] {
    let [(r1, s1), (r2, s2)] = keys.map(|(key, nonce)| one_time_key(&key, &nonce));
    // tag = c1 r^3 + c2 r^2 + len r + s: for each key c1 r + c2 = (tag - s - len r) / r^2.
    let len = Fe::new(32 << 64, 1);
    let (over1, over2) = (r1.mul(r1).invert(), r2.mul(r2).invert());
    let between = r1.sub(r2).invert();
    for tag in 0_u128.. {
        let side = |r: Fe, s: u128, over: Fe| Fe::new(tag.wrapping_sub(s), 0).sub(len.mul(r)).mul(over);
        let (one, two) = (side(r1, s1, over1), side(r2, s2, over2));
        let first = one.sub(two).mul(between);
        let second = one.sub(first.mul(r1));
        // A block is 16 bytes with a bit above them: one number in sixteen pairs.
        if (first.high, second.high) == (1, 1) {
            let mut out = [0; 48];
            out[..16].copy_from_slice(&first.low.to_le_bytes());
            out[16..32].copy_from_slice(&second.low.to_le_bytes());
            out[32..].copy_from_slice(&tag.to_le_bytes());
            return out;
        }
    }
    unreachable!("one tag in sixteen serves")
}

/// r (clamped) and s of Poly1305: the first block of ChaCha20 (RFC 8439, 2.6).
fn one_time_key(key: &[u8; 32], nonce: &[u8; 12]) -> (Fe, u128) {
    // With an all-zero text the cipher gives its keystream from block 1 on; block 0 is needed, so it is computed here.
    let mut start = [0_u32; 16];
    start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
    for (word, bytes) in start[4..12].iter_mut().zip(key.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    for (word, bytes) in start[13..].iter_mut().zip(nonce.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let mut state = start;
    for _ in 0..10 {
        for lane in 0..4 {
            quarter(&mut state, [lane, 4 + lane, 8 + lane, 12 + lane]);
        }
        for lane in 0..4 {
            let at = |row: usize| 4 * row + (lane + row) % 4;
            quarter(&mut state, [at(0), at(1), at(2), at(3)]);
        }
    }
    let mut bytes = [0; 32];
    for ((word, start), out) in state.iter().zip(start).zip(bytes.as_chunks_mut::<4>().0) {
        *out = word.wrapping_add(start).to_le_bytes();
    }
    let half = |from: usize| u128::from_le_bytes(bytes[from..from + 16].try_into().expect("16 bytes"));
    (Fe::new(half(0) & CLAMP, 0), half(16))
}

fn quarter(state: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    for (x, y, z, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[x] = state[x].wrapping_add(state[y]);
        state[z] = (state[z] ^ state[x]).rotate_left(by);
    }
}

/// A number modulo 2^130 - 5. Slow and plain.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fe {
    low: u128,
    high: u8,
}

impl Fe {
    const fn new(low: u128, high: u8) -> Self {
        Self { low, high }
    }

    fn add(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high + other.high + u8::from(carry);
        // p = 2^130 - 5: at least p where adding 5 passes 2^130.
        let (less, carry) = low.overflowing_add(5);
        match (high + u8::from(carry)).checked_sub(4) {
            Some(high) => Self { low: less, high },
            None => Self { low, high },
        }
    }

    fn sub(self, other: Self) -> Self {
        let (low, borrow) = (u128::MAX - 4).overflowing_sub(other.low);
        let high = 3 - other.high - u8::from(borrow);
        self.add(Self { low, high })
    }

    fn mul(self, other: Self) -> Self {
        let mut out = Self::new(0, 0);
        for bit in (0..130).rev() {
            out = out.add(out);
            let set = if bit < 128 {
                other.low >> bit & 1 == 1
            } else {
                other.high >> (bit - 128) & 1 == 1
            };
            if set {
                out = out.add(self);
            }
        }
        out
    }

    /// By Fermat: to the power of p - 2 = 2^130 - 7.
    fn invert(self) -> Self {
        let power = Self::new(u128::MAX - 6, 3);
        let mut out = Self::new(1, 0);
        for bit in (0..130).rev() {
            out = out.mul(out);
            if bit >= 128 || power.low >> bit & 1 == 1 {
                out = out.mul(self);
            }
        }
        out
    }
}

/// HMAC-SHA512; HKDF-Extract, and with a counter each block of HKDF-Expand.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut block = [0; 128];
    block[..key.len()].copy_from_slice(key);
    let keyed = |pad: u8| Sha512::new().chain_update(block.map(|byte| byte ^ pad));
    let mut inner = keyed(0x36);
    for part in parts {
        inner.update(part);
    }
    keyed(0x5c).chain_update(inner.finalize()).finalize().into()
}

const CLAMP: u128 = 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff;

#[cfg(test)]
mod tests {
    use crypto::account::keys::Ark;
    use crypto::account::slot::Slot;
    use crypto::ce;
    use crypto::random::{Random, RandomError};
    use crypto::words::Words;

    use super::{ChaCha20Poly1305, Door};

    struct Fives;

    impl Random for Fives {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
            out.fill(5);
            Ok(())
        }
    }

    /// Else a forged slot would be refused for being no slot at all.
    #[test]
    fn the_doors_are_those_of_the_product() {
        let words = Words::make(&mut Fives).expect("words");
        let ark = Ark::make(&mut Fives).expect("a key");
        let slot = Slot::wrap(&words.derive_kek(&[1; 16], &[2; 16]), 3, &ark, &mut Fives).expect("a slot");
        let (header, sealed) = slot.to_bytes().split_at(64);
        let door = Door::of_words_slot(&[5; 16], header.try_into().expect("a header"));
        let opened = ce::open_with::<ChaCha20Poly1305>(&door.key, &door.context, sealed);
        assert_eq!(opened.expect("it opens").as_slice(), [5; 32]);
    }
}
