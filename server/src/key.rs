//! Under which key each row stands. Every key begins with one byte that says its kind, then ids of fixed length, so
//! that no key is a prefix of another kind's (`spec/store.md`).

use crypto::id::{Hash32, Id};

use crate::store::Table;

/// A place in the store.
pub(crate) type Place = (Table, Vec<u8>);

pub(crate) fn account(account: &Id) -> Place {
    (Table::Account, join(b'a', &[account]))
}

pub(crate) fn quota(account: &Id) -> Place {
    (Table::Account, join(b'q', &[account]))
}

/// Every slot of an account, as a prefix.
pub(crate) fn slots(account: &Id) -> Place {
    (Table::Account, join(b's', &[account]))
}

pub(crate) fn slot(account: &Id, slot: &Id) -> Place {
    (Table::Account, join(b's', &[account, slot]))
}

pub(crate) fn secrets(account: &Id) -> Place {
    (Table::Account, join(b'k', &[account]))
}

pub(crate) fn manifest(account: &Id) -> Place {
    (Table::Account, join(b'm', &[account]))
}

pub(crate) fn bundle(account: &Id) -> Place {
    (Table::Account, join(b'i', &[account]))
}

/// What happened to its ways in and was not acknowledged.
pub(crate) fn events(account: &Id) -> Place {
    (Table::Account, join(b'e', &[account]))
}

/// How much the journal of an account holds.
pub(crate) fn journal(account: &Id) -> Place {
    (Table::Account, join(b'j', &[account]))
}

/// Every event of the journal of an account, as a prefix; the number follows.
pub(crate) fn all_events(account: &Id) -> Place {
    (Table::Account, join(b'v', &[account]))
}

pub(crate) fn event(account: &Id, number: u64) -> Place {
    (Table::Account, join(b'v', &[account, &number.to_be_bytes()]))
}

/// That an account was closed and is being erased.
pub(crate) fn closing(account: &Id) -> Place {
    (Table::Account, join(b'x', &[account]))
}

pub(crate) fn login(credential: &Hash32) -> Place {
    (Table::Login, join(b'p', &[credential]))
}

pub(crate) fn recovery(recovery: &Id) -> Place {
    (Table::Login, join(b'w', &[recovery]))
}

pub(crate) fn upload(body: &Id) -> Place {
    (Table::Upload, join(b'u', &[body]))
}

/// Every upload of an account, as a prefix; the body id follows.
pub(crate) fn uploads_of(account: &Id) -> Place {
    (Table::Upload, join(b'a', &[account]))
}

pub(crate) fn upload_of(account: &Id, body: &Id) -> Place {
    (Table::Upload, join(b'a', &[account, body]))
}

pub(crate) fn body(body: &Id) -> Place {
    (Table::Body, join(b'b', &[body]))
}

/// Every body of an account, as a prefix; the body id follows.
pub(crate) fn bodies_of(account: &Id) -> Place {
    (Table::Body, join(b'o', &[account]))
}

pub(crate) fn body_of(account: &Id, body: &Id) -> Place {
    (Table::Body, join(b'o', &[account, body]))
}

/// Every part hash of a body, as a prefix; the part's number follows.
pub(crate) fn part_hashes(body: &Id) -> Place {
    (Table::Body, join(b'h', &[body]))
}

pub(crate) fn part_hash(body: &Id, part: u32) -> Place {
    (Table::Body, join(b'h', &[body, &part.to_be_bytes()]))
}

/// Every reference to a body, as a prefix.
pub(crate) fn references(body: &Id) -> Place {
    (Table::Body, join(b'r', &[body]))
}

/// That a collection refers to a body.
pub(crate) fn reference(body: &Id, collection: &Id) -> Place {
    (Table::Body, join(b'r', &[body, collection]))
}

pub(crate) fn collection(collection: &Id) -> Place {
    (Table::Collection, join(b'c', &[collection]))
}

/// Every collection of an account, as a prefix; the collection id follows.
pub(crate) fn collections_of(account: &Id) -> Place {
    (Table::Collection, join(b'o', &[account]))
}

