//! Memory as room: what bodies of requests and answers may take, all together and for each who asks. Room is waited
//! for briefly; then the request is told to come again.
//!
//! An answer keeps its room until its last byte was handed to the network: the room travels with the bytes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use crypto::id::Id;
use serde::Serialize;
use shared::ErrorCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Failure;
use crate::network::Network;

/// Every kind of room. Who is not signed in cannot fill what signed requests need, large requests of strangers cannot
/// fill what logins need, and one account cannot fill what the others need.
pub(crate) struct Rooms {
    /// Logins and the like.
    pub(crate) open: Space<Network>,
    /// New accounts.
    pub(crate) creation: Space<Network>,
    /// Bodies of signed requests.
    pub(crate) signed: Space<Id>,
    /// Answers to signed requests.
    pub(crate) answers: Space<Id>,
    /// Signed requests at a time: one counts as one KiB.
    pub(crate) turns: Space<Id>,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            open: Space::new(4 << 10, 256),
            creation: Space::new(32 << 10, 2 << 10),
            signed: Space::new(64 << 10, 16 << 10),
            answers: Space::new(64 << 10, 16 << 10),
            turns: Space::new(Semaphore::MAX_PERMITS, 32),
        }
    }
}

/// Room of one kind, in KiB.
pub(crate) struct Space<K> {
    all: Arc<Semaphore>,
    share: usize,
    shares: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// Room that was taken; dropped, it is given back.
#[derive(Debug)]
pub(crate) struct Room {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl<K: Hash + Eq + Clone> Space<K> {
    fn new(all: usize, share: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            share,
            shares: Mutex::default(),
        }
    }

    /// Takes room for this many bytes, at most a share; waits a moment for it.
    pub(crate) async fn take(&self, whose: &K, bytes: u64) -> Result<Room, Failure> {
        let kib = usize::try_from(bytes.div_ceil(1_024)).unwrap_or(usize::MAX);
        let kib = u32::try_from(kib.clamp(1, self.share)).map_err(|_| ErrorCode::Internal)?;
        let take = async {
            // The own share first: who has used his up waits without holding what others need.
            let own = self.own(whose).acquire_many_owned(kib).await?;
            let all = Arc::clone(&self.all).acquire_many_owned(kib).await?;
            Ok::<_, tokio::sync::AcquireError>(Room { own, all })
        };
        match tokio::time::timeout(PATIENCE, take).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(Failure::retry_after(ErrorCode::Unavailable, RETRY_SECONDS)),
        }
    }

    fn own(&self, whose: &K) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() >= SHARES && !shares.contains_key(whose) {
            // Whoever holds or waits for room holds the share as well.
            shares.retain(|_, share| Arc::strong_count(share) > 1);
        }
        let share = shares
            .entry(whose.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.share)));
        Arc::clone(share)
    }
}

impl Room {
    /// Gives back what these bytes do not need.
    fn shrink(&mut self, bytes: usize) {
        let kib = bytes.div_ceil(1_024).max(1);
        for permit in [&mut self.own, &mut self.all] {
            let excess = permit.num_permits().saturating_sub(kib);
            drop(permit.split(excess));
        }
    }
}

/// A JSON answer that keeps its room until it is gone.
pub(crate) fn json(mut room: Room, value: &impl Serialize) -> Result<Response, Failure> {
    let bytes = serde_json::to_vec(value).map_err(|_| ErrorCode::Internal)?;
    room.shrink(bytes.capacity());
    let mut response = Response::new(Body::from(held(bytes.into(), Arc::new(room))));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

/// These bytes, and room that is held as long as any of them is.
pub(crate) fn held(bytes: Bytes, room: Arc<Room>) -> Bytes {
    Bytes::from_owner(Held { bytes, _room: room })
}

struct Held {
    bytes: Bytes,
    _room: Arc<Room>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// How long room is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY_SECONDS: u32 = 2;
/// Shares remembered before those that nobody uses are forgotten.
const SHARES: usize = 1_024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_cannot_take_what_the_others_need_and_nobody_waits_for_ever() {
        let space: Space<u8> = Space::new(10, 4);
        let mut rooms = vec![space.take(&1, 4 << 10).await.unwrap()];
        let refused = space.take(&1, 1).await.unwrap_err();
        assert_eq!(
            (refused.code, refused.retry_after),
            (ErrorCode::Unavailable, Some(2))
        );
        rooms.push(space.take(&2, 4 << 10).await.unwrap());
        // All together there are ten, of which two are left.
        assert!(space.take(&3, 3 << 10).await.is_err());
        rooms.push(space.take(&3, 2 << 10).await.unwrap());
        rooms.clear();
        assert!(space.take(&1, 4 << 10).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_keeps_its_room_until_its_last_byte_is_gone() {
        let space: Space<u8> = Space::new(8, 8);
        let room = space.take(&1, 8 << 10).await.unwrap();
        let response = json(room, &"x".repeat(3_000)).unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        assert!(
            space.take(&1, 2 << 10).await.is_ok(),
            "it took no more than it needs"
        );
        assert!(space.take(&1, 8 << 10).await.is_err());
        let tail = bytes.slice(2_900..);
        drop(bytes);
        assert!(space.take(&1, 8 << 10).await.is_err());
        drop(tail);
        assert!(space.take(&1, 8 << 10).await.is_ok());
    }

    #[tokio::test]
    async fn shares_that_nobody_uses_are_forgotten() {
        let space: Space<u32> = Space::new(1 << 20, 4);
        let kept = space.take(&0, 4 << 10).await.unwrap();
        for number in 1..=2 * SHARES as u32 {
            space.take(&number, 1).await.unwrap();
        }
        assert!(space.shares.lock().unwrap().len() <= SHARES + 1);
        drop(kept);
    }
}
