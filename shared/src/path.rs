//! Routes and header names, written once for both sides. `{...}` is axum's syntax for a parameter.

/// Where the API lives; a breaking change moves to `/api/v2`.
pub const API: &str = "/api/v1";

/// GET: what this deployment is.
pub const DEPLOYMENT: &str = "/api/v1/deployment";
/// POST: first half of OPAQUE registration; nothing is stored. Signed: of a change of one's own password.
pub const REGISTRATIONS: &str = "/api/v1/registrations";
/// POST: create an account, whole, in one request.
pub const ACCOUNTS: &str = "/api/v1/accounts";
/// GET: the signed-in account's records. DELETE: close the account and erase all that it stores.
pub const ACCOUNT: &str = "/api/v1/account";
/// GET: bytes used, reserved and allowed.
pub const QUOTA: &str = "/api/v1/account/quota";
/// PUT: the next version of the manifest, compare-and-swap.
pub const MANIFEST: &str = "/api/v1/account/manifest";
/// PUT: a new way in: password record, slots and manifest in one request.
pub const PASSWORD: &str = "/api/v1/account/password";
/// PUT: a new sheet: recovery id and key, words slot and manifest in one request.
pub const WORDS: &str = "/api/v1/account/words";
/// DELETE: the person has been shown this event of the account.
pub const EVENT: &str = "/api/v1/account/events/{event_id}";
/// GET: what happened to the account, by the server's word.
pub const JOURNAL: &str = "/api/v1/account/journal";
/// GET: what the operator said to everybody.
pub const STATEMENTS: &str = "/api/v1/statements";
/// GET: the account's open sessions. DELETE: end all but the one that asks.
pub const SESSIONS: &str = "/api/v1/sessions";
/// DELETE: end one session of the account.
pub const OTHER_SESSION: &str = "/api/v1/sessions/{session_id}";
/// PUT: the label that the client has sealed for its session.
pub const LABEL: &str = "/api/v1/session/label";
/// POST: first half of a login.
pub const SESSIONS_START: &str = "/api/v1/sessions/start";
/// POST: second half of a login.
pub const SESSIONS_FINISH: &str = "/api/v1/sessions/finish";
/// DELETE: sign out.
pub const SESSION: &str = "/api/v1/session";
/// POST: a challenge for the twelve words.
pub const RECOVERIES_START: &str = "/api/v1/recoveries/start";
/// POST: the answer to the challenge; opens a session.
pub const RECOVERIES_FINISH: &str = "/api/v1/recoveries/finish";
/// GET: charters and head of a collection.
pub const COLLECTION: &str = "/api/v1/collections/{collection_id}";
/// PUT: commit, compare-and-swap.
pub const HEAD: &str = "/api/v1/collections/{collection_id}/head";
/// GET: the heads after one that the client knows.
pub const HEADS: &str = "/api/v1/collections/{collection_id}/heads";
/// POST: read pages by id, in batches.
pub const PAGES: &str = "/api/v1/collections/{collection_id}/pages";
/// GET: unfinished uploads. POST: begin one.
pub const UPLOADS: &str = "/api/v1/uploads";
/// DELETE: give up.
pub const UPLOAD: &str = "/api/v1/uploads/{body_id}";
/// PUT: the upload's encrypted record, next version.
pub const UPLOAD_RECORD: &str = "/api/v1/uploads/{body_id}/record";
/// PUT: one part.
pub const UPLOAD_PART: &str = "/api/v1/uploads/{body_id}/parts/{part}";
/// POST: finish.
pub const UPLOAD_COMMIT: &str = "/api/v1/uploads/{body_id}/commit";
/// GET: the log's key, witnesses and policy.
pub const LOG: &str = "/api/v1/log";
/// POST: proofs in the log, computed by the server for who does not read its tiles.
pub const PROOFS: &str = "/api/v1/log/proofs";
/// POST: proofs in the log's map.
pub const MAP: &str = "/api/v1/log/map";
/// POST: a signed note, with what witnesses signed of the checkpoint they were asked to sign.
pub const COSIGNATURES: &str = "/api/v1/log/cosignatures";
/// GET: the newest checkpoint that counts, a signed note.
pub const CHECKPOINT: &str = "/log/checkpoint";
/// GET: the checkpoint that witnesses are asked to sign, a signed note.
pub const NEWEST: &str = "/log/checkpoint/newest";
/// GET: tiles and entries of the log.
pub const TILES: &str = "/log/tile/{*tile}";
/// GET, for admitted auditors: one of the lists of the store.
pub const AUDIT_LIST: &str = "/api/v1/audit/{list}";
/// GET, for admitted auditors: a chunk of a body with its place in the body's tree.
pub const AUDIT_CHUNK: &str = "/api/v1/audit/bodies/{body_id}/chunks/{chunk}";
/// GET: header and part hashes.
pub const BODY: &str = "/api/v1/bodies/{body_id}";
/// GET, with `Range`: the chunks.
pub const BODY_CONTENT: &str = "/api/v1/bodies/{body_id}/content";
/// GET: the process answers.
pub const HEALTH: &str = "/healthz";
/// GET: the store takes writes.
pub const READY: &str = "/readyz";

/// Header of a part: the RFC 6962 root of its chunks, base64url.
pub const PART_HASH: &str = "civis-part-hash";
/// Scheme of the `Authorization` header: `Civis <session_id>.<mac>`, see `spec/wire.md`.
pub const AUTH_SCHEME: &str = "Civis";
/// Scheme of the `Authorization` header of an auditor: `Civis-Auditor <note in base64url>`, see `spec/audit.md`.
pub const AUDITOR_SCHEME: &str = "Civis-Auditor";
/// Header of every answer: the request's id in the server's log.
pub const REQUEST_ID: &str = "civis-request";
