//! Lies about the list: charters, heads, pages, histories.

use crypto::collection::page::page_id;
use crypto::hash::labelled;
use crypto::label::Label;
use crypto::signature::SigningKey;
use sdk::flows::{Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::account::{Account, CreateAccount, Quota};
use shared::collection::{Collection, Commit, Heads, Pages, ReadPages};
use shared::document::{Body, Upload, Uploads};
use shared::{Blob, BodyId, ErrorCode, Problem, RequestId, path};

use super::{Attack, Exchange, path as path_of};
use crate::adversary::Fate;

/// Picks requests.
type Fits = fn(&Request) -> bool;

/// A head signed by another key than the charter names.
pub(super) fn n20() -> Vec<Attack> {
    vec![
        collection("head: signed by a key of the server", |stored| {
            resign_head(&mut stored.head.0);
        }),
        collection("head: as admin, signed by a key of the server", |stored| {
            set(&mut stored.head.0, 5, &[1]);
            resign_head(&mut stored.head.0);
        }),
        Attack::json::<Heads>("chain: signed by a key of the server", is_heads, |heads| {
            heads.items.iter_mut().for_each(|head| resign_head(&mut head.0));
        }),
        collection("charter: the keys of the server in the first one", |stored| {
            let (write, admin) = (stranger().verifying_key(), stranger_admin().verifying_key());
            let charter = &mut stored.charters[0].0;
            set(charter, 64, &write.to_bytes());
            set(charter, 96, &admin.to_bytes());
            resign_charter(charter);
        }),
        collection("charter: a second one, signed by the server", |stored| {
            let next = charter_after(&stored.charters[0].0);
            stored.charters.push(next.into());
        }),
        collection("charter: a second epoch with the keys of the server", |stored| {
            let mut next = charter_after(&stored.charters[0].0);
            set(&mut next, 24, &1_u32.to_be_bytes());
            set(&mut next, 64, &stranger().verifying_key().to_bytes());
            set(&mut next, 96, &stranger_admin().verifying_key().to_bytes());
            resign_charter(&mut next);
            stored.charters.push(next.into());
        }),
    ]
}

/// Low-order points, malformed keys, wrong lengths in a bundle.
///
/// Under a signature that holds they need the account's own key: the test makes those with an insider.
pub(super) fn n21() -> Vec<Attack> {
    type Change = fn(&mut Vec<u8>);
    let changes: [(&str, Change); 5] = [
        ("no bundle", Vec::clear),
        ("a byte short", |bundle| {
            bundle.pop();
        }),
        ("a byte long", |bundle| bundle.push(0)),
        ("the X25519 half cut out", |bundle| {
            bundle.drain(96 + 1_184..96 + 1_216);
        }),
        ("a megabyte of keys", |bundle| bundle.resize(100_000, 7)),
    ];
    let attack = |(name, change): (&str, Change)| {
        Attack::json::<Account>(name, is_account, move |account| change(&mut account.bundle.0))
    };
    changes.into_iter().map(attack).collect()
}

/// Entries renamed, moved, dated or typed by the server: pages are sealed, so it can only try to have another page, or
/// another date, under the newest head.
pub(super) fn n27() -> Vec<Attack> {
    let mut attacks: Vec<_> = (1..=4)
        .map(|back| {
            let name = format!("root: of the list {back} changes ago");
            Attack::new(name, move |memory, request, response| {
                let commits = commits(memory);
                let old = commits.len().checked_sub(1 + back).map(|at| &commits[at].head);
                if let (true, Some(old)) = (is_collection(request), old) {
                    let root = old.0[104..136].to_vec();
                    json::<Collection>(response, |stored| set(&mut stored.head.0, 104, &root));
                }
                Fate::Pass
            })
        })
        .collect();
    attacks.extend([
        collection("root: an altered one", |stored| stored.head.0[104] ^= 1),
        collection("time: now", |stored| {
            set(&mut stored.head.0, 168, &1_900_000_000_u64.to_be_bytes());
        }),
        collection("time: 1970", |stored| set(&mut stored.head.0, 168, &[0; 8])),
    ]);
    attacks
}

/// An older head, charter, manifest, secrets or whole account, replayed from what was answered before.
pub(super) fn n28() -> Vec<Attack> {
    let newest_but_one = |memory: &[Exchange], request: &Request| {
        let path = path_of(request).to_owned();
        let same = memory
            .iter()
            .filter(|seen| path_of(&seen.request) == path && seen.response.status == 200);
        let mut bodies: Vec<_> = same.map(|seen| seen.response.clone()).collect();
        bodies.dedup_by(|one, other| one.body == other.body);
        bodies.len().checked_sub(2).map(|at| bodies[at].clone())
    };
    type Pick = fn(&[Exchange], &Request) -> Option<Response>;
    let replays: [(&str, Fits, Pick); 3] = [
        ("list: the first ever told", is_collection, replay_first),
        ("list: the one before the newest", is_collection, newest_but_one),
        ("account: the first ever told", is_account, replay_first),
    ];
    let attack = |(name, fits, pick): (&str, Fits, Pick)| {
        Attack::new(name, move |memory, request, response| {
            if let (true, Some(old)) = (fits(request), pick(memory, request)) {
                *response = old;
            }
            Fate::Pass
        })
    };
    replays.into_iter().map(attack).collect()
}

/// A body or page withheld, a purged entry brought back.
pub(super) fn n29() -> Vec<Attack> {
    let mut attacks = vec![
        Attack::json::<Pages>("page: none for one", is_pages, |pages| {
            if let Some(page) = pages.pages.first_mut() {
                *page = None;
            }
        }),
        Attack::json::<Pages>("page: none for any", is_pages, |pages| pages.pages.fill(None)),
        // What the purge dropped is served under the purge's own head.
        Attack::new(
            "purged: the pages from before the purge",
            |memory, request, response| {
                let commits = commits(memory);
                if is_pages(request) {
                    let old = &commits[commits.len() - 2].pages;
                    let page = old.last().cloned();
                    json::<Pages>(response, |pages| pages.pages.fill(page.clone()));
                }
                Fate::Pass
            },
        ),
    ];
    // As if another device had purged it meanwhile.
    attacks.push(Attack::new(
        "body: with the list from before it was saved",
        |memory, request, response| {
            if is_body(request) {
                *response = problem(ErrorCode::NotFound);
            }
            if is_collection(request) {
                *response = replay_first(memory, request).expect("a list");
            }
            Fate::Pass
        },
    ));
    for code in [
        ErrorCode::NotFound,
        ErrorCode::Forbidden,
        ErrorCode::RangeNotSatisfiable,
    ] {
        let routes: [(&str, Fits); 5] = [
            ("list", is_collection),
            ("page", is_pages),
            ("chain", is_heads),
            ("body", is_body),
            ("content", is_content),
        ];
        attacks.extend(routes.map(|(name, fits)| {
            Attack::new(
                format!("{name}: {}", code.as_str()),
                move |_, request, response| {
                    if fits(request) {
                        *response = problem(code);
                    }
                    Fate::Pass
                },
            )
        }));
    }
    attacks
}

/// The first good answer on the same path.
pub(super) fn replay_first(memory: &[Exchange], request: &Request) -> Option<Response> {
    let path = path_of(request);
    let mut same = memory.iter();
    same.find(|seen| path_of(&seen.request) == path && seen.response.status == 200)
        .map(|seen| seen.response.clone())
}

/// Two histories: the heads that lead to the newest one are not one chain.
pub(super) fn n30() -> Vec<Attack> {
    type Change = fn(&mut Heads);
    let changes: [(&str, Change); 6] = [
        ("chain: one left out", |heads| drop(heads.items.remove(1))),
        ("chain: the first left out", |heads| drop(heads.items.remove(0))),
        ("chain: two exchanged", |heads| heads.items.swap(0, 1)),
        ("chain: one twice", |heads| {
            heads.items[1] = heads.items[0].clone()
        }),
        ("chain: no answer", |heads| heads.items.clear()),
        ("chain: the newest at once", |heads| {
            let newest = heads.items.pop().expect("heads");
            heads.items = vec![newest];
        }),
    ];
    let attack = |(name, change): (&str, Change)| Attack::json::<Heads>(name, is_heads, change);
    changes.into_iter().map(attack).collect()
}

/// A body or entry that nobody here wrote, made to look like an own upload.
pub(super) fn n31() -> Vec<Attack> {
    let planted = |name: &str, record: fn(&[Exchange]) -> Blob| {
        Attack::new(name, move |memory, request, response| {
            if is_uploads(request) {
                let record = record(memory);
                json::<Uploads>(response, |uploads| {
                    uploads.items.push(Upload {
                        body_id: BodyId([0xaa; 16]),
                        ct_len: 4_096 + 15,
                        record,
                        parts: vec![0],
                    });
                });
            }
            Fate::Pass
        })
    };
    vec![
        planted(
            "a body of the server, with the record of an own upload",
            own_record,
        ),
        planted(
            "a body of the server, with the record of another account",
            |memory| records(memory).last().cloned().expect("an upload"),
        ),
        planted("a body of the server, with a record of noise", |_| {
            vec![0x5a; 412].into()
        }),
        planted("a body of the server, with the account's manifest", |memory| {
            created(memory).manifest
        }),
        // Genuine, and finished long ago.
        Attack::new(
            "a body of the list, as unfinished",
            |memory, request, response| {
                if is_uploads(request) {
                    let begun = memory.iter().find_map(begun).expect("an upload");
                    json::<Uploads>(response, |uploads| {
                        uploads.items.push(Upload {
                            body_id: begun.body_id,
                            ct_len: begun.ct_len,
                            record: begun.record,
                            parts: vec![0],
                        });
                    });
                }
                Fate::Pass
            },
        ),
    ]
}

/// Counts, lengths, depths and numbers beyond every bound.
pub(super) fn n38() -> Vec<Attack> {
    let mut attacks = lists_too_long();
    attacks.extend(fields_out_of_bounds());
    for (name, fits) in routes() {
        attacks.push(Attack::rewrite(
            format!("{name}: a good answer, then megabytes of spaces"),
            fits,
            |response| {
                let mut body = response.body.to_vec();
                body.resize(body.len() + (20 << 20), b' ');
                response.body = body.into();
            },
        ));
        attacks.push(Attack::rewrite(
            format!("{name}: brackets in brackets"),
            fits,
            |response| {
                response.body = vec![b'['; 100_000].into();
            },
        ));
    }
    attacks
}

/// Where a synchronisation, a download and the list of uploads read JSON.
fn routes() -> [(&'static str, Fits); 6] {
    [
        ("list", is_collection),
        ("page", is_pages),
        ("chain", is_heads),
        ("body", is_body),
        ("uploads", is_uploads),
        ("quota", is_quota),
    ]
}

fn lists_too_long() -> Vec<Attack> {
    vec![
        collection("list: 100,000 charters", |stored| {
            stored.charters = vec![vec![b'C'].into(); 100_000];
        }),
        collection("list: a charter of two megabytes", |stored| {
            stored.charters[0].0.resize(2 << 20, 0);
        }),
        collection("list: a head of two megabytes", |stored| {
            stored.head.0.resize(2 << 20, 0);
        }),
        Attack::json::<Heads>("chain: a thousand times the newest head", is_heads, |heads| {
            let newest = heads.items.last().cloned().expect("a head");
            heads.items = vec![newest; 1_000];
        }),
        Attack::json::<Heads>("chain: a million heads of nothing", is_heads, |heads| {
            heads.items = vec![Blob(Vec::new()); 1_000_000];
        }),
        Attack::json::<Pages>("page: a hundred more than asked", is_pages, |pages| {
            let page = pages.pages[0].clone();
            pages.pages.extend(vec![page; 100]);
        }),
        Attack::json::<Pages>("page: a million of nothing", is_pages, |pages| {
            pages.pages = vec![None; 500_000];
        }),
        Attack::json::<Pages>("page: two megabytes for one", is_pages, |pages| {
            pages.pages[0] = Some(vec![1; 2 << 20].into());
        }),
        Attack::json::<Body>("body: the hashes of a million parts", is_body, |body| {
            body.part_hashes.0.resize(32_000_000, 1);
        }),
        Attack::json::<Body>("body: a hundred hashes more", is_body, |body| {
            body.part_hashes.0.resize(body.part_hashes.0.len() + 3_200, 1);
        }),
        Attack::json::<Uploads>("uploads: more than an account may have", is_uploads, |uploads| {
            let upload = Upload {
                body_id: BodyId([1; 16]),
                ct_len: 1,
                record: Blob(Vec::new()),
                parts: Vec::new(),
            };
            uploads.items = vec![upload; 100_000];
        }),
    ]
}

fn fields_out_of_bounds() -> Vec<Attack> {
    type Place = fn(&mut Collection) -> &mut Vec<u8>;
    let head: Place = |stored| &mut stored.head.0;
    let charter: Place = |stored| &mut stored.charters[0].0;
    let fields: [(&str, Place, usize, &[u8]); 6] = [
        ("list: head_no 2^64-1", head, 32, &[0xff; 8]),
        ("list: box_len of a head 2^32-1", head, 28, &[0xff; 4]),
        ("list: epoch of a head 2^32-1", head, 24, &[0xff; 4]),
        ("list: box_len of a charter 2^32-1", charter, 128, &[0xff; 4]),
        ("list: charter_no 2^32-1", charter, 28, &[0xff; 4]),
        ("list: epoch of a charter 2^32-1", charter, 24, &[0xff; 4]),
    ];
    let mut attacks: Vec<_> = fields
        .into_iter()
        .map(|(name, place, at, value)| collection(name, move |stored| set(place(stored), at, value)))
        .collect();
    attacks.push(Attack::json::<Body>("body: ct_len 2^64-1", is_body, |body| {
        set(&mut body.header.0, 24, &[0xff; 8]);
    }));
    attacks.push(Attack::json::<Quota>(
        "quota: 2^64-1 of everything",
        is_quota,
        |quota| {
            (quota.used, quota.reserved, quota.limit) = (u64::MAX, u64::MAX, u64::MAX - 1);
        },
    ));
    attacks.push(Attack::rewrite("quota: 10^400", is_quota, |response| {
        let body = format!(r#"{{"used":1{},"reserved":0,"limit":1}}"#, "0".repeat(400));
        response.body = body.into_bytes().into();
    }));
    attacks
}

/// GET of the collection itself.
pub(super) fn is_collection(request: &Request) -> bool {
    let rest = path_of(request).split_once("/collections/").map(|(_, rest)| rest);
    request.method == Method::Get && rest.is_some_and(|rest| !rest.contains('/'))
}

/// GET of the heads in between.
pub(super) fn is_heads(request: &Request) -> bool {
    path_of(request).ends_with("/heads")
}

/// The question for pages.
pub(super) fn is_pages(request: &Request) -> bool {
    path_of(request).ends_with("/pages")
}

/// GET of header and part hashes.
pub(super) fn is_body(request: &Request) -> bool {
    path_of(request).contains("/bodies/") && !is_content(request)
}

/// GET of a range of ciphertext.
pub(super) fn is_content(request: &Request) -> bool {
    path_of(request).ends_with("/content")
}

fn is_account(request: &Request) -> bool {
    request.method == Method::Get && path_of(request) == path::ACCOUNT
}

fn is_uploads(request: &Request) -> bool {
    request.method == Method::Get && path_of(request) == path::UPLOADS
}

fn is_quota(request: &Request) -> bool {
    path_of(request) == path::QUOTA
}

/// Alters the collection as told.
pub(super) fn collection(name: impl Into<String>, change: impl FnMut(&mut Collection) + 'static) -> Attack {
    Attack::json::<Collection>(name, is_collection, change)
}

/// Alters one JSON answer, if it is a good one.
pub(super) fn json<T: Serialize + DeserializeOwned>(response: &mut Response, change: impl FnOnce(&mut T)) {
    if response.status < 300 {
        let mut value = serde_json::from_slice(&response.body).expect("the wire's type");
        change(&mut value);
        response.body = serde_json::to_vec(&value).expect("JSON").into();
    }
}

/// A refusal as the honest server words it.
pub(super) fn problem(code: ErrorCode) -> Response {
    let problem = Problem::new(code, RequestId([0; 16]));
    Response {
        status: code.status(),
        headers: vec![("content-type".to_owned(), shared::error::PROBLEM_JSON.to_owned())],
        body: serde_json::to_vec(&problem).expect("JSON").into(),
    }
}

/// The commits that were stored, the one of the creation first.
pub(super) fn commits(memory: &[Exchange]) -> Vec<Commit> {
    let stored = memory.iter().filter(|seen| seen.response.status < 300);
    let commit = |seen: &Exchange| {
        let request = &seen.request;
        if path_of(request) == path::ACCOUNTS {
            let created = serde_json::from_slice::<CreateAccount>(&request.body).ok()?;
            return Some(created.collection.commit);
        }
        if request.method == Method::Put && path_of(request).ends_with("/head") {
            serde_json::from_slice(&request.body).ok()
        } else {
            None
        }
    };
    stored.filter_map(commit).collect()
}

/// Every page that was ever stored, oldest first, of whichever account.
pub(super) fn pages(memory: &[Exchange]) -> Vec<Blob> {
    commits(memory)
        .into_iter()
        .flat_map(|commit| commit.pages)
        .collect()
}

/// The ids that a question for pages names.
pub(super) fn asked(request: &Request) -> Vec<[u8; 32]> {
    let asked = serde_json::from_slice::<ReadPages>(&request.body).expect("a question for pages");
    asked.ids.iter().map(|id| id.0).collect()
}

/// The pages that were stored before the one of this id, newest first.
pub(super) fn pages_before(memory: &[Exchange], id: &[u8; 32]) -> Vec<Blob> {
    let mut all = pages(memory);
    let at = all
        .iter()
        .position(|page| page_id(page.as_slice()) == *id)
        .unwrap_or_default();
    all.truncate(at);
    all.reverse();
    all
}

fn created(memory: &[Exchange]) -> CreateAccount {
    let mut created = memory
        .iter()
        .filter(|seen| path_of(&seen.request) == path::ACCOUNTS)
        .filter_map(|seen| serde_json::from_slice(&seen.request.body).ok());
    created.next().expect("an account was created here")
}

fn begun(seen: &Exchange) -> Option<shared::document::BeginUpload> {
    let is_begin = seen.request.method == Method::Post && path_of(&seen.request) == path::UPLOADS;
    is_begin
        .then(|| serde_json::from_slice(&seen.request.body).ok())
        .flatten()
}

fn records(memory: &[Exchange]) -> Vec<Blob> {
    memory
        .iter()
        .filter_map(begun)
        .map(|begun| begun.record)
        .collect()
}

fn own_record(memory: &[Exchange]) -> Blob {
    records(memory).first().cloned().expect("an upload")
}

/// The charter that would follow: next number, the hash of this one, signed by the server.
fn charter_after(charter: &[u8]) -> Vec<u8> {
    let mut next = charter.to_vec();
    set(&mut next, 28, &1_u32.to_be_bytes());
    set(&mut next, 32, &labelled(Label::CharterHash, &charter[..228]));
    resign_charter(&mut next);
    next
}

fn resign_head(head: &mut [u8]) {
    set(head, 208, &stranger().verifying_key().to_bytes());
    let signature = stranger().sign(Label::SigHead, &[&head[..240]]);
    set(head, 240, &signature);
}

fn resign_charter(charter: &mut [u8]) {
    let signature = stranger_admin().sign(Label::SigCharter, &[&charter[..164]]);
    set(charter, 164, &signature);
}

fn stranger() -> SigningKey {
    SigningKey::from_seed(&[0x11; 32])
}

fn stranger_admin() -> SigningKey {
    SigningKey::from_seed(&[0x22; 32])
}

pub(super) fn set(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}
