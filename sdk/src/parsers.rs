//! Every parser of this crate behind one signature, for fuzzing and properties alone (feature `parsers`). Nothing
//! else may call these.
//!
//! Each reads bytes and writes what it read again; `None` where the bytes are refused.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api;
use crate::flows::Response;
use crate::flows::archive::list::List;
use crate::flows::archive::zip;
use crate::flows::barred::Stop;
use crate::flows::conflict::MergeNote;
use crate::flows::document::ObjectId;
use crate::flows::freshness::{Owed, Seen};
use crate::flows::journal::UploadNote;
use crate::flows::kit;
use crate::flows::notice;
use crate::flows::pin;
use crate::flows::restored;
use crate::flows::resume::KeptList;
use crate::flows::seal::SealJob;
use crate::session::Locked;

/// How far a device has seen the log.
#[must_use]
pub fn seen_log(bytes: &[u8]) -> Option<Vec<u8>> {
    Seen::parse(bytes).map(|seen| seen.to_bytes())
}

/// The key of the log that counts here.
#[must_use]
pub fn log_key(bytes: &[u8]) -> Option<Vec<u8>> {
    restored::parse_key(bytes).map(|key| key.to_string().into_bytes())
}

/// An entry that the log owes.
#[must_use]
pub fn owed_entry(bytes: &[u8]) -> Option<Vec<u8>> {
    Owed::parse(bytes).map(Owed::to_bytes)
}

/// A contradiction of the log that is not settled.
#[must_use]
pub fn log_stop(bytes: &[u8]) -> Option<Vec<u8>> {
    Stop::parse(bytes).map(|stop| stop.to_bytes())
}

/// What this device knows of the newest manifest.
#[must_use]
pub fn manifest_pin(bytes: &[u8]) -> Option<Vec<u8>> {
    pin::parse_manifest(bytes).map(|pin| pin::manifest_bytes(&pin))
}

/// What this device knows of the newest head.
#[must_use]
pub fn head_pin(bytes: &[u8]) -> Option<Vec<u8>> {
    pin::parse_head(bytes).map(|(pin, signed)| pin::head_bytes(&pin, signed))
}

/// When the words of a sheet were tested on this device.
#[must_use]
pub fn tested(bytes: &[u8]) -> Option<Vec<u8>> {
    kit::parse_tested(bytes).map(|(slot, at)| kit::tested_bytes(&slot, at))
}

/// The slots in use when somebody at this device last acknowledged a change.
#[must_use]
pub fn ways(bytes: &[u8]) -> Option<Vec<u8>> {
    notice::parse_ways(bytes).map(|ways| notice::ways_bytes(&ways))
}

/// The list of an archive.
#[must_use]
pub fn archive_list(bytes: &[u8]) -> Option<Vec<u8>> {
    List::parse(bytes).ok().map(|list| list.to_bytes())
}

/// `at u64 | central directory and end records`, as they are found at `at`.
#[must_use]
pub fn archive_directory(bytes: &[u8]) -> Option<Vec<u8>> {
    let (at, directory) = bytes.split_first_chunk()?;
    let at = u64::from_be_bytes(*at);
    let len = at.checked_add(directory.len() as u64)?;
    let members = zip::parse_directory(directory, at).ok()?;
    (zip::find_directory(directory, len) == Ok(at)).then_some(())?;
    Some([at.to_be_bytes().as_slice(), &zip::directory_bytes(&members)].concat())
}

/// A note of an unfinished upload.
#[must_use]
pub fn upload_note(bytes: &[u8]) -> Option<Vec<u8>> {
    json::<UploadNote>(bytes)
}

/// A note of what a merge decided.
#[must_use]
pub fn merge_note(bytes: &[u8]) -> Option<Vec<u8>> {
    json::<MergeNote>(bytes)
}

/// The list as a device keeps it.
#[must_use]
pub fn kept_list(bytes: &[u8]) -> Option<Vec<u8>> {
    json::<KeptList>(bytes)
}

/// What is left of a client after a lock.
#[must_use]
pub fn locked(bytes: &[u8]) -> Option<Vec<u8>> {
    json::<Locked>(bytes)
}

/// The name of an object as text.
#[must_use]
pub fn object_id(bytes: &[u8]) -> Option<Vec<u8>> {
    let id = ObjectId(str::from_utf8(bytes).ok()?.to_owned()).parse()?;
    Some(ObjectId::of(&id).0.into())
}

/// The way of a job to a worker. A job of any length is refused by the sealer, or seals its first part.
#[must_use]
pub fn seal_job(bytes: &[u8]) -> Option<Vec<u8>> {
    let job = SealJob::parse(bytes.try_into().ok()?);
    let _ = job.seal(0, &[]);
    Some(job.expose().to_vec())
}

/// `Content-Type` of an answer.
#[must_use]
pub fn media_type(bytes: &[u8]) -> Option<Vec<u8>> {
    let response = Response {
        status: 200,
        headers: vec![("content-type".to_owned(), str::from_utf8(bytes).ok()?.to_owned())],
        body: bytes::Bytes::new(),
    };
    api::media_type(&response).map(Into::into)
}

fn json<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    serde_json::to_vec(&value).ok()
}
