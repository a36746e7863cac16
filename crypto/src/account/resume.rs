//! What a second worker of the same device needs to go on with an open session (`spec/account.md`, 9).
//!
//! It holds the ARK: whoever reads these bytes opens the account. They leave the worker's memory only wrapped by a key
//! that no script can read out. May not decide whether to go on: that is the flow's.

use zeroize::Zeroizing;

use crate::account::handle::Handle;
use crate::account::keys::Ark;
use crate::codec::{CborReader, CborWriter, Malformed, Schema, from_cbor, to_cbor};
use crate::id::Id;
use crate::secret::Key32;
use crate::session::MacKey;

/// These bytes are no resumption of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a resumption")]
pub struct ResumptionError;

/// An open session of one account at one deployment, as this device keeps it until it is locked.
pub struct Resumption {
    /// Whose.
    pub account_id: Id,
    /// Where.
    pub deployment_id: Id,
    /// The name to log in with.
    pub handle: Handle,
    /// The account root key.
    pub ark: Ark,
    /// The server's session.
    pub session_id: Id,
    /// Signs its requests.
    pub mac_key: MacKey,
    /// When the session ends at the latest, Unix seconds by this device's clock.
    pub expires: u64,
    /// Whether the session began as this device's first visit of the collection.
    pub first_visit: bool,
}

impl Resumption {
    /// Reads what [`Resumption::to_bytes`] wrote.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ResumptionError> {
        from_cbor(bytes).map_err(|_| ResumptionError)
    }

    /// The one encoding. Secret.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        to_cbor(self)
    }
}

impl Schema for Resumption {
    fn encode(&self, out: &mut CborWriter) {
        out.map(9);
        out.key(1).uint(VERSION);
        out.key(2).bytes(&self.account_id);
        out.key(3).bytes(&self.deployment_id);
        out.key(4).text(self.handle.as_str());
        out.key(5).bytes(self.ark.key().expose());
        out.key(6).bytes(&self.session_id);
        out.key(7).bytes(self.mac_key.expose());
        out.key(8).uint(self.expires);
        out.key(9).uint(u64::from(self.first_visit));
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        if input.uint()? != VERSION {
            return Err(Malformed);
        }
        input.key(&mut keys, 2)?;
        let account_id = input.fixed()?;
        input.key(&mut keys, 3)?;
        let deployment_id = input.fixed()?;
        input.key(&mut keys, 4)?;
        let handle = Handle::parse(input.text(HANDLE_BYTES)?).map_err(|_| Malformed)?;
        input.key(&mut keys, 5)?;
        let ark = Ark::new(Key32::new(input.fixed()?));
        input.key(&mut keys, 6)?;
        let session_id = input.fixed()?;
        input.key(&mut keys, 7)?;
        let mac_key = MacKey::from_bytes(input.fixed()?);
        input.key(&mut keys, 8)?;
        let expires = input.uint()?;
        input.key(&mut keys, 9)?;
        let first_visit = match input.uint()? {
            0 => false,
            1 => true,
            _ => return Err(Malformed),
        };
        keys.end()?;
        Ok(Self {
            account_id,
            deployment_id,
            handle,
            ark,
            session_id,
            mac_key,
            expires,
            first_visit,
        })
    }
}

const VERSION: u64 = 1;
/// Longer than any handle.
const HANDLE_BYTES: usize = 64;
