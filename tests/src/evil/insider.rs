//! What a server could do together with somebody who holds keys of the account: structures with true seals and true
//! signatures that say what they must not. For checks that no lie in an answer alone can reach.

use std::collections::BTreeMap;

use crypto::account::bundle::VerifiedBundle;
use crypto::account::manifest::Manifest;
use crypto::account::record::Record;
use crypto::account::secrets::{Identity, Secrets};
use crypto::account::slot::Slot;
use crypto::audit::tree::TreeHead;
use crypto::ce::{self, Context};
use crypto::collection::charter::{Charter, OpenedCharter};
use crypto::collection::head::{Head, HeadSigner, NewHead, VerifiedHead, make_head};
use crypto::collection::index::Index;
use crypto::collection::keys::{AdminKey, EpochKey, EpochKeys, WriteKey};
use crypto::collection::load::Loader;
use crypto::collection::page::page_id;
use crypto::document::descriptor::Author;
use crypto::id::{Hash32, Id};
use crypto::label::Label;
use crypto::words::Words;
use sdk::flows::{Method, Request, Response};
use sdk::native::SystemRandom;
use shared::account::CreateAccount;
use shared::collection::{Collection, Pages, ReadPages};

use super::{Attack, Exchange, list, path};
use crate::adversary::Fate;

/// Every key of one account and of its collection.
pub struct Insider {
    /// Whose.
    pub account: Id,
    /// Its identity, with the secret key.
    pub identity: Identity,
    /// Its public half.
    pub bundle: VerifiedBundle,
    /// The collection.
    pub collection: Id,
    /// The only charter.
    pub charter: OpenedCharter,
    /// K_epoch of epoch 0.
    pub epoch_key: EpochKey,
    /// Signs heads.
    pub write_key: WriteKey,
    /// Signs charters.
    pub admin_key: AdminKey,
}

/// A list that an insider made: what the server shows in the place of its own.
#[derive(Clone)]
pub struct Forged {
    head: Vec<u8>,
    pages: BTreeMap<Hash32, Vec<u8>>,
}

impl Insider {
    /// Opens the account that was created in `memory` with the words of its sheet.
    #[must_use]
    pub fn of(memory: &[Exchange], words: &str) -> Self {
        let created = memory
            .iter()
            .filter(|seen| path(&seen.request) == shared::path::ACCOUNTS)
            .find_map(|seen| serde_json::from_slice::<CreateAccount>(&seen.request.body).ok())
            .expect("an account was created here");
        let account = created.account_id.0;
        let slot = Slot::parse(created.words_slot.as_slice()).expect("a slot");
        let kek = Words::parse(words)
            .expect("words")
            .derive_kek(&account, &slot.header().slot_id);
        let ark = slot.unwrap(&kek).expect("the account key");
        let bundle = VerifiedBundle::parse(created.bundle.as_slice()).expect("a bundle");
        let record = Record::parse(created.manifest.as_slice()).expect("a record");
        let manifest = Manifest::open(&record, &account, &ark.derive_manifest_key(&account), &bundle)
            .expect("a manifest");
        let record = Record::parse(created.secrets.as_slice()).expect("a record");
        let secrets = Secrets::open(&record, &account, &ark.derive_account_key(&account)).expect("secrets");
        let collection = created.collection.collection_id.0;
        let keys = manifest.collections.get(&collection).expect("its collection");
        let charter = Charter::parse(created.collection.charter.as_slice())
            .and_then(|charter| charter.verify_genesis(&collection))
            .expect("a charter")
            .open_genesis(&keys.epoch_key, &bundle)
            .expect("its own charter");
        Self {
            account,
            identity: secrets.current().expect("an identity").clone(),
            bundle,
            collection,
            charter,
            epoch_key: keys.epoch_key.clone(),
            write_key: keys.write_key.clone().expect("a write key"),
            admin_key: keys.admin_key.clone().expect("an admin key"),
        }
    }

