//! The server's events against the signed heads: pure, so that every lie can be tried on it.
//!
//! Both ways: what the server names must be signed, what is signed must be named. Where the journal has forgotten its
//! oldest events in time, what may have stood there is not held against it.

use std::collections::{BTreeMap, BTreeSet};

use crypto::collection::head::VerifiedHead;
use crypto::collection::refs::{Reference, Refs};
use crypto::id::{Hash32, Id};
use shared::collection::Reference as WireReference;
use shared::journal::{Happening, JournalEvent, Statement};
use shared::{CollectionId, Hash, SessionId, limit};

use super::{Doubt, HeadSaid, Line, Verdict, What};

/// What is needed of a verified head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed {
    pub(super) number: u64,
    pub(super) hash: Hash32,
    pub(super) refs_hash: Hash32,
    pub(super) time: u64,
    pub(super) by_admin: bool,
}

impl Signed {
    pub(super) const fn of(head: &VerifiedHead) -> Self {
        let head = head.head();
        Self {
            number: head.head_no(),
            hash: *head.hash(),
            refs_hash: *head.refs_hash(),
            time: head.time(),
            by_admin: head.by_admin(),
        }
    }

    pub(super) const fn said(&self) -> HeadSaid {
        HeadSaid {
            number: self.number,
            hash: Hash(self.hash),
            time: self.time,
        }
    }
}

/// A content of today's list.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) name: String,
    pub(super) picture: bool,
}

/// What this device knows by itself.
pub(super) struct Account<'a> {
    pub(super) collection: CollectionId,
    /// By number, without a gap.
    pub(super) heads: &'a BTreeMap<u64, Signed>,
    /// The newest of them that the server had stored before its journal was read.
    pub(super) must: u64,
    /// Contents that today's list names.
    pub(super) bodies: &'a BTreeMap<Id, Body>,
    pub(super) devices: &'a BTreeMap<SessionId, String>,
    pub(super) own: SessionId,
    pub(super) now: u64,
}

/// One line for each event, and one for each thing that no event tells of.
pub(super) fn cross(events: &[JournalEvent], account: &Account<'_>) -> Vec<Line> {
    let mut crossing = Crossing {
        account,
        window: Window::of(events, account.now),
        uploaded: BTreeSet::new(),
        erased: BTreeSet::new(),
        signed: BTreeMap::new(),
        named: BTreeSet::new(),
        last_at: 0,
        lines: Vec::with_capacity(events.len()),
    };
    crossing.read_lists(events);
    for event in events {
        crossing.judge(event);
    }
    crossing.missing_sign_in();
    crossing.missing_heads();
    crossing.missing_erasures();
    crossing.lines
}

/// A statement of the operator; whether the log holds it, where it reaches that far.
pub(super) fn said(statement: &Statement, holds: Option<bool>) -> Line {
    let what = What::Said {
        text: statement.text.clone(),
        index: statement.index,
    };
    let (verdict, doubt) = match holds {
        Some(true) => (Verdict::Logged, None),
        Some(false) => (Verdict::Contradiction, Some(Doubt::NotLogged)),
        None => (Verdict::Server, None),
    };
    Line {
        at: statement.at,
        what,
        verdict,
        doubt,
        head: None,
        odd_time: false,
    }
}

/// References that an event names.
pub(super) fn refs(event: &JournalEvent) -> usize {
    match &event.what {
        Happening::Changed { adds, drops, .. } => adds.len() + drops.len(),
        _ => 0,
    }
}

/// How far back the journal goes, and whether it may have forgotten what stood before.
struct Window {
    /// From the creation of the account on.
    whole: bool,
    /// As many events or references as there may be: the oldest had to go.
    full: bool,
    oldest: u64,
    newest: u64,
    now: u64,
}

