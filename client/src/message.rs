//! What page and worker say to each other: typed, as JSON text in `postMessage`; files and blobs travel beside it as
//! objects of the browser. May hold no key: the secrets that cross are those a person types or must write down.

pub mod account;
pub mod archive;
pub mod door;
mod resume;
pub mod safe;

use sdk::evidence::{Check, Names, Subject};
use sdk::flows::barred::LogState;
use sdk::flows::commit::MergeNote;
use sdk::flows::document::{Item, ObjectId};
use sdk::flows::history::History;
use sdk::flows::kit::KitState;
use sdk::flows::notice::WayChange;
use sdk::flows::restored::Restored;
use serde::{Deserialize, Serialize};

pub use door::{DoorAnswer, DoorCall};
pub use resume::{LastList, ResumeAnswer, ResumeCall};
pub use safe::{SafeAnswer, SafeCall, UploadOptions};

/// Names one call of the page, and an upload for its cancel.
pub type CallId = u32;

/// From page to worker.
#[derive(Serialize, Deserialize)]
pub struct ToWorker {
    /// Which call this is.
    pub id: CallId,
    /// What is asked.
    pub call: Call,
}

/// What the page may ask.
#[derive(Clone, Serialize, Deserialize)]
pub enum Call {
    /// What this deployment is.
    Deployment,
    /// Eight words at random.
    ProposePhrase,
    /// Draw a new account, not yet created; answers with its sheet.
    Draft {
        /// As typed.
        handle: String,
    },
    /// Create the drafted account and open it.
    Create {
        /// As typed.
        handle: String,
        /// Secret phrase.
        phrase: String,
    },
    /// Open with handle and phrase.
    Open {
        /// As typed.
        handle: String,
        /// As typed.
        phrase: String,
    },
    /// Yes to the backup that was told of with [`Answer::Restored`]: go on from it.
    Agree,
    /// Of the public screens.
    Door(door::DoorCall),
    /// Forget every key; the session on the server ends too.
    Lock,
    /// Read the list again.
    List,
    /// Encrypt and send the file that travels beside this message.
    Upload(UploadOptions),
    /// Stop the upload or download of that call.
    Cancel {
        /// The call to stop.
        call: CallId,
    },
    /// Fetch, check and decrypt; the content comes back as a Blob.
    Download {
        /// Which document.
        object: ObjectId,
    },
    /// Give another name.
    Rename {
        /// Which document.
        object: ObjectId,
        /// The new name.
        name: String,
    },
    /// Everything out in one archive, or an archive or a folder in.
    Archive(archive::ArchiveCall),
    /// Anything else about the list.
    Safe(SafeCall),
    /// About the account itself: its secrets, its devices, its end.
    Account(account::AccountCall),
    /// What was refused on this device and kept.
    ListEvidence,
    /// Evidence as one file to save; it comes back as a Blob.
    SaveEvidence {
        /// Which.
        pieces: Pieces,
        /// Whether documents are named in it.
        names: Names,
    },
    /// Forget one piece for good; answers with those that are left.
    DeleteEvidence {
        /// From [`Piece`].
        id: String,
    },
    /// The journal, read and checked now; answers with its lines.
    ReadHistory,
    /// The journal as it was read last, as one file to save; it comes back as a Blob.
    SaveHistory,
    /// About a session that goes on.
    Resume(ResumeCall),
}

/// Which evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pieces {
    /// Kept pieces, by their ids.
    Kept(Vec<String>),
    /// The newest refusal of this check and subject, out of the worker's memory: the device could not keep it.
    Unkept(Check, Subject),
}

/// From worker to page.
#[derive(Serialize, Deserialize)]
pub struct FromWorker {
    /// The call that this belongs to.
    pub id: CallId,
    /// What is said.
    pub event: Event,
}

/// Progress, or the one last word on a call.
#[derive(Serialize, Deserialize)]
pub enum Event {
    /// A long act goes on.
    Progress(Progress),
    /// The call is over. A Blob may travel beside it.
    Done(Result<Answer, Failure>),
}

/// How far an upload or download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The named step.
    pub step: Step,
    /// Bytes encrypted on this device; for a download nothing.
    pub sealed: u64,
    /// Bytes sent, or received and checked.
    pub moved: u64,
    /// Bytes in all.
    pub total: u64,
}

/// The steps that a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// Waits for the one before.
    Waiting,
    /// Being encrypted on this device.
    Encrypting,
    /// On its way.
    Sending,
    /// Stored and in the list.
    Saved,
}

