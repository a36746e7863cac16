//! What a merge decided, for the person to see. The rules themselves (M1-M6) are the core's. spec/flows.md section 5.

use crypto::collection::index::Index;
use crypto::collection::merge::{Lost, Note};
use serde::{Deserialize, Serialize};

use super::document::ObjectId;

/// One thing that a merge decided; the losing value is kept in this device's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeNote {
    /// About which document or folder.
    pub object: ObjectId,
    /// What was decided; screens word it from `merge.<what>`.
    pub what: MergeKind,
    /// The name that lost, or the name of the folder that did, where there is one to show.
    pub lost: Option<String>,
}

/// What a merge decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeKind {
    /// Both renamed it: the later name stands (M2).
    NameOverwritten,
    /// Both moved it: the later place stands (M2).
    PlaceOverwritten,
    /// Both changed another of its fields: the later value stands (M2).
    FieldOverwritten,
    /// Both changed its content: both are kept, side by side (M3).
    ConflictCopy,
    /// One side threw away what the other changed: it is back (M4).
    Restored,
    /// Another device destroyed for good what this one changed: it cannot come back. `lost` is its name.
    Purged,
    /// A move would have put a folder inside itself: it lies where it lay (M5).
    MoveDropped,
}

pub(crate) fn to_note(note: &Note, index: &Index) -> MergeNote {
    let name_of = |id: &Option<[u8; 16]>| {
        id.as_ref()
            .and_then(|id| index.entry(id))
            .map(|entry| entry.name.as_str().to_owned())
    };
    let (object, what, lost) = match note {
        Note::Overwritten {
            object_id,
            lost: Lost::Name(name),
        } => (
            object_id,
            MergeKind::NameOverwritten,
            Some(name.as_str().to_owned()),
        ),
        Note::Overwritten {
            object_id,
            lost: Lost::Parent(parent),
        } => (object_id, MergeKind::PlaceOverwritten, name_of(parent)),
        Note::Overwritten { object_id, .. } => (object_id, MergeKind::FieldOverwritten, None),
        Note::ConflictCopy { copy, .. } => (copy, MergeKind::ConflictCopy, None),
        Note::Restored { object_id, .. } => (object_id, MergeKind::Restored, None),
        Note::MoveDropped { object_id, to } => (object_id, MergeKind::MoveDropped, name_of(to)),
    };
    MergeNote {
        object: ObjectId::of(object),
        what,
        lost,
    }
}

/// " (conflit, 2026-11-22)" for a day in UTC: part of a name, so the same in every language.
pub(crate) fn conflict_suffix(unix_seconds: u64) -> String {
    // Days since 0000-03-01, in eras of 400 years: leap days fall at the end of a year.
    let days = unix_seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(" (conflit, {:04}-{month:02}-{day:02})", era * 400 + year + carry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_copy_carries_its_day() {
        assert_eq!(conflict_suffix(0), " (conflit, 1970-01-01)");
        assert_eq!(conflict_suffix(951_782_400), " (conflit, 2000-02-29)");
        assert_eq!(conflict_suffix(1_795_305_600), " (conflit, 2026-11-22)");
    }
}
