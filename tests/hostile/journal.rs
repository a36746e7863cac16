//! A server that tells another journal than what the person's own devices signed.

use std::time::Duration;

use sdk::flows::Request;
use sdk::flows::history::{Doubt, History, Verdict, What};
use shared::BodyId;
use shared::collection::{Heads, Reference};
use shared::document::BeginUpload;
use shared::journal::{Happening, Journal, JournalEvent, Statement, Statements};
use shared::path;
use tests::evil::{Attack, Evil, LogKeeper, is_of, logged};
use tests::person::{Desk, Person, Safe};
use tests::world::World;

use crate::verdict::noticed;
use crate::world;

/// An account with one document, one that was destroyed, and a phrase that somebody guesses.
struct Told {
    desk: Desk,
    evil: Evil,
    safe: Safe,
}

impl Told {
    async fn in_world(world: &World) -> Self {
        let desk = Desk::new(world);
        let evil = Evil::on(&desk.line);
        let (alice, safe) = Person::creates_account("alice", &desk).await;
        safe.name_device("Firefox").await.unwrap();
        safe.saves("bail.pdf", b"un bail").await;
        safe.saves("vieux.pdf", b"un vieux bail").await;
        let old = safe.id("vieux.pdf");
        safe.trash(&old).await.unwrap();
        safe.purge(&[old]).await.unwrap();
        let other = Desk::new(world);
        let wrong = Person {
            phrase: "une autre phrase de mots".to_owned(),
            ..alice
        };
        let guessed = sdk::flows::login::open(other.device(), &wrong.handle, &wrong.phrase).await;
        assert!(guessed.is_err());
        Self { desk, evil, safe }
    }

    async fn history(&self) -> History {
        self.safe.history().await.unwrap()
    }

    /// Every contradiction while the server tells its events so.
    async fn doubts(
        &self,
        name: &str,
        change: impl FnMut(&mut Vec<JournalEvent>) + 'static,
    ) -> Vec<(Doubt, What)> {
        self.evil.begin(events(name, change));
        let history = self.history().await;
        assert!(self.evil.lies() > 0, "{name}");
        self.evil.end();
        doubts(&history)
    }
}

fn doubts(history: &History) -> Vec<(Doubt, What)> {
    let lines = history.lines.iter();
    lines
        .filter_map(|line| Some((line.doubt?, line.what.clone())))
        .collect()
}

fn is_journal(request: &Request) -> bool {
    is_of(request, path::JOURNAL)
}

/// Tells other events; the numbers close up.
fn events(name: &str, mut change: impl FnMut(&mut Vec<JournalEvent>) + 'static) -> Attack {
    Attack::json::<Journal>(name, is_journal, move |journal| {
        change(&mut journal.items);
        for (event, number) in journal.items.iter_mut().zip(1..) {
            event.number = number;
        }
    })
}

