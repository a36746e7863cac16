//! What a device keeps of the log: how far it has seen it, and which entries it still owes. spec/flows.md section 8.

use crypto::audit::entry::Tag;
use crypto::audit::opening::{Opened, Opening};
use crypto::audit::tree::TreeHead;
use crypto::id::Hash32;
use shared::audit::Logged;

/// How far this device has seen the log: size ‖ root ‖ entries looked through ‖ the note.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    pub(crate) tree: TreeHead,
    pub(crate) scanned: u64,
    pub(crate) note: Vec<u8>,
}

/// An entry that must be in the log, at this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(super) index: u64,
    pub(super) leaf: Hash32,
    /// Size of the last checkpoint that did not come as far.
    pub(super) passed: u64,
    /// How many of them were asked for after the entry was written.
    pub(super) times: u8,
}

impl Owed {
    pub(super) fn new(logged: &Logged, opening: Opening, tag: Tag) -> Self {
        let opened = Opened {
            blind: logged.blind.0,
            opening,
        };
        Self {
            index: logged.index,
            leaf: opened.entry(tag).leaf_hash(),
            passed: 0,
            times: 0,
        }
    }

    /// Whether a tree does not reach it yet.
    pub(crate) const fn is_behind(&self, tree: &TreeHead) -> bool {
        self.index >= tree.size
    }

    pub(super) fn is_among(&self, others: &[Self]) -> bool {
        let same = |other: &Self| (other.index, other.leaf) == (self.index, self.leaf);
        others.iter().any(same)
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let (index, passed) = (self.index.to_be_bytes(), self.passed.to_be_bytes());
        [&index[..], &self.leaf, &passed, &[self.times]].concat()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (index, rest) = bytes.split_first_chunk::<8>()?;
        let (leaf, rest) = rest.split_first_chunk::<32>()?;
        let (passed, rest) = rest.split_first_chunk::<8>()?;
        let [times] = rest else { return None };
        Some(Self {
            index: u64::from_be_bytes(*index),
            leaf: *leaf,
            passed: u64::from_be_bytes(*passed),
            times: *times,
        })
    }
}

impl Seen {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [
            &self.tree.size.to_be_bytes()[..],
            &self.tree.root,
            &self.scanned.to_be_bytes(),
            &self.note,
        ]
        .concat()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let (root, rest) = rest.split_first_chunk::<32>()?;
        let (scanned, note) = rest.split_first_chunk::<8>()?;
        Some(Self {
            tree: TreeHead {
                size: u64::from_be_bytes(*size),
                root: *root,
            },
            scanned: u64::from_be_bytes(*scanned),
            note: note.to_vec(),
        })
    }
}
