//! The whole map in memory, for whoever replays the log: about 125 bytes for each key.
//!
//! Hashes are computed when a root or a proof is asked for, and only where something changed since: a thousand
//! inserts share the upper part of their ways.

use super::proof::End;
use super::tile::Child;
use super::{EMPTY, MapProof, Prefix, Tile, bit, leaf_hash};
use crate::audit::tree::node_hash;
use crate::id::Hash32;

/// Every key with its latest value.
#[derive(Debug, Clone, Default)]
pub struct Map {
    root: Link,
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
}

/// An inner node: below it are two leaves or more.
#[derive(Debug, Clone)]
struct Node {
    /// [`EMPTY`], which no node hashes to, where something below has changed since.
    hash: Hash32,
    left: Link,
    right: Link,
}

#[derive(Debug, Clone)]
struct Leaf {
    key: Hash32,
    value: Hash32,
}

impl Map {
    /// A map without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `key` (of [`Subject::key`](super::Subject::key)) this value, in place of any that it had.
    pub fn insert(&mut self, key: Hash32, value: Hash32) {
        let mut place = Place::Root;
        let mut depth = 0;
        let new = Link::leaf(self.leaves.len());
        while let Some(link) = self.link_mut(place) {
            let there = *link;
            match there.read() {
                Standing::Nothing => {
                    *link = new;
                    self.leaves.push(Leaf { key, value });
                    return;
                }
                Standing::Leaf(at) => match self.leaves.get_mut(at) {
                    Some(leaf) if leaf.key != key => {
                        // One step further down, on its own side; the new one goes on from there.
                        let lower = Node::above(there, bit(&leaf.key, depth));
                        self.put_node(place, lower);
                    }
                    same => {
                        if let Some(leaf) = same {
                            leaf.value = value;
                        }
                        return;
                    }
                },
                Standing::Node(at) => {
                    if let Some(node) = self.nodes.get_mut(at) {
                        node.hash = EMPTY;
                    }
                    place = Place::Below(at, bit(&key, depth));
                    depth += 1;
                }
            }
        }
    }

    /// The root over everything inserted so far; [`EMPTY`] without keys.
    pub fn root(&mut self) -> Hash32 {
        self.settle(self.root)
    }

    /// What the map says about `key`, for whoever knows its root.
    pub fn prove(&mut self, key: &Hash32) -> MapProof {
        self.root();
        let mut siblings = Vec::new();
        let mut link = self.root;
        while let Some(node) = self.node(link) {
            let (near, far) = if bit(key, siblings.len()) {
                (node.right, node.left)
            } else {
                (node.left, node.right)
            };
            siblings.push(self.hash(far));
            link = near;
        }
        let end = match self.leaf(link) {
            None => End::Empty,
            Some(leaf) if leaf.key == *key => End::Wanted { value: leaf.value },
            Some(leaf) => End::Other {
                key: leaf.key,
                value: leaf.value,
            },
        };
        MapProof::new(siblings, end)
    }

    /// Hands over every tile of the map, the top one last: what [`Update`](super::Update) goes on from.
    pub fn tiles(&mut self, take: &mut dyn FnMut(Prefix, &Tile)) {
        if self.root() != EMPTY {
            self.tile(self.root, Prefix::ROOT, take);
        }
    }

    fn tile(&self, link: Link, prefix: Prefix, take: &mut dyn FnMut(Prefix, &Tile)) {
        let mut tile = Tile::default();
        // Four steps down are one tile.
        let mut below = vec![(link, 0, 0)];
        while let Some((link, depth, at)) = below.pop() {
            match (self.node(link), self.leaf(link)) {
                (Some(node), _) if depth < 4 => {
                    below.push((node.left, depth + 1, 2 * at));
                    below.push((node.right, depth + 1, 2 * at + 1));
                }
                (Some(node), _) => {
                    tile.put(at, Child::Tile(node.hash));
                    self.tile(link, prefix.child(at), take);
                }
                (None, Some(leaf)) => {
                    let (key, value) = (leaf.key, leaf.value);
                    tile.put(prefix.next(&key), Child::Leaf { key, value });
                }
                (None, None) => {}
            }
        }
        take(prefix, &tile);
    }

    /// The hash of what stands here, after the hashes below it are brought up to date.
    fn settle(&mut self, link: Link) -> Hash32 {
        let stale = self.node(link).filter(|node| node.hash == EMPTY);
        let Some((left, right)) = stale.map(|node| (node.left, node.right)) else {
            return self.hash(link);
        };
        let hash = node_hash(&self.settle(left), &self.settle(right));
        if let Standing::Node(at) = link.read()
            && let Some(node) = self.nodes.get_mut(at)
        {
            node.hash = hash;
        }
        hash
    }

    /// The hash of what stands here; of a node the one that was computed last.
    fn hash(&self, link: Link) -> Hash32 {
        match (self.node(link), self.leaf(link)) {
            (Some(node), _) => node.hash,
            (_, Some(leaf)) => leaf_hash(&leaf.key, &leaf.value),
            _ => EMPTY,
        }
    }

