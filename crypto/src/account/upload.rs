//! Upload records, CAR1 kind 3: the key of one body in progress, so that it can be continued (`spec/account.md`, 4.3).
//!
//! Written before the first part leaves (rule R). May not decide whether to continue: that is the upload's flow.

use crate::account::keys::KAccount;
use crate::account::record::{Record, RecordError, RecordHeader, RecordKind};
use crate::ce::SealError;
use crate::codec::{CborReader, CborWriter, Malformed, Schema};
use crate::id::{Hash32, Id};
use crate::random::Random;
use crate::secret::{BodyKey, Key32};

/// What is needed to continue one upload.
pub struct UploadRecord {
    /// K_body.
    pub body_key: BodyKey,
    /// The body's salt, for life.
    pub salt: [u8; 24],
    /// Bytes of the file.
    pub plain_len: u64,
    /// content_root of the whole file; absent until it is known, written once.
    pub digest: Option<Hash32>,
}

impl UploadRecord {
    /// Seals it: version 1 first, one more when the digest is written.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal(
        &self,
        account_id: &Id,
        body_id: &Id,
        version: u64,
        key: &KAccount,
        random: &mut dyn Random,
    ) -> Result<Record, SealError> {
        let header = RecordHeader {
            kind: RecordKind::Upload,
            account_id: *account_id,
            version,
            reference: reference(body_id),
        };
        Record::seal(header, key.key(), self, random)
    }

    /// Opens the record of this account and body.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn open(record: &Record, account_id: &Id, body_id: &Id, key: &KAccount) -> Result<Self, RecordError> {
        let header = record.header();
        if header.kind != RecordKind::Upload
            || header.account_id != *account_id
            || header.reference != reference(body_id)
        {
            return Err(RecordError::OtherRecord);
        }
        record.open(key.key())
    }
}

impl Schema for UploadRecord {
    fn encode(&self, out: &mut CborWriter) {
        out.map(3 + usize::from(self.digest.is_some()));
        out.key(1).bytes(self.body_key.key().expose());
        out.key(2).bytes(&self.salt);
        out.key(3).uint(self.plain_len);
        if let Some(digest) = &self.digest {
            out.key(4).bytes(digest);
        }
    }

    fn decode(input: &mut CborReader<'_>) -> Result<Self, Malformed> {
        let mut keys = input.map()?;
        input.key(&mut keys, 1)?;
        let body_key = BodyKey::new(Key32::new(input.fixed()?));
        input.key(&mut keys, 2)?;
        let salt = input.fixed()?;
        input.key(&mut keys, 3)?;
        let plain_len = input.uint()?;
        let digest = if input.has_key(&mut keys, 4)? {
            Some(input.fixed()?)
        } else {
            None
        };
        keys.end()?;
        Ok(Self {
            body_key,
            salt,
            plain_len,
            digest,
        })
    }
}

fn reference(body_id: &Id) -> Hash32 {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(body_id) {
        *to = *from;
    }
    out
}
