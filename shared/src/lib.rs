//! The Civis wire: the types that client and server exchange, and nothing else.
//!
//! No logic, no cryptography, no I/O. Control messages are JSON (`/api/v1/...`), bodies are octets.
//! Decoding is strict both ways: an unknown field, another JSON type or a non-canonical base64url
//! string is refused. Every type is pinned by a golden file in `shared/tests/golden`. Specified in `spec/wire.md`.

pub mod account;
pub mod audit;
pub mod blob;
pub mod collection;
mod count;
pub mod document;
pub mod error;
pub mod id;
pub mod journal;
pub mod json;
pub mod limit;
pub mod path;
pub mod session;

pub use blob::Blob;
pub use error::{ErrorCode, Problem};
pub use id::{
    AccountId, BodyId, CollectionId, DeploymentId, Hash, LogTag, LoginId, OperationId, RecoveryId, RequestId,
    SessionId,
};
