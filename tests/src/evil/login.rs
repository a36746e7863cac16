//! Lies while somebody logs in: KE2, challenges, who is known.

use sdk::flows::Response;
use shared::account::Account;
use shared::error::PROBLEM_JSON;
use shared::session::{LoginChallenge, LoginStart};
use shared::{ErrorCode, Problem, RequestId, path};

use super::way_in::{answers, slot};
use super::{Attack, path as path_of};
use crate::adversary::{Fate, flip};

/// An account that is not the one whose handle was typed; with the login setup more: see [`super::Inside`].
pub(super) fn n02() -> Vec<Attack> {
    vec![Attack::json::<Account>(
        "an account of another handle",
        |request| path_of(request) == path::ACCOUNT,
        |account| account.handle = "bob".to_owned(),
    )]
}

/// Answers that tell a known account from an unknown one.
pub(super) fn n03() -> Vec<Attack> {
    let routes = [
        path::SESSIONS_START,
        path::SESSIONS_FINISH,
        path::RECOVERIES_START,
        path::RECOVERIES_FINISH,
    ];
    let codes = [ErrorCode::NotFound, ErrorCode::LoginFailed];
    let pairs = routes
        .into_iter()
        .flat_map(|route| codes.into_iter().map(move |code| (route, code)));
    pairs
        .map(|(route, code)| {
            Attack::rewrite(
                format!("{route} answers {}", code.as_str()),
                move |request| path_of(request) == route,
                move |response| answer_problem(response, code),
            )
        })
        .collect()
}

/// KE2 replayed, reflected, of another login, truncated, made of identity elements.
pub(super) fn n04() -> Vec<Attack> {
    let mut attacks = vec![
        Attack::new("KE2 of an earlier login", |seen, request, response| {
            if path_of(request) == path::SESSIONS_START {
                let earlier = answers(seen, path::SESSIONS_START).next();
                set_ke2(response, &earlier.expect("a login was seen"));
            }
            Fate::Pass
        }),
        Attack::new("KE2 of another's login", |seen, request, response| {
            if path_of(request) == path::SESSIONS_START {
                let mine = handle_of(&request.body);
                let others = seen.iter().find(|exchange| {
                    path_of(&exchange.request) == path::SESSIONS_START
                        && handle_of(&exchange.request.body) != mine
                });
                set_ke2(response, &others.expect("another's login was seen").response.body);
            }
            Fate::Pass
        }),
        Attack::new("the blinded element reflected", |_, request, response| {
            if path_of(request) == path::SESSIONS_START {
                let start = serde_json::from_slice::<LoginStart>(&request.body).expect("a login");
                alter_ke2(response, |ke2| ke2[..32].copy_from_slice(&start.ke1.0[..32]));
            }
            Fate::Pass
        }),
        Attack::new("KE1 reflected", |_, request, response| {
            if path_of(request) == path::SESSIONS_START {
                let start = serde_json::from_slice::<LoginStart>(&request.body).expect("a login");
                // Its nonce and key share, in the places of the server's.
                alter_ke2(response, |ke2| ke2[192..256].copy_from_slice(&start.ke1.0[32..]));
            }
            Fate::Pass
        }),
    ];
    type Change = fn(&mut Vec<u8>);
    let fields: [(&str, Change); 14] = [
        ("KE2 cut short", |ke2| ke2.truncate(319)),
        ("KE2 extended", |ke2| ke2.push(0)),
        ("no KE2", Vec::clear),
        ("KE2 of zeros", |ke2| ke2.fill(0)),
        ("KE2 of ones", |ke2| ke2.fill(0xff)),
        ("an identity element for the evaluation", |ke2| ke2[..32].fill(0)),
        ("an identity element for the key share", |ke2| {
            ke2[224..256].fill(0)
        }),
        ("no point for the key share", |ke2| ke2[224..256].fill(0xff)),
        ("the key share for the evaluation", |ke2| {
            ke2.copy_within(224..256, 0)
        }),
        ("another masking nonce", |ke2| flip(ke2, 32 * 8)),
        ("another server key under the mask", |ke2| flip(ke2, 64 * 8)),
        ("another envelope under the mask", |ke2| flip(ke2, 191 * 8)),
        ("another server nonce", |ke2| flip(ke2, 192 * 8)),
        ("another MAC", |ke2| flip(ke2, 319 * 8)),
    ];
    attacks.extend(fields.map(|(name, change)| {
        Attack::json::<LoginChallenge>(
            name,
            |request| path_of(request) == path::SESSIONS_START,
            move |challenge| change(&mut challenge.ke2.0),
        )
    }));
    attacks
}

/// Records of every kind altered, one in each login: after all of them the server has seen the same.
pub(super) fn n07() -> Vec<Attack> {
    let mut attacks = vec![
        slot("no slot", Vec::clear),
        slot("a slot of another magic", |slot| slot[0] ^= 1),
        slot("a slot of another account", |slot| slot[8] ^= 1),
        slot("a slot of another id", |slot| slot[24] ^= 1),
        slot("a slot with another box", |slot| slot[167] ^= 1),
    ];
    type Field = fn(&mut Account) -> &mut Vec<u8>;
    let fields: [(&str, Field); 3] = [
        ("bundle", |account| &mut account.bundle.0),
        ("manifest", |account| &mut account.manifest.0),
        ("secrets", |account| &mut account.secrets.0),
    ];
    for (name, field) in fields {
        for (how, byte) in [("of another magic", 0), ("altered", 300)] {
            attacks.push(Attack::json::<Account>(
                format!("a {name} {how}"),
                |request| path_of(request) == path::ACCOUNT,
                move |account| field(account)[byte] ^= 1,
            ));
        }
    }
    attacks
}

/// Makes a problem of an answer.
fn answer_problem(response: &mut Response, code: ErrorCode) {
    let problem = Problem::new(code, RequestId([1; 16]));
    response.status = problem.status;
    response.headers = vec![("content-type".to_owned(), PROBLEM_JSON.to_owned())];
    response.body = serde_json::to_vec(&problem).expect("JSON").into();
}

/// Puts the KE2 of another answer into this one.
fn set_ke2(response: &mut Response, other: &[u8]) {
    let other = serde_json::from_slice::<LoginChallenge>(other).expect("a challenge");
    alter_ke2(response, |ke2| ke2.clone_from(&other.ke2.0));
}

pub(super) fn alter_ke2(response: &mut Response, change: impl FnOnce(&mut Vec<u8>)) {
    let mut challenge = serde_json::from_slice::<LoginChallenge>(&response.body).expect("a challenge");
    change(&mut challenge.ke2.0);
    response.body = serde_json::to_vec(&challenge).expect("JSON").into();
}

fn handle_of(request: &[u8]) -> Option<String> {
    serde_json::from_slice::<LoginStart>(request)
        .ok()
        .map(|start| start.handle)
}
