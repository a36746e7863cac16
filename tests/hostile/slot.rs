//! Slots that must not open, or must not be used: numbers 1, 5, 6, 8 and 10 of the hostile-server checklist.

use std::cell::RefCell;
use std::rc::Rc;

use crypto::account::slot::Slot;
use crypto::words::Words;
use sdk::flows::account::Draft;
use sdk::flows::login;
use sdk::native::SystemRandom;
use sdk::{Check, Random, RandomError, Subject};
use shared::account::{Account, CreateAccount};
use shared::path;
use shared::session::RecoveryOpened;
use tests::adversary::flip;
use tests::evil::{Attack, Door, Evil, Switch, Twofold, answers, creation_of, path as path_of};
use tests::person::{Desk, Drawer, Person};

use crate::verdict::{Verdict, noticed};
use crate::world;

/// A device taken over from the start, and an account made on it.
async fn taken_over(world: &tests::world::World, handle: &str) -> (Desk, Evil, Person) {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let (person, _) = Person::creates_account(handle, &desk).await;
    (desk, evil, person)
}

/// Both ways in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Phrase,
    Words,
}

async fn refused(desk: &Desk, evil: &Evil, person: &Person, way: Way, attack: Attack) -> Verdict {
    let (handle, phrase, words) = (&person.handle, &person.phrase, &person.words);
    let opening = async || match way {
        Way::Phrase => login::open(desk.device(), handle, phrase).await,
        Way::Words => login::open_with_words(desk.device(), words).await,
    };
    noticed(desk, evil, attack, opening).await
}

const fn slot_refused() -> Verdict {
    refusal(Check::Slot)
}

