//! The wire's JSON: every type of `shared` through the one strict reader, ids and hashes as text (`spec/wire.md`).
//!
//! White space and the order of fields are free in JSON; beyond these nothing is: what was read is compared with
//! the input as a value, so that a field ignored or a list for an object shows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::{account, collection, document, journal, session};

use super::draw::Draw;
use super::{Parser, Rule};

/// A type, from JSON to JSON.
///
/// # Panics
/// Where what was read is not what stands there.
pub(super) fn json<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: T = shared::json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&value).ok()?;
    let [there, read] = [bytes, written.as_slice()].map(|json| serde_json::from_slice::<Value>(json).ok());
    assert_eq!(
        there,
        read,
        "read otherwise than it stands there: {}",
        String::from_utf8_lossy(bytes)
    );
    Some(written)
}

/// The golden value of a type, its numbers and bytes by chance.
pub(super) fn golden(draw: &mut Draw, text: &str) -> Vec<u8> {
    let mut value: Value = serde_json::from_str(text).unwrap_or_default();
    shuffle(draw, "", &mut value);
    if draw.coin() {
        format!("{value:#}").into()
    } else {
        value.to_string().into()
    }
}

fn shuffle(draw: &mut Draw, name: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(name, value)| shuffle(draw, name, value)),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| shuffle(draw, name, item));
            for _ in 0..draw.below(3) {
                items.extend(items.last().cloned());
            }
        }
        // The smallest number that stands anywhere is a byte.
        Value::Number(_) => *value = draw.below(256).into(),
        Value::String(text) if !WORDS.contains(&name) => *text = base64(draw, text.len()),
        _ => {}
    }
}

/// Fields that are no bytes.
const WORDS: [&str; 6] = ["handle", "version", "licence", "source", "type", "code"];

/// Bytes by chance whose base64url has `len` characters.
fn base64(draw: &mut Draw, len: usize) -> String {
    match serde_json::to_value(shared::Blob(draw.bytes(len * 3 / 4))) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}

macro_rules! types {
    ($($file:literal $golden:literal: $type:ty,)*) => {
        &[
            Parser {
                name: "from_str, of an id",
                file: "shared/src/id.rs",
                rule: Rule::Exact,
                run: text::<shared::AccountId>,
                valid: |draw| shared::AccountId(draw.array()).to_string().into(),
            },
            Parser {
                name: "from_str, of a hash",
                file: "shared/src/id.rs",
                rule: Rule::Exact,
                run: text::<shared::Hash>,
                valid: |draw| shared::Hash(draw.array()).to_string().into(),
            },
            Parser {
                name: "deserialize, of an id",
                file: "shared/src/id.rs",
                rule: Rule::Normal,
                run: json::<shared::LoginId>,
                valid: |draw| format!("\"{}\"", shared::LoginId(draw.array())).into(),
            },
            Parser {
                name: "deserialize, of bytes",
                file: "shared/src/blob.rs",
                rule: Rule::Normal,
                run: json::<shared::Blob>,
                valid: |draw| {
                    let len = draw.below(100);
                    serde_json::to_vec(&shared::Blob(draw.bytes(len))).unwrap_or_default()
                },
            },
            Parser {
                name: "deserialize, of an error code",
                file: "shared/src/error.rs",
                rule: Rule::Normal,
                run: json::<shared::ErrorCode>,
                valid: |draw| format!("\"{}\"", draw.pick(&shared::ErrorCode::ALL).as_str()).into(),
            },
            $(Parser {
                name: concat!("from_slice, of ", stringify!($type)),
                file: $file,
                rule: Rule::Normal,
                run: json::<$type>,
                valid: |draw| golden(
                    draw,
                    include_str!(concat!("../../../shared/tests/golden/", $golden, ".json")),
                ),
            },)*
        ]
    };
}

/// The table.
pub const PARSERS: &[Parser] = types! {
    "shared/src/error.rs" "problem": shared::Problem,
    "shared/src/account.rs" "registration_start": account::RegistrationStart,
    "shared/src/account.rs" "registration_challenge": account::RegistrationChallenge,
    "shared/src/account.rs" "create_account": account::CreateAccount,
    "shared/src/account.rs" "account": account::Account,
    "shared/src/account.rs" "quota": account::Quota,
    "shared/src/account.rs" "put_manifest": account::PutManifest,
    "shared/src/account.rs" "manifest_stored": account::ManifestStored,
    "shared/src/account.rs" "put_password": account::PutPassword,
    "shared/src/account.rs" "put_words": account::PutWords,
    "shared/src/collection.rs" "collection": collection::Collection,
    "shared/src/collection.rs" "commit": collection::Commit,
    "shared/src/collection.rs" "committed": collection::Committed,
    "shared/src/collection.rs" "heads": collection::Heads,
    "shared/src/collection.rs" "read_pages": collection::ReadPages,
    "shared/src/collection.rs" "pages": collection::Pages,
    "shared/src/document.rs" "begin_upload": document::BeginUpload,
    "shared/src/document.rs" "uploads": document::Uploads,
    "shared/src/document.rs" "put_upload_record": document::PutUploadRecord,
    "shared/src/document.rs" "commit_upload": document::CommitUpload,
    "shared/src/document.rs" "body_stored": document::BodyStored,
    "shared/src/document.rs" "body": document::Body,
    "shared/src/journal.rs" "journal": journal::Journal,
    "shared/src/journal.rs" "statements": journal::Statements,
    "shared/src/session.rs" "deployment": session::Deployment,
    "shared/src/session.rs" "login_start": session::LoginStart,
    "shared/src/session.rs" "login_challenge": session::LoginChallenge,
    "shared/src/session.rs" "login_finish": session::LoginFinish,
    "shared/src/session.rs" "session_opened": session::SessionOpened,
    "shared/src/session.rs" "sessions": session::Sessions,
    "shared/src/session.rs" "put_label": session::PutLabel,
    "shared/src/session.rs" "recovery_start": session::RecoveryStart,
    "shared/src/session.rs" "recovery_challenge": session::RecoveryChallenge,
    "shared/src/session.rs" "recovery_finish": session::RecoveryFinish,
    "shared/src/session.rs" "recovery_opened": session::RecoveryOpened,
};

fn text<T: std::str::FromStr + ToString>(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: T = str::from_utf8(bytes).ok()?.parse().ok()?;
    Some(value.to_string().into())
}
