//! The client's half of OPAQUE: registration and login from a password (`spec/account.md`, section 6).
//!
//! May not take any parameter of the stretching from the server: profile 1 is the only one. Runs for about 0.2 s and
//! 64 MiB per `finish`: in a worker.

use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, RegistrationResponse,
};
use zeroize::Zeroizing;

use super::{
    Binding, KE1_BYTES, KE2_BYTES, KE3_BYTES, REGISTRATION_RECORD_BYTES, REGISTRATION_REQUEST_BYTES,
    REGISTRATION_RESPONSE_BYTES, SessionKey, Suite, take_secret, with_random,
};
use crate::id::{Hash32, Id};
use crate::phrase::Password;
use crate::primitives::password;
use crate::random::{Random, RandomError};

/// Why a registration or a login did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server's message has the wrong length, holds no point, or reflects ours.
    #[error("malformed login answer")]
    Malformed,
    /// Wrong password, unknown account, or a server that does not know the record: alike by design.
    #[error("login refused")]
    Refused,
    /// The device cannot give the 64 MiB that the stretching needs.
    #[error("not enough memory for the login")]
    Memory,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The key that only the password opens, 64 bytes: the password slot's key is derived from it.
pub struct ExportKey(Zeroizing<[u8; 64]>);

impl ExportKey {
    /// Names the moment at which the bytes leave the type: deriving the password slot's key.
    #[must_use]
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

/// A registration in progress.
pub struct Registration(RegistrationState<Profile1>);

/// What a registration gives.
pub struct Registered {
    /// RegistrationRecord for the server, 192 B.
    pub record: [u8; REGISTRATION_RECORD_BYTES],
    /// For the password slot.
    pub export_key: ExportKey,
}

/// Begins a registration: RegistrationRequest for the server, 32 B.
///
/// # Errors
/// Randomness failed.
pub fn registration_start(
    password: &Password,
    rng: &mut dyn Random,
) -> Result<(Registration, [u8; REGISTRATION_REQUEST_BYTES]), ClientError> {
    let (state, request) = begin_registration(password.expose(), rng)?;
    Ok((Registration(state), request))
}

impl Registration {
    /// Takes the server's RegistrationResponse (64 B).
    ///
    /// # Errors
    /// Malformed or reflected answer, no memory, no randomness.
    pub fn finish(
        self,
        deployment_id: &Id,
        credential_id: &Hash32,
        response: &[u8],
        rng: &mut dyn Random,
    ) -> Result<Registered, ClientError> {
        end_registration(self.0, Binding::new(deployment_id, credential_id), response, rng)
    }
}

/// A login in progress.
pub struct Login(LoginState<Profile1>);

/// What a login gives. The server has not confirmed yet: it does by opening a session after KE3.
pub struct LoggedIn {
    /// KE3 for the server, 64 B.
    pub ke3: [u8; KE3_BYTES],
    /// For the session's MAC key.
    pub session_key: SessionKey,
    /// For the password slot.
    pub export_key: ExportKey,
}

/// Begins a login: KE1 for the server, 96 B.
///
/// # Errors
/// Randomness failed.
pub fn login_start(
    password: &Password,
    rng: &mut dyn Random,
) -> Result<(Login, [u8; KE1_BYTES]), ClientError> {
    let (state, ke1) = begin_login(password.expose(), rng)?;
    Ok((Login(state), ke1))
}

impl Login {
    /// Takes the server's KE2 (320 B) and authenticates the server.
    ///
    /// # Errors
    /// Malformed or reflected answer, refused, no memory, no randomness.
    pub fn finish(
        self,
        deployment_id: &Id,
        credential_id: &Hash32,
        ke2: &[u8],
        rng: &mut dyn Random,
    ) -> Result<LoggedIn, ClientError> {
        end_login(self.0, Binding::new(deployment_id, credential_id), ke2, rng)
    }
}

/// Profile 1 as the library's stretching function: Argon2id, 64 B out, zero salt (the OPRF is the salt).
#[derive(Default)]
pub(crate) struct Profile1;

impl Ksf for Profile1 {
    fn hash<L: ArrayLength<u8>>(
        &self,
        input: GenericArray<u8, L>,
    ) -> Result<GenericArray<u8, L>, InternalError> {
        let input = Zeroizing::new(input);
        let mut out = GenericArray::default();
        password::stretch(&input, &[0; 16], &mut out).map_err(|_| InternalError::KsfError)?;
        Ok(out)
    }
}

/// State between the two registration messages. The library asks for the password again at the end.
pub(super) struct RegistrationState<K: Ksf> {
    state: ClientRegistration<Suite<K>>,
    password: Zeroizing<Vec<u8>>,
}

pub(super) fn begin_registration<K: Ksf>(
    password: &[u8],
    rng: &mut dyn Random,
) -> Result<(RegistrationState<K>, [u8; REGISTRATION_REQUEST_BYTES]), ClientError> {
    let started = with_random(rng, |draw| ClientRegistration::<Suite<K>>::start(draw, password))?
        .map_err(|_| ClientError::Malformed)?;
    let request = array(&started.message.serialize())?;
    let state = RegistrationState {
        state: started.state,
        password: Zeroizing::new(password.to_vec()),
    };
    Ok((state, request))
}

pub(super) fn end_registration<K: Ksf>(
    begun: RegistrationState<K>,
    binding: Binding<'_>,
    response: &[u8],
    rng: &mut dyn Random,
) -> Result<Registered, ClientError> {
    array::<REGISTRATION_RESPONSE_BYTES>(response)?;
    let response = RegistrationResponse::deserialize(response).map_err(|_| ClientError::Malformed)?;
    let params = ClientRegistrationFinishParameters::new(binding.identifiers, None);
    let mut done = with_random(rng, |draw| {
        begun.state.finish(draw, &begun.password, response, params)
    })?
    .map_err(reason)?;
    Ok(Registered {
        record: array(&done.message.serialize())?,
        export_key: export(&mut done.export_key)?,
    })
}

/// State between the login messages.
pub(super) struct LoginState<K: Ksf> {
    state: ClientLogin<Suite<K>>,
    password: Zeroizing<Vec<u8>>,
}

pub(super) fn begin_login<K: Ksf>(
    password: &[u8],
    rng: &mut dyn Random,
) -> Result<(LoginState<K>, [u8; KE1_BYTES]), ClientError> {
    let started = with_random(rng, |draw| ClientLogin::<Suite<K>>::start(draw, password))?
        .map_err(|_| ClientError::Malformed)?;
    let ke1 = array(&started.message.serialize())?;
    Ok((
        LoginState {
            state: started.state,
            password: Zeroizing::new(password.to_vec()),
        },
        ke1,
    ))
}

pub(super) fn end_login<K: Ksf>(
    begun: LoginState<K>,
    binding: Binding<'_>,
    ke2: &[u8],
    rng: &mut dyn Random,
) -> Result<LoggedIn, ClientError> {
    array::<KE2_BYTES>(ke2)?;
    let ke2 = CredentialResponse::deserialize(ke2).map_err(|_| ClientError::Malformed)?;
    let params = ClientLoginFinishParameters::new(Some(binding.context), binding.identifiers, None);
    let mut done =
        with_random(rng, |draw| begun.state.finish(draw, &begun.password, ke2, params))?.map_err(reason)?;
    Ok(LoggedIn {
        ke3: array(&done.message.serialize())?,
        session_key: SessionKey(take_secret(&mut done.session_key).ok_or(ClientError::Malformed)?),
        export_key: export(&mut done.export_key)?,
    })
}

fn reason(error: ProtocolError) -> ClientError {
    match error {
        ProtocolError::LibraryError(InternalError::KsfError) => ClientError::Memory,
        ProtocolError::InvalidLoginError => ClientError::Refused,
        _ => ClientError::Malformed,
    }
}

/// The library reads what it needs and lets bytes stand after it: the length is checked here.
fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], ClientError> {
    bytes.try_into().map_err(|_| ClientError::Malformed)
}

fn export(bytes: &mut [u8]) -> Result<ExportKey, ClientError> {
    take_secret(bytes).map(ExportKey).ok_or(ClientError::Malformed)
}
