//! Both halves of OPAQUE against bytes of a peer, for fuzzing and properties alone (feature `parsers`). The password
//! is not stretched here: everything else is the product's own way.

use std::sync::LazyLock;

use opaque_ke::ksf::Identity;
use opaque_ke::{
    CredentialFinalization, CredentialRequest, CredentialResponse, RegistrationRequest, RegistrationResponse,
    RegistrationUpload,
};
use sha2::{Digest, Sha256};

use super::server::{self, Record, SETUP_BYTES, Server, Setup};
use super::{Binding, client};
use crate::parsers::Counter;

/// The setup's file.
#[must_use]
pub fn setup(bytes: &[u8]) -> Option<Vec<u8>> {
    Setup::parse(bytes).ok().map(|setup| setup.to_bytes().to_vec())
}

/// The setup's file without its checksum, which is put in here.
#[must_use]
pub fn summed_setup(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = setup(&[bytes, Sha256::digest(bytes).as_slice()].concat())?;
    file.truncate(SETUP_BYTES - 32);
    Some(file)
}

/// A login record as it is stored.
#[must_use]
pub fn stored_record(bytes: &[u8]) -> Option<Vec<u8>> {
    Record::parse(bytes).ok().map(|record| record.to_bytes().to_vec())
}

/// A RegistrationRecord as the client sends it.
#[must_use]
pub fn registration_record(bytes: &[u8]) -> Option<Vec<u8>> {
    Record::accept(own_setup()?, bytes).ok()?;
    let upload = RegistrationUpload::<Server>::deserialize(bytes).ok()?;
    Some(upload.serialize().to_vec())
}

/// A RegistrationRequest: answered, then written again.
#[must_use]
pub fn registration_request(bytes: &[u8]) -> Option<Vec<u8>> {
    server::registration_start(own_setup()?, &CREDENTIAL, bytes).ok()?;
    let request = RegistrationRequest::<Server>::deserialize(bytes).ok()?;
    Some(request.serialize().to_vec())
}

/// A RegistrationResponse: used to its end, then written again.
#[must_use]
pub fn registration_response(bytes: &[u8]) -> Option<Vec<u8>> {
    let random = &mut Counter::default();
    let (begun, _) = client::begin_registration::<Identity>(PASSWORD, random).ok()?;
    client::end_registration(begun, binding(), bytes, random).ok()?;
    let response = RegistrationResponse::<Server>::deserialize(bytes).ok()?;
    Some(response.serialize().to_vec())
}

/// A KE1: answered for nobody and for somebody, then written again.
#[must_use]
pub fn ke1(bytes: &[u8]) -> Option<Vec<u8>> {
    let (setup, record) = (own_setup()?, own_record()?);
    let start = |record| {
        server::login_start(
            setup,
            &DEPLOYMENT,
            &CREDENTIAL,
            record,
            bytes,
            &mut Counter::default(),
        )
        .is_ok()
    };
    let (known, unknown) = (start(Some(record)), start(None));
    if known != unknown {
        return Some(b"known and unknown accounts differ".to_vec());
    }
    if !known {
        return None;
    }
    let request = CredentialRequest::<Server>::deserialize(bytes).ok()?;
    Some(request.serialize().to_vec())
}

/// A KE2 as bytes.
#[must_use]
pub fn ke2(bytes: &[u8]) -> Option<Vec<u8>> {
    exactly::<{ super::KE2_BYTES }>(bytes)?;
    let response = CredentialResponse::<Server>::deserialize(bytes).ok()?;
    Some(response.serialize().to_vec())
}

/// A KE2 that answers no login of ours: never authenticates a server.
#[must_use]
pub fn foreign_ke2(bytes: &[u8]) -> Option<Vec<u8>> {
    let random = &mut Counter::default();
    let (begun, _) = client::begin_login::<Identity>(PASSWORD, random).ok()?;
    let done = client::end_login(begun, binding(), bytes, random).ok()?;
    Some(done.ke3.to_vec())
}

/// A KE3 as bytes.
#[must_use]
pub fn ke3(bytes: &[u8]) -> Option<Vec<u8>> {
    exactly::<{ super::KE3_BYTES }>(bytes)?;
    let message = CredentialFinalization::<Server>::deserialize(bytes).ok()?;
    Some(message.serialize().to_vec())
}

/// A KE3 that answers no login of ours: never opens a session, of a known account or an unknown one.
#[must_use]
pub fn foreign_ke3(bytes: &[u8]) -> Option<Vec<u8>> {
    let (setup, record) = (own_setup()?, own_record()?);
    let (_, ke1) = client::begin_login::<Identity>(PASSWORD, &mut Counter::default()).ok()?;
    for record in [Some(record), None] {
        let random = &mut Counter::default();
        let (login, _) = server::login_start(setup, &DEPLOYMENT, &CREDENTIAL, record, &ke1, random).ok()?;
        if let Ok(key) = login.finish(&DEPLOYMENT, &CREDENTIAL, bytes) {
            return Some(key.expose().to_vec());
        }
    }
    None
}

/// A well-formed message of each kind, the same in every run: setup file, stored record, RegistrationRecord,
/// RegistrationRequest, RegistrationResponse, KE1, and KE2 and KE3 of a login that is over.
#[must_use]
pub fn samples() -> Option<[Vec<u8>; 8]> {
    let (setup, record) = (own_setup()?, own_record()?);
    let (begun, request) = client::begin_registration::<Identity>(PASSWORD, &mut Counter::default()).ok()?;
    let response = server::registration_start(setup, &CREDENTIAL, &request).ok()?;
    let done = client::end_registration(begun, binding(), &response, &mut Counter::default()).ok()?;
    // One draw further than every login above: its messages answer none of them.
    let random = &mut Counter::default();
    crate::random::Random::fill(random, &mut [0; 8]).ok()?;
    let (begun, ke1) = client::begin_login::<Identity>(PASSWORD, random).ok()?;
    let (_, ke2) = server::login_start(setup, &DEPLOYMENT, &CREDENTIAL, Some(record), &ke1, random).ok()?;
    let login = client::end_login(begun, binding(), &ke2, random).ok()?;
    Some([
        setup.to_bytes().to_vec(),
        record.to_bytes().to_vec(),
        done.record.to_vec(),
        request.to_vec(),
        response.to_vec(),
        ke1.to_vec(),
        ke2.to_vec(),
        login.ke3.to_vec(),
    ])
}

fn own_setup() -> Option<&'static Setup> {
    static SETUP: LazyLock<Option<Setup>> = LazyLock::new(|| Setup::make(&mut Counter::default()).ok());
    SETUP.as_ref()
}

fn own_record() -> Option<&'static Record> {
    static RECORD: LazyLock<Option<Record>> = LazyLock::new(|| {
        let setup = own_setup()?;
        let random = &mut Counter::default();
        let (begun, request) = client::begin_registration::<Identity>(PASSWORD, random).ok()?;
        let response = server::registration_start(setup, &CREDENTIAL, &request).ok()?;
        let done = client::end_registration(begun, binding(), &response, random).ok()?;
        Record::accept(setup, &done.record).ok()
    });
    RECORD.as_ref()
}

fn binding() -> Binding<'static> {
    Binding::new(&DEPLOYMENT, &CREDENTIAL)
}

/// The library reads what it needs and lets bytes stand after it: the product looks at the length before.
fn exactly<const N: usize>(bytes: &[u8]) -> Option<()> {
    (bytes.len() == N).then_some(())
}

const PASSWORD: &[u8] = b"phrase";
const DEPLOYMENT: [u8; 16] = [1; 16];
const CREDENTIAL: [u8; 32] = [2; 32];
