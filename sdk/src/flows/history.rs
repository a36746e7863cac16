//! The journal of the account: what the server says happened, held against what the person's own devices signed.
//!
//! Each change of the list that the server names must be a head that a device signed, with the lists of that head; each
//! content stored or erased must be added or dropped by one of them; and each head must be named. The rest (sign-ins,
//! attempts) is the server's word alone and said to be so. spec/flows.md section 12.

use std::collections::BTreeMap;

use crypto::account::device;
use crypto::audit::entry::{Entry, statement_hash};
use crypto::audit::proof::verify_inclusion;
use crypto::collection::head::VerifiedHead;
use crypto::id::Id;
use serde::{Deserialize, Serialize};
use shared::audit::ReadProofs;
use shared::journal::{Happening, JournalEvent, Statement};
use shared::{AccountId, Hash, SessionId, limit};

use super::collection::{State, SyncError};
use super::freshness::plain;
use super::retry;
use crate::api;
use crate::error::{ApiError, LocalError};
use crate::evidence::Check;
use crate::session::Unlocked;

mod cross;
mod export;
#[cfg(test)]
mod tests;

use cross::{Account, Body, Signed, cross};
pub use export::{Export, Proves};

/// Everything that is known of what happened to the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Whose.
    pub account: AccountId,
    /// When it was put together, by this device's clock, Unix seconds.
    pub made: u64,
    /// It reaches back to the creation of the account; otherwise the oldest events were forgotten in time.
    pub whole: bool,
    /// The newest head that it was held against.
    pub head: HeadSaid,
    /// The oldest first.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Unix seconds: by the server's clock, or by the device's that signed where the server says nothing.
    pub at: u64,
    /// What happened.
    pub what: What,
    /// Who vouches for it.
    pub verdict: Verdict,
    /// What does not fit, in a contradiction.
    pub doubt: Option<Doubt>,
    /// The head that says it.
    pub head: Option<HeadSaid>,
    /// The time is not to be believed: in the future, before the line above, or a day off what the device wrote.
    pub odd_time: bool,
}

/// A head that a device of the person signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadSaid {
    /// Its number.
    pub number: u64,
    /// head_hash.
    pub hash: Hash,
    /// By the clock of the device that signed it, Unix seconds.
    pub time: u64,
}

/// Who vouches for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A device of the person signed it, and the server says the same.
    Signed,
    /// The server's word alone.
    Server,
    /// The server's word, in the public log: it cannot be taken back, nor told otherwise to others.
    Logged,
    /// Server and devices do not say the same.
    Contradiction,
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The server names what no device signed.
    NotSigned,
    /// A device signed what the server does not name.
    NotTold,
    /// The server says otherwise than the device what the change was.
    Altered,
    /// A device had it erased for good, and the server does not say that it is.
    NotErased,
    /// The statement is not the one in the public log.
    NotLogged,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// A sign-in.
    SignedIn {
        /// By the words; by the phrase otherwise.
        by_words: bool,
        /// As the device called itself.
        device: Option<String>,
        /// This session.
        current: bool,
    },
    /// A sign-out.
    SignedOut {
        /// As the device called itself.
        device: Option<String>,
    },
    /// A session was ended from another device.
    Ended {
        /// Whose session ended.
        device: Option<String>,
        /// Who asked for it.
        by: Option<String>,
    },
    /// All other sessions were ended.
    EndedOthers {
        /// How many.
        count: u32,
        /// Who asked for it.
        by: Option<String>,
    },
    /// Sign-ins that came to nothing, hour by hour from the line's time on.
    Failed {
        /// By the words; by the phrase otherwise.
        by_words: bool,
        /// How many in each of 24 hours.
        hours: Vec<u32>,
    },
    /// A new phrase, or a new sheet.
    NewWayIn {
        /// A new sheet; a new phrase otherwise.
        sheet: bool,
        /// By a session that the words opened.
        by_words: bool,
    },
    /// A content was stored.
    Uploaded {
        /// The document that it is in today's list.
        name: Option<String>,
        /// It is the small picture of one.
        picture: bool,
        /// Bytes of ciphertext; 0 where the server does not say.
        bytes: u64,
    },
    /// The list was changed.
    Changed {
        /// Contents that came in.
        added: u32,
        /// Contents that went.
        dropped: u32,
        /// What went was to be erased at once.
        for_good: bool,
    },
    /// A content was erased.
    Erased {
        /// The document that it is in today's list: then it must not have been.
        name: Option<String>,
    },
    /// What the operator says to everybody.
    Said {
        /// The operator's words.
        text: String,
        /// Of the entry in the log.
        index: u64,
    },
}

impl Unlocked {
    /// Reads the server's journal and holds it against the heads that the account's devices signed.
    ///
    /// # Errors
    /// [`SyncError`]; [`ApiError::Hostile`] in it also where the journal is longer than it may be.
    pub async fn history(&self) -> Result<History, SyncError> {
        let turn = self.turn.lock().await;
        Box::pin(self.sync_in_turn()).await?;
        // What was signed by now must be in the journal that is read next; what that names, in the list after it.
        let must = self.newest()?.head.head().head_no();
        let events = self.read_events().await?;
        let statements = self.read_statements().await?;
        Box::pin(self.sync_in_turn()).await?;
        let state = self.newest()?;
        drop(turn);
        let heads = self.read_heads(&state, &events).await?;
        let said = self.hold_statements(statements).await?;
        let now = self.device().clock().now();
        let account = Account {
            collection: self.replica.borrow().id,
            heads: &heads,
            must,
            bodies: &bodies(&state),
            devices: &self.names_of(&events),
            own: self.session().id(),
            now,
        };
        let mut lines = cross(&events, &account);
        lines.extend(said);
        lines.sort_by_key(|line| line.at);
        Ok(History {
            account: self.account_id,
            made: now,
            whole: events.first().is_none_or(|event| event.number == 1),
            head: Signed::of(&state.head).said(),
            lines,
        })
    }

