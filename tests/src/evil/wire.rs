//! Lies in the form of answers: uploads, contract, times.

use sdk::flows::{Method, Request, Response};
use shared::account::Account;
use shared::collection::{Collection, Pages};
use shared::document::{BeginUpload, Body, BodyStored, Uploads};
use shared::error::PROBLEM_JSON;
use shared::{ErrorCode, Problem, RequestId, path};

use super::contract::{KINDS, broken};
use super::{Attack, Exchange, path as path_of};
use crate::adversary::{Fate, flip};

/// Answers to uploads replayed, parts denied or claimed, records exchanged or altered.
pub(super) fn n33() -> Vec<Attack> {
    vec![
        uploads("parts denied", |uploads| {
            uploads.items.iter_mut().for_each(|upload| upload.parts.clear());
        }),
        uploads("parts claimed", |uploads| {
            uploads
                .items
                .iter_mut()
                .for_each(|upload| upload.parts = (0..64).collect());
        }),
        uploads("parts that no body has", |uploads| {
            uploads
                .items
                .iter_mut()
                .for_each(|upload| upload.parts = vec![u32::MAX, 1, 1, 0, 1_000_000]);
        }),
        uploads("another length", |uploads| {
            uploads.items.iter_mut().for_each(|upload| upload.ct_len = 1);
        }),
        uploads("uploads forgotten", |uploads| uploads.items.clear()),
        uploads("record altered", |uploads| {
            uploads
                .items
                .iter_mut()
                .for_each(|upload| flip(&mut upload.record.0, 100 * 8));
        }),
        Attack::new("record of another upload", |memory, request, response| {
            let Some(first) = begun(memory).next() else {
                return Fate::Pass;
            };
            if is_list(request) && response.status == 200 {
                change::<Uploads>(response, |uploads| {
                    for upload in &mut uploads.items {
                        if upload.body_id != first.body_id {
                            upload.record = first.record.clone();
                        }
                    }
                });
            }
            Fate::Pass
        }),
        Attack::new("stored, as an earlier body was", |memory, request, response| {
            let before = memory
                .iter()
                .filter(|exchange| is_commit(&exchange.request))
                .find_map(|exchange| serde_json::from_slice::<BodyStored>(&exchange.response.body).ok());
            if let (true, Some(before)) = (is_commit(request) && response.status == 200, before) {
                change::<BodyStored>(response, |stored| *stored = before);
            }
            Fate::Pass
        }),
        refusing("part refused", is_part, ErrorCode::Conflict),
        refusing("part not taken now", is_part, ErrorCode::Unavailable),
        refusing("upload unknown at its end", is_commit, ErrorCode::NotFound),
        refusing("parts missing at its end", is_commit, ErrorCode::Refused),
        Attack::new("no answer to a part", |_, request, _| {
            if is_part(request) { Fate::Lose } else { Fate::Pass }
        }),
    ]
}

/// Answers outside the contract: types, fields, numbers, HTML, redirects.
pub(super) fn n50() -> Vec<Attack> {
    KINDS.into_iter().map(outside_the_contract).collect()
}

/// Lies at one and the same answer that fail at different checks, after the login (whose own are number 7's). The name
/// before the colon says which answer.
pub(super) fn n52() -> Vec<Attack> {
    let mut all = Vec::new();
    for (name, change) in IN_A_BODY {
        all.push(Attack::json::<Body>(
            format!("body: {name}"),
            |request| request.method == Method::Get && is_of(request, path::BODY),
            change,
        ));
    }
    for (name, change) in IN_THE_LIST {
        all.push(Attack::json::<Collection>(
            format!("collection: {name}"),
            |request| request.method == Method::Get && is_of(request, path::COLLECTION),
            change,
        ));
    }
    for (name, change) in IN_A_PAGE {
        all.push(Attack::json::<Pages>(
            format!("pages: {name}"),
            |request| is_of(request, path::PAGES),
            change,
        ));
    }
    for (name, change) in IN_AN_ACCOUNT {
        all.push(Attack::json::<Account>(
            format!("account: {name}"),
            |request| request.path == path::ACCOUNT,
            change,
        ));
    }
    for (name, change) in IN_CONTENT {
        all.push(Attack::rewrite(
            format!("content: {name}"),
            |request| is_of(request, path::BODY_CONTENT),
            change,
        ));
    }
    for answer in [path::BODY, path::COLLECTION, path::PAGES, path::ACCOUNT] {
        let name = match answer {
            path::BODY => "body",
            path::COLLECTION => "collection",
            path::PAGES => "pages",
            _ => "account",
        };
        all.push(Attack::rewrite(
            format!("{name}: no JSON"),
            move |request| is_of(request, answer) && !super::writes(request),
            |response| response.body = b"<html>".to_vec().into(),
        ));
    }
    all
}

/// Times years off, in the only places of an answer that speak of time.
pub(super) fn n53() -> Vec<Attack> {
    let dated = |name: &'static str, date: &'static str| {
        Attack::rewrite(
            name,
            |_| true,
            move |response| {
                response.headers.retain(|(name, _)| name != "date");
                for (name, value) in [
                    ("date", date),
                    ("expires", date),
                    ("last-modified", date),
                    ("age", "99999999"),
                ] {
                    response.headers.push((name.to_owned(), value.to_owned()));
                }
            },
        )
    };
    vec![
        dated("long ago", "Thu, 01 Jan 1970 00:00:00 GMT"),
        dated("far ahead", "Fri, 31 Dec 2299 23:59:59 GMT"),
        dated("no date", "soon"),
    ]
}