pub(crate) fn collection_of(account: &Id, collection: &Id) -> Place {
    (Table::Collection, join(b'o', &[account, collection]))
}

/// Every charter of a collection, as a prefix.
pub(crate) fn charters(collection: &Id) -> Place {
    (Table::Collection, join(b'k', &[collection]))
}

pub(crate) fn charter(collection: &Id, number: u32) -> Place {
    (
        Table::Collection,
        join(b'k', &[collection, &number.to_be_bytes()]),
    )
}

/// Every head of a collection, as a prefix.
pub(crate) fn heads(collection: &Id) -> Place {
    (Table::Collection, join(b'h', &[collection]))
}

pub(crate) fn head(collection: &Id, number: u64) -> Place {
    (
        Table::Collection,
        join(b'h', &[collection, &number.to_be_bytes()]),
    )
}

/// Every commit's references of a collection, as a prefix.
pub(crate) fn all_refs(collection: &Id) -> Place {
    (Table::Collection, join(b'f', &[collection]))
}

/// What the commit with this head gained and lost.
pub(crate) fn refs(collection: &Id, number: u64) -> Place {
    (
        Table::Collection,
        join(b'f', &[collection, &number.to_be_bytes()]),
    )
}

/// Every page of a collection, as a prefix.
pub(crate) fn pages(collection: &Id) -> Place {
    (Table::Page, join(b'p', &[collection]))
}

/// Every note of a dropped page, as a prefix.
pub(crate) fn all_dropped(collection: &Id) -> Place {
    (Table::Page, join(b'd', &[collection]))
}

pub(crate) fn page(collection: &Id, page: &Hash32) -> Place {
    (Table::Page, join(b'p', &[collection, page]))
}

/// That a commit dropped a page: beside it, so that dropping does not write the page again.
pub(crate) fn dropped(collection: &Id, page: &Hash32) -> Place {
    (Table::Page, join(b'd', &[collection, page]))
}

/// That a label is an account's, for ever: it stands in the log.
pub(crate) fn label(label: &Hash32) -> Place {
    (Table::Account, join(b'l', &[label]))
}

/// Every opening, as a prefix; the entry's index follows.
pub(crate) fn openings() -> Place {
    (Table::Opening, vec![b'o'])
}

pub(crate) fn opening(index: u64) -> Place {
    (Table::Opening, join(b'o', &[&index.to_be_bytes()]))
}

/// Every entry that an account caused and that is not closed, as a prefix; the index follows.
pub(crate) fn openings_of(account: &Id) -> Place {
    (Table::Opening, join(b'a', &[account]))
}

pub(crate) fn opening_of(account: &Id, index: u64) -> Place {
    (Table::Opening, join(b'a', &[account, &index.to_be_bytes()]))
}

/// Index of the entry with which a body became a document's.
pub(crate) fn logged_body(body: &Id) -> Place {
    (Table::Opening, join(b'b', &[body]))
}

/// Index of a head's entry.
pub(crate) fn logged_head(collection: &Id, number: u64) -> Place {
    (Table::Opening, join(b'h', &[collection, &number.to_be_bytes()]))
}

/// Every index of a collection's heads, as a prefix.
pub(crate) fn logged_heads(collection: &Id) -> Place {
    (Table::Opening, join(b'h', &[collection]))
}

/// Index of a manifest's entry.
pub(crate) fn logged_manifest(account: &Id, version: u64) -> Place {
    (Table::Opening, join(b'm', &[account, &version.to_be_bytes()]))
}

/// Every index of an account's manifests, as a prefix.
pub(crate) fn logged_manifests(account: &Id) -> Place {
    (Table::Opening, join(b'm', &[account]))
}

/// How far the map of the log is.
pub(crate) fn map() -> Place {
    (Table::Meta, b"map".to_vec())
}

/// Index of the newest entry with the map's root.
pub(crate) fn logged_map() -> Place {
    (Table::Meta, b"map-index".to_vec())
}

/// The map as it was before the newest root, while the newest is not witnessed yet.
pub(crate) fn map_before() -> Place {
    (Table::Meta, b"map-before".to_vec())
}

