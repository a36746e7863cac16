//! The login by password through both halves, and what each refuses (checklist 2, 3, 4, 7, 54).

use crypto::account::handle::{Handle, credential_id, normalise_handle};
use crypto::opaque::client::{self, ClientError, LoggedIn};
use crypto::opaque::server::{self, Record, SETUP_BYTES, ServerError, Setup, SetupError};
use crypto::opaque::{KE1_BYTES, KE2_BYTES, KE3_BYTES};
use crypto::phrase::Password;
use crypto::random::RandomError;
use serde_json::json;

use crate::account::{Failing, flips};
use crate::support::{FixedRandom, freeze, to_hex};

const DEPLOYMENT: [u8; 16] = [0xd0; 16];

struct World {
    setup: Setup,
    rng: FixedRandom,
}

impl World {
    fn new(seed: &str) -> Self {
        let mut rng = FixedRandom::new(seed);
        Self {
            setup: Setup::make(&mut rng).unwrap(),
            rng,
        }
    }

    fn register(&mut self, handle: &Handle, password: &Password) -> (Record, client::ExportKey) {
        let id = credential_id(handle);
        let (state, request) = client::registration_start(password, &mut self.rng).unwrap();
        let response = server::registration_start(&self.setup, &id, &request).unwrap();
        let registered = state.finish(&DEPLOYMENT, &id, &response, &mut self.rng).unwrap();
        (
            Record::accept(&self.setup, &registered.record).unwrap(),
            registered.export_key,
        )
    }

    fn challenge(
        &mut self,
        id: &[u8; 32],
        record: Option<&Record>,
        ke1: &[u8],
    ) -> (server::Login, [u8; 320]) {
        server::login_start(&self.setup, &DEPLOYMENT, id, record, ke1, &mut self.rng).unwrap()
    }
}

fn alice() -> (Handle, Password) {
    (
        normalise_handle("Alice").unwrap(),
        Password::normalise("huit mots choisis au hasard").unwrap(),
    )
}

/// Client and server end up with one session key; the export key is the registration's; the bytes are frozen.
#[test]
fn registration_and_login_agree_and_are_frozen() {
    let mut world = World::new("opaque");
    let (handle, password) = alice();
    let id = credential_id(&handle);
    let (record, export_key) = world.register(&handle, &password);
    let record = Record::parse(record.to_bytes()).unwrap();
    world.setup = Setup::parse(&world.setup.to_bytes()).unwrap();

    let (state, ke1) = client::login_start(&password, &mut world.rng).unwrap();
    let (login, ke2) = world.challenge(&id, Some(&record), &ke1);
    let LoggedIn {
        ke3,
        session_key,
        export_key: again,
    } = state.finish(&DEPLOYMENT, &id, &ke2, &mut world.rng).unwrap();
    let server_key = login.finish(&DEPLOYMENT, &id, &ke3).unwrap();
    assert_eq!(session_key.expose(), server_key.expose());
    assert_eq!(export_key.expose(), again.expose());
    freeze(
        "account-opaque.json",
        &json!({
            "proves": "OPAQUE with profile 1, our context and identities; random bytes are SHA-256(SHA-256(\"opaque\") || counter u64)",
            "handle": handle.as_str(),
            "password": String::from_utf8(password.expose().to_vec()).unwrap(),
            "deployment_id": to_hex(&DEPLOYMENT),
            "credential_id": to_hex(&id),
            "setup": to_hex(&world.setup.to_bytes()),
            "record": to_hex(record.to_bytes()),
            "ke1": to_hex(&ke1),
            "ke2": to_hex(&ke2),
            "ke3": to_hex(&ke3),
            "session_key": to_hex(session_key.expose()),
            "export_key": to_hex(export_key.expose()),
        }),
    );
}

/// A wrong password, an unknown account and a record of another account look the same from both sides.
#[test]
fn every_failed_login_is_refused_alike() {
    let mut world = World::new("refused");
    let (handle, password) = alice();
    let id = credential_id(&handle);
    let (record, _) = world.register(&handle, &password);
    let bob = credential_id(&Handle::parse("bob").unwrap());
    let wrong = Password::normalise("huit mots choisis au hazard").unwrap();
    for (password, id, record) in [
        (&wrong, &id, Some(&record)),
        (&password, &bob, None),
        // Alice's record under Bob's name: another OPRF key.
        (&password, &bob, Some(&record)),
    ] {
        let (state, ke1) = client::login_start(password, &mut world.rng).unwrap();
        let (login, ke2) = world.challenge(id, record, &ke1);
        assert_eq!(ke2.len(), KE2_BYTES);
        assert!(matches!(
            state.finish(&DEPLOYMENT, id, &ke2, &mut world.rng),
            Err(ClientError::Refused)
        ));
        assert!(matches!(
            login.finish(&DEPLOYMENT, id, &[0x17; KE3_BYTES]),
            Err(ServerError::Refused)
        ));
    }
}