/// What a call brings.
#[derive(Clone, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing but success.
    Done,
    /// The deployment's card.
    Deployment(Deployment),
    /// Words of a phrase.
    Phrase(Vec<String>),
    /// What the recovery sheet shows.
    Sheet(Sheet),
    /// What a call of the doors brings.
    Door(door::DoorAnswer),
    /// The safe is open.
    Opened(Opened),
    /// The service came out of a backup: nothing is open before a yes.
    Restored(Box<Asked>),
    /// What a call about the account brings.
    Account(account::AccountAnswer),
    /// The list, and how full the safe is.
    Listing(Listing),
    /// What came of an archive.
    Archive(archive::ArchiveAnswer),
    /// What a [`SafeCall`] brings where it is more than the list.
    Safe(SafeAnswer),
    /// What was refused and kept, the newest first.
    Evidence(Vec<Piece>),
    /// The journal.
    History(History),
    /// What came of a session that was to go on.
    Resume(ResumeAnswer),
}

/// One kept refusal, as a screen shows it. The bytes stay in the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Names it for [`Call::SaveEvidence`] and [`Call::DeleteEvidence`].
    pub id: String,
    /// Worded from `check.<name>`.
    pub check: Check,
    /// What was refused.
    pub subject: Subject,
    /// By this device's clock, Unix seconds.
    pub when: u64,
    /// Bytes that were refused.
    pub len: u64,
    /// SHA-256 of them, base64url.
    pub hash: String,
    /// The version of Civis that refused.
    pub client: String,
}

/// The deployment, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// As printed on the sheet.
    pub id: String,
    /// Version of the server's program.
    pub version: String,
    /// Where its source is.
    pub source: String,
}

/// What the recovery sheet shows.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sheet {
    /// Normalised handle.
    pub handle: String,
    /// Twelve words.
    pub words: Vec<String>,
    /// Account id.
    pub account: String,
    /// Deployment id.
    pub deployment: String,
}

/// An open safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Normalised handle.
    pub handle: String,
    /// Whether the recovery sheet is confirmed, and when it was tested here.
    pub kit: KitState,
    /// Changes of the ways in, to be read before anything else.
    pub changes: Vec<WayChange>,
    /// What a device that signs in for the first time shows.
    pub first_time_here: Option<Notice>,
    /// The list.
    pub listing: Listing,
}

/// What a person is asked before a safe that came out of a backup opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What is known of it.
    pub told: Restored,
    /// The evidence of both logs.
    pub evidence: Refused,
}

/// What this device found at its first opening, for the person to recognise (stage S0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The last change, Unix seconds, by the device that made it.
    pub last_change: u64,
    /// Documents in the safe.
    pub documents: u64,
    /// The service goes on from a backup: what its operator says about it.
    pub restored: Option<Box<Restored>>,
}

/// The list of documents.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Listing {
    /// Everything, the bin included.
    pub items: Vec<Item>,
    /// How full the safe is, as the server said last; `None` where it never did.
    pub fill: Option<Fill>,
    /// How far the service's log can be relied on; `None` where this device cannot say.
    pub log: Option<LogState>,
    /// What a merge with another device decided during the last change; to be said.
    pub merged: Vec<MergeNote>,
}

/// How full a safe is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Bytes used and reserved, as stored.
    pub used: u64,
    /// Bytes allowed.
    pub limit: u64,
}

/// Why a call brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// Worded from `error.<code>`.
    Code {
        /// The code.
        code: String,
    },
    /// The person stopped it.
    Cancelled,
    /// An answer that must not be accepted: the alert.
    Refused(Refused),
}

impl Failure {
    /// A failure with this code and nothing else to say.
    #[must_use]
    pub fn code(code: &str) -> Self {
        Self::Code {
            code: code.to_owned(),
        }
    }
}

/// A refusal, as the alert shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Worded from `check.<name>`.
    pub check: Check,
    /// What was refused.
    pub subject: Subject,
    /// The kept evidence; `None` where this device could not keep it.
    pub evidence: Option<String>,
}

impl Refused {
    /// Its evidence.
    #[must_use]
    pub fn pieces(&self) -> Pieces {
        match &self.evidence {
            Some(id) => Pieces::Kept(vec![id.clone()]),
            None => Pieces::Unkept(self.check, self.subject.clone()),
        }
    }
}
