//! The sequences of `spec/flows.md`, and the [`Device`] they run on. No sequence reaches outside it.

pub(crate) mod absence;
pub mod account;
pub mod archive;
pub mod barred;
pub mod collection;
pub mod commit;
pub(crate) mod conflict;
pub mod device;
pub mod document;
pub mod due;
pub(crate) mod freshness;
pub(crate) mod genesis;
pub(crate) mod gone;
pub mod history;
pub mod item;
pub(crate) mod journal;
pub mod kit;
pub mod login;
pub mod manifest;
pub mod many;
pub mod notice;
pub(crate) mod passage;
pub mod phrase;
pub(crate) mod pin;
pub(crate) mod policy;
pub mod read;
pub mod restored;
pub mod resume;
pub mod seal;
pub(crate) mod seen;
pub mod sheet;
pub mod step_up;
pub mod thumbnail;
pub mod upload;
pub mod version;
pub mod watch;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use async_trait::async_trait;
use bytes::Bytes;
use crypto::random::{Random, RandomError};

use crate::error::{ApiError, FileError, LocalError, TransportError};
use crate::evidence::{Evidence, EvidenceId};
use seal::{DirectSealer, PartSealer};

pub use watch::{Cancel, Progress, Step, Watch};

/// HTTP method of a [`Request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Act or create.
    Post,
    /// Store under a known name.
    Put,
    /// Remove.
    Delete,
}

impl Method {
    /// As it stands on the wire and under the request's MAC.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// One request, complete: a transport adds only what HTTP itself needs (host, length).
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Path and query as they are sent and signed, from the leading `/`.
    pub path: String,
    /// Header names in lower case, with their values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// Bytes of answer body that the transport may read; past that it stops with [`TransportError::TooLong`].
    pub max_answer: u64,
}

/// One answer, as received.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The whole body, at most the request's `max_answer`.
    pub body: Bytes,
}

impl Response {
    /// The first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Sends requests to one deployment. Follows no redirect, keeps no cookie, sends no referrer.
#[async_trait(?Send)]
pub trait Transport {
    /// Sends `request` once; never retries by itself.
    ///
    /// # Errors
    /// [`TransportError`]; an HTTP error status is an answer, not an error.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Scheme, host and port that it sends to, for evidence; `None` where it has no name for it.
    fn origin(&self) -> Option<String> {
        None
    }
}

/// Time, as this device tells it. No decision of security rests on it.
#[async_trait(?Send)]
pub trait Clock {
    /// Unix seconds.
    fn now(&self) -> u64;
    /// Waits.
    async fn sleep(&self, milliseconds: u32);
}

/// A small key-value store of this device: pins, journal, evidence. Keys are ASCII paths such as `pin/<account>/...`.
///
/// One `put` is atomic: after a crash the old or the new value is there, whole.
#[async_trait(?Send)]
pub trait LocalStore {
    /// The value under `key`.
    ///
    /// # Errors
    /// [`LocalError`] where the store cannot be read.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LocalError>;
    /// Stores `value`, durable when it returns.
    ///
    /// # Errors
    /// [`LocalError`] where nothing was stored.
    async fn put(&self, key: &str, value: &[u8]) -> Result<(), LocalError>;
    /// Removes; nothing there is fine.
    ///
    /// # Errors
    /// [`LocalError`] where it may still be there.
    async fn delete(&self, key: &str) -> Result<(), LocalError>;
    /// Every key that starts with `prefix`, sorted.
    ///
    /// # Errors
    /// [`LocalError`] where the store cannot be read.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, LocalError>;
}

/// A local file that can be read at any place, more than once.
#[async_trait(?Send)]
pub trait Source {
    /// Bytes in all.
    fn len(&self) -> u64;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Exactly `len` bytes from `offset`.
    ///
    /// # Errors
    /// [`FileError`] also where the file became shorter.
    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError>;
}

#[async_trait(?Send)]
impl Source for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let start = usize::try_from(offset).map_err(|_| FileError)?;
        let end = start.checked_add(len).ok_or(FileError)?;
        self.get(start..end).map(<[u8]>::to_vec).ok_or(FileError)
    }
}

#[async_trait(?Send)]
impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        Source::len(self.as_slice())
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        self.as_slice().read(offset, len).await
    }
}

/// Where verified plaintext goes, in order, piece by piece.
#[async_trait(?Send)]
pub trait Sink {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`FileError`] where they could not be kept; reading stops.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError>;
}

#[async_trait(?Send)]
impl Sink for Vec<u8> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// What a client runs on. Shared by everything that one client does: `Rc<Device>`.
pub struct Device {
    transport: Rc<dyn Transport>,
    clock: Rc<dyn Clock>,
    random: RefCell<Guarded>,
    local: Rc<dyn LocalStore>,
    sealer: Rc<dyn PartSealer>,
    /// The last refusals, oldest first; see [`crate::evidence::recent`].
    refused: RefCell<VecDeque<(Option<EvidenceId>, Evidence)>>,
}

