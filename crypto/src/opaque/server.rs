//! The server's half of OPAQUE: setup file, registration, login with fakes (`spec/account.md`, section 6).
//!
//! May not see a password, stretch anything, or tell why a login failed. Compiled without the feature `keys`.

use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Binding, KE1_BYTES, KE2_BYTES, KE3_BYTES, REGISTRATION_RECORD_BYTES, REGISTRATION_REQUEST_BYTES,
    REGISTRATION_RESPONSE_BYTES, SessionKey, Suite, take_secret, with_random,
};
use crate::id::{Hash32, Id};
use crate::random::{Random, RandomError};

/// Bytes of the setup file.
pub const SETUP_BYTES: usize = 184;
/// Bytes of a stored login record: setup_id, RegistrationRecord.
pub const RECORD_BYTES: usize = 16 + REGISTRATION_RECORD_BYTES;

/// The file of the setup is not one that this program wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// Another length, magic or format.
    #[error("not a login setup of this format")]
    Format,
    /// The checksum does not hold, or a key in it is no key.
    #[error("the login setup is damaged")]
    Damaged,
    /// No randomness to make one.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What a message of a peer may be refused for. The peer is told none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// Wrong length, not a point, or the identity element.
    #[error("malformed login message")]
    Malformed,
    /// The proof does not hold: wrong password, unknown account, replay.
    #[error("login refused")]
    Refused,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// OPRF seed, key pair and decoy of one deployment: one file outside the store, in its own custody.
///
/// `"CVOS" 4 | version 1 = 1 | zero 3 | setup_id 16 | oprf_seed 64 | secret key 32 | decoy public key 32 | SHA-256 of
/// all before 32`. Lost, every password is dead and the words remain.
pub struct Setup {
    id: Id,
    inner: ServerSetup<Server>,
    /// A well-formed RegistrationRecord, parsed when there is none, so that both ways do the same work.
    decoy: [u8; REGISTRATION_RECORD_BYTES],
}

impl Setup {
    /// A new setup from fresh randomness.
    ///
    /// # Errors
    /// Randomness failed.
    pub fn make(rng: &mut dyn Random) -> Result<Self, SetupError> {
        let mut id = [0; 16];
        rng.fill(&mut id)?;
        let inner = with_random(rng, |draw| ServerSetup::<Server>::new(draw))?;
        Self::assemble(id, inner).ok_or(SetupError::Damaged)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Another format, or damage.
    pub fn parse(bytes: &[u8]) -> Result<Self, SetupError> {
        let bytes: &[u8; SETUP_BYTES] = bytes.try_into().map_err(|_| SetupError::Format)?;
        let (body, checksum) = bytes.split_at(SETUP_BYTES - 32);
        let (head, rest) = body.split_at(8);
        if head != HEAD {
            return Err(SetupError::Format);
        }
        if Sha256::digest(body).as_slice() != checksum {
            return Err(SetupError::Damaged);
        }
        let (id, keys) = rest.split_first_chunk::<16>().ok_or(SetupError::Format)?;
        let inner = ServerSetup::<Server>::deserialize(keys).map_err(|_| SetupError::Damaged)?;
        Self::assemble(*id, inner).ok_or(SetupError::Damaged)
    }

    /// The bytes of the file. They are the server's only secret besides the log key.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(SETUP_BYTES));
        out.extend_from_slice(HEAD);
        out.extend_from_slice(&self.id);
        let mut keys = self.inner.serialize();
        out.extend_from_slice(&keys);
        zeroize::Zeroize::zeroize(keys.as_mut_slice());
        let checksum = Sha256::digest(&*out);
        out.extend_from_slice(checksum.as_slice());
        out
    }

    /// Names this setup in every record made under it.
    #[must_use]
    pub const fn setup_id(&self) -> &Id {
        &self.id
    }

    fn assemble(id: Id, inner: ServerSetup<Server>) -> Option<Self> {
        let mut decoy = [0; REGISTRATION_RECORD_BYTES];
        let keys = Zeroizing::new(inner.serialize());
        let (_, public) = keys.split_last_chunk::<32>()?;
        decoy.first_chunk_mut::<32>()?.copy_from_slice(public);
        Some(Self { id, inner, decoy })
    }
}

/// What the server keeps of one account's password: `setup_id 16 | RegistrationRecord 192`.
#[derive(Clone)]
pub struct Record([u8; RECORD_BYTES]);

