//! What the stores answer when they cannot do as asked: one enum per kind of operation.

/// A read or a removal failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The engine failed or is stopping. After a failed write it stays so until a restart.
    #[error("the store is unavailable")]
    Unavailable,
    /// A stored value does not match its own checksum, or a part lacks a piece. It was not served.
    #[error("a value of table {table} is corrupt, the hash of its key begins with {key_hash:02x?}")]
    Corrupt {
        /// Where the value stands.
        table: &'static str,
        /// First bytes of the SHA-256 of its key: keys are not for logs.
        key_hash: [u8; 8],
    },
}

/// A batch was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// An expectation did not hold. Nothing was written.
    #[error("expectation {which} of the batch does not hold")]
    Conflict {
        /// Place of the first such one in `Batch::expect`.
        which: usize,
    },
    /// The disk is below its floor, or full. What was acknowledged before is untouched.
    #[error("the disk is full")]
    Full,
    /// The batch breaks a bound of the contract. Nothing was written.
    #[error("the batch breaks a bound")]
    Invalid,
    /// Nobody can say whether the batch is there before the store answers again.
    #[error("the batch was not acknowledged: {0}")]
    Unavailable(#[from] StoreError),
}

/// A part was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PutError {
    /// Other bytes stand there. They were not touched.
    #[error("the part exists with other bytes")]
    Different,
    /// The disk is below its floor, or full. What was acknowledged before is untouched.
    #[error("the disk is full")]
    Full,
    /// The part is empty or longer than the contract allows.
    #[error("the part breaks a bound")]
    Invalid,
    /// The part may or may not be there: sending it again is right.
    #[error("the part was not acknowledged: {0}")]
    Unavailable(#[from] StoreError),
}

/// A store was not opened. The folder's files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the store.
    #[error("the store is in use by another process")]
    Locked,
    /// The store was written by a later version of Civis.
    #[error("the store has format {found}, this version knows formats up to {known}")]
    Newer {
        /// The number in the store.
        found: u32,
        /// The highest one known here.
        known: u32,
    },
    /// The file that names the store's format says nothing of the kind.
    #[error("the folder's format file is not one of Civis")]
    NotAStore,
    /// The folder holds something that no Civis store holds.
    #[error("the folder holds a file that is not the store's: {0}")]
    Foreign(std::path::PathBuf),
    /// The folder says it is a store, and the engine's files are gone.
    #[error("the store's files are missing")]
    Missing,
    /// The engine came up with less than was acknowledged: its file is damaged, or not the one that was there.
    #[error("the store holds {found} batches, and {known} were acknowledged")]
    RolledBack {
        /// Batches that were on the disk for certain.
        known: u64,
        /// Batches that are there now.
        found: u64,
    },
    /// The file system refused.
    #[error("the store's folder cannot be used: {0}")]
    Io(#[from] std::io::Error),
    /// The engine refused its own files.
    #[error("the engine cannot open its files: {0}")]
    Engine(String),
}
