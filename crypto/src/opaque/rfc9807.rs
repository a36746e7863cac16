//! The ristretto255 vectors of RFC 9807, appendix C, through the same functions that the product calls; only context,
//! identities and the stretching function are the RFC's.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeMap;

use opaque_ke::{Identifiers, ServerRegistration, ServerSetup};

use super::Binding;
use super::server::{Server, challenge, conclude, respond};
use crate::random::{Random, RandomError};

/// Gives the RFC's random values in the order in which the library draws them.
struct Script(Vec<u8>);

impl Random for Script {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        if out.len() > self.0.len() {
            return Err(RandomError);
        }
        let rest = self.0.split_off(out.len());
        out.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

struct Case(BTreeMap<String, String>);

impl Case {
    fn bytes(&self, name: &str) -> Vec<u8> {
        self.optional(name).unwrap()
    }

    fn optional(&self, name: &str) -> Option<Vec<u8>> {
        let text = self.0.get(name)?;
        Some(
            (0..text.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
                .collect(),
        )
    }

    fn script(&self, parts: &[&str]) -> Script {
        let zeros = |name: &&str| {
            if *name == "0" {
                vec![0; 32]
            } else {
                self.bytes(name)
            }
        };
        Script(parts.iter().flat_map(zeros).collect())
    }
}

#[cfg(feature = "keys")]
fn run_real(case: &Case) {
    use opaque_ke::ksf::Identity;

    use super::client::{begin_login, begin_registration, end_login, end_registration};

    let (client, server) = (case.optional("client_identity"), case.optional("server_identity"));
    let context = case.bytes("context");
    let identifiers = Identifiers {
        client: client.as_deref(),
        server: server.as_deref(),
    };
    let binding = Binding {
        context: &context,
        identifiers,
    };
    let password = case.bytes("password");
    let credential_id = case.bytes("credential_identifier");
    let keys = [
        case.bytes("oprf_seed"),
        case.bytes("server_private_key"),
        case.bytes("server_public_key"),
    ];
    let setup = ServerSetup::<Server>::deserialize(&keys.concat()).unwrap();

    // A scalar is drawn as 64 bytes and reduced: the RFC's blind, then zeros.
    let mut rng = case.script(&["blind_registration", "0", "envelope_nonce"]);
    let (state, request) = begin_registration::<Identity>(&password, &mut rng).unwrap();
    assert_eq!(request[..], case.bytes("registration_request"));
    let response = respond(&setup, &credential_id, &request).unwrap();
    assert_eq!(response[..], case.bytes("registration_response"));
    let registered = end_registration(state, binding, &response, &mut rng).unwrap();
    assert_eq!(registered.record[..], case.bytes("registration_upload"));
    assert_eq!(registered.export_key.expose()[..], case.bytes("export_key"));
    assert!(rng.0.is_empty());

    let mut rng = case.script(&["blind_login", "0", "client_keyshare_seed", "client_nonce"]);
    let (state, ke1) = begin_login::<Identity>(&password, &mut rng).unwrap();
    assert_eq!(ke1[..], case.bytes("ke1"));
    let record = ServerRegistration::deserialize(&registered.record).unwrap();
    // The fake masking key is drawn for real accounts too, and thrown away.
    let parts = ["0", "0", "masking_nonce", "server_keyshare_seed", "server_nonce"];
    let mut server_rng = case.script(&parts);
    let (waiting, ke2) = challenge(
        &setup,
        binding,
        &credential_id,
        Some(record),
        &ke1,
        &mut server_rng,
    )
    .unwrap();
    assert_eq!(ke2[..], case.bytes("ke2"));
    assert!(server_rng.0.is_empty());
    let logged_in = end_login(state, binding, &ke2, &mut rng).unwrap();
    assert_eq!(logged_in.ke3[..], case.bytes("ke3"));
    assert_eq!(logged_in.session_key.expose()[..], case.bytes("session_key"));
    assert_eq!(logged_in.export_key.expose()[..], case.bytes("export_key"));
    assert_eq!(
        conclude(waiting, binding, &logged_in.ke3).unwrap().expose()[..],
        case.bytes("session_key")
    );
}

fn run_fake(case: &Case) {
    let (client, server) = (case.bytes("client_identity"), case.bytes("server_identity"));
    let context = case.bytes("context");
    let identifiers = Identifiers {
        client: Some(&client),
        server: Some(&server),
    };
    let binding = Binding {
        context: &context,
        identifiers,
    };
    let keys = [
        case.bytes("oprf_seed"),
        case.bytes("server_private_key"),
        case.bytes("client_public_key"),
    ];
    let setup = ServerSetup::<Server>::deserialize(&keys.concat()).unwrap();
    let parts = [
        "masking_key",
        "masking_nonce",
        "server_keyshare_seed",
        "server_nonce",
    ];
    let mut rng = case.script(&parts);
    let ke1 = case.bytes("ke1");
    let (_, ke2) = challenge(
        &setup,
        binding,
        &case.bytes("credential_identifier"),
        None,
        &ke1,
        &mut rng,
    )
    .unwrap();
    assert_eq!(ke2[..], case.bytes("ke2"));
    assert!(rng.0.is_empty());
}

#[test]
fn the_vectors_of_the_rfc_hold() {
    let text = include_str!("../../../spec/vectors/rfc9807.json");
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases: Vec<BTreeMap<String, String>> = serde_json::from_value(document["cases"].clone()).unwrap();
    let (mut real, mut fake) = (0, 0);
    for case in cases.into_iter().map(Case) {
        if case.0.contains_key("password") {
            #[cfg(feature = "keys")]
            run_real(&case);
            real += 1;
        } else {
            run_fake(&case);
            fake += 1;
        }
    }
    assert_eq!((real, fake), (2, 1));
    println!("RFC 9807: {real} real, {fake} fake vectors of ristretto255, none skipped");
}