/// Every answer of this kind of break, whatever was asked.
fn outside_the_contract(kind: &'static str) -> Attack {
    Attack::new(kind, move |_, _, response| {
        let mut forms = broken(response)
            .into_iter()
            .filter(|(name, _)| name.starts_with(kind));
        if let Some((_, form)) = forms.next_back() {
            *response = form;
        }
        Fate::Pass
    })
}

/// Answers with a problem instead; what was asked is done nevertheless.
#[must_use]
pub fn refusing(name: &str, fits: fn(&Request) -> bool, code: ErrorCode) -> Attack {
    Attack::rewrite(name, fits, move |response| *response = problem(code))
}

/// A problem, as the server words it.
#[must_use]
pub fn problem(code: ErrorCode) -> Response {
    let problem = Problem::new(code, RequestId([0; 16]));
    Response {
        status: code.status(),
        headers: vec![("content-type".to_owned(), PROBLEM_JSON.to_owned())],
        body: serde_json::to_vec(&problem).expect("JSON").into(),
    }
}

/// Whether the request asks this route; of two routes that differ in one step only, see to the method.
#[must_use]
pub fn is_of(request: &Request, route: &str) -> bool {
    if let Some((folder, _)) = route.split_once("{*") {
        return path_of(request).starts_with(folder);
    }
    let (asked, route) = (path_of(request).split('/'), route.split('/'));
    asked.clone().count() == route.clone().count()
        && asked
            .zip(route)
            .all(|(asked, step)| step.starts_with('{') || step == asked)
}

fn uploads(name: &str, change: impl FnMut(&mut Uploads) + 'static) -> Attack {
    Attack::json(name, is_list, change)
}

fn is_list(request: &Request) -> bool {
    request.method == Method::Get && request.path == path::UPLOADS
}

fn is_part(request: &Request) -> bool {
    is_of(request, path::UPLOAD_PART)
}

fn is_commit(request: &Request) -> bool {
    is_of(request, path::UPLOAD_COMMIT)
}

fn begun(memory: &[Exchange]) -> impl Iterator<Item = BeginUpload> {
    memory
        .iter()
        .filter_map(|exchange| serde_json::from_slice(&exchange.request.body).ok())
}

fn change<T: serde::Serialize + serde::de::DeserializeOwned>(
    response: &mut Response,
    change: impl FnOnce(&mut T),
) {
    let mut value = serde_json::from_slice(&response.body).expect("the wire's type");
    change(&mut value);
    response.body = serde_json::to_vec(&value).expect("JSON").into();
}

/// A named way to alter an answer of one type.
type Lies<T, const N: usize> = [(&'static str, fn(&mut T)); N];

// Each of these is refused at the first look, whatever else is checked later: how far a client comes with a finer lie
// is what a server sees of any client, and the finer lies are those of the numbers 4 to 31.

const IN_A_BODY: Lies<Body, 5> = [
    ("no header", |body| body.header.0.clear()),
    ("no form of a header", |body| body.header.0.fill(0xff)),
    ("header too long", |body| body.header.0.push(0)),
    ("half a part hash", |body| body.part_hashes.0.truncate(16)),
    ("a hash and a half", |body| body.part_hashes.0.extend([0; 16])),
];

const IN_THE_LIST: Lies<Collection, 5> = [
    ("no charter", |list| list.charters.clear()),
    ("an empty charter", |list| list.charters[0].0.clear()),
    ("a charter of no form", |list| list.charters[0].0.fill(0xff)),
    ("no head", |list| list.head.0.clear()),
    ("a head of no form", |list| list.head.0.fill(0xff)),
];

const IN_A_PAGE: Lies<Pages, 4> = [
    ("of no form", |pages| {
        pages.pages.iter_mut().flatten().for_each(|page| page.0.fill(0));
    }),
    ("empty", |pages| {
        pages.pages.iter_mut().flatten().for_each(|page| page.0.clear());
    }),
    ("one too many", |pages| pages.pages.push(None)),
    ("none", |pages| pages.pages.clear()),
];

const IN_AN_ACCOUNT: Lies<Account, 4> = [
    ("no bundle", |account| account.bundle.0.clear()),
    ("a bundle of no form", |account| account.bundle.0.fill(0xff)),
    ("no manifest", |account| account.manifest.0.clear()),
    ("no secrets", |account| account.secrets.0.clear()),
];

const IN_CONTENT: Lies<Response, 3> = [
    ("of no form", |content| edit(content, |bytes| bytes.fill(0))),
    ("cut short", |content| {
        edit(content, |bytes| bytes.truncate(bytes.len() - 1));
    }),
    ("extended", |content| edit(content, |bytes| bytes.push(0))),
];

fn edit(response: &mut Response, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = response.body.to_vec();
    change(&mut bytes);
    response.body = bytes.into();
}