const fn refusal(check: Check) -> Verdict {
    Verdict {
        code: "refused_answer",
        check: Some(check),
        subject: Some(Subject::Account),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n01_parameters_from_the_server_are_refused() {
    let world = world().await;
    let (desk, evil, alice) = taken_over(&world, "alice").await;
    for attack in Switch::N01.attacks() {
        let name = attack.name().to_owned();
        let way = if name.contains("/sessions/") || name.contains("the other profile") {
            Way::Phrase
        } else {
            Way::Words
        };
        let verdict = refused(&desk, &evil, &alice, way, attack).await;
        if name.contains("parameters") {
            assert_eq!((verdict.code, verdict.check), ("hostile", None), "{name}");
        } else {
            assert_eq!(verdict, slot_refused(), "{name}");
        }
    }
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n05_a_slot_altered_in_any_field_is_refused() {
    let world = world().await;
    let (desk, evil, alice) = taken_over(&world, "alice").await;
    for attack in Switch::N05.attacks() {
        let name = attack.name().to_owned();
        let verdict = refused(&desk, &evil, &alice, Way::Words, attack).await;
        assert_eq!(verdict, slot_refused(), "{name}");
    }
    // By phrase the same code judges another key: one of each kind.
    for attack in Switch::N05.attacks() {
        let name = attack.name().to_owned();
        if ["byte 40 flipped", "byte 151 flipped", "the other way in"].contains(&name.as_str()) {
            let verdict = refused(&desk, &evil, &alice, Way::Phrase, attack).await;
            assert_eq!(verdict, slot_refused(), "{name}");
        }
    }
    alice.opens(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n05_slots_stored_otherwise_than_sent_are_no_account() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let draft = Draft::make(desk.device()).unwrap();
    type Change = fn(&mut Account);
    let changes: [(&str, Change); 4] = [
        ("one bit of the words slot", |account| {
            let words = account.slots.iter_mut().find(|slot| slot.0[5] == 3).unwrap();
            flip(&mut words.0, 167 * 8);
        }),
        ("one slot alone", |account| drop(account.slots.pop())),
        ("a third slot", |account| {
            account.slots.push(account.slots[0].clone())
        }),
        ("one slot twice", |account| {
            account.slots[1] = account.slots[0].clone()
        }),
    ];
    for (name, change) in changes {
        let read = |request: &_| path_of(request) == path::ACCOUNT;
        let attack = Attack::json::<Account>(name, read, change);
        let creating = async || draft.register("alice", "une phrase avec assez de mots").await;
        let verdict = noticed(&desk, &evil, attack, creating).await;
        assert_eq!(verdict, refusal(Check::ReadBack), "{name}");
    }
    // The same draft, and an honest server.
    draft
        .register("alice", "une phrase avec assez de mots")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn n06_the_slot_of_another_account_or_generation_is_refused() {
    let world = world().await;
    let (desk, evil, alice) = taken_over(&world, "alice").await;
    let elsewhere = Desk::new(&world);
    evil.listens_to(&elsewhere.line);
    Person::creates_account("bob", &elsewhere).await;
    for way in [Way::Words, Way::Phrase] {
        for attack in Switch::N06.attacks() {
            let name = attack.name().to_owned();
            let verdict = refused(&desk, &evil, &alice, way, attack).await;
            assert_eq!(verdict, slot_refused(), "{name}");
        }
    }
    // Slots that open, made by somebody who has the words: of another generation, and of this one with another salt.
    for generation in [7, 0] {
        let slot = rewrapped(&creation_of(&evil.memory(), "alice"), &alice.words, generation);
        let attack = serve(format!("generation {generation}, wrapped anew"), slot);
        let verdict = refused(&desk, &evil, &alice, Way::Words, attack).await;
        assert_eq!(verdict, refusal(Check::SlotNotListed), "{generation}");
    }
    alice.opens(&desk).await;
}

/// The account's key under the same words and slot id, wrapped once more.
fn rewrapped(made: &CreateAccount, words: &str, generation: u32) -> Vec<u8> {
    let listed = Slot::parse(made.words_slot.as_slice()).unwrap();
    let words = Words::parse(words).unwrap();
    let kek = words.derive_kek(&made.account_id.0, &listed.header().slot_id);
    let ark = listed.unwrap(&kek).unwrap();
    let again = Slot::wrap(&kek, generation, &ark, &mut SystemRandom).unwrap();
    assert!(again.unwrap(&kek).is_ok());
    again.to_bytes().to_vec()
}

/// Hands this slot to whoever comes with words.
fn serve(name: impl Into<String>, slot: Vec<u8>) -> Attack {
    let finish = |request: &_| path_of(request) == path::RECOVERIES_FINISH;
    Attack::json::<RecoveryOpened>(name, finish, move |opened| opened.slot.0.clone_from(&slot))
}

#[tokio::test(flavor = "multi_thread")]
async fn n08_the_way_in_from_before_a_change_of_phrase_is_refused() {
    let mut world = world().await;
    let (desk, evil, alice) = taken_over(&world, "alice").await;
    let before = world.snapshot().await.unwrap();
    let safe = alice.opens(&desk).await;
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    let changed = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..alice.clone()
    };
    changed.opens(&desk).await;
    let lies = Switch::N08.attacks();
    for (attack, check) in lies.into_iter().zip([Check::Slot, Check::SlotNotListed]) {
        let name = attack.name().to_owned();
        let verdict = refused(&desk, &evil, &changed, Way::Phrase, attack).await;
        assert_eq!(verdict, refusal(check), "{name}");
    }
    changed.opens(&desk).await;
    let newest = answers(&evil.memory(), path::ACCOUNT).last().unwrap();
    // The old phrase with its old record and slot, beside the newest of everything else: it opens, and nothing
    // follows. A device without pins refuses as well.
    let after = world.snapshot().await.unwrap();
    world.roll_back(&before).await.unwrap();
    let fresh = Desk::new(&world);
    for (desk, evil) in [(&desk, &evil), (&fresh, &Evil::on(&fresh.line))] {
        let newest = newest.clone();
        let read = |request: &_| path_of(request) == path::ACCOUNT;
        let attack = Attack::rewrite("the way in of before", read, move |response| {
            response.body = newest.clone();
        });
        let verdict = refused(desk, evil, &alice, Way::Phrase, attack).await;
        assert_eq!(verdict, refusal(Check::SlotNotListed));
    }
    world.roll_back(&after).await.unwrap();
    for desk in [&desk, &fresh] {
        changed.opens(desk).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n10_a_slot_made_to_open_in_two_places_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let drawn = Rc::<RefCell<Vec<[u8; 16]>>>::default();
    let watched = Watched(Rc::clone(&drawn));
    let first = Desk::with_random(&world, Rc::<Drawer>::default(), Box::new(watched));
    let evil = Evil::on(&desk.line);
    evil.listens_to(&first.line);
    let (alice, _) = Person::creates_account("alice", &first).await;
    Person::creates_account("bob", &first).await;
    for attack in Switch::N10.attacks() {
        let name = attack.name().to_owned();
        let verdict = refused(&desk, &evil, &alice, Way::Words, attack).await;
        assert_eq!(verdict, slot_refused(), "{name}");
    }
    // Two guesses of the words in one slot; two headers for one guess.
    let entropy = drawn
        .borrow()
        .iter()
        .copied()
        .find(|bytes| spells(bytes, &alice.words))
        .unwrap();
    let made = creation_of(&evil.memory(), "alice");
    let header: [u8; 64] = made.words_slot.0[..64].try_into().unwrap();
    let mut next_generation = header;
    next_generation[43] = 1;
    let own = Door::of_words_slot(&entropy, &header);
    let doors = [
        ("another guess", Door::of_words_slot(&[5; 16], &header)),
        ("another header", Door::of_words_slot(&entropy, &next_generation)),
    ];
    for (name, other) in doors {
        let both = Twofold::make([&own, &other]);
        let [_, wrong] = both.commitments;
        for commitment in [wrong, [0; 32]] {
            let slot = [&header[..], &both.to_box(&commitment)].concat();
            let verdict = refused(&desk, &evil, &alice, Way::Words, serve(name, slot)).await;
            assert_eq!(verdict, slot_refused(), "{name}");
        }
    }
    alice.opens(&desk).await;
}

/// Whether these 16 bytes are those words.
fn spells(bytes: &[u8; 16], words: &str) -> bool {
    let spelt = Words::make(&mut Given(*bytes)).unwrap().to_words();
    let spelt: Vec<_> = spelt.iter().map(|word| word.as_str()).collect();
    spelt.join(" ") == words
}

struct Given([u8; 16]);

impl Random for Given {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

/// The system's randomness, and every draw of 16 bytes of it.
struct Watched(Rc<RefCell<Vec<[u8; 16]>>>);

impl Random for Watched {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        SystemRandom.fill(out)?;
        if let Ok(bytes) = (&*out).try_into() {
            self.0.borrow_mut().push(bytes);
        }
        Ok(())
    }
}
