//! What a device reads: its own notes, and every answer of a server, whatever it is (`spec/flows.md`, 8).

use std::cell::RefCell;

use async_trait::async_trait;
use bytes::Bytes;
use crypto::session::MacKey;
use futures::FutureExt;
use sdk::api::{self, Session};
use sdk::error::TransportError;
use sdk::evidence::{About, Evidence, Export, Known, Names, Route};
use sdk::flows::item::{Category, ContentId, Item, Kind, ObjectId};
use sdk::flows::{Request, Response};
use sdk::{ApiError, Check, Subject, Transport, parsers};
use serde::Serialize;
use serde_json::{Value, json};
use shared::{AccountId, Blob, BodyId, CollectionId, Hash, OperationId, RecoveryId, SessionId};

use super::draw::Draw;
use super::wire::golden;
use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "parse_manifest",
        file: "sdk/src/flows/pin.rs",
        rule: Rule::Exact,
        run: parsers::manifest_pin,
        valid: |draw| draw.bytes(40),
    },
    Parser {
        name: "parse_head",
        file: "sdk/src/flows/pin.rs",
        rule: Rule::Exact,
        run: parsers::head_pin,
        valid: |draw| draw.bytes(44),
    },
    Parser {
        name: "parse_tested",
        file: "sdk/src/flows/kit.rs",
        rule: Rule::Exact,
        run: parsers::tested,
        valid: |draw| draw.bytes(24),
    },
    Parser {
        name: "parse_ways",
        file: "sdk/src/flows/notice.rs",
        rule: Rule::Exact,
        run: parsers::ways,
        valid: |draw| draw.bytes(64),
    },
    Parser {
        name: "UploadNote",
        file: "sdk/src/flows/journal.rs",
        rule: Rule::Normal,
        run: parsers::upload_note,
        valid: upload_note,
    },
    Parser {
        name: "MergeNote",
        file: "sdk/src/flows/conflict.rs",
        rule: Rule::Normal,
        run: parsers::merge_note,
        valid: |draw| {
            let what = *draw.pick(&["name_overwritten", "conflict_copy", "restored"]);
            let note = json!({ "object": OperationId(draw.array()).to_string(), "what": what, "lost": "x" });
            note.to_string().into()
        },
    },
    Parser {
        name: "Evidence::parse",
        file: "sdk/src/evidence.rs",
        rule: Rule::Exact,
        run: |bytes| Evidence::parse(bytes).ok().map(|piece| piece.to_bytes()),
        valid: |draw| piece(draw).to_bytes(),
    },
    Parser {
        name: "Locked",
        file: "sdk/src/session.rs",
        rule: Rule::Normal,
        run: parsers::locked,
        valid: |draw| {
            let locked = json!({ "account_id": AccountId(draw.array()), "handle": "camille" });
            locked.to_string().into()
        },
    },
    Parser {
        name: "ObjectId::parse",
        file: "sdk/src/flows/item.rs",
        rule: Rule::Exact,
        run: parsers::object_id,
        valid: |draw| OperationId(draw.array()).to_string().into(),
    },
    Parser {
        name: "SealJob::parse",
        file: "sdk/src/flows/seal.rs",
        rule: Rule::Exact,
        run: parsers::seal_job,
        valid: |draw| draw.bytes(80),
    },
    Parser {
        name: "media_type",
        file: "sdk/src/api/mod.rs",
        rule: Rule::Normal,
        run: parsers::media_type,
        valid: |draw| {
            let text = *draw.pick(&["application/json", "application/problem+json; charset=UTF-8"]);
            text.into()
        },
    },
    Parser {
        name: "Call::read",
        file: "sdk/src/api/mod.rs",
        rule: Rule::Normal,
        run: answer,
        valid: |draw| {
            let (call, text) = *draw.pick(READS);
            [&[call, 0, 0], golden(draw, text).as_slice()].concat()
        },
    },
    Parser {
        name: "problem",
        file: "sdk/src/api/mod.rs",
        rule: Rule::Normal,
        run: answer,
        valid: |draw| {
            let codes = shared::ErrorCode::ALL;
            let place = draw.below(codes.len());
            let problem = shared::Problem::new(codes[place], draw.array().into());
            let body = serde_json::to_vec(&problem).unwrap_or_default();
            [&[draw.below(10) as u8, 8 + place as u8, 1], body.as_slice()].concat()
        },
    },
    Parser {
        name: "Export::parse",
        file: "sdk/src/evidence/export.rs",
        rule: Rule::Exact,
        run: |bytes| Export::parse(bytes).ok().map(|file| file.to_bytes()),
        valid: |draw| {
            let pieces: Vec<_> = (0..draw.below(4)).map(|_| piece(draw)).collect();
            let names = *draw.pick(&[Names::Included, Names::LeftOut]);
            let about = About {
                fr: "Deux pièces.".to_owned(),
                en: "Two pieces.".to_owned(),
            };
            Export::new(pieces, names, about).to_bytes()
        },
    },
    Parser {
        name: "KeptList",
        file: "sdk/src/flows/resume.rs",
        rule: Rule::Normal,
        run: parsers::kept_list,
        valid: kept_list,
    },
];

