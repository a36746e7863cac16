//! Every lie of a journal, tried on the cross-check.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use crypto::collection::refs::{Reference, Refs};
use shared::collection::Reference as Wire;
use shared::{BodyId, CollectionId};

use super::*;

const START: u64 = 1_800_000_000;
const DAY: u64 = 86_400;
const LIST: CollectionId = CollectionId([9; 16]);
const OWN: SessionId = SessionId([8; 16]);

/// An honest account: what its server says, and what its devices signed.
#[derive(Clone)]
struct Story {
    events: Vec<JournalEvent>,
    heads: BTreeMap<u64, Signed>,
    bodies: BTreeMap<Id, Body>,
    now: u64,
}

impl Story {
    /// An account that stored three contents, let one go for good and one for a week, and is read thirty days later.
    fn new() -> Self {
        let (events, heads, bodies) = Default::default();
        let now = START;
        let mut story = Self {
            events,
            heads,
            bodies,
            now,
        };
        story.changes(&[], &[], false);
        story.signs_in(SessionId([1; 16]));
        for body in 1..=3 {
            story.stores(body);
            story.changes(&[body], &[], false);
        }
        story.happens(Happening::Uploaded {
            body_id: BodyId([7; 16]),
            ct_len: 7,
        });
        story.changes(&[], &[1], true);
        story.happens(Happening::Erased {
            body_id: BodyId([1; 16]),
        });
        story.changes(&[], &[2], false);
        for body in [7, 2] {
            story.now += 4 * DAY;
            story.happens(Happening::Erased {
                body_id: BodyId([body; 16]),
            });
        }
        story.now += 22 * DAY;
        story.signs_in(OWN);
        story.bodies.insert(
            [3; 16],
            Body {
                name: "Bail.pdf".to_owned(),
                picture: false,
            },
        );
        story
    }

    fn happens(&mut self, what: Happening) {
        self.now += 60;
        let number = self.events.last().map_or(1, |event| event.number + 1);
        let at = self.now;
        self.events.push(JournalEvent { number, at, what });
    }

    fn signs_in(&mut self, session_id: SessionId) {
        self.happens(Happening::SignedIn {
            session_id,
            by_words: false,
        });
    }

    fn stores(&mut self, body: u8) {
        self.happens(Happening::Uploaded {
            body_id: BodyId([body; 16]),
            ct_len: 1_000,
        });
    }

    fn changes(&mut self, adds: &[u8], drops: &[u8], by_admin: bool) {
        let number = self.heads.len() as u64;
        let refs = |list: &[u8]| list.iter().map(|id| Reference::Body([*id; 16])).collect();
        let signed = Refs::new(refs(adds), refs(drops)).unwrap();
        let head = Signed {
            number,
            hash: [u8::try_from(number).unwrap(); 32],
            refs_hash: signed.hash(),
            time: self.now,
            by_admin,
        };
        self.heads.insert(number, head);
        let wire = |list: &[u8]| list.iter().map(|id| Wire::Body(BodyId([*id; 16]))).collect();
        self.happens(Happening::Changed {
            collection_id: LIST,
            head_no: number,
            adds: wire(adds),
            drops: wire(drops),
        });
    }

    fn lines(&self) -> Vec<Line> {
        let account = Account {
            collection: LIST,
            heads: &self.heads,
            must: self.heads.keys().last().copied().unwrap(),
            bodies: &self.bodies,
            devices: &BTreeMap::new(),
            own: OWN,
            now: self.now,
        };
        cross(&self.events, &account)
    }

    fn doubts(&self) -> Vec<(Doubt, What)> {
        let doubtful = self.lines().into_iter();
        doubtful
            .filter_map(|line| Some((line.doubt?, line.what)))
            .collect()
    }

    /// Without the event that `which` picks first; the numbers close up.
    fn without(&self, which: impl Fn(&Happening) -> bool) -> Self {
        let mut story = self.clone();
        let gone = story.events.iter().position(|event| which(&event.what)).unwrap();
        story.events.remove(gone);
        story.renumber(1);
        story
    }