impl Record {
    /// Accepts the client's RegistrationRecord (192 B) under this setup.
    ///
    /// # Errors
    /// Wrong length or not a public key.
    pub fn accept(setup: &Setup, registration: &[u8]) -> Result<Self, ServerError> {
        let registration: &[u8; REGISTRATION_RECORD_BYTES] =
            registration.try_into().map_err(|_| ServerError::Malformed)?;
        RegistrationUpload::<Server>::deserialize(registration).map_err(|_| ServerError::Malformed)?;
        let mut out = [0; RECORD_BYTES];
        let (id, rest) = out.split_at_mut(16);
        id.copy_from_slice(&setup.id);
        rest.copy_from_slice(registration);
        Ok(Self(out))
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// Wrong length; the points are looked at when the record is used.
    pub fn parse(bytes: &[u8]) -> Result<Self, ServerError> {
        Ok(Self(bytes.try_into().map_err(|_| ServerError::Malformed)?))
    }

    /// The bytes to store.
    #[must_use]
    pub const fn to_bytes(&self) -> &[u8; RECORD_BYTES] {
        &self.0
    }

    /// Whether this record was made under `setup`. One of a lost setup can never log in again.
    #[must_use]
    pub fn belongs_to(&self, setup: &Setup) -> bool {
        self.0.starts_with(&setup.id)
    }

    fn registration(&self) -> &[u8] {
        self.0.split_at(16).1
    }
}

/// Answers the first half of a registration: RegistrationResponse, 64 B. Nothing is stored.
///
/// # Errors
/// The request has the wrong length, is no point, or is the identity element.
pub fn registration_start(
    setup: &Setup,
    credential_id: &Hash32,
    request: &[u8],
) -> Result<[u8; REGISTRATION_RESPONSE_BYTES], ServerError> {
    respond(&setup.inner, credential_id, request)
}

/// One login in progress: lives in memory, for 60 s, for fakes too.
pub struct Login {
    state: ServerLogin<Server>,
    genuine: bool,
}

/// Answers KE1 with KE2 (320 B). `None`, and a record of another setup, take the same way with a fake record.
///
/// # Errors
/// KE1 has the wrong length or holds no point; randomness failed. Never tells whether the account exists.
pub fn login_start(
    setup: &Setup,
    deployment_id: &Id,
    credential_id: &Hash32,
    record: Option<&Record>,
    ke1: &[u8],
    rng: &mut dyn Random,
) -> Result<(Login, [u8; KE2_BYTES]), ServerError> {
    let record = record.filter(|record| record.belongs_to(setup));
    let bytes = record.map_or(setup.decoy.as_slice(), Record::registration);
    // A stored record that does not read any more is a fake as well: its owner learns nothing but "failed".
    let parsed = ServerRegistration::<Server>::deserialize(bytes)
        .ok()
        .filter(|_| record.is_some());
    let genuine = parsed.is_some();
    let binding = Binding::new(deployment_id, credential_id);
    let (state, ke2) = challenge(&setup.inner, binding, credential_id, parsed, ke1, rng)?;
    Ok((Login { state, genuine }, ke2))
}

impl Login {
    /// Checks KE3 (64 B) and gives the session key.
    ///
    /// # Errors
    /// Wrong length, or refused. A fake is refused whatever arrives.
    pub fn finish(
        self,
        deployment_id: &Id,
        credential_id: &Hash32,
        ke3: &[u8],
    ) -> Result<SessionKey, ServerError> {
        let key = conclude(self.state, Binding::new(deployment_id, credential_id), ke3)?;
        if bool::from(u8::from(self.genuine).ct_eq(&1)) {
            Ok(key)
        } else {
            Err(ServerError::Refused)
        }
    }
}

pub(super) fn respond(
    setup: &ServerSetup<Server>,
    credential_id: &[u8],
    request: &[u8],
) -> Result<[u8; REGISTRATION_RESPONSE_BYTES], ServerError> {
    exact::<REGISTRATION_REQUEST_BYTES>(request)?;
    let request = RegistrationRequest::deserialize(request).map_err(|_| ServerError::Malformed)?;
    let answer =
        ServerRegistration::start(setup, request, credential_id).map_err(|_| ServerError::Malformed)?;
    answer
        .message
        .serialize()
        .as_slice()
        .try_into()
        .map_err(|_| ServerError::Malformed)
}

pub(super) fn challenge(
    setup: &ServerSetup<Server>,
    binding: Binding<'_>,
    credential_id: &[u8],
    record: Option<ServerRegistration<Server>>,
    ke1: &[u8],
    rng: &mut dyn Random,
) -> Result<(ServerLogin<Server>, [u8; KE2_BYTES]), ServerError> {
    exact::<KE1_BYTES>(ke1)?;
    let ke1 = CredentialRequest::deserialize(ke1).map_err(|_| ServerError::Malformed)?;
    let started = with_random(rng, |draw| {
        ServerLogin::start(draw, setup, record, ke1, credential_id, params(binding))
    })?
    .map_err(|_| ServerError::Malformed)?;
    let ke2 = started
        .message
        .serialize()
        .as_slice()
        .try_into()
        .map_err(|_| ServerError::Malformed)?;
    Ok((started.state, ke2))
}

pub(super) fn conclude(
    state: ServerLogin<Server>,
    binding: Binding<'_>,
    ke3: &[u8],
) -> Result<SessionKey, ServerError> {
    exact::<KE3_BYTES>(ke3)?;
    let ke3 = CredentialFinalization::deserialize(ke3).map_err(|_| ServerError::Malformed)?;
    let mut done = state
        .finish(ke3, params(binding))
        .map_err(|_| ServerError::Refused)?;
    take_secret(&mut done.session_key)
        .map(SessionKey)
        .ok_or(ServerError::Refused)
}

/// The library reads what it needs and lets bytes stand after it: the length is checked before.
fn exact<const N: usize>(message: &[u8]) -> Result<(), ServerError> {
    if message.len() == N {
        Ok(())
    } else {
        Err(ServerError::Malformed)
    }
}

fn params<'a>(binding: Binding<'a>) -> ServerLoginParameters<'a, 'a> {
    ServerLoginParameters {
        context: Some(binding.context),
        identifiers: binding.identifiers,
    }
}

/// The suite as the server holds it.
pub(super) type Server = Suite<NotHere>;

/// Stands where the suite asks for a stretching function. The server never stretches: a call is an error.
#[derive(Default)]
pub(crate) struct NotHere;

impl Ksf for NotHere {
    fn hash<L: ArrayLength<u8>>(&self, _: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        Err(InternalError::KsfError)
    }
}

/// Magic, version and reserved bytes.
const HEAD: &[u8; 8] = b"CVOS\x01\0\0\0";
