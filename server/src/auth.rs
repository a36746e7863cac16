//! Who you are: the one place that decides it. Sessions live in memory and are lost with the process.
//!
//! A session is opened by a login, and every request proves its key with a MAC (`spec/wire.md`, section 4). No cookie,
//! no bearer token: what travels cannot sign another request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, Method, Uri, header};
use crypto::id::{Hash32, Id};
use crypto::session::{LIFE_SECONDS, MacKey};
use shared::{ErrorCode, Hash, SessionId, path};

use crate::error::Failure;

/// A request whose sender is known: the MAC held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) account_id: Id,
    pub(crate) session_id: Id,
    opened: u64,
}

impl Who {
    /// Demands that the password or the words were given a moment ago: for what changes the ways in.
    pub(crate) fn stepped_up(&self, now: u64) -> Result<(), Failure> {
        if now <= self.opened + STEP_UP_SECONDS {
            Ok(())
        } else {
            Err(ErrorCode::Forbidden.into())
        }
    }
}

/// A request that names a live session. It proves nothing before [`Sessions::prove`].
pub(crate) struct Claim {
    who: Who,
    key: MacKey,
    mac: Hash32,
}

impl Claim {
    /// Whose session it names.
    pub(crate) fn account_id(&self) -> &Id {
        &self.who.account_id
    }

    /// Checks the MAC, in constant time, over method, target and digest.
    fn prove(self, method: &Method, uri: &Uri, digest: &Hash32) -> Result<Who, Failure> {
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        self.key
            .verify(method.as_str(), target, digest, &self.mac)
            .map_err(|_| Failure::from(ErrorCode::SignedOut))?;
        Ok(self.who)
    }
}

/// Every open session.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Id, Session>>);

struct Session {
    account_id: Id,
    key: MacKey,
    opened: u64,
    used: u64,
}

impl Session {
    fn lives(&self, now: u64) -> bool {
        now < self.opened + LIFE_SECONDS && now < self.used + IDLE_SECONDS
    }
}

impl Sessions {
    /// Begins a session. An account's least used one gives way when it has too many.
    pub(crate) fn open(&self, id: Id, account_id: Id, key: MacKey, now: u64) -> Result<(), Failure> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS {
            sessions.retain(|_, session| session.lives(now));
        }
        let own = sessions
            .iter()
            .filter(|(_, session)| session.account_id == account_id);
        let least_used = own
            .clone()
            .min_by_key(|(_, session)| session.used)
            .map(|(id, _)| *id);
        if own.count() >= SESSIONS_OF_ONE
            && let Some(least_used) = least_used
        {
            sessions.remove(&least_used);
        }
        if sessions.len() >= SESSIONS {
            return Err(Failure::retry_after(ErrorCode::Unavailable, 60));
        }
        sessions.insert(
            id,
            Session {
                account_id,
                key,
                opened: now,
                used: now,
            },
        );
        Ok(())
    }

    /// Reads the header and finds the session that it names. Nothing of the body is needed yet.
    pub(crate) fn claim(&self, headers: &HeaderMap, now: u64) -> Result<Claim, Failure> {
        let (id, mac) = credentials(headers).ok_or(ErrorCode::SignedOut)?;
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(session) = sessions.get(&id) else {
            return Err(ErrorCode::SignedOut.into());
        };
        if !session.lives(now) {
            sessions.remove(&id);
            return Err(ErrorCode::SignedOut.into());
        }
        let who = Who {
            account_id: session.account_id,
            session_id: id,
            opened: session.opened,
        };
        Ok(Claim {
            who,
            key: session.key.clone(),
            mac,
        })
    }

    /// Checks a claim against method, target and digest. A session that ended while the request was read is over.
    pub(crate) fn prove(
        &self,
        claim: Claim,
        (method, uri): (&Method, &Uri),
        digest: &Hash32,
        now: u64,
    ) -> Result<Who, Failure> {
        let who = claim.prove(method, uri, digest)?;
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(&who.session_id).ok_or(ErrorCode::SignedOut)?;
        session.used = now;
        Ok(who)
    }

    /// Ends one session.
    pub(crate) fn close(&self, id: &Id) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Ends every session of an account but one.
    pub(crate) fn close_others(&self, account_id: &Id, but: &Id) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|id, session| session.account_id != *account_id || id == but);
    }
}

