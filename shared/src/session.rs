//! Login, sign-out and the deployment's card.

use serde::{Deserialize, Serialize};

use crate::blob::Blob;
use crate::id::{AccountId, DeploymentId, Hash, LoginId, RecoveryId, SessionId};
use crate::limit::Limits;

/// What this deployment is. Everything here is a claim of the server; the client bounds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Fixed for life, printed on the recovery sheet.
    pub deployment_id: DeploymentId,
    /// Version of the server's program.
    pub version: String,
    /// Suites that it reads; the client refuses a deployment without suite 1.
    pub suites: Vec<u8>,
    /// Its limits.
    pub limits: Limits,
    /// SPDX identifier.
    pub licence: String,
    /// Where the source is.
    pub source: String,
}

/// First half of a login: OPAQUE KE1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginStart {
    /// Normalised handle.
    pub handle: String,
    /// OPAQUE KE1 (96 B).
    pub ke1: Blob,
}

/// The answer, alike for an unknown handle: OPAQUE KE2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginChallenge {
    /// Names the server's memory of this login, for 60 s.
    pub login_id: LoginId,
    /// OPAQUE KE2 (320 B).
    pub ke2: Blob,
}

/// Second half of a login: OPAQUE KE3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginFinish {
    /// From the challenge.
    pub login_id: LoginId,
    /// OPAQUE KE3 (64 B).
    pub ke3: Blob,
}

/// A session begins. Its MAC key is derived from OPAQUE's session key and never travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionOpened {
    /// Names the session in `Authorization`.
    pub session_id: SessionId,
    /// Whose it is.
    pub account_id: AccountId,
    /// The slot of the way in that was used, 168 B.
    pub slot: Blob,
}

/// Ask for a challenge to prove possession of the twelve words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryStart {
    /// Derived from the words.
    pub recovery_id: RecoveryId,
}

/// The challenge, alike for an unknown `recovery_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryChallenge {
    /// Names the server's memory of this attempt, for 60 s.
    pub login_id: LoginId,
    /// 32 random bytes.
    pub challenge: Hash,
}

/// The proof: Sig(recovery-auth, sig/recovery-auth, deployment_id ‖ challenge ‖ SHA-256(login_id)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryFinish {
    /// From the challenge.
    pub login_id: LoginId,
    /// Ed25519, 64 B.
    pub proof: Blob,
}

/// A session begins, opened by the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryOpened {
    /// Names the session in `Authorization`.
    pub session_id: SessionId,
    /// Session secret drawn by the server, in the place of OPAQUE's session key.
    pub session_secret: Hash,
    /// Whose it is.
    pub account_id: AccountId,
    /// The words slot, 168 B.
    pub slot: Blob,
}

/// The open sessions of the account that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// In the order in which they were opened.
    pub items: Vec<OpenSession>,
}

/// One open session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// Names it; without its key it signs nothing.
    pub session_id: SessionId,
    /// By the server's clock, Unix seconds.
    pub opened: u64,
    /// Its last request, by the server's clock, Unix seconds.
    pub used: u64,
    /// The session that asks.
    pub current: bool,
    /// What its client sealed to be known by, once it has; 136 B.
    #[serde(deserialize_with = "Option::deserialize")]
    pub label: Option<Blob>,
}

/// What a client seals for its other devices to know this session by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutLabel {
    /// Sealed, 136 B.
    pub label: Blob,
}
