//! Everything that an audit reads, asked again where the network fails for a moment. Nothing here judges.

use std::rc::Rc;

use bytes::Bytes;
use crypto::audit::listing::{ListedChunk, Record};
use crypto::audit::tile::Tile;
use sdk::api::{self, auditor};
use sdk::error::ApiError;
use sdk::flows::{Clock, Transport};
use shared::audit::LogCard;
use shared::{BodyId, ErrorCode};

pub use sdk::api::auditor::List;

/// One deployment, as an auditor reaches it.
pub struct Source {
    transport: Rc<dyn Transport>,
    auditor: Option<auditor::Auditor>,
    clock: Rc<dyn Clock>,
}

/// Nothing can be said about this deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nobody answers, or the answer is no answer.
    #[error("no usable answer")]
    None,
    /// The operator does not admit this auditor.
    #[error("this auditor is not admitted there")]
    NotAdmitted,
}

impl Source {
    /// A deployment that anybody can reach.
    #[must_use]
    pub fn new(transport: Rc<dyn Transport>, clock: Rc<dyn Clock>) -> Self {
        Self {
            transport,
            auditor: None,
            clock,
        }
    }

    /// The same, as an admitted auditor.
    #[must_use]
    pub fn admitted(mut self, auditor: auditor::Auditor) -> Self {
        self.auditor = Some(auditor);
        self
    }

    /// The line to the deployment.
    #[must_use]
    pub fn transport(&self) -> Rc<dyn Transport> {
        Rc::clone(&self.transport)
    }

    /// This machine's clock.
    #[must_use]
    pub fn clock(&self) -> Rc<dyn Clock> {
        Rc::clone(&self.clock)
    }

    /// Seconds UTC, by this machine's clock.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    /// Waits.
    pub async fn wait(&self, milliseconds: u32) {
        self.clock.sleep(milliseconds).await;
    }

    /// What the deployment says of its log.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn card(&self) -> Result<LogCard, SourceError> {
        self.ask(async || api::audit::card(self.transport.as_ref()).await)
            .await
    }

    /// The newest checkpoint, unread.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn checkpoint(&self) -> Result<Bytes, SourceError> {
        self.ask(async || api::audit::checkpoint(self.transport.as_ref()).await)
            .await
    }

    /// A tile of hashes, or a bundle of entries, unread.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn tile(&self, tile: &Tile) -> Result<Bytes, SourceError> {
        let transport = self.transport.as_ref();
        match tile.kind {
            crypto::audit::tile::Kind::Entries => {
                self.ask(async || api::audit::bundle(transport, tile).await).await
            }
            crypto::audit::tile::Kind::Hashes { .. } => {
                self.ask(async || auditor::hashes(transport, tile).await).await
            }
        }
    }

    /// Records of a list behind a key.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn list(&self, list: List, after: &[u8], most: u32) -> Result<Vec<Record>, SourceError> {
        let auditor = self.auditor.as_ref().ok_or(SourceError::NotAdmitted)?;
        self.ask(async || {
            auditor::list(self.transport.as_ref(), auditor, self.now(), list, after, most).await
        })
        .await
    }

    /// A chunk of a body.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn chunk(&self, body_id: BodyId, chunk: u64) -> Result<ListedChunk, SourceError> {
        let auditor = self.auditor.as_ref().ok_or(SourceError::NotAdmitted)?;
        self.ask(async || auditor::chunk(self.transport.as_ref(), auditor, self.now(), body_id, chunk).await)
            .await
    }

    /// The checkpoint that witnesses are asked to sign, unread.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn newest(&self) -> Result<Bytes, SourceError> {
        self.ask(async || auditor::newest(self.transport.as_ref()).await)
            .await
    }

    /// Hands in a witness's signature.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn cosign(&self, note: Vec<u8>) -> Result<(), SourceError> {
        self.ask(async || auditor::cosign(self.transport.as_ref(), note.clone()).await)
            .await
    }

    async fn ask<T>(&self, call: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, SourceError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.problem_code() == Some(ErrorCode::SignedOut) => {
                    return Err(SourceError::NotAdmitted);
                }
                Err(error) if error.is_passing() && pause <= LAST_PAUSE => {
                    self.clock.sleep(pause).await;
                    pause *= 4;
                }
                Err(_) => return Err(SourceError::None),
            }
        }
    }
}

/// A list of the store from its beginning or from any key on, a page at a time.
pub struct Walk<'a> {
    source: &'a Source,
    list: List,
    page: std::vec::IntoIter<Record>,
    after: Vec<u8>,
    most: u32,
    is_over: bool,
}

impl<'a> Walk<'a> {
    /// From the first record on.
    #[must_use]
    pub fn new(source: &'a Source, list: List) -> Self {
        Self {
            source,
            list,
            page: Vec::new().into_iter(),
            after: Vec::new(),
            most: u32::MAX,
            is_over: false,
        }
    }

    /// Goes to the first record at or behind `key`, to read about so many from there. Only ever forward.
    pub fn seek(&mut self, key: &[u8], most: u32) {
        let is_ahead = |record: &Record| record.key.as_slice() >= key;
        if self.page.as_slice().last().is_some_and(is_ahead) {
            while self
                .page
                .as_slice()
                .first()
                .is_some_and(|record| !is_ahead(record))
            {
                self.page.next();
            }
            return;
        }
        self.page = Vec::new().into_iter();
        self.after = before(key);
        self.most = most;
    }

    /// The next record; none at the end.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn next(&mut self) -> Result<Option<Record>, SourceError> {
        self.fill().await?;
        Ok(self.page.next())
    }

    /// The next record, which stays the next.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn peek(&mut self) -> Result<Option<&Record>, SourceError> {
        self.fill().await?;
        Ok(self.page.as_slice().first())
    }

    /// Leaves out the record that was peeked at.
    pub fn skip(&mut self) {
        self.page.next();
    }

    async fn fill(&mut self) -> Result<(), SourceError> {
        if self.page.as_slice().is_empty() && !self.is_over {
            let records = self.source.list(self.list, &self.after, self.most).await?;
            match records.last() {
                Some(last) => self.after.clone_from(&last.key),
                None => self.is_over = true,
            }
            self.page = records.into_iter();
        }
        Ok(())
    }
}

/// The greatest key of this length below `key`; empty for the first.
fn before(key: &[u8]) -> Vec<u8> {
    let mut before = key.to_vec();
    for byte in before.iter_mut().rev() {
        let (less, borrows) = byte.overflowing_sub(1);
        *byte = less;
        if !borrows {
            return before;
        }
    }
    Vec::new()
}

/// Milliseconds until a question is asked again, four times as many each time.
const FIRST_PAUSE: u32 = 250;
/// The longest of them.
const LAST_PAUSE: u32 = 4_000;

#[cfg(test)]
mod tests {
    use super::before;

    #[test]
    fn the_key_before_is_one_less() {
        assert_eq!(before(&[1, 0, 0]), [0, 255, 255]);
        assert_eq!(before(&[0, 0, 7]), [0, 0, 6]);
        assert!(before(&[0, 0]).is_empty());
    }
}
