//! Calls about what was refused and kept: list, one file of some pieces, forget one. spec/evidence.md.

use sdk::evidence::{self, About, Evidence, EvidenceError, EvidenceId, Export, Names};
use sdk::fault::Fault;
use wasm_bindgen::JsValue;

use super::{Brought, Desk};
use crate::message::{Answer, Failure, Piece, Pieces, Refused};
use crate::platform::file::text_blob;
use crate::text::{self, Locale};

impl Desk {
    /// What this account can read on this device; before the safe is open, what was refused at the door.
    pub(super) async fn list_evidence(&self) -> Result<Answer, Failure> {
        let mut pieces: Vec<Piece> = self.kept().await?.into_iter().map(to_piece).collect();
        pieces.reverse();
        Ok(Answer::Evidence(pieces))
    }

    /// One file of these pieces.
    pub(super) async fn save_evidence(&self, pieces: &Pieces, names: Names) -> Brought {
        let found = match pieces {
            Pieces::Kept(ids) => self.find(ids).await?,
            Pieces::Unkept(check, subject) => evidence::recent(&self.device)
                .into_iter()
                .map(|(_, piece)| piece)
                .rfind(|piece| (piece.check, &piece.subject) == (*check, subject))
                .into_iter()
                .collect(),
        };
        if found.is_empty() {
            return Err(Failure::code("not_found"));
        }
        let file = Export::new(found, names, about(names)).to_bytes();
        let text = String::from_utf8(file).map_err(|_| Failure::code("internal"))?;
        let blob = text_blob(&text).map_err(|_: JsValue| Failure::code("device"))?;
        Ok((Answer::Done, Some(blob)))
    }

    pub(super) async fn delete_evidence(&self, id: &str) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        let id = EvidenceId(id.to_owned());
        match safe.delete_evidence(&id).await {
            Ok(()) => self.list_evidence().await,
            Err(EvidenceError::NotFound) => Err(Failure::code("not_found")),
            Err(EvidenceError::Local) => Err(Failure::code("device")),
        }
    }

    /// Those of memory first: they are there also where the safe did not open.
    async fn find(&self, ids: &[String]) -> Result<Vec<Evidence>, Failure> {
        let recent = evidence::recent(&self.device);
        let in_memory = |id: &String| {
            let found = recent
                .iter()
                .find(|(kept, _)| kept.as_ref().is_some_and(|kept| kept.0 == *id));
            found.map(|(_, piece)| piece.clone())
        };
        if let Some(all) = ids.iter().map(in_memory).collect() {
            return Ok(all);
        }
        let kept = self.kept().await?;
        let in_store = |id: &String| kept.iter().find(|(kept, _)| kept.0 == *id);
        ids.iter()
            .map(|id| {
                in_store(id)
                    .map(|(_, piece)| piece.clone())
                    .or_else(|| in_memory(id))
            })
            .collect::<Option<_>>()
            .ok_or_else(|| Failure::code("not_found"))
    }

    async fn kept(&self) -> Result<Vec<(EvidenceId, Evidence)>, Failure> {
        let kept = match self.safe() {
            Ok(safe) => safe.evidence().await,
            Err(_) => evidence::list_open(&self.device).await,
        };
        kept.map_err(|_| Failure::code("device"))
    }
}

/// A refusal as the alert shows it.
pub(super) fn refused(error: &impl Fault) -> Option<Refused> {
    error.refusal().map(|refusal| Refused {
        check: refusal.check,
        subject: refusal.subject.clone(),
        evidence: refusal.evidence.as_ref().map(|id| id.0.clone()),
    })
}

fn to_piece((id, piece): (EvidenceId, Evidence)) -> Piece {
    Piece {
        id: id.0,
        check: piece.check,
        subject: piece.subject,
        when: piece.when,
        len: piece.len,
        hash: piece.hash.to_string(),
        client: piece.client,
    }
}

/// What the file says of itself, in both languages whatever the screen speaks.
fn about(names: Names) -> About {
    let words = match names {
        Names::Included => text::evidence::file_named,
        Names::LeftOut => text::evidence::file_unnamed,
    };
    About {
        fr: words(Locale::Fr).to_owned(),
        en: words(Locale::En).to_owned(),
    }
}
