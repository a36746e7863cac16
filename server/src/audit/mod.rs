//! The log of this deployment: what goes into it, how it is published, what it is signed with (`spec/log.md`).

pub(crate) mod keep;
pub(crate) mod map;
pub(crate) mod publish;
pub(crate) mod restore;
pub(crate) mod tiles;
pub(crate) mod witness;
pub(crate) mod write;

pub use keep::LogError;
pub use publish::Log;
pub use restore::Restoration;
