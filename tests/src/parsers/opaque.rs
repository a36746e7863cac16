//! Login by password and by words: every message of OPAQUE in both directions, the files of the server, the proof of
//! the words, the MAC of a request (`spec/account.md`, 6).

use crypto::parsers::opaque;
use crypto::session::MacKey;
use crypto::signature::SigningKey;
use crypto::words::verify_recovery_proof;

use super::{Parser, Rule};

/// The table.
pub const PARSERS: &[Parser] = &[
    Parser {
        name: "Setup::parse",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::setup,
        valid: |_| sample(0),
    },
    Parser {
        name: "Setup::parse, behind its checksum",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::summed_setup,
        valid: |draw| {
            let mut file = sample(0);
            file.truncate(152);
            file[8..88].copy_from_slice(&draw.array::<80>());
            file
        },
    },
    Parser {
        name: "Record::parse",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::stored_record,
        valid: |draw| draw.bytes(208),
    },
    Parser {
        name: "Record::accept",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::registration_record,
        valid: |draw| {
            let mut record = sample(2);
            record[32..].copy_from_slice(&draw.array::<160>());
            record
        },
    },
    Parser {
        name: "registration_start",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::registration_request,
        valid: |_| sample(3),
    },
    Parser {
        name: "Registration::finish",
        file: "crypto/src/opaque/client.rs",
        rule: Rule::Exact,
        run: opaque::registration_response,
        valid: |_| sample(4),
    },
    Parser {
        name: "login_start",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::ke1,
        valid: |draw| {
            let mut ke1 = sample(5);
            ke1[32..64].copy_from_slice(&draw.array::<32>());
            ke1
        },
    },
    Parser {
        name: "Login::finish, KE2 as bytes",
        file: "crypto/src/opaque/client.rs",
        rule: Rule::Exact,
        run: opaque::ke2,
        valid: |_| sample(6),
    },
    Parser {
        name: "Login::finish, KE2 of nobody",
        file: "crypto/src/opaque/client.rs",
        rule: Rule::Never,
        run: opaque::foreign_ke2,
        valid: |_| sample(6),
    },
    Parser {
        name: "Login::finish, KE3 as bytes",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Exact,
        run: opaque::ke3,
        valid: |_| sample(7),
    },
    Parser {
        name: "Login::finish, KE3 of nobody",
        file: "crypto/src/opaque/server.rs",
        rule: Rule::Never,
        run: opaque::foreign_ke3,
        valid: |_| sample(7),
    },
    Parser {
        name: "MacKey::verify",
        file: "crypto/src/session.rs",
        rule: Rule::Never,
        run: mac,
        valid: |draw| draw.bytes(80),
    },
    Parser {
        name: "verify_recovery_proof",
        file: "crypto/src/words.rs",
        rule: Rule::Never,
        run: proof,
        valid: |draw| draw.bytes(64),
    },
];

/// `mac 32 | digest 32 | method 0 target`, under a key that signed none of it.
fn mac(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mac, rest) = bytes.split_first_chunk::<32>()?;
    let (digest, text) = rest.split_first_chunk::<32>()?;
    let text = String::from_utf8_lossy(text);
    let (method, target) = text.split_once('\0').unwrap_or(("GET", &text));
    MacKey::from_bytes([3; 32])
        .verify(method, target, digest, mac)
        .ok()
        .map(|()| bytes.to_vec())
}

fn proof(bytes: &[u8]) -> Option<Vec<u8>> {
    let key = SigningKey::from_seed(&[4; 32]).verifying_key().to_bytes();
    verify_recovery_proof(&key, &[1; 16], &[2; 32], &[3; 16], bytes)
        .ok()
        .map(|()| bytes.to_vec())
}

fn sample(number: usize) -> Vec<u8> {
    opaque::samples()
        .and_then(|all| all.get(number).cloned())
        .unwrap_or_default()
}
