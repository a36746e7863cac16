//! Parts: slices under keys of the body, then one entry that says what the part holds. The engine recovers a
//! prefix of what was written, so an entry that is there has its slices. `spec/store.md`, "Parts".

use std::sync::{MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

use super::engine::Engine;
use super::read::read_error;
use crate::store::key::{Tree, corrupt, part_key, part_of_key, slice_key};
use crate::store::record::{PartEntry, frame};
use crate::store::{DELETE_PARTS, PART_BYTES, PutError, StoreError, Stored};

impl Engine {
    pub(super) fn put_part(&self, body: &[u8; 16], part: u32, bytes: &[u8]) -> Result<Stored, PutError> {
        let new = PartEntry::of(bytes);
        let _alone = self.stripe(body, part);
        self.writable()?;
        if let Some(there) = self.entry(body, part)? {
            let same = there.len == new.len && there.hash == new.hash;
            return if same {
                Ok(Stored::Same)
            } else {
                Err(PutError::Different)
            };
        }
        self.part_room(bytes.len() as u64)?;
        for (slice, bytes) in (0..).zip(bytes.chunks(PartEntry::SLICE_BYTES)) {
            self.insert(Tree::Slices, &slice_key(body, part, slice), bytes)?;
        }
        self.insert(Tree::Parts, &part_key(body, part), &new.to_bytes())?;
        Ok(Stored::New)
    }

    pub(in crate::store) fn part(&self, body: &[u8; 16], part: u32) -> Result<Option<Bytes>, StoreError> {
        let Some(entry) = self.entry(body, part)? else {
            return Ok(None);
        };
        let mut bytes = BytesMut::new();
        for slice in 0..entry.slices() {
            let key = slice_key(body, part, slice);
            match self.value(Tree::Slices, &key)? {
                Some(value) => bytes.extend_from_slice(&value),
                // Removed while it was read, or lost: the entry tells which.
                None if self.entry(body, part)?.is_none() => return Ok(None),
                None => return Err(corrupt(Tree::Slices, &key)),
            }
        }
        let is_whole = usize::try_from(entry.len) == Ok(bytes.len());
        if is_whole {
            Ok(Some(bytes.freeze()))
        } else {
            Err(corrupt(Tree::Parts, &part_key(body, part)))
        }
    }

    pub(super) fn part_numbers(&self, body: &[u8; 16]) -> Result<Vec<u32>, StoreError> {
        let mut numbers = Vec::new();
        for key in self.parts.scan_prefix(body).keys() {
            let key = key.map_err(|error| read_error(Tree::Parts, body, &error))?;
            numbers.push(part_of_key(&key).ok_or_else(|| corrupt(Tree::Parts, &key))?);
        }
        Ok(numbers)
    }

    /// Entries first: a part is there or not, never in pieces. Slices are found by their own keys, so that those
    /// of an interrupted upload or removal go too; they begin with the keys of entries, so that those that are left
    /// are of entries that are left, or of none.
    pub(super) fn delete_body(&self, body: &[u8; 16]) -> Result<bool, StoreError> {
        self.writable()?;
        let entries = self.keys_of(Tree::Parts, body, DELETE_PARTS)?;
        for key in &entries {
            self.remove(Tree::Parts, key)?;
        }
        let slices = self.keys_of(Tree::Slices, body, DELETE_PARTS * SLICES)?;
        // Never one of an entry that stays.
        let next = self.keys_of(Tree::Parts, body, 1)?.pop();
        let free = |slice: &&Vec<u8>| next.as_ref().is_none_or(|next| *slice < next);
        for key in slices.iter().take_while(free) {
            self.remove(Tree::Slices, key)?;
        }
        Ok(next.is_none() && slices.len() < DELETE_PARTS * SLICES)
    }

    fn keys_of(&self, tree: Tree, body: &[u8; 16], at_most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        let keys = self.tree(tree).scan_prefix(body).keys().take(at_most);
        keys.map(|key| {
            key.map(|key| key.to_vec())
                .map_err(|error| read_error(tree, body, &error))
        })
        .collect()
    }

    fn remove(&self, tree: Tree, key: &[u8]) -> Result<(), StoreError> {
        self.tree(tree).remove(key).map_err(|error| self.stop(error))?;
        Ok(())
    }

    fn entry(&self, body: &[u8; 16], part: u32) -> Result<Option<PartEntry>, StoreError> {
        let key = part_key(body, part);
        let Some(value) = self.value(Tree::Parts, &key)? else {
            return Ok(None);
        };
        PartEntry::parse(&value)
            .map(Some)
            .ok_or_else(|| corrupt(Tree::Parts, &key))
    }

    fn insert(&self, tree: Tree, key: &[u8], value: &[u8]) -> Result<(), PutError> {
        self.tree(tree)
            .insert(key, frame(tree, key, value))
            .map_err(|error| self.stop(error))?;
        Ok(())
    }

    fn stripe(&self, body: &[u8; 16], part: u32) -> Option<MutexGuard<'_, ()>> {
        let [first, ..] = *body;
        let which = (usize::from(first) + part as usize) % self.stripes.len();
        let stripe = self.stripes.get(which)?;
        Some(stripe.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Slices of the largest part.
const SLICES: usize = PART_BYTES.div_ceil(PartEntry::SLICE_BYTES);
