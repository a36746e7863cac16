//! Who you are: the one place that decides it. Sessions live in memory and are lost with the process.
//!
//! A session is opened by a login, and every request proves its key with a MAC (`spec/wire.md`, section 4). No cookie,
//! no bearer token: what travels cannot sign another request.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::{HeaderMap, Method, Uri, header};
use crypto::id::{Hash32, Id};
use crypto::session::{LIFE_SECONDS, MacKey};
use shared::{ErrorCode, Hash, SessionId, limit, path};

use crate::error::Failure;

/// A request whose sender is known: the MAC held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) account_id: Id,
    pub(crate) session_id: Id,
    /// By the twelve words.
    pub(crate) by_words: bool,
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
pub(crate) struct Sessions(Mutex<Table>);

#[derive(Default)]
struct Table {
    open: HashMap<Id, Session>,
    /// Why sessions were ended by somebody else, and until when that is told.
    ended: HashMap<Id, (ErrorCode, u64)>,
}

struct Session {
    account_id: Id,
    key: MacKey,
    by_words: bool,
    opened: u64,
    used: u64,
    /// As its client sealed it.
    label: Option<Vec<u8>>,
}

/// An open session, as its account's own devices see it.
pub(crate) struct Listed {
    pub(crate) id: Id,
    pub(crate) opened: u64,
    pub(crate) used: u64,
    pub(crate) label: Option<Vec<u8>>,
}

impl Session {
    fn lives(&self, now: u64) -> bool {
        now < self.opened + LIFE_SECONDS && now < self.used + IDLE_SECONDS
    }
}

impl Sessions {
    /// Begins a session. An account's least used one gives way when it has too many.
    pub(crate) fn open(
        &self,
        id: Id,
        account_id: Id,
        (key, by_words): (MacKey, bool),
        now: u64,
    ) -> Result<(), Failure> {
        let mut table = self.table();
        let sessions = &mut table.open;
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
                by_words,
                opened: now,
                used: now,
                label: None,
            },
        );
        Ok(())
    }

    /// Reads the header and finds the session that it names. Nothing of the body is needed yet.
    ///
    /// A session that somebody else ended is told why, to whoever names it: its id was never said to others.
    pub(crate) fn claim(&self, headers: &HeaderMap, now: u64) -> Result<Claim, Failure> {
        let (id, mac) = credentials(headers).ok_or(ErrorCode::SignedOut)?;
        let mut table = self.table();
        let Some(session) = table.open.get(&id) else {
            return Err(table.reason(&id, now).into());
        };
        if !session.lives(now) {
            table.open.remove(&id);
            return Err(ErrorCode::SignedOut.into());
        }
        let who = Who {
            account_id: session.account_id,
            session_id: id,
            by_words: session.by_words,
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
        let mut table = self.table();
        match table.open.get_mut(&who.session_id) {
            Some(session) => session.used = now,
            None => return Err(table.reason(&who.session_id, now).into()),
        }
        Ok(who)
    }

    /// The open sessions of an account, in the order in which they were opened.
    pub(crate) fn list(&self, account_id: &Id, now: u64) -> Vec<Listed> {
        let table = self.table();
        let own = table
            .open
            .iter()
            .filter(|(_, session)| session.account_id == *account_id);
        let mut own: Vec<Listed> = own
            .filter(|(_, session)| session.lives(now))
            .map(|(id, session)| Listed {
                id: *id,
                opened: session.opened,
                used: session.used,
                label: session.label.clone(),
            })
            .collect();
        own.sort_by_key(|session| (session.opened, session.id));
        own
    }

    /// Whether its client has said what a session is called; also of one that is not open.
    pub(crate) fn is_labelled(&self, id: &Id) -> bool {
        let table = self.table();
        table.open.get(id).is_none_or(|session| session.label.is_some())
    }

    /// Keeps what the client sealed for its session.
    pub(crate) fn label(&self, id: &Id, label: Vec<u8>) {
        if let Some(session) = self.table().open.get_mut(id) {
            session.label = Some(label);
        }
    }

    /// Ends one session.
    pub(crate) fn close(&self, id: &Id) {
        self.table().open.remove(id);
    }

    /// Ends another session of an account. One that is not open is no error. How many ended.
    pub(crate) fn close_other(&self, account_id: &Id, id: &Id, now: u64) -> u32 {
        self.end(
            |other, account| other == id && account == account_id,
            ErrorCode::ClosedElsewhere,
            now,
        )
    }

    /// Ends every session of an account but one, and remembers why. How many ended.
    pub(crate) fn close_others(&self, account_id: &Id, but: &Id, why: ErrorCode, now: u64) -> u32 {
        self.end(|id, account| account == account_id && id != but, why, now)
    }

    /// Ends every session of an account, and remembers why.
    pub(crate) fn close_all(&self, account_id: &Id, why: ErrorCode, now: u64) {
        self.end(|_, account| account == account_id, why, now);
    }

    fn end(&self, which: impl Fn(&Id, &Id) -> bool, why: ErrorCode, now: u64) -> u32 {
        let mut count = 0;
        let mut table = self.table();
        let Table { open, ended } = &mut *table;
        if ended.len() >= ENDED {
            ended.retain(|_, (_, until)| *until > now);
        }
        open.retain(|id, session| {
            let ends = which(id, &session.account_id);
            count += u32::from(ends && session.lives(now));
            if ends && ended.len() < ENDED {
                ended.insert(*id, (why, now + LIFE_SECONDS));
            }
            !ends
        });
        count
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Why a session that is not open is not.
    fn reason(&self, id: &Id, now: u64) -> ErrorCode {
        match self.ended.get(id) {
            Some((why, until)) if *until > now => *why,
            _ => ErrorCode::SignedOut,
        }
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
const SESSIONS_OF_ONE: usize = limit::SESSIONS as usize;
/// Ended sessions that are still told why: about 2 MB.
const ENDED: usize = 20_000;

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
        sessions.open([1; 16], [5; 16], (key.clone(), false), 0).unwrap();
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
        sessions.open([1; 16], [5; 16], (key.clone(), false), 0).unwrap();
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
                .open([id; 16], [5; 16], (key.clone(), false), u64::from(id))
                .unwrap();
        }
        assert!(prove(&sessions, &request(0, &key), 40).is_err());
        assert!(prove(&sessions, &request(1, &key), 40).is_ok());
        sessions.close_others(&[5; 16], &[1; 16], ErrorCode::PhraseChanged, 40);
        let told = |id, now| prove(&sessions, &request(id, &key), now).unwrap_err().code;
        assert_eq!(told(2, 40), ErrorCode::PhraseChanged);
        assert_eq!(told(0, 40), ErrorCode::SignedOut, "that one gave way by itself");
        assert_eq!(told(2, 40 + LIFE_SECONDS), ErrorCode::SignedOut, "told for a day");
        assert!(prove(&sessions, &request(1, &key), 40).is_ok());
    }
}