/// The server proves itself: another deployment, a replayed or altered KE2 gives the client nothing.
#[test]
fn an_answer_of_another_login_place_or_content_is_refused() {
    let mut world = World::new("replay");
    let (handle, password) = alice();
    let id = credential_id(&handle);
    let (record, _) = world.register(&handle, &password);
    let (first, ke1) = client::login_start(&password, &mut world.rng).unwrap();
    let (_, ke2) = world.challenge(&id, Some(&record), &ke1);
    assert!(matches!(
        first.finish(&[0xd1; 16], &id, &ke2, &mut world.rng),
        Err(ClientError::Refused)
    ));
    // Replayed to a later login; then a bit of the masked answer and one of the server's MAC.
    let mut masked = ke2;
    masked[100] ^= 1;
    let mut mac = ke2;
    mac[KE2_BYTES - 1] ^= 0x80;
    for (fresh, answer) in [(true, ke2), (false, masked), (false, mac)] {
        let mut rng = FixedRandom::new("client");
        let (state, ke1) = client::login_start(&password, &mut rng).unwrap();
        let (_, own) = world.challenge(&id, Some(&record), &ke1);
        let answer = if fresh { answer } else { merge(&own, &answer, &ke2) };
        assert!(matches!(
            state.finish(&DEPLOYMENT, &id, &answer, &mut rng),
            Err(ClientError::Refused)
        ));
    }
}

/// `own` with the difference of two other answers applied.
fn merge(own: &[u8; KE2_BYTES], altered: &[u8; KE2_BYTES], original: &[u8; KE2_BYTES]) -> [u8; KE2_BYTES] {
    let mut out = *own;
    for ((to, a), b) in out.iter_mut().zip(altered).zip(original) {
        *to ^= a ^ b;
    }
    out
}

#[test]
fn lengths_garbage_identity_and_reflection_are_malformed() {
    let mut world = World::new("malformed");
    let (_, password) = alice();
    let id = [1; 32];
    let (registration, request) = client::registration_start(&password, &mut world.rng).unwrap();
    let (login, ke1) = client::login_start(&password, &mut world.rng).unwrap();
    let response = server::registration_start(&world.setup, &id, &request).unwrap();
    let (_, ke2) = world.challenge(&id, None, &ke1);

    for bad in bad_points(&request) {
        assert_eq!(
            server::registration_start(&world.setup, &id, &bad),
            Err(ServerError::Malformed)
        );
    }
    for bad in bad_points(&ke1) {
        let refused = server::login_start(&world.setup, &DEPLOYMENT, &id, None, &bad, &mut world.rng);
        assert!(matches!(refused, Err(ServerError::Malformed)));
    }
    // The client's ephemeral key is the last 32 bytes of KE1.
    let mut ephemeral = ke1;
    ephemeral[KE1_BYTES - 32..].fill(0);
    let refused = server::login_start(&world.setup, &DEPLOYMENT, &id, None, &ephemeral, &mut world.rng);
    assert!(matches!(refused, Err(ServerError::Malformed)));
    for len in [0, 191, 193, 192] {
        assert!(matches!(
            Record::accept(&world.setup, &vec![0; len]),
            Err(ServerError::Malformed)
        ));
    }
    for len in [0, 207, 209] {
        assert!(matches!(
            Record::parse(&vec![1; len]),
            Err(ServerError::Malformed)
        ));
    }
    let (waiting, _) = world.challenge(&id, None, &ke1);
    assert!(matches!(
        waiting.finish(&DEPLOYMENT, &id, &[0; KE3_BYTES + 1]),
        Err(ServerError::Malformed)
    ));

    // Each costs a client state, and none reaches the stretching: the fixed stream makes them again.
    for bad in bad_points(&response) {
        let (state, _) = client::registration_start(&password, &mut FixedRandom::new("again")).unwrap();
        let refused = state.finish(&DEPLOYMENT, &id, &bad, &mut world.rng);
        assert!(matches!(refused, Err(ClientError::Malformed)));
    }
    for bad in bad_points(&ke2) {
        let (state, _) = client::login_start(&password, &mut FixedRandom::new("again")).unwrap();
        assert!(matches!(
            state.finish(&DEPLOYMENT, &id, &bad, &mut world.rng),
            Err(ClientError::Malformed)
        ));
    }
    // Our own blinded element sent back as the answer.
    let reflected = [&request[..], &response[32..]].concat();
    let refused = registration.finish(&DEPLOYMENT, &id, &reflected, &mut world.rng);
    assert!(matches!(refused, Err(ClientError::Malformed)));
    let reflected = [&ke1[..32], &ke2[32..]].concat();
    let refused = login.finish(&DEPLOYMENT, &id, &reflected, &mut world.rng);
    assert!(matches!(refused, Err(ClientError::Malformed)));
}

