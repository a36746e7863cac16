//! Password login: OPAQUE (RFC 9807) with TripleDh over ristretto255 and SHA-512 (`spec/account.md`, section 6).
//!
//! Holds what both halves share: the suite, message lengths, the session key, the bridge from our [`Random`] to the
//! library's. May not choose parameters: context, identities and the stretching function are fixed by the protocol.

#[cfg(feature = "keys")]
pub mod client;
#[cfg(feature = "parsers")]
pub mod parsers;
#[cfg(test)]
mod rfc9807;
pub mod server;

use core::marker::PhantomData;

use opaque_ke::ksf::Ksf;
use opaque_ke::rand::{CryptoRng, Error, RngCore};
use opaque_ke::{CipherSuite, Identifiers, Ristretto255, TripleDh};
use sha2_opaque::Sha512;
use zeroize::{Zeroize, Zeroizing};

use crate::label::OPAQUE_CONTEXT;
use crate::random::{Random, RandomError};

/// RegistrationRequest, client to server, in bytes.
pub const REGISTRATION_REQUEST_BYTES: usize = 32;
/// RegistrationResponse, server to client, in bytes.
pub const REGISTRATION_RESPONSE_BYTES: usize = 64;
/// RegistrationRecord, client to server, in bytes.
pub const REGISTRATION_RECORD_BYTES: usize = 192;
/// KE1, client to server, in bytes.
pub const KE1_BYTES: usize = 96;
/// KE2, server to client, in bytes.
pub const KE2_BYTES: usize = 320;
/// KE3, client to server, in bytes.
pub const KE3_BYTES: usize = 64;

/// The key that both sides hold after a login, 64 bytes. Nothing but the session's MAC key is derived from it.
pub struct SessionKey(Zeroizing<[u8; 64]>);

impl SessionKey {
    /// Names the moment at which the bytes leave the type: deriving the session's MAC key.
    #[must_use]
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

/// The cipher suite; `K` stretches the OPRF's output on the client and is never run on the server.
pub(crate) struct Suite<K>(PhantomData<K>);

impl<K: Ksf> CipherSuite for Suite<K> {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = K;
}

/// What binds a login to its place: the library's context and the two identities.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) context: &'a [u8],
    pub(crate) identifiers: Identifiers<'a>,
}

impl<'a> Binding<'a> {
    /// The only binding of the product: server = deployment_id, client = credential id.
    pub(crate) fn new(deployment_id: &'a [u8; 16], credential_id: &'a [u8; 32]) -> Self {
        Self {
            context: OPAQUE_CONTEXT,
            identifiers: Identifiers {
                client: Some(credential_id),
                server: Some(deployment_id),
            },
        }
    }
}

/// Runs `call` with randomness from `source`; whatever it made is dropped when any draw failed.
///
/// The library cannot be told of a failure in the middle of a call, and it loops while a scalar is zero: so a failed
/// draw is answered by a constant that is not zero, and the result never leaves this function.
pub(crate) fn with_random<T>(
    source: &mut dyn Random,
    call: impl FnOnce(&mut Draw<'_>) -> T,
) -> Result<T, RandomError> {
    let mut draw = Draw {
        source,
        failed: false,
    };
    let value = call(&mut draw);
    if draw.failed { Err(RandomError) } else { Ok(value) }
}

/// Our randomness in the shape that the library asks for. Only [`with_random`] makes one.
pub(crate) struct Draw<'a> {
    source: &'a mut dyn Random,
    failed: bool,
}

impl RngCore for Draw<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        if self.failed || self.source.fill(out).is_err() {
            self.failed = true;
            out.fill(AFTER_FAILURE);
        }
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Draw<'_> {}

/// Moves a secret out of an array of the library, which does not wipe its results: the source is zeroed.
pub(crate) fn take_secret<const N: usize>(bytes: &mut [u8]) -> Option<Zeroizing<[u8; N]>> {
    let taken = <[u8; N]>::try_from(&*bytes).ok().map(Zeroizing::new);
    bytes.zeroize();
    taken
}

const AFTER_FAILURE: u8 = 0x5a;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Gives `good` bytes, then fails.
    struct Failing {
        good: usize,
    }

    impl Random for Failing {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
            if out.len() > self.good {
                return Err(RandomError);
            }
            self.good -= out.len();
            out.fill(7);
            Ok(())
        }
    }

    #[test]
    fn a_failed_draw_is_an_error_after_the_call_and_never_zeros() {
        let mut seen = [0; 16];
        let result = with_random(&mut Failing { good: 16 }, |draw| {
            draw.fill_bytes(&mut seen[..8]);
            draw.fill_bytes(&mut [0; 9]);
            // A source that recovers does not make the call good again.
            draw.fill_bytes(&mut seen[8..]);
        });
        assert!(matches!(result, Err(RandomError)));
        assert_eq!(seen[..8], [7; 8]);
        assert_eq!(seen[8..], [AFTER_FAILURE; 8]);
        assert!(
            with_random(&mut Failing { good: 12 }, |draw| (
                draw.next_u32(),
                draw.next_u64()
            ))
            .is_ok()
        );
    }
}