impl Window {
    fn of(events: &[JournalEvent], now: u64) -> Self {
        let refs: usize = events.iter().map(refs).sum();
        Self {
            whole: events.first().is_none_or(|event| event.number == 1),
            full: events.len() as u64 >= limit::JOURNAL_EVENTS
                || refs as u64 + 2 * limit::REFS > limit::JOURNAL_REFS,
            oldest: events.first().map_or(0, |event| event.at),
            newest: events.last().map_or(0, |event| event.at),
            now,
        }
    }

    /// Whether what happened at this time (by whatever clock) must be in the journal.
    const fn holds(&self, time: u64) -> bool {
        if self.whole {
            return true;
        }
        if self.full {
            return time > self.oldest.saturating_add(DAY);
        }
        time.saturating_add(limit::JOURNAL_SECONDS) > self.now.saturating_add(2 * DAY)
    }

    /// Whether the journal also goes back so many seconds before this time.
    const fn reaches(&self, time: u64, seconds: u64) -> bool {
        self.whole || time > self.oldest.saturating_add(seconds)
    }
}

/// What a signed change did to a content.
#[derive(Clone, Copy)]
struct Deed {
    added: bool,
    /// Of the event, and the server's time of it.
    number: u64,
    at: u64,
    head: Signed,
}

struct Crossing<'a> {
    account: &'a Account<'a>,
    window: Window,
    /// Contents that the server says were stored, before the event that is judged.
    uploaded: BTreeSet<Id>,
    /// Contents that the server says are erased.
    erased: BTreeSet<Id>,
    /// What signed changes did to each content, in the order of their events.
    signed: BTreeMap<Id, Vec<Deed>>,
    /// Heads that the server names, with the lists that they sign.
    named: BTreeSet<u64>,
    last_at: u64,
    lines: Vec<Line>,
}

