//! Reading and writing of the binary structures, and the strict CBOR of sealed records (`spec/encodings.md`, 1 and 4).
//!
//! Big-endian throughout. Nothing here allocates by a length that the input only claims: a length is compared with
//! what is left before a byte is copied.

mod bytes;
#[cfg(feature = "keys")]
mod cbor;

pub(crate) use bytes::{Malformed, Reader, Writer};
#[cfg(feature = "keys")]
pub(crate) use bytes::{pad, unpad};
#[cfg(feature = "keys")]
pub(crate) use cbor::{CborReader, CborWriter, Keys, Schema, from_cbor, to_cbor};
