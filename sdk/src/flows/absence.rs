//! Freshness S2: the log's map proves that what would follow is not there, without reading every entry.
//! spec/flows.md section 10, checklist 28, 44, 45.

use crypto::audit::entry::{Entry, Tag};
use crypto::audit::map::{MapProof, Subject};
use crypto::audit::proof::verify_inclusion;
use crypto::audit::tree::TreeHead;
use crypto::hash::sha256;
use crypto::id::Hash32;
use shared::Hash;
use shared::audit::{MapProofs, ReadProofs};

use super::collection::SyncError;
use super::freshness::{SCANNED_AT_MOST, Wanted, plain};
use super::retry;
use crate::api;
use crate::evidence::{Check, Route};
use crate::session::Unlocked;

impl Unlocked {
    /// What the map vouches for: in all that it covers nothing of this account is hidden, and no identity is another's. Its
    /// root stands in the checkpoint; `None` where it was logged after that.
    pub(crate) async fn prove_absence(
        &self,
        tree: &TreeHead,
        heads: &[Tag],
    ) -> Result<Option<Vouched>, SyncError> {
        for may_refresh in [true, false] {
            let wanted = self.wanted(heads);
            let told = self.read_map(&wanted).await?;
            if told.index >= tree.size {
                return Ok(None);
            }
            self.verify_map_head(tree, &told).await?;
            // Whatever comes after is read entry by entry, and that must stay possible.
            if tree.size - told.covered > SCANNED_AT_MOST {
                return Err(self.refuse_map(Check::Map, &told).await);
            }
            match wanted.judge(&told) {
                Verdict::Fine { has_identity } => {
                    return Ok(Some(Vouched {
                        covered: told.covered,
                        without_identity: (!has_identity).then_some(told),
                    }));
                }
                // Another device may have written it; the checkpoint is older than what the account says now.
                Verdict::Manifest if may_refresh => self.refresh_manifest().await?,
                Verdict::Manifest => return Err(self.refuse_map(Check::Hidden, &told).await),
                Verdict::Refused(check) => return Err(self.refuse_map(check, &told).await),
            }
        }
        Ok(None)
    }

    async fn read_map(&self, wanted: &Wanted) -> Result<MapProofs, SyncError> {
        let keys: Vec<Hash> = wanted.keys().into_iter().map(Hash).collect();
        let call = || api::audit::map(self.transport(), self.session(), keys.clone());
        match retry(self.device(), call).await {
            Ok(told) => Ok(told),
            Err(error) => Err(self.withheld_log(error, Check::Map, Route::Map).await),
        }
    }

    /// The root that the proofs hold under is one that the log has.
    async fn verify_map_head(&self, tree: &TreeHead, told: &MapProofs) -> Result<(), SyncError> {
        let entry = Entry::MapHead {
            root: told.root.0,
            covered: told.covered,
        };
        if told.covered > told.index {
            return Err(self.refuse_map(Check::Map, told).await);
        }
        let asked = ReadProofs {
            size: tree.size,
            sizes: Vec::new(),
            indices: vec![told.index],
        };
        let proofs = self.read_proofs(&asked, Check::Map).await?;
        let proof = proofs.inclusion.first().map(|proof| plain(proof));
        let leaf = entry.leaf_hash();
        match proof {
            Some(proof) if verify_inclusion(told.index, tree.size, &leaf, &proof, &tree.root).is_ok() => {
                Ok(())
            }
            _ => Err(self.refuse_map(Check::Map, told).await),
        }
    }

    /// The own identity is neither in the map nor in what came behind it: so it is with an account that the checkpoint does
    /// not reach yet, and with no other. Its manifest came later than its identity.
    pub(crate) async fn verify_newcomer(&self, tree: &TreeHead, told: &MapProofs) -> Result<(), SyncError> {
        if self.told.get().is_some_and(|manifest| manifest.is_behind(tree)) {
            return Ok(());
        }
        Err(self.refuse_map(Check::Map, told).await)
    }

    async fn refuse_map(&self, check: Check, told: &MapProofs) -> SyncError {
        let bytes = serde_json::to_vec(told).unwrap_or_default();
        self.refuse_log(check, Route::Map, &bytes).await
    }
}

/// What the map says of an account from which it hides nothing.
pub(crate) struct Vouched {
    /// Entries that it covers, from the first.
    pub(crate) covered: u64,
    /// The answer, where it has no identity of this account: one is to be found behind it.
    pub(crate) without_identity: Option<MapProofs>,
}

/// What came of looking at the proofs.
enum Verdict {
    Fine {
        has_identity: bool,
    },
    /// A manifest that this client does not hold yet is there.
    Manifest,
    Refused(Check),
}

/// What a key of the map is asked for.
enum Sought {
    /// Must not be there.
    Head,
    /// Must not be there, or be read.
    Manifest,
    /// Must be this, if any.
    Identity(Hash32),
}

impl Wanted {
    fn judge(&self, told: &MapProofs) -> Verdict {
        let mut verdict = Verdict::Fine { has_identity: true };
        for ((key, what), proof) in self.subjects().into_iter().zip(&told.proofs) {
            let proven = MapProof::parse(proof.as_slice())
                .ok()
                .and_then(|proof| proof.verify(&told.root.0, &key).ok());
            match (what, proven) {
                (_, None) => return Verdict::Refused(Check::Map),
                (Sought::Head, Some(Some(_))) => return Verdict::Refused(Check::Hidden),
                (Sought::Manifest, Some(Some(_))) => verdict = Verdict::Manifest,
                (Sought::Identity(entry), Some(Some(value))) if value != entry => {
                    return Verdict::Refused(Check::Identity);
                }
                (Sought::Identity(_), Some(None)) => {
                    if let Verdict::Fine { has_identity } = &mut verdict {
                        *has_identity = false;
                    }
                }
                _ => {}
            }
        }
        verdict
    }

    fn subjects(&self) -> Vec<(Hash32, Sought)> {
        let tag = |tag: &Tag| Subject::Tag(*tag).key();
        let heads = self.heads.iter().map(|head| (tag(head), Sought::Head));
        let manifests = self
            .manifests
            .iter()
            .map(|manifest| (tag(manifest), Sought::Manifest));
        let identity = Entry::Identity {
            label: self.label,
            seq: self.seq,
            bundle_hash: self.bundle_hash,
        };
        let label = (
            Subject::Label(self.label).key(),
            Sought::Identity(sha256(&identity.to_bytes())),
        );
        heads.chain(manifests).chain([label]).collect()
    }

    fn keys(&self) -> Vec<Hash32> {
        self.subjects().into_iter().map(|(key, _)| key).collect()
    }
}