impl Device {
    /// A device that seals parts itself, in the calling thread.
    #[must_use]
    pub fn new(
        transport: Rc<dyn Transport>,
        clock: Rc<dyn Clock>,
        random: Box<dyn Random>,
        local: Rc<dyn LocalStore>,
    ) -> Rc<Self> {
        Self::with_sealer(transport, clock, random, local, Rc::new(DirectSealer))
    }

    /// A device that has parts sealed elsewhere, for instance by a pool of workers.
    #[must_use]
    pub fn with_sealer(
        transport: Rc<dyn Transport>,
        clock: Rc<dyn Clock>,
        random: Box<dyn Random>,
        local: Rc<dyn LocalStore>,
        sealer: Rc<dyn PartSealer>,
    ) -> Rc<Self> {
        let random = RefCell::new(Guarded {
            inner: random,
            seen: VecDeque::from([[0; 16]]),
            broken: false,
        });
        Rc::new(Self {
            transport,
            clock,
            random,
            local,
            sealer,
            refused: RefCell::default(),
        })
    }

    pub(crate) fn remember_refusal(&self, id: Option<EvidenceId>, evidence: Evidence) {
        let mut refused = self.refused.borrow_mut();
        if refused.len() == RECENT_REFUSALS {
            refused.pop_front();
        }
        refused.push_back((id, evidence));
    }

    pub(crate) fn recent_refusals(&self) -> Vec<(Option<EvidenceId>, Evidence)> {
        self.refused.borrow().iter().cloned().collect()
    }

    pub(crate) fn forget_refusals(&self) {
        self.refused.borrow_mut().clear();
    }

    pub(crate) fn transport(&self) -> &dyn Transport {
        self.transport.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    pub(crate) fn local(&self) -> &dyn LocalStore {
        self.local.as_ref()
    }

    pub(crate) fn sealer(&self) -> &dyn PartSealer {
        self.sealer.as_ref()
    }

    /// Lends the randomness to `make`. Never held across an await.
    pub(crate) fn with_random<T>(&self, make: impl FnOnce(&mut dyn Random) -> T) -> T {
        make(&mut *self.random.borrow_mut())
    }

    /// Waits between half of `milliseconds` and all of it, so that clients that failed together come back apart.
    pub(crate) async fn pause(&self, milliseconds: u32) {
        let [jitter] = self.make_bytes::<1>().unwrap_or([0]);
        let half = milliseconds / 2;
        self.clock
            .sleep(half.saturating_add(half.saturating_mul(u32::from(jitter)) / 255))
            .await;
    }

    /// `N` random bytes.
    pub(crate) fn make_bytes<const N: usize>(&self) -> Result<[u8; N], RandomError> {
        let mut out = [0; N];
        self.with_random(|random| random.fill(&mut out))?;
        Ok(out)
    }
}

/// Sends the same request again while that may help: at most four times, waiting longer each time.
///
/// For requests that are idempotent: the same bytes, the same answer.
pub(crate) async fn retry<T, F, A>(device: &Device, mut call: F) -> Result<T, ApiError>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, ApiError>>,
{
    for pause in RETRY_PAUSES {
        match call().await {
            Err(error) if error.is_passing() => device.pause(pause).await,
            settled => return settled,
        }
    }
    call().await
}

/// Refuses a source of randomness that fails, repeats itself or gives only zeros (checklist 54). Once refused, always
/// refused.
struct Guarded {
    inner: Box<dyn Random>,
    /// The last probes, oldest first.
    seen: VecDeque<[u8; 16]>,
    broken: bool,
}

impl Random for Guarded {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        if self.broken {
            return Err(RandomError);
        }
        // A probe after every draw: equal to an earlier one, or to what was drawn, it means a stuck, looping or restarted
        // source. By chance: 2^-117. What was drawn is compared and never kept.
        let mut probe = [0; 16];
        let filled = self.inner.fill(out).and_then(|()| self.inner.fill(&mut probe));
        let repeats = |bytes: &[u8; 16]| self.seen.contains(bytes);
        let drawn = out.first_chunk::<16>();
        if filled.is_err() || repeats(&probe) || drawn.is_some_and(|drawn| *drawn == probe || repeats(drawn))
        {
            self.broken = true;
            out.fill(0);
            return Err(RandomError);
        }
        if self.seen.len() == PROBES {
            self.seen.pop_front();
        }
        self.seen.push_back(probe);
        Ok(())
    }
}

/// Refusals held in memory: at most half a MiB of refused bytes.
const RECENT_REFUSALS: usize = 8;
/// Milliseconds before the second, third and fourth attempt.
const RETRY_PAUSES: [u32; 3] = [200, 800, 3_200];

/// Probes remembered: a loop of as many draws is seen. 16 KiB.
const PROBES: usize = 1_024;