    fn node(&self, link: Link) -> Option<&Node> {
        match link.read() {
            Standing::Node(at) => self.nodes.get(at),
            _ => None,
        }
    }

    fn leaf(&self, link: Link) -> Option<&Leaf> {
        match link.read() {
            Standing::Leaf(at) => self.leaves.get(at),
            _ => None,
        }
    }

    fn link_mut(&mut self, place: Place) -> Option<&mut Link> {
        match place {
            Place::Root => Some(&mut self.root),
            Place::Below(at, right) => self.nodes.get_mut(at).map(|node| node.side_mut(right)),
        }
    }

    fn put_node(&mut self, place: Place, node: Node) {
        let new = Link::node(self.nodes.len());
        if let Some(link) = self.link_mut(place) {
            *link = new;
            self.nodes.push(node);
        }
    }
}

impl Node {
    /// A node with this alone below it, not yet hashed.
    fn above(link: Link, right: bool) -> Self {
        let mut node = Self {
            hash: EMPTY,
            left: Link::default(),
            right: Link::default(),
        };
        *node.side_mut(right) = link;
        node
    }

    const fn side_mut(&mut self, right: bool) -> &mut Link {
        if right { &mut self.right } else { &mut self.left }
    }
}

/// Which link: the root's, or that of a node's left or right side.
#[derive(Clone, Copy)]
enum Place {
    Root,
    /// The place of the node in `nodes`, and whether its right side is meant.
    Below(usize, bool),
}

/// What stands somewhere in the tree. Five bytes and not sixteen: memory ends long before 2^38 leaves.
#[derive(Debug, Clone, Copy, Default)]
struct Link([u8; 5]);

/// A [`Link`], read.
enum Standing {
    Nothing,
    /// Its place in `leaves`.
    Leaf(usize),
    /// Its place in `nodes`.
    Node(usize),
}

impl Link {
    const fn leaf(at: usize) -> Self {
        Self::new(2 * at as u64 + 1)
    }

    const fn node(at: usize) -> Self {
        Self::new(2 * at as u64 + 2)
    }

    const fn new(number: u64) -> Self {
        let [_, _, _, a, b, c, d, e] = number.to_be_bytes();
        Self([a, b, c, d, e])
    }

    const fn read(self) -> Standing {
        let [a, b, c, d, e] = self.0;
        let number = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        match number {
            0 => Standing::Nothing,
            _ if number % 2 == 1 => Standing::Leaf((number / 2) as usize),
            _ => Standing::Node((number / 2 - 1) as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use std::collections::BTreeMap;

    use super::super::Update;
    use super::*;

    #[test]
    fn a_link_reads_back_in_all_its_bytes() {
        for at in [0, 1, 2, 255, 256, 0xffff_fffe, 0x1f_1234_5678] {
            assert!(matches!(Link::leaf(at).read(), Standing::Leaf(read) if read == at));
            assert!(matches!(Link::node(at).read(), Standing::Node(read) if read == at));
        }
        assert!(matches!(Link::default().read(), Standing::Nothing));
    }

    #[test]
    fn only_what_changed_is_hashed_anew() {
        let mut map = Map::new();
        for number in 0..4_u8 {
            map.insert([number << 6; 32], [1; 32]);
        }
        map.root();
        let stale = |map: &Map| map.nodes.iter().filter(|node| node.hash == EMPTY).count();
        assert_eq!((map.nodes.len(), stale(&map)), (3, 0));
        map.insert([0; 32], [2; 32]);
        assert_eq!(stale(&map), 2, "the root and the node below it");
        map.root();
        assert_eq!(stale(&map), 0);
    }

    #[test]
    fn its_tiles_are_those_that_updates_make() {
        let mut map = Map::new();
        map.tiles(&mut |_, _| panic!("an empty map has none"));
        let mut kept: BTreeMap<Prefix, Tile> = BTreeMap::new();
        let mut root = EMPTY;
        for round in 0..12_u8 {
            let keys = (0..40_u8).map(|at| (crate::hash::sha256(&[at % 30, round]), [round; 32]));
            let changes: BTreeMap<Hash32, Hash32> = keys.collect();
            changes.iter().for_each(|(key, value)| map.insert(*key, *value));
            let mut update = if root == EMPTY {
                Update::new(changes)
            } else {
                Update::over(root, changes)
            };
            while let Some(prefix) = update.wanted().first().copied() {
                update.give(prefix, kept.get(&prefix).cloned()).unwrap();
            }
            let (new, changed) = update.finish().unwrap();
            (root, _) = (new, kept.extend(changed));
            let mut tiles = BTreeMap::new();
            map.tiles(&mut |prefix, tile| _ = tiles.insert(prefix, tile.clone()));
            assert_eq!((map.root(), &tiles), (root, &kept));
        }
    }
}
