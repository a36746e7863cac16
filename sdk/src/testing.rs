//! What tests and benches need and no client does (feature `testing`): a long list without an upload for each line, and
//! the log's proofs as they come.

use crypto::collection::entry::Entry;
use crypto::collection::name::Name;

use shared::audit::{Proofs, ReadProofs};

use crate::api;
use crate::error::ApiError;
use crate::flows::commit::{CommitError, Signer};
use crate::flows::item::{Category, ObjectId, put_category};
use crate::session::Unlocked;

impl Unlocked {
    /// Files `count` documents that all have the content of `object`, each with an id, a name, a category and a tag of
    /// its own: entries of ordinary size over one stored body, in commits as large as the wire takes.
    ///
    /// # Errors
    /// [`CommitError`].
    pub async fn file_copies(&self, object: &ObjectId, count: usize) -> Result<(), CommitError> {
        let (_, content) = self.described(object).ok_or(CommitError::NotFound)?;
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.device().make_bytes::<16>()?);
        }
        // Neighbours share pages: fewer commits than in the order in which they were drawn.
        ids.sort_unstable();
        let mut at = 0;
        while let Some(left) = ids.get(at..).filter(|left| !left.is_empty()) {
            let mut taken = 0;
            let committed = self.commit(Signer::Write, |index, by| {
                for id in left {
                    let name = format!("Document {:05} du dossier.pdf", at + taken);
                    let name = Name::new(&name).map_err(|_| CommitError::Name)?;
                    let mut entry = Entry::new(*id, name, Some(content.clone()), by);
                    put_category(&mut entry, Some(Category::Housing));
                    index.put(entry)?;
                    taken += 1;
                    if index.pending_pages() >= PAGES {
                        break;
                    }
                }
                Ok(())
            });
            committed.await?;
            at += taken;
        }
        Ok(())
    }

    /// What the log proves, unchecked: for who holds it against other programs than this one.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn ask_log(&self, asked: &ReadProofs) -> Result<Proofs, ApiError> {
        api::audit::proofs(self.transport(), self.session(), asked).await
    }
}

/// Pages at which a commit is full: a split brings sixteen, and the wire takes 128.
const PAGES: usize = 100;
