//! The personal collection of a new account: charter 0, an empty index, head 0. spec/flows.md section 2.

use crypto::account::bundle::VerifiedBundle;
use crypto::account::manifest::CollectionKeys;
use crypto::account::secrets::Identity;
use crypto::audit::tag::LogKey;
use crypto::audit::tree::TreeHead;
use crypto::collection::charter::{NewCollection, make_genesis};
use crypto::collection::head::{HeadSigner, NewHead, make_head};
use crypto::collection::index::Index;
use crypto::collection::keys::{AdminKey, EpochKey, WriteKey};
use crypto::document::descriptor::Author;
use crypto::random::Random;
use shared::account::CreateCollection;
use shared::audit::LogWrite;
use shared::{AccountId, CollectionId, Hash, LogTag};

use super::commit::{CommitError, to_wire};

/// The personal collection of a new account: charter 0, an empty index, head 0; and its keys for the manifest.
pub(crate) fn make_personal(
    account: AccountId,
    identity: &Identity,
    bundle: &VerifiedBundle,
    (now, checkpoint): (u64, TreeHead),
    random: &mut dyn Random,
) -> Result<(CreateCollection, CollectionKeys), CommitError> {
    let failed = |_| CommitError::Device;
    let id: [u8; 16] = crypto::random::make_bytes(random)?;
    let (epoch_key, write, admin) = (
        EpochKey::make(random)?,
        WriteKey::make(random)?,
        AdminKey::make(random)?,
    );
    let author = Author {
        account: account.0,
        seq: identity.seq(),
        identity: identity.signing(),
    };
    let new = NewCollection {
        collection_id: id,
        epoch_key: &epoch_key,
        write_key: &write,
        admin_key: &admin,
    };
    let charter = make_genesis(&new, &author, bundle, random).map_err(|_| CommitError::Device)?;
    let sealed = Index::empty(id)
        .seal(charter.epoch(), &epoch_key, random)
        .map_err(failed)?;
    let head = NewHead {
        charter: &charter,
        before: None,
        root_page_id: sealed.root_page_id,
        refs_hash: sealed.refs.hash(),
        time: now,
        entries: 0,
        checkpoint,
    };
    let head = make_head(&head, &HeadSigner::Write(&write), &author, &epoch_key, random)
        .map_err(|_| CommitError::Device)?;
    let keys = CollectionKeys {
        epoch: charter.epoch(),
        epoch_key: epoch_key.clone(),
        write_key: Some(write),
        admin_key: Some(admin),
        genesis_charter_hash: *charter.hash(),
        charter_no: charter.charter_no(),
        charter_hash: *charter.hash(),
        head_no: head.head_no(),
        head_hash: *head.hash(),
    };
    let log = LogWrite {
        seed: Hash(crypto::random::make_bytes(random)?),
        tag: LogTag(LogKey::of_collection(&epoch_key, &id).tag(0)),
    };
    let commit = to_wire(&sealed, &head, log);
    let created = CreateCollection {
        collection_id: CollectionId(id),
        charter: charter.to_bytes().into(),
        commit,
    };
    Ok((created, keys))
}
