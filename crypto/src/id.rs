//! Ids and hashes as plain bytes. The printable forms of the wire live in the crate `shared`.

/// An identifier: 16 random bytes made by whoever creates the thing (4.1).
pub type Id = [u8; 16];

/// A SHA-256 output.
pub type Hash32 = [u8; 32];

/// Suite 0x01: CE with ChaCha20-Poly1305, HPKE with X-Wing, Ed25519. The only one (`spec/encodings.md`).
pub const SUITE: u8 = 0x01;
