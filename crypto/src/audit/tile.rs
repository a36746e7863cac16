//! Tiles: how a log is published as static files (C2SP tlog-tiles; `spec/log.md`, section 3). Addresses, and what lies in them.
//!
//! A hash tile has up to 256 hashes of one level, eight levels apart; an entry bundle up to 256 entries. The newest of
//! each level may be partial, and its address says how wide it is.

use super::prove::Node;
use super::tree::root_of_leaves;
use crate::codec::{Malformed, Reader};
use crate::id::Hash32;

/// Which kind of tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes of complete subtrees of 256^level leaves.
    Hashes {
        /// 0 to 7: level 0 holds the hashes of entries.
        level: u8,
    },
    /// The entries themselves.
    Entries,
}

/// The address of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Of hashes or entries.
    pub kind: Kind,
    /// Which one of its level, from the left.
    pub index: u64,
    /// Hashes or entries in it, 1 to 256.
    pub width: u16,
}

/// Where the root of a complete subtree is found: the root over some hashes of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The tile's level.
    pub level: u8,
    /// The tile's index.
    pub index: u64,
    /// First of the hashes in it.
    pub first: usize,
    /// How many, a power of two up to 128.
    pub count: usize,
}

impl Tile {
    /// The tile `index` of a level in a log of `size` entries, as wide as it is there; `None` where it has nothing yet.
    #[must_use]
    pub fn at(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let items = match kind {
            Kind::Hashes { level } if level <= TOP => size >> (8 * u32::from(level)),
            Kind::Hashes { .. } => return None,
            Kind::Entries => size,
        };
        let left = items.checked_sub(index.checked_mul(WIDTH.into())?)?;
        let width = left.min(WIDTH.into()) as u16;
        (width > 0).then_some(Self { kind, index, width })
    }

    /// Whether it will never change.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// `tile/0/x001/067`, `tile/entries/067.p/5`: where it lies below the log's address.
    #[must_use]
    pub fn path(&self) -> String {
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        let level = match self.kind {
            Kind::Hashes { level } => level.to_string(),
            Kind::Entries => "entries".to_owned(),
        };
        let path = format!("tile/{level}/{}", groups.join("/"));
        if self.is_full() {
            path
        } else {
            format!("{path}.p/{}", self.width)
        }
    }

    /// Reads what [`Tile::path`] writes, and nothing else.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = match level {
            "entries" => Kind::Entries,
            level => Kind::Hashes {
                level: level.parse().ok().filter(|level| *level <= TOP)?,
            },
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok()?),
            None => (rest, WIDTH),
        };
        let index = index.split('/').try_fold(0_u64, |index, group| {
            let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
            index.checked_mul(1000)?.checked_add(digits)
        })?;
        let tile = Self { kind, index, width };
        // One address for each tile.
        ((1..=WIDTH).contains(&width) && tile.path() == path).then_some(tile)
    }

    /// The hashes of a tile of hashes; `None` for another number of bytes than its width has.
    #[must_use]
    pub fn hashes(&self, bytes: &[u8]) -> Option<Vec<Hash32>> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        (rest.is_empty() && hashes.len() == usize::from(self.width)).then(|| hashes.to_vec())
    }

    /// The entries of a bundle, each length u16 ‖ bytes; `None` for another number of them, or bytes behind them.
    #[must_use]
    pub fn entries<'a>(&self, bytes: &'a [u8]) -> Option<Vec<&'a [u8]>> {
        let mut input = Reader::new(bytes);
        let mut entry = || {
            let len = u16::from_be_bytes(input.array()?);
            input.bytes(usize::from(len))
        };
        let entries: Result<Vec<&[u8]>, Malformed> = (0..self.width).map(|_| entry()).collect();
        let entries = entries.ok()?;
        input.finish().is_ok().then_some(entries)
    }
}

impl Node {
    /// Where its root is found.
    #[must_use]
    pub fn place(&self) -> Place {
        let (level, within) = (self.level / 8, self.level % 8);
        // A subtree of 2^63 leaves starts at leaf 0 or 2^63: nothing is shifted out.
        let first = self.index << within;
        Place {
            level,
            index: first >> 8,
            first: (first & 0xff) as usize,
            count: 1 << within,
        }
    }
}

impl Place {
    /// The root, from the hashes of the tile; `None` where the tile is not wide enough.
    #[must_use]
    pub fn root(&self, hashes: &[Hash32]) -> Option<Hash32> {
        let end = self.first.checked_add(self.count)?;
        hashes.get(self.first..end).map(root_of_leaves)
    }
}

/// One entry as it stands in a bundle; `None` where it is longer than an entry may be.
#[must_use]
pub fn bundled(entry: &[u8]) -> Option<Vec<u8>> {
    let len = u16::try_from(entry.len()).ok()?;
    Some([&len.to_be_bytes()[..], entry].concat())
}

