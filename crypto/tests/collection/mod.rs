//! Collections: charters, heads, pages, merge; round trips, frozen bytes, and every alteration refused.

mod chain;
mod frozen;
mod merge;
mod merge_laws;
mod page;
mod trie;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::secrets::Identity;
use crypto::audit::tree::TreeHead;
use crypto::collection::charter::{NewCollection, OpenedCharter, make_genesis};
use crypto::collection::entry::{By, Entry};
use crypto::collection::head::{HeadSigner, NewHead, Pin, VerifiedHead, make_head};
use crypto::collection::index::{Index, Sealed};
use crypto::collection::keys::{AdminKey, EpochKey, EpochKeys, WriteKey};
use crypto::collection::load::{LoadError, Loader};
use crypto::collection::name::Name;
use crypto::document::body::{BodyHeader, BodyKind, BodySealer};
use crypto::document::descriptor::{Author, Content, Descriptor, MediaType};
use crypto::id::Id;
use crypto::secret::BodyKey;
use crypto::signature::SigningKey;

use crate::support::FixedRandom;

/// One person with one collection.
struct World {
    random: FixedRandom,
    account: Id,
    identity: Identity,
    bundle: VerifiedBundle,
    collection_id: Id,
    epoch_key: EpochKey,
    write_key: WriteKey,
    admin_key: AdminKey,
    charter: OpenedCharter,
}

impl World {
    fn new(seed: &str) -> Self {
        let mut random = FixedRandom::new(seed);
        let account = id(&mut random);
        let identity = Identity::make(1_700_000_000, &mut random).unwrap();
        let bundle = VerifiedBundle::make(&account, &identity).unwrap();
        let collection_id = id(&mut random);
        let epoch_key = EpochKey::make(&mut random).unwrap();
        let write_key = WriteKey::make(&mut random).unwrap();
        let admin_key = AdminKey::make(&mut random).unwrap();
        let new = NewCollection {
            collection_id,
            epoch_key: &epoch_key,
            write_key: &write_key,
            admin_key: &admin_key,
        };
        let author = Author {
            account,
            seq: 0,
            identity: identity.signing(),
        };
        let charter = make_genesis(&new, &author, &bundle, &mut random).unwrap();
        let charter = charter.open_genesis(&epoch_key, &bundle).unwrap();
        Self {
            random,
            account,
            identity,
            bundle,
            collection_id,
            epoch_key,
            write_key,
            admin_key,
            charter,
        }
    }

    fn by(&self, head_no: u64) -> By {
        By {
            account: self.account,
            time: 1_700_000_000 + head_no,
            head_no,
        }
    }

    fn keys(&self) -> EpochKeys {
        EpochKeys::of(0, self.epoch_key.clone())
    }

    fn id(&mut self) -> Id {
        id(&mut self.random)
    }

    fn document(&mut self, name: &str) -> Entry {
        let (object_id, body_id) = (self.id(), self.id());
        let by = self.by(0);
        Entry::new(
            object_id,
            Name::new(name).unwrap(),
            Some(descriptor(body_id)),
            &by,
        )
    }

    fn folder(&mut self, name: &str) -> Entry {
        let object_id = self.id();
        Entry::new(object_id, Name::new(name).unwrap(), None, &self.by(0))
    }

    fn seal(&mut self, index: &Index) -> Sealed {
        index.seal(0, &self.epoch_key, &mut self.random).unwrap()
    }

    /// A head over a sealed index, by the write key.
    fn head(&mut self, sealed: &Sealed, before: Option<&Pin>) -> VerifiedHead {
        let new = NewHead {
            charter: self.charter.charter(),
            before,
            root_page_id: sealed.root_page_id,
            refs_hash: sealed.refs.hash(),
            time: 1_700_000_000,
            entries: sealed.index.count(),
            checkpoint: TreeHead::default(),
        };
        let author = Author {
            account: self.account,
            seq: 0,
            identity: self.identity.signing(),
        };
        let signer = HeadSigner::Write(&self.write_key);
        let head = make_head(&new, &signer, &author, &self.epoch_key, &mut self.random).unwrap();
        head.open(&self.epoch_key)
            .unwrap()
            .verify_author(&self.charter, &self.bundle)
            .unwrap()
    }
}

fn id(random: &mut FixedRandom) -> Id {
    random.bytes(16).try_into().unwrap()
}

/// A well-formed descriptor of an empty body with this id.
fn descriptor(body_id: Id) -> Descriptor {
    let key = BodyKey::new(crypto::secret::Key32::new(crypto::hash::sha256(&body_id)));
    let mut sealer = BodySealer::new(&key, [7; 24], body_id, BodyKind::Document, 0).unwrap();
    let part = sealer.seal_part(0, &[]).unwrap();
    let header: BodyHeader = sealer.header(&[part.hash]).unwrap();
    let content = Content {
        plain_len: 0,
        content_root: [9; 32],
        media: MediaType::Pdf,
    };
    let identity = SigningKey::from_seed(&[5; 32]);
    Descriptor::new(
        &header,
        &key,
        &content,
        &Author {
            account: [6; 16],
            seq: 0,
            identity: &identity,
        },
    )
}

/// Loads the index under a head from what `stored` returns for a page id; says how many pages it fetched.
fn load(
    head: &VerifiedHead,
    keys: &EpochKeys,
    known: Option<&Index>,
    stored: &dyn Fn(&[u8; 32]) -> Vec<u8>,
) -> Result<(Index, usize), LoadError> {
    let mut loader = Loader::new(head, known)?;
    let mut fetched = 0;
    loop {
        let batch = loader.missing(128);
        if batch.is_empty() {
            return loader.finish().map(|index| (index, fetched));
        }
        for page_id in batch {
            loader.feed(keys, &stored(&page_id))?;
            fetched += 1;
        }
    }
}

/// Everything that differs from `bytes` in one bit.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}
