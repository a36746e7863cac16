//! Who knows the twelve words and hears the line: opens what the account's own devices open, without the sdk.
//!
//! A test audits keys with it, or plays another client of the same account, one with a mistake or of ill will.

use std::collections::BTreeMap;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::keys::KAccount;
use crypto::account::manifest::{CollectionKeys, Manifest};
use crypto::account::record::Record;
use crypto::account::secrets::Secrets;
use crypto::account::slot::{Slot, SlotType};
use crypto::account::upload::UploadRecord;
use crypto::audit::tree::TreeHead;
use crypto::ce::{self, Context};
use crypto::collection::charter::Charter;
use crypto::collection::head::{Head, HeadSigner, NewHead, Pin, make_head};
use crypto::document::descriptor::Author;
use crypto::hash::sha256;
use crypto::label::Label;
use crypto::words::Words;
use sdk::native::SystemRandom;
use shared::account::Account;
use shared::collection::Collection;
use shared::document::BeginUpload;
use shared::{AccountId, Blob, BodyId, path};

use crate::evil::{Exchange, path as path_of};
use crate::person::Person;

/// The keys of one account.
pub struct Insider {
    account: AccountId,
    key: KAccount,
    secrets: Secrets,
    collection: ([u8; 16], CollectionKeys),
    label_salt: [u8; 16],
    bundle_hash: [u8; 32],
}

/// K_body and salt of one body.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BodyKeys(pub [u8; 32], pub [u8; 24]);

impl Insider {
    /// Opens the account as it passed on the line last.
    ///
    /// # Panics
    /// Where no account passed, or it is another person's.
    #[must_use]
    pub fn of(person: &Person, memory: &[Exchange]) -> Self {
        let stored: Account = last(memory, path::ACCOUNT).expect("an account has passed");
        let id = *stored.account_id.as_bytes();
        let words = Words::parse(&person.words).expect("twelve words");
        let slots = stored
            .slots
            .iter()
            .map(|slot| Slot::parse(slot.as_slice()).expect("a slot"));
        let slot = slots
            .into_iter()
            .find(|slot| slot.header().slot_type == SlotType::Words)
            .expect("a slot of the words");
        let kek = words.derive_kek(&id, &slot.header().slot_id);
        let ark = slot.unwrap(&kek).expect("the person's own slot");
        let bundle = VerifiedBundle::parse(stored.bundle.as_slice()).expect("a bundle");
        let record = |blob: &Blob| Record::parse(blob.as_slice()).expect("a record");
        let manifest = Manifest::open(
            &record(&stored.manifest),
            &id,
            &ark.derive_manifest_key(&id),
            &bundle,
        );
        let manifest = manifest.expect("the manifest");
        let key = ark.derive_account_key(&id);
        let secrets = Secrets::open(&record(&stored.secrets), &id, &key).expect("the secrets");
        let collection = manifest.collections.into_iter().next().expect("a collection");
        Self {
            account: stored.account_id,
            key,
            secrets,
            collection,
            label_salt: manifest.label_salt,
            bundle_hash: bundle.hash(),
        }
    }

    /// What makes the label of the account's identity in the log one that nobody else can compute.
    #[must_use]
    pub const fn label_salt(&self) -> &[u8; 16] {
        &self.label_salt
    }

    /// What the account's identity in the log says of its keys.
    #[must_use]
    pub const fn bundle_hash(&self) -> &[u8; 32] {
        &self.bundle_hash
    }

    /// The account's key of its index.
    #[must_use]
    pub fn epoch_key(&self) -> &[u8; 32] {
        self.collection.1.epoch_key.key().expose()
    }

    /// The keys of every body whose upload began on this line.
    ///
    /// # Panics
    /// Where a record does not open.
    #[must_use]
    pub fn body_keys(&self, memory: &[Exchange]) -> BTreeMap<BodyId, BodyKeys> {
        let mut keys = BTreeMap::new();
        for exchange in memory {
            let Ok(begin) = serde_json::from_slice::<BeginUpload>(&exchange.request.body) else {
                continue;
            };
            let record = Record::parse(begin.record.as_slice()).expect("a record");
            let id = begin.body_id;
            let opened = UploadRecord::open(&record, self.account.as_bytes(), &id.0, &self.key);
            let opened = opened.expect("the account's own upload");
            let key = BodyKeys(*opened.body_key.key().expose(), opened.salt);
            let before = keys.insert(id, key.clone());
            assert!(before.is_none_or(|before| before == key), "two keys for one body");
        }
        keys
    }

    /// A list like `stored`, with the bytes `from` of its one page replaced by `to` of the same length, signed by the
    /// account's own keys as the next head. The answer to a reading of the collection, and the page.
    ///
    /// # Panics
    /// Where the list has more than one page, or `from` is not in it once.
    #[must_use]
    pub fn forge(&self, stored: &Collection, page: &[u8], from: &[u8], to: &[u8]) -> (Collection, Vec<u8>) {
        let (id, keys) = &self.collection;
        assert_eq!(from.len(), to.len());
        let context = || Context::new(Label::Page, &[id, &keys.epoch.to_be_bytes()]);
        let mut plain = ce::open(keys.epoch_key.key(), &context(), page).expect("a page");
        let found: Vec<usize> = plain
            .windows(from.len())
            .enumerate()
            .filter(|(_, window)| *window == from)
            .map(|(at, _)| at)
            .collect();
        let [at] = found[..] else {
            panic!("{} places instead of one", found.len())
        };
        plain[at..at + to.len()].copy_from_slice(to);
        let page = ce::seal(keys.epoch_key.key(), &context(), &plain, &mut SystemRandom).expect("sealed");
        let head = self.next_head(stored, sha256(&page));
        let forged = Collection {
            charters: stored.charters.clone(),
            head: head.into(),
            logged: stored.logged,
        };
        (forged, page)
    }

    fn next_head(&self, stored: &Collection, root_page_id: [u8; 32]) -> Vec<u8> {
        let (id, keys) = &self.collection;
        let charter = Charter::parse(stored.charters[0].as_slice()).expect("a charter");
        let charter = charter.verify_genesis(id).expect("the genesis");
        let before = Head::parse(stored.head.as_slice()).expect("a head");
        let before = before.verify(&charter).expect("a signed head");
        let pin: Pin = before.pin();
        let identity = self.secrets.current().expect("an identity");
        let author = Author {
            account: *self.account.as_bytes(),
            seq: identity.seq(),
            identity: identity.signing(),
        };
        let new = NewHead {
            charter: &charter,
            before: Some(&pin),
            root_page_id,
            refs_hash: [0; 32],
            time: before.time(),
            entries: 1,
            checkpoint: TreeHead::default(),
        };
        let write = keys.write_key.as_ref().expect("a writer");
        let head = make_head(
            &new,
            &HeadSigner::Write(write),
            &author,
            &keys.epoch_key,
            &mut SystemRandom,
        );
        head.expect("a head").to_bytes().to_vec()
    }
}

/// The last answer of this path, as JSON.
#[must_use]
pub fn last<T: serde::de::DeserializeOwned>(memory: &[Exchange], path: &str) -> Option<T> {
    memory
        .iter()
        .rev()
        .filter(|exchange| path_of(&exchange.request) == path)
        .find_map(|exchange| serde_json::from_slice(&exchange.response.body).ok())
}
