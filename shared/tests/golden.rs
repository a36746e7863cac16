//! The wire as golden files: every type of this package, as JSON, in `tests/golden`. A difference is a change of the API.
//!
//! Each is written and read back, and refused with one field more. `CIVIS_WRITE_VECTORS=1` writes the files anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Debug;
use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use shared::account::*;
use shared::audit::*;
use shared::collection::*;
use shared::document::*;
use shared::journal::*;
use shared::limit::Limits;
use shared::session::*;
use shared::*;

/// Holds one value to its golden file, both ways.
#[track_caller]
fn golden<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));
    let made = serde_json::to_value(value).unwrap();
    if std::env::var_os("CIVIS_WRITE_VECTORS").is_some() {
        std::fs::write(&path, format!("{made:#}\n")).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(made, golden, "{name}: the wire changed");
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    if let Value::Object(mut fields) = golden {
        for name in fields.keys() {
            let mut fewer = fields.clone();
            fewer.remove(name);
            assert!(
                serde_json::from_value::<T>(Value::Object(fewer)).is_err(),
                "{name} may be left out"
            );
        }
        fields.insert("surplus".to_owned(), Value::Null);
        assert!(
            serde_json::from_value::<T>(Value::Object(fields)).is_err(),
            "{name}: a field more is taken"
        );
    }
}

fn blob(len: u8) -> Blob {
    Blob((0..len).collect())
}

fn commit() -> Commit {
    Commit {
        pages: vec![blob(3)],
        adds: vec![Reference::Body(BodyId([1; 16])), Reference::Page(Hash([2; 32]))],
        drops: vec![Reference::Page(Hash([3; 32]))],
        head: blob(4),
        log: LOG_WRITE,
    }
}

const LOG_WRITE: LogWrite = LogWrite {
    seed: Hash([10; 32]),
    tag: LogTag([11; 16]),
};

const LOGGED: Logged = Logged {
    index: 12,
    blind: Hash([13; 32]),
};

const QUOTA: Quota = Quota {
    used: 1,
    reserved: 2,
    limit: 3,
};

#[test]
fn accounts() {
    let handle = || "camille.moreau".to_owned();
    golden(
        "registration_start",
        &RegistrationStart {
            handle: handle(),
            request: blob(5),
        },
    );
    golden(
        "registration_challenge",
        &RegistrationChallenge { response: blob(6) },
    );
    golden(
        "create_account",
        &CreateAccount {
            operation_id: OperationId([1; 16]),
            account_id: AccountId([2; 16]),
            handle: handle(),
            registration: blob(1),
            recovery_id: RecoveryId([3; 16]),
            recovery_pk: Hash([4; 32]),
            password_slot: blob(2),
            words_slot: blob(3),
            secrets: blob(4),
            manifest: blob(5),
            bundle: blob(6),
            collection: CreateCollection {
                collection_id: CollectionId([5; 16]),
                charter: blob(7),
                commit: commit(),
            },
            label: Hash([14; 32]),
            log: LOG_WRITE,
        },
    );
    golden(
        "account",
        &Account {
            account_id: AccountId([2; 16]),
            handle: handle(),
            slots: vec![blob(1), blob(2)],
            secrets: blob(3),
            manifest: blob(4),
            logged: LOGGED,
            bundle: blob(5),
            quota: QUOTA,
            events: vec![Event {
                event_id: OperationId([6; 16]),
                at: 7,
                sheet: false,
                by_words: true,
            }],
        },
    );
    golden(
        "put_words",
        &PutWords {
            operation_id: OperationId([1; 16]),
            recovery_id: RecoveryId([2; 16]),
            recovery_pk: Hash([3; 32]),
            words_slot: blob(4),
            manifest: blob(5),
            log: LOG_WRITE,
        },
    );
    golden("quota", &QUOTA);
    golden(
        "put_manifest",
        &PutManifest {
            manifest: blob(7),
            log: LOG_WRITE,
        },
    );
    golden(
        "manifest_stored",
        &ManifestStored {
            manifest_hash: Hash([9; 32]),
            log_index: 8,
        },
    );
    golden(
        "put_password",
        &PutPassword {
            operation_id: OperationId([1; 16]),
            registration: blob(1),
            password_slot: blob(2),
            manifest: blob(3),
            log: LOG_WRITE,
        },
    );
}

#[test]
fn sessions() {
    golden(
        "deployment",
        &Deployment {
            deployment_id: DeploymentId([1; 16]),
            version: "0.1.0".to_owned(),
            suites: vec![1],
            limits: Limits {
                part_bytes: limit::PART_BYTES,
                body_bytes: limit::BODY_BYTES,
                commit_bytes: limit::COMMIT_BYTES,
                pages: limit::PAGES,
                refs: limit::REFS,
                uploads: limit::UPLOADS,
                upload_seconds: limit::UPLOAD_SECONDS,
                account_bytes: 1 << 30,
            },
            licence: "EUPL-1.2".to_owned(),
            source: "https://civis.example/source".to_owned(),
        },
    );
    golden(
        "login_start",
        &LoginStart {
            handle: "a.b".to_owned(),
            ke1: blob(96),
        },
    );
    golden(
        "login_challenge",
        &LoginChallenge {
            login_id: LoginId([1; 16]),
            ke2: blob(8),
        },
    );
    golden(
        "login_finish",
        &LoginFinish {
            login_id: LoginId([1; 16]),
            ke3: blob(64),
        },
    );
    golden(
        "session_opened",
        &SessionOpened {
            session_id: SessionId([1; 16]),
            account_id: AccountId([2; 16]),
            slot: blob(168),
        },
    );
    golden(
        "recovery_start",
        &RecoveryStart {
            recovery_id: RecoveryId([1; 16]),
        },
    );
    golden(
        "recovery_challenge",
        &RecoveryChallenge {
            login_id: LoginId([1; 16]),
            challenge: Hash([2; 32]),
        },
    );
    golden(
        "recovery_finish",
        &RecoveryFinish {
            login_id: LoginId([1; 16]),
            proof: blob(64),
        },
    );
    golden(
        "recovery_opened",
        &RecoveryOpened {
            session_id: SessionId([1; 16]),
            session_secret: Hash([2; 32]),
            account_id: AccountId([3; 16]),
            slot: blob(168),
        },
    );
}

