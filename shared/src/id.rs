//! Ids and hashes as they stand in JSON and URLs: base64url without padding, canonical or refused.
//!
//! Ids are 16 random bytes made by whoever creates the thing (22 characters); hashes are 32 bytes (43).

use core::fmt;
use core::str::FromStr;

use base64::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The text is not the canonical base64url form of the expected number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical base64url value of the expected length")]
pub struct IdError;

macro_rules! fixed_bytes {
    ($($(#[$doc:meta])* $name:ident: $len:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; $len] {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE64URL_NOPAD.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                // The length is looked at first, so that a huge string costs nothing.
                if text.len() != BASE64URL_NOPAD.encode_len($len) {
                    return Err(IdError);
                }
                let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| IdError)?;
                Ok(Self(bytes.try_into().map_err(|_| IdError)?))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "{} bytes as base64url without padding", $len)
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    )*};
}

fixed_bytes! {
    /// One account, for life. Made by the client that creates it.
    AccountId: 16;
    /// One version of one document's content, written once.
    BodyId: 16;
    /// One collection of entries.
    CollectionId: 16;
    /// One installation, for life; not its host name.
    DeploymentId: 16;
    /// One login in progress, between `sessions/start` and `sessions/finish`.
    LoginId: 16;
    /// One write, so that a repeated request is recognised.
    OperationId: 16;
    /// Locates an account by its twelve words; derived from them.
    RecoveryId: 16;
    /// Under which an entry of the log is found by who holds the key.
    LogTag: 16;
    /// One request, as it stands in the server's log.
    RequestId: 16;
    /// One signed-in client.
    SessionId: 16;
    /// A SHA-256 output.
    Hash: 32;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_id_reads_back_and_only_its_canonical_form_is_accepted() {
        let id = AccountId([0xfb; 16]);
        let text = id.to_string();
        assert_eq!(text.len(), 22);
        assert_eq!(text.parse::<AccountId>(), Ok(id));
        // The last character carries four unused bits: only zeros are canonical.
        let mut other = text.clone();
        other.pop();
        other.push('x');
        assert_eq!(other.parse::<AccountId>(), Err(IdError));
        for wrong in [
            "",
            "AA",
            &format!("{text}="),
            &text.replace('-', "+"),
            &"A".repeat(1 << 20),
        ] {
            assert_eq!(wrong.parse::<AccountId>(), Err(IdError));
        }
    }

    #[test]
    fn json_takes_the_string_form_only() {
        assert!(serde_json::from_str::<Hash>("[0,1]").is_err());
        assert!(serde_json::from_str::<Hash>("null").is_err());
        let hash = Hash([7; 32]);
        let text = serde_json::to_string(&hash).unwrap();
        assert_eq!(text.len(), 45);
        assert_eq!(serde_json::from_str::<Hash>(&text).unwrap(), hash);
    }
}
