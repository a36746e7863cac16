//! Structures in another form than the one there is: older, newer, of another kind, with bits that mean nothing yet.

use shared::account::Account;
use shared::collection::Collection;
use shared::document::Body;
use shared::path;
use shared::session::Deployment;
use shared::{Blob, DeploymentId};

use super::way_in::slot;
use super::{Attack, path as path_of};

/// An unknown magic, suite, version, kind, flag or reserved byte, in every structure that is served. Each name begins
/// with the structure's.
pub(super) fn n09() -> Vec<Attack> {
    let mut attacks: Vec<_> = forms(&[5, 6, 7, 45, 47])
        .map(|(name, change)| slot(format!("slot: {name}"), change))
        .collect();
    for unknown in [0, 2, 4, 5, 0xff] {
        attacks.push(slot(format!("slot: type {unknown}"), move |slot| {
            slot[5] = unknown
        }));
    }
    type Field<T> = fn(&mut T) -> &mut Blob;
    let records: [(&str, Field<Account>, &[usize]); 3] = [
        ("manifest", |account| &mut account.manifest, &[5, 6, 7]),
        ("secrets", |account| &mut account.secrets, &[5, 6, 7]),
        // Role, name, seq, reserved, the bundle before, the signature by the key before.
        (
            "bundle",
            |account| &mut account.bundle,
            &[5, 6, 7, 24, 27, 28, 32, 1384, 1447],
        ),
    ];
    for (what, field, reserved) in records {
        attacks.extend(forms(reserved).map(|(name, change)| {
            Attack::json::<Account>(
                format!("{what}: {name}"),
                |request| path_of(request) == path::ACCOUNT,
                move |account| change(&mut field(account).0),
            )
        }));
    }
    attacks.extend(cards());
    let records: [(&str, Field<Collection>); 2] = [
        ("charter", |stored| &mut stored.charters[0]),
        ("head", |stored| &mut stored.head),
    ];
    for (what, field) in records {
        attacks.extend(forms(&[5, 6, 7]).map(|(name, change)| {
            Attack::json::<Collection>(
                format!("{what}: {name}"),
                |request| path_of(request).rsplit('/').nth(1) == Some("collections"),
                move |stored| change(&mut field(stored).0),
            )
        }));
    }
    attacks.extend(forms(&[5, 6, 7]).map(|(name, change)| {
        Attack::json::<Body>(
            format!("header: {name}"),
            |request| path_of(request).rsplit('/').nth(1) == Some("bodies"),
            move |body| change(&mut body.header.0),
        )
    }));
    attacks
}

/// Forms that a structure never has; `reserved`: bytes of one known value, or of few.
fn forms(reserved: &[usize]) -> impl Iterator<Item = (String, impl Fn(&mut Vec<u8>) + Clone + use<>)> {
    let mut all = vec![
        // The digit of "CVS1" and its like: 0x30 is an older format's, 0x32 a newer one's.
        ("format 0".to_owned(), 3, b'0'),
        ("format 2".to_owned(), 3, b'2'),
        ("another magic".to_owned(), 0, b'X'),
        ("suite 0".to_owned(), 4, 0),
        ("suite 2".to_owned(), 4, 2),
        ("suite 255".to_owned(), 4, 0xff),
    ];
    all.extend(reserved.iter().map(|byte| (format!("byte {byte}"), *byte, 0x80)));
    all.into_iter()
        .map(|(name, byte, value)| (name, move |bytes: &mut Vec<u8>| bytes[byte] = value))
}

fn cards() -> [Attack; 4] {
    type Change = fn(&mut Deployment);
    let changes: [(&str, Change); 4] = [
        ("another deployment", |card| {
            card.deployment_id = DeploymentId([7; 16])
        }),
        ("suite 2 alone", |card| card.suites = vec![2]),
        ("no suite", |card| card.suites.clear()),
        ("suite 0", |card| card.suites = vec![0]),
    ];
    changes.map(|(name, change)| {
        Attack::json::<Deployment>(
            format!("deployment: {name}"),
            |request| path_of(request) == path::DEPLOYMENT,
            change,
        )
    })
}