/// Hashes or entries of a full tile.
pub const WIDTH: u16 = 256;
/// The highest level of tiles: 256^8 leaves are more than a log can have.
const TOP: u8 = 7;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::audit::proof::verify_tile;
    use crate::audit::prove::{consistency, inclusion};
    use crate::audit::tree::leaf_hash;

    #[test]
    fn addresses_read_back_and_have_one_form() {
        let tile = |kind, index, width| Tile { kind, index, width };
        let hashes = Kind::Hashes { level: 0 };
        for (tile, path) in [
            (tile(hashes, 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(hashes, 0, 1), "tile/0/000.p/1"),
            (tile(Kind::Entries, 67, 5), "tile/entries/067.p/5"),
            (
                tile(Kind::Hashes { level: 7 }, 1000, 255),
                "tile/7/x001/000.p/255",
            ),
        ] {
            assert_eq!(tile.path(), path);
            assert_eq!(Tile::parse(path), Some(tile));
        }
        for path in [
            "tile/0/67",
            "tile/0/0067",
            "tile/0/x000/067",
            "tile/00/067",
            "tile/8/067",
            "tile/0/067.p/256",
            "tile/0/067.p/0",
            "tile/0/067.p/05",
            "tile/0/001/067",
            "tile/0/x001/x067",
            "tile/0/067/",
            "/tile/0/067",
            "tile/0/+67",
            "tile/-1/067",
            "tile/0/x18/x446/x744/x073/x709/x551/616",
            "tile/entries/",
            "tile/0/",
        ] {
            assert_eq!(Tile::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_tile_is_as_wide_as_the_log_makes_it() {
        let hashes = |level| Kind::Hashes { level };
        assert_eq!(Tile::at(hashes(0), 0, 0), None);
        assert_eq!(Tile::at(hashes(0), 1, 300).unwrap().width, 44);
        assert_eq!(Tile::at(hashes(0), 0, 300).unwrap().width, 256);
        assert_eq!(Tile::at(hashes(1), 0, 300).unwrap().width, 1);
        assert_eq!(Tile::at(hashes(1), 0, 255), None);
        assert_eq!(Tile::at(hashes(0), u64::MAX, u64::MAX), None);
        assert_eq!(Tile::at(hashes(8), 0, u64::MAX), None);
    }

    #[test]
    fn every_hash_of_a_proof_is_found_in_the_tiles() {
        let size = 70_000_u64;
        let leaves: Vec<Hash32> = (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let mut levels = vec![leaves.clone()];
        while levels.last().unwrap().len() >= 256 {
            levels.push(
                levels
                    .last()
                    .unwrap()
                    .chunks_exact(256)
                    .map(root_of_leaves)
                    .collect(),
            );
        }
        let runs = [
            inclusion(68_999, size).unwrap(),
            consistency(65_537, size).unwrap(),
        ]
        .concat();
        for node in runs.iter().flat_map(|run| run.nodes()) {
            let place = node.place();
            let tile = Tile::at(Kind::Hashes { level: place.level }, place.index, size).unwrap();
            let begin = usize::try_from(place.index).unwrap() * 256;
            let hashes = &levels[usize::from(place.level)][begin..begin + usize::from(tile.width)];
            let leaf = usize::try_from(node.index << node.level).unwrap();
            let wanted = root_of_leaves(&leaves[leaf..leaf + (1 << node.level)]);
            assert_eq!(place.root(hashes), Some(wanted));
        }
    }

    #[test]
    fn a_whole_tile_is_proven_by_its_first_leaf_and_no_other_leaves_are() {
        for size in [1_u64, 5, 256, 257, 300, 512, 1_000, 70_000] {
            let leaves: Vec<Hash32> = (0..size).map(|i| leaf_hash(&i.to_be_bytes())).collect();
            let root = root_of_leaves(&leaves);
            let subtree = |node: &Node| {
                let begin = usize::try_from(node.index << node.level).unwrap();
                root_of_leaves(&leaves[begin..begin + (1 << node.level)])
            };
            for (index, tile) in leaves.chunks(256).enumerate() {
                let runs = inclusion(index as u64 * 256, size).unwrap();
                let hash = |run: &crate::audit::prove::Run| {
                    let roots: Vec<Hash32> = run.nodes().iter().map(subtree).collect();
                    run.root(&roots).unwrap()
                };
                let proof: Vec<Hash32> = runs.iter().map(hash).collect();
                verify_tile(index as u64, tile, size, &proof, &root).unwrap();
                let mut other = tile.to_vec();
                other[tile.len() / 2] = [0; 32];
                assert!(verify_tile(index as u64, &other, size, &proof, &root).is_err());
                assert!(verify_tile(index as u64, &tile[1..], size, &proof, &root).is_err());
                assert!(verify_tile(index as u64 + 1, tile, size, &proof, &root).is_err());
            }
        }
    }

    #[test]
    fn bundles_read_back_whole() {
        let bytes = [bundled(b"one").unwrap(), bundled(b"").unwrap()].concat();
        let tile = Tile {
            kind: Kind::Entries,
            index: 0,
            width: 2,
        };
        assert_eq!(tile.entries(&bytes).unwrap(), [&b"one"[..], b""]);
        assert_eq!(tile.entries(&bytes[..6]), None);
        assert_eq!(tile.entries(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Tile { width: 3, ..tile }.entries(&bytes), None);
        assert_eq!(bundled(&vec![0; 65_536]), None);
        let hashes = Tile {
            kind: Kind::Hashes { level: 0 },
            index: 0,
            width: 2,
        };
        assert_eq!(hashes.hashes(&[7; 64]).unwrap(), [[7; 32]; 2]);
        assert_eq!(hashes.hashes(&[7; 65]), None);
        assert_eq!(hashes.hashes(&[7; 96]), None);
    }
}
