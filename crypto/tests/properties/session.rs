//! The request MAC.

use crypto::session::{MacError, MacKey};

#[test]
fn a_mac_holds_for_its_own_request_session_and_secret_alone() {
    let key = MacKey::derive(&[1; 64], &[2; 16]);
    let mac = key.authenticate("PUT", "/a?b=c", &[3; 32]);
    assert_eq!(key.verify("PUT", "/a?b=c", &[3; 32], &mac), Ok(()));
    assert_eq!(
        MacKey::from_bytes(*key.expose()).verify("PUT", "/a?b=c", &[3; 32], &mac),
        Ok(())
    );
    // Method and target are framed by their lengths: a shifted border is another request.
    for (method, target, digest) in [
        ("GET", "/a?b=c", [3; 32]),
        ("PUT", "/a?b=d", [3; 32]),
        ("PUT/", "a?b=c", [3; 32]),
        ("PU", "T/a?b=c", [3; 32]),
        ("PUT", "/a?b=c", [4; 32]),
    ] {
        assert_eq!(key.verify(method, target, &digest, &mac), Err(MacError));
    }
    assert_eq!(
        MacKey::derive(&[1; 64], &[9; 16]).verify("PUT", "/a?b=c", &[3; 32], &mac),
        Err(MacError)
    );
    assert_eq!(
        MacKey::derive(&[9; 64], &[2; 16]).verify("PUT", "/a?b=c", &[3; 32], &mac),
        Err(MacError)
    );
    for bit in 0..256 {
        let mut other = mac;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(key.verify("PUT", "/a?b=c", &[3; 32], &other), Err(MacError));
    }
}