/// `Authorization: Civis <session_id>.<mac>`.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<(Id, Hash32)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let value = value
        .to_str()
        .ok()?
        .strip_prefix(path::AUTH_SCHEME)?
        .strip_prefix(' ')?;
    let (id, mac) = value.split_once('.')?;
    Some((id.parse::<SessionId>().ok()?.0, mac.parse::<Hash>().ok()?.0))
}

/// A tab that was forgotten; long enough for a large upload to pause over lunch.
const IDLE_SECONDS: u64 = 2 * 3_600;
/// Long enough to choose a new phrase and print the sheet.
const STEP_UP_SECONDS: u64 = 15 * 60;
/// Bounds memory: about 30 MB.
const SESSIONS: usize = 200_000;
const SESSIONS_OF_ONE: usize = 32;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn request(id: u8, key: &MacKey) -> HeaderMap {
        let mac = Hash(key.authenticate("GET", "/api/v1/account", &[7; 32]));
        let mut headers = HeaderMap::new();
        let value = format!("Civis {}.{mac}", SessionId([id; 16]));
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    fn prove(sessions: &Sessions, headers: &HeaderMap, now: u64) -> Result<Who, Failure> {
        let uri = Uri::from_static("/api/v1/account");
        sessions.prove(sessions.claim(headers, now)?, (&Method::GET, &uri), &[7; 32], now)
    }

    #[test]
    fn only_the_key_of_the_session_signs_and_only_while_it_lives() {
        let sessions = Sessions::default();
        let key = MacKey::from_bytes([1; 32]);
        sessions.open([1; 16], [5; 16], key.clone(), 0).unwrap();
        assert_eq!(
            prove(&sessions, &request(1, &key), 0).unwrap().account_id,
            [5; 16]
        );
        assert!(prove(&sessions, &request(2, &key), 0).is_err());
        assert!(prove(&sessions, &request(1, &MacKey::from_bytes([2; 32])), 0).is_err());
        assert!(prove(&sessions, &HeaderMap::new(), 0).is_err());
        let other = Uri::from_static("/api/v1/account?x");
        assert!(
            sessions
                .claim(&request(1, &key), 0)
                .unwrap()
                .prove(&Method::GET, &other, &[7; 32])
                .is_err()
        );
        // Idle.
        assert!(prove(&sessions, &request(1, &key), IDLE_SECONDS).is_err());
        assert!(
            prove(&sessions, &request(1, &key), 0).is_err(),
            "it does not come back"
        );
    }

    #[test]
    fn a_session_ends_after_its_day_however_busy() {
        let sessions = Sessions::default();
        let key = MacKey::from_bytes([1; 32]);
        sessions.open([1; 16], [5; 16], key.clone(), 0).unwrap();
        for hour in 1..12 {
            assert!(prove(&sessions, &request(1, &key), hour * 3_600).is_ok());
        }
        assert!(prove(&sessions, &request(1, &key), 12 * 3_600).is_err());
    }

    #[test]
    fn one_account_cannot_hold_more_than_its_sessions() {
        let sessions = Sessions::default();
        let key = MacKey::from_bytes([1; 32]);
        for id in 0..=u8::try_from(SESSIONS_OF_ONE).unwrap() {
            sessions
                .open([id; 16], [5; 16], key.clone(), u64::from(id))
                .unwrap();
        }
        assert!(prove(&sessions, &request(0, &key), 40).is_err());
        assert!(prove(&sessions, &request(1, &key), 40).is_ok());
        sessions.close_others(&[5; 16], &[1; 16]);
        assert!(prove(&sessions, &request(2, &key), 40).is_err());
        assert!(prove(&sessions, &request(1, &key), 40).is_ok());
    }
}