/// Answers whatever it was given.
struct Stub(RefCell<Option<Response>>);

#[async_trait(?Send)]
impl Transport for Stub {
    async fn send(&self, _: Request) -> Result<Response, TransportError> {
        self.0.take().ok_or(TransportError::Offline)
    }
}

/// `call 1 | status 1 | type 1 | body`: one typed call, and that answer. What the call gives is written again; a
/// problem is written as its code.
///
/// # Panics
/// Where an answer of success is given for a status that is none, or a problem under a status that is not its own.
fn answer(input: &[u8]) -> Option<Vec<u8>> {
    let ([call, status, media], body) = input.split_first_chunk::<3>()?;
    let code = code(*status);
    let media_type = *TYPES.get(usize::from(*media) % TYPES.len())?;
    let stub = Stub(RefCell::new(Some(Response {
        status: code,
        headers: vec![("content-type".to_owned(), media_type.to_owned())],
        body: Bytes::copy_from_slice(body),
    })));
    match send(*call, &stub) {
        Ok(written) => {
            assert!((200..300).contains(&code), "success with status {code}");
            Some([&[*call, *status, *media], written.as_slice()].concat())
        }
        Err(ApiError::Problem(problem)) => {
            assert_eq!(problem.code.status(), code, "a problem of another status");
            let mut again = shared::Problem::new(problem.code, problem.request);
            again.retry_after = problem.retry_after;
            again.limit = problem.limit;
            let written = serde_json::to_vec(&again).ok()?;
            Some([&[*call, *status, *media], written.as_slice()].concat())
        }
        Err(_) => None,
    }
}

fn code(status: u8) -> u16 {
    let codes = shared::ErrorCode::ALL;
    match usize::from(status) {
        0 => 200,
        1 => 201,
        2 => 204,
        3 => 206,
        place @ 8..30 => codes[place - 8].status(),
        other => other as u16 * 4,
    }
}

const TYPES: [&str; 5] = [
    "application/json",
    "application/problem+json",
    "application/octet-stream",
    "application/json;charset=utf-8",
    "text/html",
];

/// Calls that read JSON, with the golden file of what they read.
const READS: &[(u8, &str)] = &[
    (0, include_str!("../../../shared/tests/golden/deployment.json")),
    (1, include_str!("../../../shared/tests/golden/account.json")),
    (2, include_str!("../../../shared/tests/golden/quota.json")),
    (3, include_str!("../../../shared/tests/golden/collection.json")),
    (4, include_str!("../../../shared/tests/golden/heads_end.json")),
    (6, include_str!("../../../shared/tests/golden/uploads.json")),
    (7, include_str!("../../../shared/tests/golden/body.json")),
    (
        9,
        include_str!("../../../shared/tests/golden/recovery_challenge.json"),
    ),
];