/// A message whose first 32 bytes are a point: truncated, extended, the identity element, and no point at all.
fn bad_points(message: &[u8]) -> Vec<Vec<u8>> {
    let with_first = |byte: u8| [&[byte; 32], &message[32..]].concat();
    let shorter = message[..message.len() - 1].to_vec();
    let longer = [message, &[0]].concat();
    vec![
        Vec::new(),
        shorter,
        longer,
        with_first(0),
        with_first(0xff),
        with_first(0x01),
    ]
}

#[test]
fn a_login_is_finished_by_exactly_its_own_proof() {
    let mut world = World::new("proof");
    let (handle, password) = alice();
    let id = credential_id(&handle);
    let (record, _) = world.register(&handle, &password);
    let (state, ke1) = client::login_start(&password, &mut world.rng).unwrap();
    let (login, ke2) = world.challenge(&id, Some(&record), &ke1);
    let done = state.finish(&DEPLOYMENT, &id, &ke2, &mut world.rng).unwrap();
    for flipped in flips(&done.ke3) {
        // The same draws make the same state again; the answer to it is another.
        let (other, _) = world.challenge(&id, Some(&record), &ke1);
        assert!(matches!(
            other.finish(&DEPLOYMENT, &id, &flipped),
            Err(ServerError::Refused)
        ));
    }
    let (later, _) = world.challenge(&id, Some(&record), &ke1);
    assert!(matches!(
        later.finish(&DEPLOYMENT, &id, &done.ke3),
        Err(ServerError::Refused)
    ));
    assert!(login.finish(&DEPLOYMENT, &id, &done.ke3).is_ok());
}

#[test]
fn a_record_of_a_lost_setup_is_answered_like_an_unknown_account() {
    let mut world = World::new("lost");
    let (handle, password) = alice();
    let id = credential_id(&handle);
    let (record, _) = world.register(&handle, &password);
    assert!(record.belongs_to(&world.setup));
    world.setup = Setup::make(&mut world.rng).unwrap();
    assert!(!record.belongs_to(&world.setup));
    let (_, ke1) = client::login_start(&password, &mut world.rng).unwrap();
    let (login, _) = world.challenge(&id, Some(&record), &ke1);
    assert!(matches!(
        login.finish(&DEPLOYMENT, &id, &[0; KE3_BYTES]),
        Err(ServerError::Refused)
    ));
    // A stored record whose key is damaged ends the same way, not in an error that tells the account exists.
    let mut damaged = *record.to_bytes();
    damaged[..16].copy_from_slice(world.setup.setup_id());
    damaged[16..48].fill(0xff);
    let (login, _) = world.challenge(&id, Some(&Record::parse(&damaged).unwrap()), &ke1);
    assert!(matches!(
        login.finish(&DEPLOYMENT, &id, &[0; KE3_BYTES]),
        Err(ServerError::Refused)
    ));
}

#[test]
fn a_setup_file_with_any_changed_bit_or_length_is_refused() {
    let world = World::new("setup");
    let bytes = world.setup.to_bytes();
    assert_eq!(bytes.len(), SETUP_BYTES);
    assert_eq!(Setup::parse(&bytes).unwrap().setup_id(), world.setup.setup_id());
    for (bit, flipped) in flips(&bytes).enumerate() {
        let expected = if bit < 64 {
            SetupError::Format
        } else {
            SetupError::Damaged
        };
        assert_eq!(Setup::parse(&flipped).err(), Some(expected));
    }
    assert_eq!(
        Setup::parse(&bytes[..SETUP_BYTES - 1]).err(),
        Some(SetupError::Format)
    );
    assert_eq!(
        Setup::parse(&[&bytes[..], &[0]].concat()).err(),
        Some(SetupError::Format)
    );
    assert_eq!(Setup::parse(&[]).err(), Some(SetupError::Format));
}

#[test]
fn without_randomness_nothing_is_made() {
    let mut world = World::new("failing");
    let (_, password) = alice();
    for good in 0..4 {
        let setup = Setup::make(&mut Failing { good });
        assert!(matches!(setup, Err(SetupError::Random(RandomError))), "{good}");
    }
    assert!(matches!(
        client::registration_start(&password, &mut Failing { good: 0 }),
        Err(ClientError::Random(_))
    ));
    for good in 0..3 {
        assert!(matches!(
            client::login_start(&password, &mut Failing { good }),
            Err(ClientError::Random(_))
        ));
    }
    let (_, ke1) = client::login_start(&password, &mut world.rng).unwrap();
    for good in 0..4 {
        let refused = server::login_start(
            &world.setup,
            &DEPLOYMENT,
            &[1; 32],
            None,
            &ke1,
            &mut Failing { good },
        );
        assert!(matches!(refused, Err(ServerError::Random(RandomError))));
    }
}
