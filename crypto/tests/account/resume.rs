//! What a device keeps of an open session: frozen bytes, one encoding, other versions refused.

use crypto::account::handle::Handle;
use crypto::account::keys::Ark;
use crypto::account::resume::Resumption;
use crypto::random::Random;
use crypto::session::MacKey;
use serde_json::json;

use super::flips;
use crate::support::{FixedRandom, freeze, to_hex};

#[test]
fn the_bytes_are_frozen_and_read_back() {
    let sample = sample();
    let bytes = sample.to_bytes();
    let read = Resumption::parse(&bytes).unwrap();
    assert_eq!(read.handle, sample.handle);
    assert_eq!(read.ark.key().expose(), sample.ark.key().expose());
    assert_eq!(read.mac_key.expose(), sample.mac_key.expose());
    assert_eq!(
        (
            read.account_id,
            read.deployment_id,
            read.session_id,
            read.expires,
            read.first_visit
        ),
        (
            sample.account_id,
            sample.deployment_id,
            sample.session_id,
            sample.expires,
            sample.first_visit
        )
    );
    assert_eq!(*read.to_bytes(), *bytes);
    freeze(
        "account-resume.json",
        &json!({
            "proves": "a resumption of version 1; random bytes are SHA-256(SHA-256(\"account-resume\") || counter u64)",
            "account_id": to_hex(&sample.account_id),
            "deployment_id": to_hex(&sample.deployment_id),
            "handle": sample.handle.as_str(),
            "ark": to_hex(sample.ark.key().expose()),
            "session_id": to_hex(&sample.session_id),
            "mac_key": to_hex(sample.mac_key.expose()),
            "expires": sample.expires,
            "first_visit": sample.first_visit,
            "bytes": to_hex(&bytes),
        }),
    );
}

#[test]
fn what_is_read_is_what_was_meant() {
    let bytes = sample().to_bytes();
    for cut in 0..bytes.len() {
        assert!(Resumption::parse(&bytes[..cut]).is_err());
    }
    assert!(Resumption::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
    let mut other_version = bytes.to_vec();
    assert_eq!(other_version[..3], [0xa9, 1, 1]);
    other_version[2] = 2;
    assert!(Resumption::parse(&other_version).is_err());
    for flipped in flips(&bytes) {
        if let Ok(read) = Resumption::parse(&flipped) {
            assert_eq!(*read.to_bytes(), flipped, "one encoding of each");
        }
    }
}

fn sample() -> Resumption {
    let mut rng = FixedRandom::new("account-resume");
    let ark = Ark::make(&mut rng).unwrap();
    let mut mac = [0; 32];
    rng.fill(&mut mac).unwrap();
    Resumption {
        account_id: [0xa1; 16],
        deployment_id: [0xd1; 16],
        handle: Handle::parse("camille.martin").unwrap(),
        ark,
        session_id: [0x5e; 16],
        mac_key: MacKey::from_bytes(mac),
        expires: 1_763_043_200,
        first_visit: true,
    }
}
