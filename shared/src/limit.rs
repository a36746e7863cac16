//! Every limit of the wire, once: name, value, unit, reason. Served by `deployment`, printed in `spec/wire.md`.

use serde::{Deserialize, Serialize};

/// Bytes of one sealed chunk on the wire: 16 KiB of plaintext and a 16-byte tag.
pub const CHUNK_BYTES: u64 = 16_400;
/// Chunks in one part: what one request carries, one MiB of plaintext.
pub const PART_CHUNKS: u64 = 64;
/// Bytes of one full part on the wire.
pub const PART_BYTES: u64 = CHUNK_BYTES * PART_CHUNKS;
/// Bytes of one body, ciphertext: a bound for counters, not a promise; quotas are lower.
pub const BODY_BYTES: u64 = 64 << 30;
/// Bytes of one JSON request that carries no pages.
pub const JSON_BYTES: u64 = 128 << 10;
/// Bytes of one JSON request of somebody who is not signed in, a new account excepted: handles, points, proofs.
pub const OPEN_BYTES: u64 = 4 << 10;
/// Bytes of one JSON request for a new account: five records and one page in base64, with room.
pub const CREATION_BYTES: u64 = 384 << 10;
/// Bytes of one JSON commit (pages travel inside): 128 pages of at most 13 KiB in base64, with room.
pub const COMMIT_BYTES: u64 = 3 << 20;
/// Pages that one commit or one read may name.
pub const PAGES: u64 = 128;
/// References (`adds` or `drops`) that one commit may name.
pub const REFS: u64 = 1_024;
/// Bytes of one page: 12 KiB of CBOR, padded, sealed.
pub const PAGE_BYTES: u64 = 72 + 13 * 1_024;
/// Bytes of one account record, charter or head: small enough for one store record.
pub const RECORD_BYTES: u64 = 48 << 10;
/// Bytes of a handle: ASCII letters, digits, `.`, `-`, `_`.
pub const HANDLE_BYTES: u64 = 64;
/// Slots of one account.
pub const SLOTS: u64 = 16;
/// Events of one account that are kept until they are acknowledged; the oldest give way.
pub const EVENTS: u64 = 16;
/// Events in the journal of one account; the oldest give way.
pub const JOURNAL_EVENTS: u64 = 4_096;
/// References that the changes in the journal of one account name, all together; the oldest events give way.
pub const JOURNAL_REFS: u64 = 65_536;
/// Seconds after which an event leaves the journal (366 days).
pub const JOURNAL_SECONDS: u64 = 366 * 86_400;
/// Statements of the operator whose texts are kept; the oldest give way.
pub const STATEMENTS: u64 = 256;
/// Bytes of one statement.
pub const STATEMENT_BYTES: u64 = 2 << 10;
/// Open sessions of one account; the least used gives way.
pub const SESSIONS: u64 = 32;
/// Bytes of a session's sealed label, always.
pub const LABEL_BYTES: u64 = 136;
/// Unfinished uploads of one account at a time.
pub const UPLOADS: u64 = 256;
/// Witnesses of one log.
pub const WITNESSES: u64 = 16;
/// Bytes of a signed note.
pub const NOTE_BYTES: u64 = 16 << 10;
/// Proofs of each kind in one answer.
pub const PROOFS: u64 = 64;
/// Auditors that a deployment admits.
pub const AUDITORS: u64 = 16;
/// Bytes after which a list for an auditor goes on in the next answer; one record more may follow.
pub const AUDIT_BYTES: u64 = 1 << 20;
/// Seconds by which an auditor's clock and the server's may differ.
pub const AUDITOR_SECONDS: u64 = 300;
/// Items of one list answer.
pub const ITEMS: u64 = 500;
/// Seconds between `sessions/start` and `sessions/finish`.
pub const LOGIN_SECONDS: u64 = 60;
/// Logins in progress that the server remembers, all together.
pub const LOGINS: u64 = 10_000;
/// Seconds an unfinished upload is kept (7 days).
pub const UPLOAD_SECONDS: u64 = 7 * 86_400;

/// The limits as `GET /api/v1/deployment` tells them. A client refuses to work with values outside its own bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// [`PART_BYTES`].
    pub part_bytes: u64,
    /// [`BODY_BYTES`].
    pub body_bytes: u64,
    /// [`COMMIT_BYTES`].
    pub commit_bytes: u64,
    /// [`PAGES`].
    pub pages: u64,
    /// [`REFS`].
    pub refs: u64,
    /// [`UPLOADS`].
    pub uploads: u64,
    /// [`UPLOAD_SECONDS`].
    pub upload_seconds: u64,
    /// Bytes an account may store, as ciphertext; a setting of the deployment.
    pub account_bytes: u64,
}