    /// The newest list in `memory`, loaded as a member loads it.
    #[must_use]
    pub fn newest(&self, memory: &[Exchange]) -> (VerifiedHead, Index) {
        let commits = list::commits(memory);
        let head = commits.last().expect("a commit").head.as_slice();
        let head = Head::parse(head)
            .and_then(|head| head.verify(self.charter.charter()))
            .expect("a head")
            .open(&self.epoch_key)
            .and_then(|head| head.verify_author(&self.charter, &self.bundle))
            .expect("its own head");
        let pages = commits.iter().flat_map(|commit| &commit.pages);
        let pages: BTreeMap<_, _> = pages.map(|page| (page_id(page.as_slice()), page)).collect();
        let keys = EpochKeys::of(0, self.epoch_key.clone());
        let mut loader = Loader::new(&head, None).expect("a count");
        while let Some(id) = loader.missing(1).pop() {
            loader.feed(&keys, pages[&id].as_slice()).expect("a page");
        }
        (head, loader.finish().expect("a list"))
    }

    /// Whoever commits as the account itself.
    #[must_use]
    pub fn author(&self) -> Author<'_> {
        Author {
            account: self.account,
            seq: 0,
            identity: self.identity.signing(),
        }
    }

    /// The list that follows `before`, with these entries.
    #[must_use]
    pub fn list_after(&self, before: &VerifiedHead, index: &Index) -> Forged {
        let sealed = index
            .seal(0, &self.epoch_key, &mut SystemRandom)
            .expect("randomness");
        let pages = sealed.pages.iter().map(|page| page.bytes.clone());
        self.list_of(
            before,
            sealed.root_page_id,
            index.count(),
            pages.collect(),
            &self.author(),
        )
    }

    /// The list that follows `before`: any root, any count, any pages, any author; the collection's own write key.
    #[must_use]
    pub fn list_of(
        &self,
        before: &VerifiedHead,
        root: Hash32,
        entries: u64,
        pages: Vec<Vec<u8>>,
        author: &Author<'_>,
    ) -> Forged {
        let before = before.head().pin();
        let new = NewHead {
            charter: self.charter.charter(),
            before: Some(&before),
            root_page_id: root,
            refs_hash: [0; 32],
            time: 1_800_000_000,
            entries,
            checkpoint: TreeHead::default(),
        };
        let signer = HeadSigner::Write(&self.write_key);
        let head = make_head(&new, &signer, author, &self.epoch_key, &mut SystemRandom).expect("a head");
        Forged {
            head: head.to_bytes().to_vec(),
            pages: pages.into_iter().map(|page| (page_id(&page), page)).collect(),
        }
    }

    /// A page that holds this CBOR, sealed as every page is.
    #[must_use]
    pub fn page(&self, cbor: &[u8]) -> Vec<u8> {
        let mut plain = u32::try_from(cbor.len()).expect("short").to_be_bytes().to_vec();
        plain.extend_from_slice(cbor);
        plain.resize(plain.len().next_multiple_of(1_024), 0);
        let context = Context::new(Label::Page, &[&self.collection, &0_u32.to_be_bytes()]);
        ce::seal(self.epoch_key.key(), &context, &plain, &mut SystemRandom).expect("randomness")
    }
}

impl Forged {
    /// The server shows this list, and nothing of its own.
    #[must_use]
    pub fn shown(self, name: impl Into<String>) -> Attack {
        Attack::new(name, move |_, request, response| {
            self.tell(request, response);
            Fate::Pass
        })
    }

    /// Puts this list in the place of the honest one in one answer.
    pub fn tell(&self, request: &Request, response: &mut Response) {
        if list::is_collection(request) {
            list::json::<Collection>(response, |stored| stored.head = self.head.as_slice().into());
        }
        if list::is_pages(request) && request.method == Method::Post {
            let asked: ReadPages = serde_json::from_slice(&request.body).expect("a question for pages");
            let page = |id: &shared::Hash| self.pages.get(&id.0).map(|page| page.as_slice().into());
            list::json::<Pages>(response, |pages| {
                pages.pages = asked.ids.iter().map(page).collect()
            });
        }
    }
}