impl Crossing<'_> {
    /// Takes the lists of every change that a head signs.
    fn read_lists(&mut self, events: &[JournalEvent]) {
        let mut last = None;
        for event in events {
            let Happening::Changed { adds, drops, .. } = &event.what else {
                continue;
            };
            // Each head once, in the order of the chain: told again, it says nothing more.
            let head = self.head_of(event).ok();
            let Some(head) = head.filter(|head| last.is_none_or(|last| head.number > last)) else {
                continue;
            };
            last = Some(head.number);
            for (list, added) in [(adds, true), (drops, false)] {
                for body in list.iter().filter_map(body_of) {
                    self.signed.entry(body).or_default().push(Deed {
                        added,
                        number: event.number,
                        at: event.at,
                        head,
                    });
                }
            }
        }
    }

    /// The head that signs a change, lists and all.
    fn head_of(&self, event: &JournalEvent) -> Result<Signed, Doubt> {
        let Happening::Changed {
            collection_id,
            head_no,
            adds,
            drops,
        } = &event.what
        else {
            return Err(Doubt::NotSigned);
        };
        let head = self.account.heads.get(head_no).copied();
        let head = head.filter(|_| *collection_id == self.account.collection);
        let head = head.ok_or(Doubt::NotSigned)?;
        let lists = Refs::new(references(adds), references(drops));
        match lists {
            Ok(lists) if lists.hash() == head.refs_hash => Ok(head),
            _ => Err(Doubt::Altered),
        }
    }

    fn judge(&mut self, event: &JournalEvent) {
        let (account, at) = (self.account, event.at);
        let name = |id: &SessionId| account.devices.get(id).cloned();
        let told = |what| (what, Verdict::Server, None, None);
        let (what, verdict, doubt, head) = match &event.what {
            Happening::Named { .. } => return,
            Happening::SignedIn { session_id, by_words } => told(What::SignedIn {
                by_words: *by_words,
                device: name(session_id),
                current: *session_id == account.own,
            }),
            Happening::SignedOut { session_id } => told(What::SignedOut {
                device: name(session_id),
            }),
            Happening::Ended { by, session_id } => told(What::Ended {
                device: name(session_id),
                by: name(by),
            }),
            Happening::EndedOthers { by, count } => told(What::EndedOthers {
                count: *count,
                by: name(by),
            }),
            Happening::Failed { by_words, hours } => told(What::Failed {
                by_words: *by_words,
                hours: hours.clone(),
            }),
            Happening::NewWayIn { sheet, by_words } => told(What::NewWayIn {
                sheet: *sheet,
                by_words: *by_words,
            }),
            Happening::Uploaded { body_id, ct_len } => self.judge_upload(event, &body_id.0, *ct_len),
            Happening::Erased { body_id } => self.judge_erasure(event, &body_id.0),
            Happening::Changed { adds, drops, .. } => self.judge_change(event, adds, drops),
        };
        let off = match what {
            // Written by the device as it was sent.
            What::Changed { .. } => head.is_some_and(|head| head.time.abs_diff(at) > DAY),
            // A session lives for hours.
            What::SignedIn { current: true, .. } => at.abs_diff(account.now) > 2 * DAY,
            _ => false,
        };
        let back = !matches!(what, What::Failed { .. }) && at.saturating_add(HOUR) < self.last_at;
        self.last_at = self.last_at.max(at);
        self.lines.push(Line {
            at,
            what,
            verdict,
            doubt,
            head: head.map(|head| head.said()),
            odd_time: off || back || at > account.now.saturating_add(DAY),
        });
    }

    fn judge_upload(&mut self, event: &JournalEvent, body: &Id, bytes: u64) -> Judged {
        let what = What::Uploaded {
            name: self.name_of(body),
            picture: self.account.bodies.get(body).is_some_and(|body| body.picture),
            bytes,
        };
        if !self.uploaded.insert(*body) {
            return (what, Verdict::Contradiction, Some(Doubt::NotSigned), None);
        }
        let added = self
            .deeds(body)
            .iter()
            .find(|deed| deed.added && deed.number > event.number);
        match added.map(|deed| deed.head) {
            Some(head) => (what, Verdict::Signed, None, Some(head)),
            // It is in no list: nobody's document.
            None => (what, Verdict::Server, None, None),
        }
    }

    fn judge_change(
        &mut self,
        event: &JournalEvent,
        adds: &[WireReference],
        drops: &[WireReference],
    ) -> Judged {
        let count = |list: &[WireReference]| list.iter().filter_map(body_of).count() as u32;
        let head = self.head_of(event);
        let what = What::Changed {
            added: count(adds),
            dropped: count(drops),
            for_good: head.is_ok_and(|head| head.by_admin) && count(drops) > 0,
        };
        let head = match head {
            // What was told before, or out of its place, is told for something that nobody did.
            Ok(head) if self.named.last().is_none_or(|last| head.number > *last) => head,
            Ok(_) => return (what, Verdict::Contradiction, Some(Doubt::NotSigned), None),
            Err(doubt) => return (what, Verdict::Contradiction, Some(doubt), None),
        };
        self.named.insert(head.number);
        self.missing_uploads(event, adds, head);
        (what, Verdict::Signed, None, Some(head))
    }

    /// What a device put into its list was stored before; a day before at most, or it had been dropped.
    fn missing_uploads(&mut self, event: &JournalEvent, adds: &[WireReference], head: Signed) {
        if !self.window.reaches(event.at, 2 * DAY) {
            return;
        }
        for body in adds.iter().filter_map(body_of) {
            let before = |deed: &&Deed| deed.number < event.number;
            let was_there = self.deeds(&body).iter().find(before).is_some();
            if was_there || self.uploaded.contains(&body) {
                continue;
            }
            let what = What::Uploaded {
                name: self.name_of(&body),
                picture: self.account.bodies.get(&body).is_some_and(|body| body.picture),
                bytes: 0,
            };
            self.contradict(what, Doubt::NotTold, Some(head), event.at);
        }
    }

    fn judge_erasure(&mut self, event: &JournalEvent, body: &Id) -> Judged {
        let is_first = self.erased.insert(*body);
        let name = self.name_of(body);
        let is_listed = name.is_some();
        let what = What::Erased { name };
        let before = self.deeds(body).iter().rfind(|deed| deed.number < event.number);
        match before.copied().filter(|_| is_first) {
            Some(deed) if !deed.added && !is_listed => (what, Verdict::Signed, None, Some(deed.head)),
            None if is_first && !is_listed && self.may_be_unused(event, body) => {
                (what, Verdict::Server, None, None)
            }
            deed => {
                let head = deed.map(|deed| deed.head);
                (what, Verdict::Contradiction, Some(Doubt::NotSigned), head)
            }
        }
    }

    /// An upload that no list ever named dies by itself; one from before the journal may have been dropped there.
    fn may_be_unused(&self, event: &JournalEvent, body: &Id) -> bool {
        self.deeds(body).is_empty()
            && (self.uploaded.contains(body) || !self.window.reaches(event.at, 9 * DAY))
    }

    /// This session began; it is the one sign-in that this device knows of by itself.
    fn missing_sign_in(&mut self) {
        let is_own = |line: &Line| matches!(line.what, What::SignedIn { current: true, .. });
        if self.lines.iter().any(is_own) || (self.window.full && !self.window.whole) {
            return;
        }
        let what = What::SignedIn {
            by_words: false,
            device: None,
            current: true,
        };
        self.contradict(what, Doubt::NotTold, None, self.account.now);
    }

    /// What devices signed and the server does not name.
    fn missing_heads(&mut self) {
        let first = self.named.first().copied();
        let missing: Vec<Signed> = self
            .account
            .heads
            .values()
            .filter(|head| head.number <= self.account.must && !self.named.contains(&head.number))
            .filter(|head| first.is_some_and(|first| head.number > first) || self.window.holds(head.time))
            .copied()
            .collect();
        for head in missing {
            let what = What::Changed {
                added: 0,
                dropped: 0,
                for_good: head.by_admin,
            };
            self.contradict(what, Doubt::NotTold, Some(head), head.time);
        }
    }

    /// What devices had erased, and the server does not say that it is: at once for a purge, after seven days otherwise.
    fn missing_erasures(&mut self) {
        let newest = self.window.newest;
        let last = self
            .signed
            .iter()
            .filter_map(|(body, deeds)| Some((*body, *deeds.last()?)));
        let missing: Vec<(Id, Deed)> = last
            .filter(|(body, deed)| !deed.added && !self.erased.contains(body))
            .filter(|(_, deed)| {
                let patience = if deed.head.by_admin { DAY } else { 8 * DAY };
                deed.at.saturating_add(patience) < newest
            })
            .collect();
        for (_, deed) in missing {
            self.contradict(
                What::Erased { name: None },
                Doubt::NotErased,
                Some(deed.head),
                deed.at,
            );
        }
    }

    fn contradict(&mut self, what: What, doubt: Doubt, head: Option<Signed>, at: u64) {
        self.lines.push(Line {
            at,
            what,
            verdict: Verdict::Contradiction,
            doubt: Some(doubt),
            head: head.map(|head| head.said()),
            odd_time: false,
        });
    }

    fn deeds(&self, body: &Id) -> &[Deed] {
        self.signed.get(body).map_or(&[], Vec::as_slice)
    }

    fn name_of(&self, body: &Id) -> Option<String> {
        self.account.bodies.get(body).map(|body| body.name.clone())
    }
}

type Judged = (What, Verdict, Option<Doubt>, Option<Signed>);

fn body_of(reference: &WireReference) -> Option<Id> {
    match reference {
        WireReference::Body(id) => Some(id.0),
        WireReference::Page(_) => None,
    }
}

fn references(list: &[WireReference]) -> Vec<Reference> {
    let list = list.iter().map(|reference| match reference {
        WireReference::Body(id) => Reference::Body(id.0),
        WireReference::Page(id) => Reference::Page(id.0),
    });
    list.collect()
}

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
