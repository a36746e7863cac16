//! One stable name for every error of every operation: what a screen words and a message carries. No text, no data.

use crypto::words::WordsError;

use crate::error::ApiError;
use crate::evidence::Refusal;
use crate::flows::account::CreateError;
use crate::flows::archive::import::ImportError;
use crate::flows::archive::read::ArchiveError;
use crate::flows::archive::write::ExportError;
use crate::flows::collection::SyncError;
use crate::flows::commit::CommitError;
use crate::flows::kit::CheckWordsError;
use crate::flows::login::OpenError;
use crate::flows::manifest::ManifestError;
use crate::flows::notice::NoticeError;
use crate::flows::phrase::PhraseError;
use crate::flows::read::ReadError;
use crate::flows::resume::ResumeError;
use crate::flows::upload::UploadError;

/// What every error of an operation can say about itself.
pub trait Fault {
    /// The code of the wire (`shared::ErrorCode::as_str`), or one of this crate's own: `offline`, `hostile`,
    /// `device`, `refused_answer`, `wrong_phrase`, `words_count`, `words_unknown`, `words_checksum`, `handle`,
    /// `phrase`, `phrase_unknown`, `name`, `tag`, `cancelled`, `file`, `circle`, `full`, `busy`, `log_stale`, `range`,
    /// `archive_full`, `archive_other`, `archive_packed`, `archive_large`, `archive_changed`.
    fn code(&self) -> &'static str;

    /// Where bytes were refused: what to show, and where the evidence is.
    fn refusal(&self) -> Option<&Refusal> {
        None
    }
}

impl Fault for ApiError {
    fn code(&self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Hostile => "hostile",
            Self::TooLarge => "too_large",
            Self::Problem(problem) => problem.code.as_str(),
        }
    }
}

impl Fault for CreateError {
    fn code(&self) -> &'static str {
        match self {
            Self::Handle => "handle",
            Self::HandleTaken => "handle_taken",
            Self::Phrase => "phrase",
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for WordsError {
    fn code(&self) -> &'static str {
        match self {
            Self::Count { .. } => "words_count",
            Self::Unknown { .. } => "words_unknown",
            Self::Checksum => "words_checksum",
        }
    }
}

impl Fault for OpenError {
    fn code(&self) -> &'static str {
        match self {
            Self::Wrong => "wrong_phrase",
            Self::Words(error) => Fault::code(error),
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for PhraseError {
    fn code(&self) -> &'static str {
        match self {
            Self::Phrase => "phrase",
            Self::Busy => "busy",
            Self::Stale => STALE,
            Self::Unknown => "phrase_unknown",
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for ManifestError {
    fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Stale => STALE,
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for NoticeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Api(error) => Fault::code(error),
            Self::Device => "device",
        }
    }
}

impl Fault for CheckWordsError {
    fn code(&self) -> &'static str {
        match self {
            Self::Words(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for SyncError {
    fn code(&self) -> &'static str {
        match self {
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Local(_) => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for CommitError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Name => "name",
            Self::Tag => "tag",
            Self::Circle => "circle",
            Self::Full => "full",
            Self::Busy => "busy",
            Self::Stale => STALE,
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for UploadError {
    fn code(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::TooLarge => "too_large",
            Self::Quota { .. } => "quota_exceeded",
            Self::Cancelled => "cancelled",
            Self::File(_) => "file",
            Self::Stale => STALE,
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Commit(error) => error.code(),
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Commit(error) => error.refusal(),
            _ => None,
        }
    }
}

impl Fault for ReadError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Range => "range",
            Self::Cancelled => "cancelled",
            Self::File(_) => "file",
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

impl Fault for ExportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::File(_) => "archive_full",
            Self::Api(error) => Fault::code(error),
        }
    }
}

impl Fault for ImportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Sync(error) => error.code(),
            Self::Commit(error) => error.code(),
            Self::Upload(error) => error.code(),
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Sync(error) => error.refusal(),
            Self::Commit(error) => error.refusal(),
            Self::Upload(error) => error.refusal(),
        }
    }
}

impl Fault for ArchiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::NotArchive | Self::List | Self::Identity => "archive_other",
            Self::Encrypted | Self::Compressed | Self::Form => "archive_packed",
            Self::TooMany => "archive_large",
            Self::Link | Self::Path | Self::Twice | Self::Differs => "archive_changed",
        }
    }
}

impl Fault for ResumeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Foreign | Self::Expired => "signed_out",
            Self::Api(error) => Fault::code(error),
            Self::Refused(_) => REFUSED,
            Self::Device => "device",
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self {
            Some(refusal)
        } else {
            None
        }
    }
}

/// Not the wire's `refused`: there the server refused us, here we refused the server.
const REFUSED: &str = "refused_answer";
/// No fresh signatures of the log's witnesses, where the account stops writing then.
const STALE: &str = "log_stale";