/// Tiles of the map as they were then, as a prefix; the tile's own name follows.
pub(crate) fn tiles_before() -> Place {
    (Table::Tile, vec![b'u'])
}

/// A tile of the map as it was then; a single zero where there was none.
pub(crate) fn tile_before(prefix: &[u8]) -> Place {
    (Table::Tile, join(b'u', &[prefix]))
}

/// A tile of the map.
pub(crate) fn map_tile(prefix: &[u8]) -> Place {
    (Table::Tile, join(b'm', &[prefix]))
}

/// A full tile of hashes of the log.
pub(crate) fn tile(level: u8, index: u64) -> Place {
    (Table::Tile, join(b'l', &[&[level], &index.to_be_bytes()]))
}

/// The roots of the full tiles of a level, as a prefix; the tile's index follows.
pub(crate) fn tile_roots(level: u8) -> Place {
    (Table::Tile, join(b'r', &[&[level]]))
}

pub(crate) fn tile_root(level: u8, index: u64) -> Place {
    (Table::Tile, join(b'r', &[&[level], &index.to_be_bytes()]))
}

/// Where the entry stands with which the log goes on from a backup, the newest time that it did.
pub(crate) fn restored() -> Place {
    (Table::Meta, b"restored".to_vec())
}

/// Every statement of the operator, as a prefix; the index of its entry in the log follows.
pub(crate) fn statements() -> Place {
    (Table::Meta, vec![b's'])
}

pub(crate) fn deployment() -> Place {
    (Table::Meta, b"deployment".to_vec())
}

/// Something to look at when its time has come. Only a reminder: the rows decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// An upload that may have been left unfinished.
    Upload(Id),
    /// A body that may have no reference, or is being erased.
    Body(Id),
    /// A page that may have been dropped long ago.
    Page(Id, Hash32),
    /// An account that was closed.
    Account(Id),
    /// A journal whose oldest events may have to go.
    Journal(Id),
}

/// Every reminder, as a prefix, in the order of their times.
pub(crate) fn dues() -> Place {
    (Table::Meta, vec![b't'])
}

pub(crate) fn due(at: u64, what: &Due) -> Place {
    let at = at.to_be_bytes();
    let key = match what {
        Due::Upload(body) => join(b't', &[&at, b"u", body]),
        Due::Body(body) => join(b't', &[&at, b"b", body]),
        Due::Account(account) => join(b't', &[&at, b"a", account]),
        Due::Journal(account) => join(b't', &[&at, b"j", account]),
        Due::Page(collection, page) => join(b't', &[&at, b"p", collection, page]),
    };
    (Table::Meta, key)
}

/// Reads the key of a reminder back.
pub(crate) fn read_due(key: &[u8]) -> Option<(u64, Due)> {
    let (at, rest) = key.strip_prefix(b"t")?.split_first_chunk::<8>()?;
    let (kind, id) = rest.split_first()?;
    let due = match kind {
        b'u' => Due::Upload(id.try_into().ok()?),
        b'b' => Due::Body(id.try_into().ok()?),
        b'a' => Due::Account(id.try_into().ok()?),
        b'j' => Due::Journal(id.try_into().ok()?),
        b'p' => {
            let (collection, page) = id.split_first_chunk::<16>()?;
            Due::Page(*collection, page.try_into().ok()?)
        }
        _ => return None,
    };
    Some((u64::from_be_bytes(*at), due))
}

fn join(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![kind];
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reminders_read_back_and_sort_by_time() {
        for what in [
            Due::Upload([1; 16]),
            Due::Body([2; 16]),
            Due::Page([3; 16], [4; 32]),
            Due::Account([5; 16]),
            Due::Journal([6; 16]),
        ] {
            assert_eq!(read_due(&due(77, &what).1), Some((77, what)));
        }
        assert!(due(255, &Due::Upload([9; 16])).1 < due(256, &Due::Body([0; 16])).1);
        assert_eq!(read_due(&deployment().1), None);
    }
}
