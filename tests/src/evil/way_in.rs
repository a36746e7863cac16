//! Lies on the way in: logins, slots, the account's records.

use shared::path;
use shared::session::SessionOpened;

use super::{Attack, path as path_of};
use crate::adversary::flip;

/// Other parameters of the key derivation, another profile.
pub(super) fn n01() -> Vec<Attack> {
    Vec::new()
}

/// The OPAQUE record or key of another account.
pub(super) fn n02() -> Vec<Attack> {
    Vec::new()
}

/// Answers that tell a known account from an unknown one.
pub(super) fn n03() -> Vec<Attack> {
    Vec::new()
}

/// KE2 replayed, reflected, of another login, truncated, made of identity elements.
pub(super) fn n04() -> Vec<Attack> {
    Vec::new()
}

/// A slot with any field or byte altered.
pub(super) fn n05() -> Vec<Attack> {
    // Magic, suite, type, flags, account, slot id, ark_gen, profile, reserved, salt, box: first and last bytes.
    let fields = [0, 4, 5, 7, 8, 24, 39, 43, 44, 45, 48, 64, 88, 120, 167];
    let flipped = fields
        .into_iter()
        .map(|byte| slot(format!("byte {byte} flipped"), move |slot| flip(slot, byte * 8)));
    flipped
        .chain([
            slot("cut short".to_owned(), |slot| slot.truncate(167)),
            slot("extended".to_owned(), |slot| slot.push(0)),
        ])
        .collect()
}

/// The slot of another account or of an old generation.
pub(super) fn n06() -> Vec<Attack> {
    Vec::new()
}

/// Many logins with altered records.
pub(super) fn n07() -> Vec<Attack> {
    Vec::new()
}

/// The slot from before a change of phrase.
pub(super) fn n08() -> Vec<Attack> {
    Vec::new()
}

/// An unknown magic, suite or version in any structure.
pub(super) fn n09() -> Vec<Attack> {
    Vec::new()
}

/// A ciphertext made to open under two keys or in two places.
pub(super) fn n10() -> Vec<Attack> {
    Vec::new()
}

/// The words used silently in the place of the phrase.
pub(super) fn n47() -> Vec<Attack> {
    Vec::new()
}

/// Alters the slot that a login by phrase hands out.
fn slot(name: String, mut change: impl FnMut(&mut Vec<u8>) + 'static) -> Attack {
    let login = |request: &_| path_of(request) == path::SESSIONS_FINISH;
    Attack::json::<SessionOpened>(name, login, move |opened| change(&mut opened.slot.0))
}
