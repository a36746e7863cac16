//! References: the bodies and pages that one commit gains and loses, and their hash in the head.
//!
//! Needs no key; the server compares what a commit lists with what its head signed. spec/collection.md section 3.

use crate::codec::{Malformed, Reader, Writer};
use crate::id::{Hash32, Id};
use crate::primitives::hash;

/// One thing that a collection names. Ordered by kind, then id: the order of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A stored body, by body_id.
    Body(Id),
    /// A page of the index, by page_id.
    Page(Hash32),
}

/// Two lists, each sorted and without repeats, with nothing in both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refs {
    adds: Vec<Reference>,
    drops: Vec<Reference>,
}

/// Why two lists are no [`Refs`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefsError {
    /// A list is not in ascending order, or names something twice.
    #[error("the references are not sorted and unique")]
    Order,
    /// The same thing is gained and lost.
    #[error("a reference is in both lists")]
    Both,
    /// The bytes are not two lists.
    #[error("not lists of references")]
    Malformed,
}

impl Refs {
    /// Takes the lists as a peer sends them.
    ///
    /// # Errors
    /// [`RefsError`] says which rule they break.
    pub fn new(adds: Vec<Reference>, drops: Vec<Reference>) -> Result<Self, RefsError> {
        for list in [&adds, &drops] {
            if !list.is_sorted_by(|a, b| a < b) {
                return Err(RefsError::Order);
            }
        }
        if adds.iter().any(|add| drops.binary_search(add).is_ok()) {
            return Err(RefsError::Both);
        }
        Ok(Self { adds, drops })
    }

    /// What the commit gains.
    #[must_use]
    pub fn adds(&self) -> &[Reference] {
        &self.adds
    }

    /// What the commit loses.
    #[must_use]
    pub fn drops(&self) -> &[Reference] {
        &self.drops
    }

    /// refs_hash = SHA-256 of the bytes.
    #[must_use]
    pub fn hash(&self) -> Hash32 {
        hash::sha256(&self.to_bytes())
    }

    /// n_adds u32 ‖ adds ‖ n_drops u32 ‖ drops; reference = kind u8 (1 body, 2 page) ‖ id.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(8 + REFERENCE_BYTES * (self.adds.len() + self.drops.len()));
        for list in [&self.adds, &self.drops] {
            // The wire's cap keeps both counts far below 2^32.
            out.u32(u32::try_from(list.len()).unwrap_or(u32::MAX));
            for reference in list {
                match reference {
                    Reference::Body(id) => out.u8(1).bytes(id),
                    Reference::Page(id) => out.u8(2).bytes(id),
                };
            }
        }
        out.finish()
    }

    /// Reads the bytes.
    ///
    /// # Errors
    /// [`RefsError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RefsError> {
        let mut input = Reader::new(bytes);
        let lists = read(&mut input).and_then(|adds| Ok((adds, read(&mut input)?)));
        let (adds, drops) = lists.map_err(|Malformed| RefsError::Malformed)?;
        input.finish().map_err(|Malformed| RefsError::Malformed)?;
        Self::new(adds, drops)
    }
}

fn read(input: &mut Reader<'_>) -> Result<Vec<Reference>, Malformed> {
    // Grows as the bytes come: a count alone reserves nothing.
    let mut list = Vec::new();
    for _ in 0..input.u32()? {
        list.push(match input.u8()? {
            1 => Reference::Body(input.array()?),
            2 => Reference::Page(input.array()?),
            _ => return Err(Malformed),
        });
    }
    Ok(list)
}

/// Bytes of the longer kind of reference.
const REFERENCE_BYTES: usize = 33;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn lists_are_sorted_unique_and_disjoint() {
        let (a, b, p) = (
            Reference::Body([1; 16]),
            Reference::Body([2; 16]),
            Reference::Page([0; 32]),
        );
        assert!(Refs::new(vec![a, b, p], vec![]).is_ok());
        assert_eq!(Refs::new(vec![b, a], vec![]), Err(RefsError::Order));
        assert_eq!(Refs::new(vec![], vec![a, a]), Err(RefsError::Order));
        assert_eq!(Refs::new(vec![p, a], vec![]), Err(RefsError::Order));
        assert_eq!(Refs::new(vec![a, p], vec![p]), Err(RefsError::Both));
    }

    #[test]
    fn the_hash_tells_gained_from_lost() {
        let a = Reference::Body([1; 16]);
        let gained = Refs::new(vec![a], vec![]).unwrap();
        let lost = Refs::new(vec![], vec![a]).unwrap();
        assert_ne!(gained.hash(), lost.hash());
        assert_eq!(Refs::default().hash(), hash::sha256(&[0; 8]));
        let bytes = [&[0, 0, 0, 1, 1][..], &[1; 16], &[0, 0, 0, 0]].concat();
        assert_eq!(gained.hash(), hash::sha256(&bytes));
        assert_eq!(Refs::parse(&bytes), Ok(gained));
        assert_eq!(Refs::parse(&bytes[..bytes.len() - 1]), Err(RefsError::Malformed));
        assert_eq!(Refs::parse(&[0xff; 8]), Err(RefsError::Malformed));
    }
}
