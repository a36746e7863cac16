//! Where parts are hashed and sealed: here, or in a pool of workers. The work is pure; only bytes cross the border.

use async_trait::async_trait;
use bytes::Bytes;
use crypto::document::body::{BodyKind, BodySealer};
use crypto::document::content;
use crypto::secret::{BodyKey, Key32};
use zeroize::Zeroizing;

/// Sealing failed: the part does not fit the job, or the worker died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the part could not be sealed")]
pub struct SealerError;

/// Everything that sealing a part of one body needs. Holds K_body: it goes to workers of this client and nowhere else.
#[derive(Clone)]
pub struct SealJob {
    key: BodyKey,
    salt: [u8; 24],
    body_id: [u8; 16],
    plain_len: u64,
}

impl SealJob {
    pub(crate) const fn new(key: BodyKey, salt: [u8; 24], body_id: [u8; 16], plain_len: u64) -> Self {
        Self {
            key,
            salt,
            body_id,
            plain_len,
        }
    }

    /// 80 bytes for the way to a worker: key 32, salt 24, body_id 16, plain_len u64. Secret: zeroed on drop.
    #[must_use]
    pub fn expose(&self) -> Zeroizing<[u8; 80]> {
        let mut out = Zeroizing::new([0; 80]);
        out[..32].copy_from_slice(self.key.key().expose());
        out[32..56].copy_from_slice(&self.salt);
        out[56..72].copy_from_slice(&self.body_id);
        out[72..].copy_from_slice(&self.plain_len.to_be_bytes());
        out
    }

    /// Reads what [`SealJob::expose`] wrote.
    #[must_use]
    pub fn parse(bytes: &[u8; 80]) -> Self {
        let mut job = Self {
            key: BodyKey::new(Key32::new([0; 32])),
            salt: [0; 24],
            body_id: [0; 16],
            plain_len: 0,
        };
        if let Some(key) = Key32::from_slice(&bytes[..32]) {
            job.key = BodyKey::new(key);
        }
        job.salt.copy_from_slice(&bytes[32..56]);
        job.body_id.copy_from_slice(&bytes[56..72]);
        let mut len = [0; 8];
        len.copy_from_slice(&bytes[72..]);
        job.plain_len = u64::from_be_bytes(len);
        job
    }

    /// Content hash and sealed form of part `part`, whose plaintext is `plain`. What a worker runs.
    ///
    /// # Errors
    /// [`SealerError`] where `plain` has another length than the job says for this part.
    pub fn seal(&self, part: u32, plain: &[u8]) -> Result<Sealed, SealerError> {
        let sealed = self.sealer()?.seal_part(part, plain).map_err(|_| SealerError)?;
        Ok(Sealed {
            content: hash(plain),
            bytes: sealed.bytes.into(),
            part_hash: sealed.hash,
        })
    }

    pub(crate) const fn key(&self) -> &BodyKey {
        &self.key
    }

    pub(crate) const fn plain_len(&self) -> u64 {
        self.plain_len
    }

    pub(crate) fn sealer(&self) -> Result<BodySealer, SealerError> {
        BodySealer::new(
            &self.key,
            self.salt,
            self.body_id,
            BodyKind::Document,
            self.plain_len,
        )
        .map_err(|_| SealerError)
    }
}

/// One part, sealed.
#[derive(Clone)]
pub struct Sealed {
    /// [`hash`] of the plaintext that was sealed.
    pub content: [u8; 32],
    /// The ciphertext.
    pub bytes: Bytes,
    /// RFC 6962 root of its chunks.
    pub part_hash: [u8; 32],
}

/// Root of the 16 KiB pieces of one part's plaintext: a subtree of content_root.
#[must_use]
pub fn hash(plain: &[u8]) -> [u8; 32] {
    content::part_content_root(plain)
}

/// Hashes and seals parts, here or elsewhere. Holds nothing between calls.
#[async_trait(?Send)]
pub trait PartSealer {
    /// [`hash`] of one part's plaintext.
    ///
    /// # Errors
    /// [`SealerError`].
    async fn hash(&self, plain: Vec<u8>) -> Result<[u8; 32], SealerError>;
    /// [`SealJob::seal`].
    ///
    /// # Errors
    /// [`SealerError`].
    async fn seal(&self, job: &SealJob, part: u32, plain: Vec<u8>) -> Result<Sealed, SealerError>;
    /// Parts that it is worth having in the making or on the way at once; each costs about 2 MiB of memory.
    fn width(&self) -> usize {
        4
    }
}

/// Seals in the calling thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct DirectSealer;

#[async_trait(?Send)]
impl PartSealer for DirectSealer {
    async fn hash(&self, plain: Vec<u8>) -> Result<[u8; 32], SealerError> {
        Ok(hash(&Zeroizing::new(plain)))
    }

    async fn seal(&self, job: &SealJob, part: u32, plain: Vec<u8>) -> Result<Sealed, SealerError> {
        job.seal(part, &Zeroizing::new(plain))
    }
}