    fn newest(&self) -> Result<State, LocalError> {
        self.replica.borrow().state.clone().ok_or(LocalError)
    }

    async fn read_events(&self) -> Result<Vec<JournalEvent>, SyncError> {
        let (mut events, mut refs, mut after) = (Vec::new(), 0, 0);
        loop {
            let call = || api::journal::read(self.transport(), self.session(), after);
            let page = retry(self.device(), call).await?;
            refs += page.items.iter().map(cross::refs).sum::<usize>();
            events.extend(page.items);
            // What happens meanwhile comes on top of what may be kept; an answer without an end does not.
            let events_fit = events.len() as u64 <= limit::JOURNAL_EVENTS + limit::ITEMS;
            let refs_fit = refs as u64 <= limit::JOURNAL_REFS + limit::ITEMS * 2 * limit::REFS / 8;
            if !events_fit || !refs_fit {
                return Err(ApiError::Hostile.into());
            }
            match page.next {
                Some(next) => after = next,
                None => return Ok(events),
            }
        }
    }

    async fn read_statements(&self) -> Result<Vec<Statement>, SyncError> {
        let call = || api::journal::statements(self.transport(), self.session());
        Ok(retry(self.device(), call).await?.items)
    }

    /// Every head from the one before the journal's first on, to the newest: one chain, each signed and authored.
    async fn read_heads(
        &self,
        state: &State,
        events: &[JournalEvent],
    ) -> Result<BTreeMap<u64, Signed>, SyncError> {
        let newest = &state.head;
        let last = newest.head().head_no();
        let named = events.iter().filter_map(|event| match event.what {
            Happening::Changed { head_no, .. } => Some(head_no),
            _ => None,
        });
        let first = named.min().map_or(last, |first| first.saturating_sub(1));
        // A journal that goes back further than it can is not followed.
        let first = first.clamp((last + 1).saturating_sub(limit::JOURNAL_EVENTS), last);
        let mut heads = BTreeMap::from([(last, Signed::of(newest))]);
        let mut before: Option<[u8; 32]> = None;
        let mut next = first;
        while next < last {
            let (id, count) = (self.replica.borrow().id, (last - next).min(limit::ITEMS));
            let after = next.checked_sub(1);
            let call = || api::collection::heads_after(self.transport(), self.session(), id, after, count);
            let answer = match retry(self.device(), call).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.withheld_heads(state, error).await),
            };
            if answer.items.is_empty() {
                return Err(self.refuse_past_head(state, newest.head().to_bytes()).await);
            }
            for bytes in &answer.items {
                let head = self.verify_past_head(state, bytes.as_slice());
                let follows = |head: &VerifiedHead| {
                    head.head().head_no() == next
                        && before.is_none_or(|before| before == *head.head().prev_hash())
                };
                let Some(head) = head.filter(follows) else {
                    return Err(self.refuse_past_head(state, bytes.as_slice()).await);
                };
                before = Some(*head.head().hash());
                heads.insert(next, Signed::of(&head));
                next += 1;
            }
        }
        if before.is_some_and(|before| before != *newest.head().prev_hash()) {
            return Err(self.refuse_past_head(state, newest.head().to_bytes()).await);
        }
        Ok(heads)
    }

    /// Statements against the log: under the checkpoint that the list was just held to.
    async fn hold_statements(&self, statements: Vec<Statement>) -> Result<Vec<Line>, SyncError> {
        let tree = self.log.get();
        let covered = statements.partition_point(|statement| statement.index < tree.size);
        let (held, later) = statements.split_at(covered);
        let mut lines = Vec::with_capacity(statements.len());
        for some in held.chunks(limit::PROOFS as usize) {
            let asked = ReadProofs {
                size: tree.size,
                sizes: Vec::new(),
                indices: some.iter().map(|statement| statement.index).collect(),
            };
            let proofs = self.read_proofs(&asked, Check::LogEntries).await?;
            for (statement, proof) in some.iter().zip(&proofs.inclusion) {
                let entry = Entry::Operator {
                    statement_hash: statement_hash(statement.at, &statement.text),
                };
                let (leaf, proof) = (entry.leaf_hash(), plain(proof));
                let holds = verify_inclusion(statement.index, tree.size, &leaf, &proof, &tree.root).is_ok();
                lines.push(cross::said(statement, Some(holds)));
            }
        }
        lines.extend(later.iter().map(|statement| cross::said(statement, None)));
        Ok(lines)
    }

    /// What the sessions called themselves, as far as it opens.
    fn names_of(&self, events: &[JournalEvent]) -> BTreeMap<SessionId, String> {
        let account = self.account_id.as_bytes();
        let names = events.iter().filter_map(|event| match &event.what {
            Happening::Named { session_id, label } => {
                let id = session_id.as_bytes();
                let name = device::open(self.account_key(), account, id, label.as_slice()).ok()?;
                Some((*session_id, name))
            }
            _ => None,
        });
        names.collect()
    }
}

/// Every content that the list names today.
fn bodies(state: &State) -> BTreeMap<Id, Body> {
    let mut bodies = BTreeMap::new();
    for entry in state.index.entries() {
        let body = |picture| Body {
            name: entry.name.as_str().to_owned(),
            picture,
        };
        for content in entry.contents() {
            bodies.insert(*content.body_id(), body(false));
        }
        if let Some(thumbnail) = &entry.thumbnail {
            bodies.insert(*thumbnail.body_id(), body(true));
        }
    }
    bodies
}