fn only(events: &mut Vec<JournalEvent>, keep: impl Fn(&Happening) -> bool) {
    events.retain(|event| keep(&event.what));
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_journal_unlike_what_the_devices_signed_is_a_contradiction() {
    let world = world().await;
    let it = Told::in_world(&world).await;
    let honest = it.history().await;
    assert_eq!(doubts(&honest), []);
    let signed = |what: &What| {
        matches!(
            what,
            What::Changed { .. } | What::Uploaded { .. } | What::Erased { .. }
        )
    };
    for line in &honest.lines {
        let expected = if signed(&line.what) {
            Verdict::Signed
        } else {
            Verdict::Server
        };
        assert_eq!((line.verdict, line.odd_time), (expected, false), "{line:?}");
    }
    let named = |what: &What| matches!(what, What::SignedIn { device: Some(name), current: true, .. } if name == "Firefox");
    assert!(honest.lines.iter().any(|line| named(&line.what)));
    let uploaded = it
        .evil
        .memory()
        .into_iter()
        .find(|seen| is_of(&seen.request, path::UPLOADS));
    let begun: BeginUpload = serde_json::from_slice(&uploaded.unwrap().request.body).unwrap();
    let listed = begun.body_id;

    // A deletion that nobody signed: of a document that is there, and of one that never was.
    for body_id in [listed, BodyId([7; 16])] {
        let told = it.doubts("an invented deletion", move |events| {
            let mut event = events.last().unwrap().clone();
            event.what = Happening::Erased { body_id };
            events.push(event);
        });
        let told = told.await;
        assert!(
            matches!(told[..], [(Doubt::NotSigned, What::Erased { .. })]),
            "{told:?}"
        );
    }
    // A change that lets go of it, under a number of its own and under the number of a head that is there.
    for head_no in [4, 99] {
        let told = it.doubts("an invented change", move |events| {
            let last = events.iter().rposition(|event| {
                matches!(event.what, Happening::Changed { head_no: no, .. } if no == head_no || head_no == 99)
            });
            let mut event = events[last.unwrap()].clone();
            if let Happening::Changed {
                head_no: no, drops, ..
            } = &mut event.what
            {
                *no = head_no;
                drops.insert(0, Reference::Body(listed));
            }
            if head_no == 99 {
                events.push(event);
            } else {
                events[last.unwrap()] = event;
            }
        });
        let told = told.await;
        assert!(
            told.iter()
                .any(|(doubt, _)| matches!(doubt, Doubt::NotSigned | Doubt::Altered)),
            "{told:?}"
        );
    }
    it.safe.saves("encore.pdf", b"x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_journal_that_hides_what_was_signed_is_a_contradiction() {
    let world = world().await;
    let it = Told::in_world(&world).await;
    let hidden = it.doubts("an upload is hidden", |events| {
        only(events, |what| !matches!(what, Happening::Uploaded { .. }));
    });
    let hidden = hidden.await;
    let uploads = hidden
        .iter()
        .filter(|doubt| matches!(doubt, (Doubt::NotTold, What::Uploaded { .. })));
    assert_eq!(uploads.count(), 2);
    let hidden = it.doubts("a change is hidden", |events| {
        only(events, |what| {
            !matches!(what, Happening::Changed { head_no: 2, .. })
        });
    });
    let hidden = hidden.await;
    let change =
        |(doubt, what): &(Doubt, What)| *doubt == Doubt::NotTold && matches!(what, What::Changed { .. });
    assert!(hidden.iter().any(change), "{hidden:?}");
    // All of it, said to have been forgotten in time.
    it.evil.begin(Attack::json::<Journal>(
        "the past is cut off",
        is_journal,
        |journal| {
            let keep = journal.items.len() - 2;
            journal.items.drain(..keep);
        },
    ));
    let hidden = doubts(&it.history().await);
    it.evil.end();
    assert!(hidden.iter().any(change), "{hidden:?}");
    let hidden = it.doubts("this session's own sign-in is hidden", |events| {
        only(events, |what| !matches!(what, Happening::SignedIn { .. }));
    });
    let own = (
        Doubt::NotTold,
        What::SignedIn {
            by_words: false,
            device: None,
            current: true,
        },
    );
    assert_eq!(hidden.await, [own]);
    assert_eq!(doubts(&it.history().await), []);
}

/// Said in SECURITY.md: what only the server saw, only the server can tell.
#[tokio::test(flavor = "multi_thread")]
async fn n29_attempts_that_a_server_hides_are_not_missed() {
    let world = World::start(|config| config.checkpoint_seconds = 1)
        .await
        .unwrap();
    let it = Told::in_world(&world).await;
    let failed = |what: &What| matches!(what, What::Failed { by_words: false, hours } if hours.iter().sum::<u32>() == 1);
    // Whoever sees from the first half that a phrase is wrong is silent: a minute later that was an attempt.
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    world.sets_clock(now + 120);
    let mut told = false;
    for _ in 0..100 {
        told = it.history().await.lines.iter().any(|line| failed(&line.what));
        if told {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(told, "written down with a checkpoint");
    let invented = it.doubts("attempts are invented", |events| {
        let mut event = events[0].clone();
        event.what = Happening::Failed {
            by_words: false,
            hours: vec![1; 24],
        };
        events.push(event);
    });
    assert_eq!(invented.await, []);
    let hidden = it.doubts("attempts are hidden", |events| {
        only(events, |what| !matches!(what, Happening::Failed { .. }));
    });
    assert_eq!(hidden.await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_journal_that_is_none_is_refused() {
    let world = world().await;
    let it = Told::in_world(&world).await;
    let attacks = [
        Attack::json::<Journal>("a gap", is_journal, |journal| drop(journal.items.remove(1))),
        Attack::json::<Journal>("out of order", is_journal, |journal| journal.items.swap(0, 1)),
        Attack::json::<Journal>("without an end", is_journal, |journal| {
            journal.next = Some(journal.items[0].number);
        }),
        Attack::json::<Journal>("nothing, and more to come", is_journal, |journal| {
            journal.items.clear();
            journal.next = Some(0);
        }),
        events("half a day", |events| {
            events[0].what = Happening::Failed {
                by_words: true,
                hours: vec![1; 12],
            };
        }),
        endless(),
        Attack::rewrite("another kind", is_journal, |response| {
            let text = String::from_utf8(response.body.to_vec()).unwrap();
            response.body = text.replace("signed_in", "opened").into();
        }),
        Attack::json::<Statements>(
            "no text",
            |request| is_of(request, path::STATEMENTS),
            |told| {
                told.items = vec![said(0, "l’ordre \u{202e}est inversé")];
            },
        ),
        Attack::json::<Statements>(
            "twice",
            |request| is_of(request, path::STATEMENTS),
            |told| {
                told.items = vec![said(0, "a"), said(0, "b")];
            },
        ),
    ];
    for attack in attacks {
        let name = attack.name().to_owned();
        let verdict = noticed(&it.desk, &it.evil, attack, async || it.safe.history().await).await;
        assert_eq!((verdict.code, verdict.check), ("hostile", None), "{name}");
    }
    // Heads that form no chain are what they are in a list: refused, with evidence.
    let is_heads = |request: &Request| is_of(request, path::HEADS);
    let attack = Attack::json::<Heads>("another chain", is_heads, |heads| heads.items.swap(0, 1));
    let verdict = noticed(&it.desk, &it.evil, attack, async || it.safe.history().await).await;
    assert_eq!(verdict.check(), sdk::Check::HeadChain);
    let attack = Attack::json::<Heads>("no chain", is_heads, |heads| heads.items.clear());
    let verdict = noticed(&it.desk, &it.evil, attack, async || it.safe.history().await).await;
    assert_eq!(verdict.check(), sdk::Check::HeadChain);
    assert_eq!(doubts(&it.history().await), []);
}

/// Full answers for ever.
fn endless() -> Attack {
    let mut number = 0;
    Attack::json::<Journal>("without an end", is_journal, move |journal| {
        let event = JournalEvent {
            number: 0,
            at: 1,
            what: Happening::NewWayIn {
                sheet: true,
                by_words: true,
            },
        };
        journal.items = vec![event; 500];
        for event in &mut journal.items {
            number += 1;
            event.number = number;
        }
        journal.next = Some(number);
    })
}

fn said(index: u64, text: &str) -> Statement {
    Statement {
        index,
        at: 1_800_000_000,
        text: text.to_owned(),
    }
}

/// A statement counts where the log holds it, with its time, letter by letter.
#[tokio::test(flavor = "multi_thread")]
async fn n29_a_statement_that_is_not_in_the_log_is_a_contradiction() {
    let world = world().await;
    let it = Told::in_world(&world).await;
    LogKeeper::of(&world, logged(&it.evil.memory())).await;
    let is_said = |request: &Request| is_of(request, path::STATEMENTS);
    it.evil
        .begin(Attack::json::<Statements>("never said", is_said, |told| {
            told.items = vec![said(0, "Rien n’a été touché."), said(1 << 40, "Demain.")];
        }));
    let history = it.history().await;
    it.evil.end();
    let said: Vec<_> = history
        .lines
        .iter()
        .filter(|line| matches!(line.what, What::Said { .. }))
        .map(|line| (line.verdict, line.doubt))
        .collect();
    let expected = [
        (Verdict::Contradiction, Some(Doubt::NotLogged)),
        (Verdict::Server, None),
    ];
    assert_eq!(said, expected);
}
