//! Pages: their names and lengths, which need no key, and the nodes that they hold, which need K_epoch.
//!
//! ```text
//! page = CE(K_e, L(page) ‖ collection_id ‖ e u32, PAD(CBOR, 1024));  page_id = SHA-256(page)
//! interior [0, [[nibble, page_id, e]...]]     leaf [1, [entry... by object_id]]
//! ```
//!
//! One page is judged by itself here; its place in the trie is `load`'s to check. spec/collection.md section 5.

use crate::id::Hash32;
use crate::primitives::hash;

/// Bytes of a page, at most: 12 KiB of CBOR, padded and sealed.
pub const PAGE_BYTES: usize = SEAL_BYTES + 13 * PAGE_UNIT;

/// The bytes cannot be a page: not 72 + 1024k bytes, k from 1 to 13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the length of a page")]
pub struct PageLenError;

/// page_id: SHA-256 of the ciphertext.
#[must_use]
pub fn page_id(page: &[u8]) -> Hash32 {
    hash::sha256(page)
}

/// Whether a ciphertext of `len` bytes can be a page.
///
/// # Errors
/// [`PageLenError`].
pub const fn verify_page_len(len: usize) -> Result<(), PageLenError> {
    if len > SEAL_BYTES && len <= PAGE_BYTES && (len - SEAL_BYTES).is_multiple_of(PAGE_UNIT) {
        Ok(())
    } else {
        Err(PageLenError)
    }
}

/// Salt, commitment and tag of a ciphertext of one chunk.
const SEAL_BYTES: usize = 72;
/// Pages are padded to multiples of this.
const PAGE_UNIT: usize = 1024;

#[cfg(feature = "parsers")]
pub(crate) use with_keys::rewrite;

#[cfg(feature = "keys")]
pub(super) use with_keys::{
    Child, DEPTH_MAX, LEAF_ENTRIES, Node, PAGE_CBOR_BYTES, PageError, leaf_cbor_len, open_page, seal_page,
};

#[cfg(feature = "keys")]
mod with_keys {
    use std::sync::Arc;

    use super::{PAGE_UNIT, verify_page_len};
    use crate::ce::{self, Context, SealError};
    use crate::codec::{CborReader, CborWriter, Malformed, Schema, from_cbor, pad, to_cbor, unpad};
    use crate::collection::entry::{ENTRY_BYTES, Entry};
    use crate::collection::keys::EpochKey;
    use crate::id::{Hash32, Id};
    use crate::label::Label;
    use crate::random::Random;

    /// Entries of one leaf, at most.
    pub(in crate::collection) const LEAF_ENTRIES: usize = 32;
    /// Bytes of CBOR of one page, at most.
    pub(in crate::collection) const PAGE_CBOR_BYTES: usize = 12 * 1024;
    /// Nibbles on the way to a leaf, at most.
    pub(in crate::collection) const DEPTH_MAX: usize = 12;

    /// The page does not open under its key, collection and epoch, or does not hold what a page may hold.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::collection) struct PageError;

    /// A child of an interior page.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(in crate::collection) struct Child {
        pub(in crate::collection) nibble: u8,
        pub(in crate::collection) page_id: Hash32,
        pub(in crate::collection) epoch: u32,
    }

    /// What a page holds.
    pub(in crate::collection) enum Node {
        /// Nibbles ascending, at least one child.
        Interior(Vec<Child>),
        /// Object ids ascending.
        Leaf(Vec<Arc<Entry>>),
    }

    impl Schema for Node {
        fn encode(&self, out: &mut CborWriter) {
            out.array(2);
            match self {
                Self::Interior(children) => {
                    out.uint(INTERIOR).array(children.len());
                    for child in children {
                        out.array(3).uint(u64::from(child.nibble)).bytes(&child.page_id);
                        out.uint(u64::from(child.epoch));
                    }
                }
                Self::Leaf(entries) => {
                    out.uint(LEAF).array(entries.len());
                    for entry in entries {
                        out.nested(entry.as_ref());
                    }
                }
            }
        }

        fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
            input.tuple(2)?;
            match input.uint()? {
                INTERIOR => {
                    let children = input.list(16, |input| {
                        input.tuple(3)?;
                        Ok(Child {
                            nibble: input.u8()?,
                            page_id: input.fixed()?,
                            epoch: input.u32()?,
                        })
                    })?;
                    let sorted = children.is_sorted_by(|a, b| a.nibble < b.nibble);
                    let inside = children.last().is_some_and(|last| last.nibble < 16);
                    if sorted && inside {
                        Ok(Self::Interior(children))
                    } else {
                        Err(Malformed)
                    }
                }
                LEAF => {
                    let entries = input.list(LEAF_ENTRIES, |input| input.nested().map(Arc::new))?;
                    let sorted = entries.is_sorted_by(|a: &Arc<Entry>, b| a.object_id < b.object_id);
                    if sorted {
                        Ok(Self::Leaf(entries))
                    } else {
                        Err(Malformed)
                    }
                }
                _ => Err(Malformed),
            }
        }
    }

    /// Bytes of the CBOR of a leaf whose entries take `entry_bytes` together: [1, [..]] with a count below 256.
    pub(in crate::collection) const fn leaf_cbor_len(count: usize, entry_bytes: usize) -> usize {
        let head = if count < 24 { 1 } else { 2 };
        2 + head + entry_bytes
    }

    /// Seals a node. The caller keeps the caps: [`LEAF_ENTRIES`], [`PAGE_CBOR_BYTES`].
    pub(in crate::collection) fn seal_page(
        node: &Node,
        collection_id: &Id,
        epoch: u32,
        key: &EpochKey,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        ce::seal(
            key.key(),
            &context(collection_id, epoch),
            &pad(&to_cbor(node), PAGE_UNIT),
            random,
        )
    }

    /// Opens a page: length, seal, padding, one CBOR form, order, counts, the entries' own rules.
    pub(in crate::collection) fn open_page(
        page: &[u8],
        collection_id: &Id,
        epoch: u32,
        key: &EpochKey,
    ) -> Result<Node, PageError> {
        verify_page_len(page.len()).map_err(|_| PageError)?;
        let padded = ce::open(key.key(), &context(collection_id, epoch), page).map_err(|_| PageError)?;
        read_node(unpad(&padded, PAGE_UNIT).map_err(|Malformed| PageError)?)
    }

    fn read_node(cbor: &[u8]) -> Result<Node, PageError> {
        if cbor.len() > PAGE_CBOR_BYTES {
            return Err(PageError);
        }
        let node = from_cbor(cbor).map_err(|Malformed| PageError)?;
        match &node {
            // Only a page above the cap of an entry can hold an entry above it.
            Node::Leaf(entries) if cbor.len() > ENTRY_BYTES => {
                entries
                    .iter()
                    .try_for_each(|entry| entry.to_bytes().map(|_| ()))
                    .map_err(|_| PageError)?;
            }
            _ => {}
        }
        Ok(node)
    }

    /// A node, from bytes to bytes.
    #[cfg(feature = "parsers")]
    pub(crate) fn rewrite(bytes: &[u8]) -> Option<Vec<u8>> {
        read_node(bytes).ok().map(|node| to_cbor(&node).to_vec())
    }

    fn context(collection_id: &Id, epoch: u32) -> Context {
        Context::new(Label::Page, &[collection_id, &epoch.to_be_bytes()])
    }

    const INTERIOR: u64 = 0;
    const LEAF: u64 = 1;
}