    fn renumber(&mut self, first: u64) {
        for (event, number) in self.events.iter_mut().zip(first..) {
            event.number = number;
        }
    }

    /// The oldest events are gone in time.
    fn forgets(&self, count: usize) -> Self {
        let mut story = self.clone();
        story.events.drain(..count);
        story
    }
}

fn changed(number: u64) -> impl Fn(&Happening) -> bool {
    move |what| matches!(what, Happening::Changed { head_no, .. } if *head_no == number)
}

fn uploaded(body: u8) -> impl Fn(&Happening) -> bool {
    move |what| matches!(what, Happening::Uploaded { body_id, .. } if body_id.0 == [body; 16])
}

fn erased(body: u8) -> impl Fn(&Happening) -> bool {
    move |what| matches!(what, Happening::Erased { body_id } if body_id.0 == [body; 16])
}

#[test]
fn an_honest_journal_holds_line_by_line() {
    let story = Story::new();
    assert_eq!(story.doubts(), []);
    let lines = story.lines();
    assert_eq!(lines.len(), story.events.len());
    for line in &lines {
        let expected = match &line.what {
            What::SignedIn { .. } => Verdict::Server,
            What::Uploaded { bytes: 7, .. } => Verdict::Server,
            // The upload that nobody put into a list.
            What::Erased { .. } if line.head.is_none() => Verdict::Server,
            _ => Verdict::Signed,
        };
        assert_eq!((line.verdict, line.odd_time), (expected, false), "{line:?}");
    }
    let unused = lines.iter().filter(|line| line.head.is_none());
    assert_eq!(unused.count(), 4);
}

#[test]
fn what_is_forgotten_in_time_is_not_held_against_it() {
    let mut story = Story::new();
    for count in 1..story.events.len() - 1 {
        let mut less = story.forgets(count);
        // Heads that the journal names no more are not read, but for one.
        let first = less.events.iter().find_map(|event| match event.what {
            Happening::Changed { head_no, .. } => Some(head_no),
            _ => None,
        });
        let last = *story.heads.keys().last().unwrap();
        let first = first.map_or(last, |first| first.saturating_sub(1));
        less.heads.retain(|number, _| *number >= first);
        less.now = START + limit::JOURNAL_SECONDS + 40 * DAY;
        let shift = less.now - story.now;
        for event in less.events.iter_mut().rev().take(1) {
            event.at += shift;
        }
        let doubts = less.doubts();
        assert_eq!(doubts, [], "{count}");
    }
    // But a year is not over after thirty days.
    story = story.forgets(5);
    assert!(!story.doubts().is_empty());
}

#[test]
fn a_deletion_that_nobody_signed_is_a_contradiction() {
    let mut story = Story::new();
    story.happens(Happening::Erased {
        body_id: BodyId([3; 16]),
    });
    let name = Some("Bail.pdf".to_owned());
    assert_eq!(story.doubts(), [(Doubt::NotSigned, What::Erased { name })]);
    // Of what nobody ever stored, and a second time of what is gone.
    for body in [77, 1] {
        let mut story = Story::new();
        story.happens(Happening::Erased {
            body_id: BodyId([body; 16]),
        });
        assert_eq!(
            story.doubts(),
            [(Doubt::NotSigned, What::Erased { name: None })],
            "{body}"
        );
    }
    // Before the head that drops it.
    let mut story = Story::new();
    let at = story
        .events
        .iter()
        .position(|event| erased(2)(&event.what))
        .unwrap();
    let early = story.events.remove(at);
    story.events.insert(5, early);
    story.renumber(1);
    assert_eq!(story.doubts()[0].0, Doubt::NotSigned);
}

