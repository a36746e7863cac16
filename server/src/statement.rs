//! What the operator says to everybody: an entry OPERATOR of the log, and the text that its hash is of.
//!
//! `civis-server statement` says it while no server runs, as a maintenance is announced before it begins or told of when
//! it is over. Nobody can take it back: the log holds its hash for ever (`spec/log.md`, section 1).

use crypto::audit::entry::{Entry, statement_hash};
use shared::limit;

use crate::config::Config;
use crate::journal::row::StatementRow;
use crate::key;
use crate::open::{OpenError, open};
use crate::row::Row;
use crate::store::{Batch, CommitError, Indexed, IndexedWrite, StoreError};
use crate::transact::Writes;

/// Why a statement was not made; nothing of it is in the log.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// Nothing, more than [`limit::STATEMENT_BYTES`], or a character that is no text.
    #[error(
        "a statement is one to {} bytes of text on one or more lines",
        limit::STATEMENT_BYTES
    )]
    Text,
    /// A server runs on the data folder.
    #[error("a server is running on this data folder. Stop it, make the statement, start it again")]
    Running,
    /// The data folder was not opened.
    #[error(transparent)]
    Open(OpenError),
    /// The store failed; whether the statement was made, the log shows.
    #[error("the store failed: {0}")]
    Read(#[from] StoreError),
    /// The store did not take it.
    #[error("the store failed: {0}")]
    Write(#[from] CommitError),
}

impl From<OpenError> for StatementError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Locked(_) => Self::Running,
            error => Self::Open(error),
        }
    }
}

/// Says `text` to everybody; the index of its entry in the log.
///
/// # Errors
/// See [`StatementError`].
pub async fn state_to_all(config: &Config, text: &str) -> Result<u64, StatementError> {
    let text = text.trim();
    let is_text = text.chars().all(|c| c == '\n' || !c.is_control());
    if text.is_empty() || text.len() as u64 > limit::STATEMENT_BYTES || !is_text {
        return Err(StatementError::Text);
    }
    let state = open(config).await?;
    let row = StatementRow {
        at: state.now(),
        text: text.to_owned(),
    };
    let entry = Entry::Operator {
        statement_hash: statement_hash(row.at, &row.text),
    };
    let (table, prefix) = key::statements();
    let kept = state.scan(&key::statements(), limit::STATEMENTS as usize).await?;
    let mut batch = Batch {
        append: vec![entry.to_bytes()],
        indexed: vec![Indexed {
            entry: 0,
            table,
            key: prefix,
            write: IndexedWrite::Behind(row.to_bytes()),
        }],
        ..Batch::default()
    };
    if kept.len() as u64 == limit::STATEMENTS
        && let Some((oldest, _)) = kept.into_iter().next()
    {
        batch.delete((table, oldest));
    }
    let index = state.meta.commit(batch).await?.first_index;
    // The next server signs it otherwise.
    if let Err(error) = state.publish().await {
        tracing::warn!(%error, "no checkpoint was made");
    }
    Ok(index)
}