fn send(call: u8, stub: &Stub) -> Result<Vec<u8>, ApiError> {
    let session = Session::new(SessionId([1; 16]), MacKey::from_bytes([2; 32]));
    let (collection, body) = (CollectionId([3; 16]), BodyId([4; 16]));
    match call % 10 {
        0 => written(api::account::deployment(stub).now_or_never()),
        1 => written(api::account::read(stub, &session).now_or_never()),
        2 => written(api::account::quota(stub, &session).now_or_never()),
        3 => written(api::collection::read(stub, &session, collection).now_or_never()),
        4 => written(api::collection::heads(stub, &session, collection, 0, 2).now_or_never()),
        5 => {
            written(api::collection::pages(stub, &session, collection, vec![Hash([5; 32]); 2]).now_or_never())
        }
        6 => written(api::document::uploads(stub, &session).now_or_never()),
        7 => written(api::document::body(stub, &session, body, 2).now_or_never()),
        8 => api::document::content(stub, &session, body, 0, 16)
            .now_or_never()
            .unwrap_or(Err(ApiError::Offline))
            .map(Into::into),
        _ => {
            let start = shared::session::RecoveryStart {
                recovery_id: RecoveryId([6; 16]),
            };
            written(api::session::recovery_start(stub, &start).now_or_never())
        }
    }
}

fn written<T: Serialize>(answer: Option<Result<T, ApiError>>) -> Result<Vec<u8>, ApiError> {
    let value = answer.unwrap_or(Err(ApiError::Offline))?;
    serde_json::to_vec(&value).map_err(|_| ApiError::Offline)
}

fn upload_note(draw: &mut Draw) -> Vec<u8> {
    let parent = draw.coin().then(|| Blob(draw.bytes(16)));
    let mut note = json!({
        "body": BodyId(draw.array()), "object": Blob(draw.bytes(16)), "name": "bail.pdf",
        "parent": parent.map_or(Value::Null, |parent| json!(parent)), "media": "application/pdf",
        "record": Blob(draw.bytes(60)),
    });
    if draw.coin() {
        note["category"] = json!(draw.pick(&["identity", "tax", "other"]));
        note["tags"] = json!(["2024"]);
        note["retention_end"] = json!(draw.number());
        note["replace"] = json!(Blob(draw.bytes(16)));
    }
    note.to_string().into()
}

fn kept_list(draw: &mut Draw) -> Vec<u8> {
    let names: Vec<String> = (0..draw.below(3)).map(|_| draw.letters(6)).collect();
    let items: Vec<_> = names.iter().map(|name| item(draw, name)).collect();
    let list = json!({
        "format": "civis-list-1", "collection": CollectionId(draw.array()), "head_hash": Hash(draw.array()),
        "when": draw.number(), "items": items,
    });
    list.to_string().into()
}

fn item(draw: &mut Draw, name: &str) -> Item {
    Item {
        id: ObjectId(OperationId(draw.array()).to_string()),
        kind: Kind::Document,
        name: name.to_owned(),
        parent: None,
        content: Some(ContentId(BodyId(draw.array()).to_string())),
        media: Some("application/pdf".to_owned()),
        len: draw.number(),
        tags: vec!["2026".to_owned()],
        category: draw.coin().then_some(Category::Identity),
        retention_end: draw.coin().then(|| draw.number()),
        added: draw.number(),
        modified: draw.number(),
        versions: u32::from(draw.coin()),
        thumbnail: draw.coin(),
        trashed_at: None,
        in_trash: false,
        purge_at: None,
        same_name: draw.coin(),
    }
}

/// A piece of evidence as a device keeps it.
fn piece(draw: &mut Draw) -> Evidence {
    let check = *draw.pick(&[Check::Deployment, Check::Page, Check::HeadRolledBack]);
    let subject = match draw.below(3) {
        0 => Subject::Account,
        1 => Subject::Upload,
        _ => Subject::Document {
            name: "été".to_owned(),
        },
    };
    let bytes = draw.bytes(20);
    let signed = draw.coin().then(|| Blob(draw.bytes(30)));
    let head = Known::Head {
        number: draw.number(),
        charter: 0,
        hash: Hash(draw.array()),
        signed,
    };
    Evidence {
        format: sdk::evidence::FORMAT.to_owned(),
        check,
        checklist: check.numbers().to_vec(),
        subject,
        when: draw.number(),
        route: *draw.pick(&[Route::Account, Route::Pages, Route::Content]),
        origin: draw.coin().then(|| "https://coffre.exemple.fr".to_owned()),
        deployment: None,
        client: "0.1.0".to_owned(),
        len: bytes.len() as u64,
        hash: Hash(crypto::hash::sha256(&bytes)),
        bytes: Blob(bytes),
        known: vec![
            head,
            Known::Page {
                id: Hash(draw.array()),
            },
        ],
    }
}
