//! Our own frozen bytes: every structure of an account, made from a fixed stream of randomness.

use crypto::account::manifest::{CollectionKeys, Manifest, Pin, PinHow, SlotState};
use crypto::account::slot::Slot;
use crypto::account::upload::UploadRecord;
use crypto::collection::keys::{EpochKey, WriteKey};
use crypto::phrase::make_phrase;
use crypto::secret::BodyKey;
use crypto::words::{Words, verify_recovery_proof};
use serde_json::json;

use super::{Owner, log_pin};
use crate::support::{FixedRandom, freeze, to_hex};

#[test]
fn the_words_and_their_derivations_are_frozen() {
    let mut rng = FixedRandom::new("account-words");
    let words = Words::make(&mut rng).unwrap();
    let auth = words.derive_recovery_auth();
    let (deployment, challenge, login) = ([1; 16], [2; 32], [3; 16]);
    let proof = auth.make_proof(&deployment, &challenge, &login);
    verify_recovery_proof(&auth.public_key(), &deployment, &challenge, &login, &proof).unwrap();
    let (account_id, slot_id) = ([0xa1; 16], [0x51; 16]);
    let ark = crypto::account::keys::Ark::make(&mut rng).unwrap();
    let slot = Slot::wrap(&words.derive_kek(&account_id, &slot_id), 0, &ark, &mut rng).unwrap();
    let list: Vec<String> = words.to_words().iter().map(|word| word.to_string()).collect();
    freeze(
        "account-words.json",
        &json!({
            "proves": "words, recovery id, recovery-auth key, proof, words slot; random bytes are SHA-256(SHA-256(\"account-words\") || counter u64)",
            "words": list.join(" "),
            "recovery_id": to_hex(&words.derive_recovery_id()),
            "recovery_pk": to_hex(&auth.public_key()),
            "deployment_id": to_hex(&deployment),
            "challenge": to_hex(&challenge),
            "login_id": to_hex(&login),
            "proof": to_hex(&proof),
            "account_id": to_hex(&account_id),
            "slot_id": to_hex(&slot_id),
            "ark": to_hex(ark.key().expose()),
            "slot": to_hex(slot.to_bytes()),
            "slot_hash": to_hex(&slot.hash()),
            "k_account": to_hex(ark.derive_account_key(&account_id).key().expose()),
            "k_manifest": to_hex(ark.derive_manifest_key(&account_id).key().expose()),
            "k_local": to_hex(ark.derive_local_key(&account_id).key().expose()),
            "phrase": *make_phrase(&mut rng).unwrap(),
        }),
    );
}

#[test]
fn the_records_and_the_bundle_are_frozen() {
    let mut owner = Owner::new("account-records");
    let id = owner.account_id;
    let account_key = owner.ark.derive_account_key(&id);
    let secrets = owner.secrets.seal(&id, 1, &account_key, &mut owner.rng).unwrap();
    let mut manifest = Manifest::make(&secrets, 0, log_pin(), &mut owner.rng).unwrap();
    let words = Words::make(&mut owner.rng).unwrap();
    let slot = Slot::wrap(&words.derive_kek(&id, &[1; 16]), 0, &owner.ark, &mut owner.rng).unwrap();
    manifest.list_slot(&slot, SlotState::Live);
    manifest.kit_confirmed = Some(1_763_000_001);
    manifest.pins.insert(
        [6; 16],
        Pin {
            seq: 0,
            bundle_hash: [7; 32],
            how: PinHow::Compared,
        },
    );
    let collection = CollectionKeys {
        epoch: 0,
        epoch_key: EpochKey::make(&mut owner.rng).unwrap(),
        write_key: Some(WriteKey::from_seed(&[4; 32])),
        admin_key: None,
        genesis_charter_hash: [1; 32],
        charter_no: 0,
        charter_hash: [1; 32],
        head_no: 300,
        head_hash: [2; 32],
    };
    manifest.collections.insert([9; 16], collection);
    let manifest_key = owner.ark.derive_manifest_key(&id);
    let identity = owner.identity().clone();
    let first = manifest
        .seal(&id, None, &identity, &manifest_key, &mut owner.rng)
        .unwrap();
    let second = manifest
        .seal(&id, Some(&first), &identity, &manifest_key, &mut owner.rng)
        .unwrap();
    let body_key = BodyKey::make(&mut owner.rng).unwrap();
    let upload = UploadRecord {
        body_key,
        salt: [8; 24],
        plain_len: 70_000,
        digest: Some([9; 32]),
    };
    let upload = upload
        .seal(&id, &[0xb0; 16], 2, &account_key, &mut owner.rng)
        .unwrap();
    freeze(
        "account-records.json",
        &json!({
            "proves": "secrets, manifests 1 and 2, upload record, bundle 0; random bytes are SHA-256(SHA-256(\"account-records\") || counter u64)",
            "account_id": to_hex(&id),
            "ark": to_hex(owner.ark.key().expose()),
            "identity_seed": to_hex(owner.identity().signing().expose_seed()),
            "xwing_sk": to_hex(owner.identity().xwing().expose()),
            "deposit_root": to_hex(owner.secrets.deposit_root().key().expose()),
            "bundle": to_hex(owner.bundle.to_bytes()),
            "bundle_hash": to_hex(&owner.bundle.hash()),
            "secrets": to_hex(secrets.to_bytes()),
            "secrets_hash": to_hex(&secrets.hash()),
            "manifest_1": to_hex(first.to_bytes()),
            "manifest_1_hash": to_hex(&first.manifest_hash()),
            "manifest_2": to_hex(second.to_bytes()),
            "upload": to_hex(upload.to_bytes()),
        }),
    );
}
