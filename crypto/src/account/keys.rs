//! The account root key (ARK), the keys derived from it, and the keys that wrap it (`spec/account.md`, 2).
//!
//! One random ARK per `ark_gen`; every way in wraps the same one. Nothing here is stored or sent as it is.

use crate::account::slot::SlotType;
use crate::id::Id;
use crate::label::Label;
use crate::primitives::kdf;
use crate::secret::{Key32, key_of_one_purpose};

key_of_one_purpose! {
    /// The account root key: 32 random bytes, wrapped in every slot.
    Ark;
    /// K_account: seals secrets and upload records.
    KAccount;
    /// K_manifest: seals manifests.
    KManifest;
    /// K_local: seals journal and cache on a device.
    KLocal;
    /// Root of the keys of deposit tokens: 32 random bytes, kept in the secrets.
    DepositRoot;
}

impl Ark {
    /// K_account = KDF(ARK, k/account, account_id, 32).
    #[must_use]
    pub fn derive_account_key(&self, account_id: &Id) -> KAccount {
        KAccount::new(derive(self, Label::KAccount, account_id))
    }

    /// K_manifest = KDF(ARK, k/manifest, account_id, 32).
    #[must_use]
    pub fn derive_manifest_key(&self, account_id: &Id) -> KManifest {
        KManifest::new(derive(self, Label::KManifest, account_id))
    }

    /// K_local = KDF(ARK, k/local, account_id, 32).
    #[must_use]
    pub fn derive_local_key(&self, account_id: &Id) -> KLocal {
        KLocal::new(derive(self, Label::KLocal, account_id))
    }
}

/// A key that wraps the ARK in exactly one slot: type, account and slot are part of it.
pub struct Kek {
    slot_type: SlotType,
    account_id: Id,
    slot_id: Id,
    key: Key32,
}

impl Kek {
    /// KDF(HKDF-Extract-SHA512(salt = 16 zeros, ikm = export_key), kek/password, account_id ‖ slot_id, 32).
    #[must_use]
    pub fn derive_from_export_key(
        export_key: &crate::opaque::client::ExportKey,
        account_id: &Id,
        slot_id: &Id,
    ) -> Self {
        // The place of the secret key of a later stage; without one, 16 zeros.
        let prk = kdf::extract(&[0; 16], export_key.expose());
        let key = Key32::new(*kdf::derive(
            prk.as_slice(),
            Label::KekPassword,
            &[account_id, slot_id],
        ));
        Self {
            slot_type: SlotType::Password,
            account_id: *account_id,
            slot_id: *slot_id,
            key,
        }
    }

    /// KDF(prk of the words, kek/recovery, account_id ‖ slot_id, 32).
    pub(crate) fn derive_from_words(prk: &[u8; 64], account_id: &Id, slot_id: &Id) -> Self {
        let key = Key32::new(*kdf::derive(prk, Label::KekRecovery, &[account_id, slot_id]));
        Self {
            slot_type: SlotType::Words,
            account_id: *account_id,
            slot_id: *slot_id,
            key,
        }
    }

    /// Which way in this key stands for.
    #[must_use]
    pub const fn slot_type(&self) -> SlotType {
        self.slot_type
    }

    /// Whose slot.
    #[must_use]
    pub const fn account_id(&self) -> &Id {
        &self.account_id
    }

    /// Which slot.
    #[must_use]
    pub const fn slot_id(&self) -> &Id {
        &self.slot_id
    }

    pub(crate) const fn key(&self) -> &Key32 {
        &self.key
    }
}

fn derive(ark: &Ark, label: Label, account_id: &Id) -> Key32 {
    Key32::new(*kdf::derive(ark.key().expose(), label, &[account_id]))
}