#[test]
fn open_sessions() {
    let session = |label| OpenSession {
        session_id: SessionId([1; 16]),
        opened: 2,
        used: 3,
        current: true,
        label,
    };
    golden(
        "sessions",
        &Sessions {
            items: vec![session(Some(blob(136))), session(None)],
        },
    );
    golden("open_session", &session(None));
    golden("put_label", &PutLabel { label: blob(136) });
}

#[test]
fn collections() {
    golden(
        "collection",
        &Collection {
            charters: vec![blob(1)],
            head: blob(2),
            logged: LOGGED,
        },
    );
    golden("commit", &commit());
    golden(
        "committed",
        &Committed {
            head_hash: Hash([1; 32]),
            log_index: 8,
        },
    );
    golden(
        "heads",
        &Heads {
            items: vec![blob(1)],
            next: Some(7),
        },
    );
    golden(
        "heads_end",
        &Heads {
            items: vec![],
            next: None,
        },
    );
    golden(
        "read_pages",
        &ReadPages {
            ids: vec![Hash([1; 32])],
        },
    );
    golden(
        "pages",
        &Pages {
            pages: vec![Some(blob(1)), None],
        },
    );
}

#[test]
fn journals() {
    let (session_id, by) = (SessionId([1; 16]), SessionId([2; 16]));
    let kinds = vec![
        Happening::SignedIn {
            session_id,
            by_words: true,
        },
        Happening::Named {
            session_id,
            label: blob(3),
        },
        Happening::SignedOut { session_id },
        Happening::Ended { by, session_id },
        Happening::EndedOthers { by, count: 4 },
        Happening::Failed {
            by_words: false,
            hours: (0..24).collect(),
        },
        Happening::Uploaded {
            body_id: BodyId([5; 16]),
            ct_len: 6,
        },
        Happening::Changed {
            collection_id: CollectionId([7; 16]),
            head_no: 8,
            adds: vec![Reference::Body(BodyId([9; 16]))],
            drops: vec![Reference::Page(Hash([10; 32]))],
        },
        Happening::Erased {
            body_id: BodyId([11; 16]),
        },
        Happening::NewWayIn {
            sheet: true,
            by_words: false,
        },
    ];
    let items = (1..).zip(kinds).map(|(number, what)| JournalEvent {
        number,
        at: 1_800_000_000,
        what,
    });
    golden(
        "journal",
        &Journal {
            items: items.collect(),
            next: Some(10),
        },
    );
    golden(
        "statements",
        &Statements {
            items: vec![Statement {
                index: 1,
                at: 2,
                text: "Remplacement d’un disque.".to_owned(),
            }],
        },
    );
}

#[test]
fn documents() {
    golden(
        "begin_upload",
        &BeginUpload {
            body_id: BodyId([1; 16]),
            ct_len: 4_111,
            record: blob(3),
        },
    );
    golden(
        "uploads",
        &Uploads {
            items: vec![Upload {
                body_id: BodyId([1; 16]),
                ct_len: 4_111,
                record: blob(3),
                parts: vec![0, 2],
            }],
        },
    );
    golden("put_upload_record", &PutUploadRecord { record: blob(3) });
    golden("commit_upload", &CommitUpload { header: blob(120) });
    golden(
        "body_stored",
        &BodyStored {
            body_hash: Hash([1; 32]),
        },
    );
    golden(
        "body",
        &Body {
            header: blob(120),
            part_hashes: blob(64),
        },
    );
}

#[test]
fn problems() {
    let mut problem = Problem::new(ErrorCode::TooMany, RequestId([1; 16]));
    problem.retry_after = Some(30);
    golden("problem", &problem);
    let table: Vec<(ErrorCode, u16)> = ErrorCode::ALL.map(|code| (code, code.status())).into();
    golden("error_codes", &table);
    for code in ErrorCode::ALL {
        assert_eq!(
            serde_json::to_value(code).unwrap(),
            Value::from(code.as_str()),
            "one name in code and on the wire"
        );
    }
}

#[test]
fn log() {
    golden(
        "log_card",
        &LogCard {
            key: "coffre.exemple.fr/log+00000000+AQ==".to_owned(),
            witnesses: vec!["temoin.exemple.fr+00000001+BA==".to_owned()],
            quorum: 1,
            max_age: 86_400,
            strict: false,
            restored_at: None,
        },
    );
    golden(
        "read_proofs",
        &ReadProofs {
            size: 9,
            sizes: vec![3],
            indices: vec![0, 8],
        },
    );
    golden(
        "read_map",
        &ReadMap {
            keys: vec![Hash([4; 32])],
        },
    );
    golden(
        "map_proofs",
        &MapProofs {
            root: Hash([1; 32]),
            covered: 7,
            index: 8,
            proofs: vec![blob(3)],
        },
    );
    golden(
        "proofs",
        &Proofs {
            consistency: vec![vec![Hash([1; 32])]],
            inclusion: vec![vec![], vec![Hash([2; 32]), Hash([3; 32])]],
        },
    );
}
