//! Collections: a charter of members and keys, a chain of signed heads, a trie of encrypted pages of entries.
//!
//! Charters, heads, references and page names are read and checked without any key (the server's side); their boxes,
//! the pages' content and the merge stand behind the feature `keys`. No I/O: pages are handed in and handed out.
//! Specified in `spec/collection.md`.

pub mod charter;
pub mod head;
pub mod page;
pub mod refs;

#[cfg(feature = "keys")]
pub mod entry;
#[cfg(feature = "keys")]
pub mod index;
#[cfg(feature = "keys")]
pub mod keys;
#[cfg(feature = "keys")]
pub mod load;
#[cfg(feature = "keys")]
pub mod merge;
#[cfg(feature = "keys")]
pub mod name;
#[cfg(feature = "keys")]
pub mod tree;

#[cfg(feature = "keys")]
mod charter_box;
#[cfg(feature = "keys")]
mod head_box;
#[cfg(feature = "keys")]
mod merge_entry;
#[cfg(feature = "keys")]
mod trie;

#[cfg(feature = "parsers")]
pub(crate) use self::{charter_box::rewrite as rewrite_charter_box, head_box::rewrite as rewrite_head_box};

/// Boxes of charters and heads are padded to multiples of this.
const BOX_UNIT: usize = 256;

/// Whether a CE ciphertext of `len` bytes can hold PAD(x, unit): a whole number of units, at least one.
const fn fits_sealed(len: usize, unit: usize) -> bool {
    const PREFIX: usize = 56;
    const CHUNK: usize = 16_384;
    const TAG: usize = 16;
    let Some(sealed) = len.checked_sub(PREFIX) else {
        return false;
    };
    let last = sealed % (CHUNK + TAG);
    if last < TAG {
        return false;
    }
    let plain = sealed / (CHUNK + TAG) * CHUNK + (last - TAG);
    plain > 0 && plain.is_multiple_of(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_length_of_a_padded_and_sealed_box_fits() {
        let all: Vec<usize> = (0..40_000).filter(|len| fits_sealed(*len, BOX_UNIT)).collect();
        let sealed = |plain: usize| 56 + plain + 16 * (plain / 16_384 + 1);
        let expected: Vec<usize> = (1..)
            .map(|k| sealed(k * BOX_UNIT))
            .take_while(|len| *len < 40_000)
            .collect();
        assert_eq!(all, expected);
    }
}
