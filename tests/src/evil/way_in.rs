//! Lies about slots: parameters, contents, other people's, old ones.

use sdk::flows::Response;
use shared::account::CreateAccount;
use shared::path;
use shared::session::{LoginChallenge, RecoveryOpened, SessionOpened};

use super::{Attack, Exchange, path as path_of};
use crate::adversary::{Fate, flip};

/// Other parameters of the key derivation, another profile, a salt of the server's choice.
pub(super) fn n01() -> Vec<Attack> {
    let mut attacks = vec![
        slot("the other profile", |slot| slot[PROFILE] ^= 1),
        slot("profile 2", |slot| slot[PROFILE] = 2),
        slot("profile 255", |slot| slot[PROFILE] = 0xff),
        slot("a chosen salt", |slot| slot[SALT..SALT + 16].fill(7)),
        slot("one bit of salt", |slot| slot[SALT + 15] = 1),
    ];
    for route in [
        path::DEPLOYMENT,
        path::SESSIONS_START,
        path::RECOVERIES_START,
        path::SESSIONS_FINISH,
        path::RECOVERIES_FINISH,
    ] {
        let parameters = serde_json::json!({ "m": 8, "t": 1, "p": 1, "salt": "AAAAAAAAAAAAAAAAAAAAAA" });
        attacks.push(Attack::json::<serde_json::Value>(
            format!("parameters in the answer of {route}"),
            move |request| path_of(request) == route,
            move |answer| answer["kdf"] = parameters.clone(),
        ));
    }
    attacks
}

/// A slot with any field or byte altered, except what has a number of its own (1, 9, 10).
pub(super) fn n05() -> Vec<Attack> {
    // Account, slot id, ark_gen; salt, ciphertext and tag of the box; first and last bytes.
    let fields = [8, 23, 24, 39, 40, 43, 64, 87, 120, 151, 152, 167];
    let flipped = fields
        .into_iter()
        .map(|byte| slot(format!("byte {byte} flipped"), move |slot| flip(slot, byte * 8)));
    flipped
        .chain([
            slot("the other way in", |slot| {
                slot[TYPE] ^= 2;
                slot[PROFILE] ^= 1;
            }),
            slot("cut short", |slot| slot.truncate(167)),
            slot("empty", Vec::clear),
            slot("extended", |slot| slot.push(0)),
            slot("another box", |slot| slot[64..].fill(7)),
        ])
        .collect()
}

/// The slot of another account, of another way in.
pub(super) fn n06() -> Vec<Attack> {
    vec![
        Attack::new("the slot of another account", |seen, _, response| {
            give(response, |slot, account| {
                if let Some(other) = another_account(seen, account) {
                    slot.clone_from(&other.password_slot.0);
                }
            })
        }),
        Attack::new("the account and slot of another", |seen, _, response| {
            replace(response, |slot, account| {
                if let Some(other) = another_account(seen, *account) {
                    slot.clone_from(&other.words_slot.0);
                    *account = other.account_id;
                }
            })
        }),
        Attack::new("the slot of the other way in", |seen, request, response| {
            let by_phrase = path_of(request) == path::SESSIONS_FINISH;
            give(response, |slot, account| {
                let own = creations(seen).find(|made| made.account_id == account);
                if let Some(own) = own {
                    let other = if by_phrase {
                        own.words_slot
                    } else {
                        own.password_slot
                    };
                    slot.clone_from(&other.0);
                }
            })
        }),
    ]
}

/// The slot from before a change of phrase, the account from before it.
pub(super) fn n08() -> Vec<Attack> {
    vec![
        Attack::new("the slot from before the change", |seen, _, response| {
            give(response, |slot, account| {
                if let Some(made) = creations(seen).find(|made| made.account_id == account) {
                    slot.clone_from(&made.password_slot.0);
                }
            })
        }),
        Attack::new("the account from before the change", |seen, request, response| {
            if path_of(request) == path::ACCOUNT && response.status == 200 {
                response.body = answers(seen, path::ACCOUNT).next().expect("an account was read");
            }
            Fate::Pass
        }),
    ]
}

/// Commitments to another key or to none; boxes that the cipher alone would open: see [`super::Twofold`].
pub(super) fn n10() -> Vec<Attack> {
    vec![
        slot("one bit of the commitment", |slot| flip(slot, 88 * 8)),
        slot("the last bit of the commitment", |slot| flip(slot, 119 * 8 + 7)),
        slot("no commitment", |slot| slot[88..120].fill(0)),
        Attack::new("the commitment of another box", |seen, _, response| {
            give(response, |slot, account| {
                if let Some(other) = another_account(seen, account) {
                    slot[88..120].copy_from_slice(&other.words_slot.0[88..120]);
                }
            })
        }),
    ]
}

/// After the words set a new phrase: a login by it that is none.
pub(super) fn n47() -> Vec<Attack> {
    vec![
        Attack::json::<LoginChallenge>(
            "the login of the new phrase is another's",
            |request| path_of(request) == path::SESSIONS_START,
            |challenge| flip(&mut challenge.ke2.0, 319 * 8),
        ),
        Attack::new("the new phrase gets the old slot", |seen, _, response| {
            give(response, |slot, account| {
                if let Some(made) = creations(seen).find(|made| made.account_id == account) {
                    slot.clone_from(&made.password_slot.0);
                }
            })
        }),
    ]
}

/// Alters the slot that a login hands out, by phrase or by words.
pub(super) fn slot(name: impl Into<String>, mut change: impl FnMut(&mut Vec<u8>) + 'static) -> Attack {
    Attack::new(name, move |_, _, response| give(response, |slot, _| change(slot)))
}

/// Alters the slot, where the answer holds one.
fn give(response: &mut Response, change: impl FnOnce(&mut Vec<u8>, shared::AccountId)) -> Fate {
    replace(response, |slot, account| change(slot, *account))
}

/// Alters slot and account, where the answer opens a session.
fn replace(response: &mut Response, change: impl FnOnce(&mut Vec<u8>, &mut shared::AccountId)) -> Fate {
    if let Ok(mut opened) = serde_json::from_slice::<SessionOpened>(&response.body) {
        change(&mut opened.slot.0, &mut opened.account_id);
        response.body = serde_json::to_vec(&opened).expect("JSON").into();
    } else if let Ok(mut opened) = serde_json::from_slice::<RecoveryOpened>(&response.body) {
        change(&mut opened.slot.0, &mut opened.account_id);
        response.body = serde_json::to_vec(&opened).expect("JSON").into();
    }
    Fate::Pass
}

/// Accounts whose creation was seen.
pub(super) fn creations(seen: &[Exchange]) -> impl Iterator<Item = CreateAccount> {
    seen.iter()
        .filter(|exchange| path_of(&exchange.request) == path::ACCOUNTS)
        .filter_map(|exchange| serde_json::from_slice(&exchange.request.body).ok())
}

/// Good answers to requests of one path, oldest first.
pub fn answers<'a>(seen: &'a [Exchange], route: &'a str) -> impl Iterator<Item = bytes::Bytes> + 'a {
    seen.iter()
        .filter(move |exchange| path_of(&exchange.request) == route && exchange.response.status == 200)
        .map(|exchange| exchange.response.body.clone())
}

fn another_account(seen: &[Exchange], account: shared::AccountId) -> Option<CreateAccount> {
    creations(seen).find(|made| made.account_id != account)
}

const TYPE: usize = 5;
const PROFILE: usize = 44;
const SALT: usize = 48;
