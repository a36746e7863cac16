//! Who is connected: how many connections there may be, and which one gives way when there are too many.
//!
//! A full house is not a closed one: a newcomer takes the place of the connection that nobody would miss most, such as
//! one that has sent no request for a while. Connections that carried a signed request are missed by somebody; they
//! give way only when they have long been idle. A request that has begun runs to its end whatever its connection does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::network::Network;

/// Every open connection.
pub(crate) struct Visits {
    all: usize,
    /// Of one network; 0 for no limit.
    each: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    visits: HashMap<u64, Arc<Visit>>,
}

/// One connection.
pub(crate) struct Visit {
    network: Network,
    leave: Notify,
    standing: Mutex<Standing>,
}

struct Standing {
    /// A request has begun and its answer is not all made.
    busy: bool,
    /// Since when.
    since: Instant,
    /// Whether a session's key signed a request that came over it.
    known: bool,
}

/// Holds a place until it is dropped.
pub(crate) struct Guest {
    id: u64,
    pub(crate) visit: Arc<Visit>,
    visits: Arc<Visits>,
}

/// What came of a newcomer.
pub(crate) enum Welcome {
    /// There is a place.
    In(Guest),
    /// There is one, because another connection is told to leave.
    InsteadOf(Guest),
    /// There is none.
    Full,
}

impl Visits {
    pub(crate) fn new(all: u32, each: u32) -> Arc<Self> {
        Arc::new(Self {
            all: all as usize,
            each: each as usize,
            table: Mutex::default(),
        })
    }

    /// A place for a newcomer, if there is one or one can be made.
    pub(crate) fn welcome(self: &Arc<Self>, network: Network) -> Welcome {
        let now = Instant::now();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let own = table.visits.values().filter(|visit| visit.network == network);
        if self.each != 0 && own.count() >= self.each {
            return Welcome::Full;
        }
        let mut gone = false;
        if table.visits.len() >= self.all {
            let idlest = table
                .visits
                .iter()
                .filter_map(|(id, visit)| Some((visit.missed(now)?, *id)));
            let Some((_, id)) = idlest.max() else {
                return Welcome::Full;
            };
            if let Some(visit) = table.visits.remove(&id) {
                visit.leave.notify_one();
                gone = true;
            }
        }
        let id = table.next;
        table.next += 1;
        let visit = Arc::new(Visit {
            network,
            leave: Notify::new(),
            standing: Mutex::new(Standing {
                busy: false,
                since: now,
                known: false,
            }),
        });
        table.visits.insert(id, Arc::clone(&visit));
        let visits = Arc::clone(self);
        let guest = Guest { id, visit, visits };
        if gone {
            Welcome::InsteadOf(guest)
        } else {
            Welcome::In(guest)
        }
    }
}

impl Visit {
    /// A session's key signed a request of this connection.
    pub(crate) fn is_known(&self) {
        self.with(|standing| standing.known = true);
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        self.turn(true);
        Busy(Arc::clone(self))
    }

    /// Resolves when the connection has to give way.
    pub(crate) async fn must_leave(&self) {
        self.leave.notified().await;
    }

    /// For how long it did less than it might have, if that is long enough to give way for.
    fn missed(&self, now: Instant) -> Option<Duration> {
        self.with(|standing| {
            let patience = match (standing.known, standing.busy) {
                (false, false) => STRANGER_IDLE,
                (false, true) => STRANGER_BUSY,
                (true, false) => KNOWN_IDLE,
                (true, true) => return None,
            };
            now.saturating_duration_since(standing.since)
                .checked_sub(patience)
        })
    }

    fn turn(&self, busy: bool) {
        self.with(|standing| {
            standing.busy = busy;
            standing.since = Instant::now();
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut Standing) -> T) -> T {
        act(&mut self.standing.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request under way.
pub(crate) struct Busy(Arc<Visit>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.turn(false);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut table = self.visits.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.visits.remove(&self.id);
    }
}

/// Long enough to send the head of a request that one connected for.
const STRANGER_IDLE: Duration = Duration::from_secs(1);
/// Longer than the body of a request that nobody signed may take.
const STRANGER_BUSY: Duration = Duration::from_secs(15);
/// Between two requests of a page that is being used.
const KNOWN_IDLE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn enter(visits: &Arc<Visits>, from: u32) -> Option<Guest> {
        match visits.welcome(Network::V4(from)) {
            Welcome::In(guest) | Welcome::InsteadOf(guest) => Some(guest),
            Welcome::Full => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_network_has_its_share_and_places_come_back() {
        let visits = Visits::new(3, 2);
        let _first = enter(&visits, 1).unwrap();
        let second = enter(&visits, 1).unwrap();
        assert!(enter(&visits, 1).is_none());
        let _other = enter(&visits, 2).unwrap();
        assert!(enter(&visits, 3).is_none(), "all are new: nobody gives way yet");
        drop(second);
        assert!(enter(&visits, 1).is_some());
        let free = Visits::new(9, 0);
        let _guests: Vec<Guest> = (0..9).map(|_| enter(&free, 1).unwrap()).collect();
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_stranger_gives_way_and_who_is_known_and_busy_never() {
        let visits = Visits::new(3, 0);
        let known = enter(&visits, 1).unwrap();
        known.visit.is_known();
        let request = known.visit.begin();
        let hoarder = enter(&visits, 2).unwrap();
        let slow = enter(&visits, 3).unwrap();
        let _slow_request = slow.visit.begin();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let first = enter(&visits, 4).unwrap();
        hoarder.visit.must_leave().await;
        // The one place that was won is too new to be won again.
        assert!(enter(&visits, 5).is_none());
        let _first_request = first.visit.begin();
        tokio::time::sleep(Duration::from_secs(13)).await;
        let second = enter(&visits, 5).unwrap();
        slow.visit.must_leave().await;
        let _second_request = second.visit.begin();
        drop(request);
        tokio::time::sleep(Duration::from_secs(5)).await;
        let _third = enter(&visits, 6).unwrap();
        // What would be missed least gave way: sixteen seconds of a slow stranger, not five of a known page.
        first.visit.must_leave().await;
        let _fourth = enter(&visits, 7).unwrap();
        known.visit.must_leave().await;
        assert!(enter(&visits, 8).is_none());
    }
}