#[test]
fn a_change_that_nobody_signed_or_signed_otherwise_is_a_contradiction() {
    let story = Story::new();
    let drop = |head_no, body: u8| Happening::Changed {
        collection_id: LIST,
        head_no,
        adds: vec![],
        drops: vec![Wire::Body(BodyId([body; 16]))],
    };
    // A head that there is not.
    let mut invented = story.clone();
    invented.happens(drop(6, 3));
    invented.happens(Happening::Erased {
        body_id: BodyId([3; 16]),
    });
    let doubts: Vec<Doubt> = invented.doubts().into_iter().map(|(doubt, _)| doubt).collect();
    assert_eq!(doubts, [Doubt::NotSigned, Doubt::NotSigned]);
    // One that is there, with another list; then nothing of it is signed.
    let mut altered = story.clone();
    let at = altered
        .events
        .iter()
        .position(|event| changed(4)(&event.what))
        .unwrap();
    altered.events[at].what = drop(4, 3);
    let doubts: Vec<Doubt> = altered.doubts().into_iter().map(|(doubt, _)| doubt).collect();
    assert_eq!(doubts[0], Doubt::Altered);
    assert!(doubts.contains(&Doubt::NotSigned), "the erasure of 1: {doubts:?}");
    // One that was told before, and one of another list.
    let mut again = story.clone();
    let old = again.events[at].what.clone();
    again.happens(old.clone());
    assert_eq!(again.doubts().len(), 1);
    let mut other = story;
    if let Happening::Changed { collection_id, .. } = &mut other.events[at].what {
        *collection_id = CollectionId([1; 16]);
    }
    assert_eq!(other.doubts()[0].0, Doubt::NotSigned);
}

#[test]
fn what_is_signed_and_not_told_is_a_contradiction() {
    let story = Story::new();
    for number in 0..=5 {
        let doubts = story.without(changed(number)).doubts();
        let missing =
            |(doubt, what): &(Doubt, What)| *doubt == Doubt::NotTold && matches!(what, What::Changed { .. });
        assert_eq!(
            doubts.iter().filter(|doubt| missing(doubt)).count(),
            1,
            "{number}"
        );
    }
    for body in 1..=3 {
        let doubts = story.without(uploaded(body)).doubts();
        assert_eq!(doubts.len(), 1, "{body}");
        assert!(matches!(doubts[0], (Doubt::NotTold, What::Uploaded { .. })));
    }
    for body in [1, 2] {
        let doubts = story.without(erased(body)).doubts();
        assert_eq!(doubts, [(Doubt::NotErased, What::Erased { name: None })]);
    }
    let own = |what: &Happening| matches!(what, Happening::SignedIn { session_id, .. } if *session_id == OWN);
    let doubts = story.without(own).doubts();
    assert!(matches!(
        doubts[..],
        [(Doubt::NotTold, What::SignedIn { current: true, .. })]
    ));
}

#[test]
fn what_only_the_server_knows_can_be_left_out_unseen() {
    let mut story = Story::new();
    story.happens(Happening::Failed {
        by_words: false,
        hours: vec![3; 24],
    });
    assert_eq!(story.doubts(), []);
    let failed = |what: &Happening| matches!(what, Happening::Failed { .. });
    assert_eq!(story.without(failed).doubts(), [], "SECURITY.md says so");
    let other = |what: &Happening| matches!(what, Happening::SignedIn { .. });
    assert_eq!(story.without(other).doubts(), [], "SECURITY.md says so");
}

#[test]
fn times_that_cannot_be_are_marked() {
    let story = Story::new();
    for (at, moved) in [(0, START + 500 * DAY), (3, 0), (3, START - 2 * DAY), (13, START)] {
        let mut odd = story.clone();
        odd.events[at].at = moved;
        let lines = odd.lines();
        assert!(lines.iter().any(|line| line.odd_time), "{at}: {moved}");
    }
}

#[test]
fn a_statement_is_logged_false_or_not_yet_there() {
    let statement = Statement {
        index: 4,
        at: START,
        text: "Maintenance".to_owned(),
    };
    let judged = [Some(true), Some(false), None].map(|holds| {
        let line = cross::said(&statement, holds);
        (line.verdict, line.doubt)
    });
    let expected = [
        (Verdict::Logged, None),
        (Verdict::Contradiction, Some(Doubt::NotLogged)),
        (Verdict::Server, None),
    ];
    assert_eq!(judged, expected);
}
