//! Randomness that fails or repeats itself: number 54 of the hostile-server checklist. The liar here is the platform.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sdk::flows::Watch;
use sdk::flows::account::Draft;
use sdk::flows::login;
use sdk::native::SystemRandom;
use sdk::{Fault, Random, RandomError};
use tests::adversary::Fate;
use tests::person::{Desk, Drawer, Person, document};
use tests::world::World;

use crate::world;

/// How a source goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// One draw fails; those after it would be good again.
    Fails,
    /// The same bytes for ever.
    Sticks,
    /// It begins again where it began: a restored state.
    Restarts,
    /// Zeros for ever.
    Zeros,
}

/// Good until the fill `bad`, counted from 0; every draw of a client is two.
struct Source {
    how: How,
    given: Vec<Vec<u8>>,
    state: Rc<State>,
}

struct State {
    bad: Cell<usize>,
    fills: Cell<usize>,
    sent_after: RefCell<Vec<String>>,
}

impl Random for Source {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        let (fill, bad) = (self.state.fills.get(), self.state.bad.get());
        self.state.fills.set(fill + 1);
        let since = fill.checked_sub(bad);
        match (self.how, since) {
            (How::Fails, Some(0)) => return Err(RandomError),
            (How::Sticks, Some(_)) => out.fill(0x5c),
            (How::Zeros, Some(_)) => out.fill(0),
            (How::Restarts, Some(since)) => {
                let again = self.given[since].iter().cycle();
                out.iter_mut().zip(again).for_each(|(out, byte)| *out = *byte);
            }
            (How::Fails, Some(_)) | (_, None) => {
                SystemRandom.fill(out)?;
                self.given.push(out.to_vec());
            }
        }
        Ok(())
    }
}

impl State {
    fn went_wrong(&self) -> bool {
        self.fills.get() > self.bad.get()
    }

    /// Goes wrong at the fill after so many more.
    fn spoil_after(&self, fills: usize) {
        self.bad.set(self.fills.get() + fills);
    }
}

/// A device on such a source, and an eye on what it sends once that went wrong.
fn desk(world: &World, how: How) -> (Desk, Rc<State>) {
    let state = Rc::new(State {
        bad: Cell::new(usize::MAX),
        fills: Cell::new(0),
        sent_after: RefCell::default(),
    });
    let source = Source {
        how,
        given: Vec::new(),
        state: Rc::clone(&state),
    };
    let desk = Desk::with_random(world, Rc::<Drawer>::default(), Box::new(source));
    let eye = Rc::clone(&state);
    desk.line.before(move |request| {
        if eye.went_wrong() {
            eye.sent_after.borrow_mut().push(request.path.clone());
        }
        Fate::Pass
    });
    (desk, state)
}

/// The act must fail for this device's sake, and nothing leave it after the bad fill.
fn refused<T>(result: Result<T, impl Fault>, state: &State, what: &str) {
    assert!(state.went_wrong(), "{what}: never reached");
    let Err(error) = result else {
        panic!("{what}: it went on");
    };
    assert_eq!(error.code(), "device", "{what}");
    assert!(error.refusal().is_none(), "{what}");
    let sent = state.sent_after.take();
    assert!(sent.is_empty(), "{what}: sent afterwards: {sent:?}");
}

async fn creates(desk: &Desk, handle: &str) -> Result<(), sdk::flows::account::CreateError> {
    let draft = Draft::make(desk.device())?;
    draft.register(handle, "une phrase avec assez de mots").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn n54_no_account_is_made_of_bad_randomness() {
    let world = world().await;
    let (counted, state) = desk(&world, How::Fails);
    creates(&counted, "bob").await.unwrap();
    let total = state.fills.get();
    // Up to the first half of the registration each fill is tried, after it a few: those cost a stretched phrase each.
    for how in [How::Fails, How::Sticks, How::Restarts, How::Zeros] {
        for bad in (0..18).step_by(if how == How::Fails { 1 } else { 2 }) {
            // Nothing was drawn before that could come again.
            if how == How::Restarts && bad == 0 {
                continue;
            }
            let (desk, state) = desk(&world, how);
            state.spoil_after(bad);
            refused(
                creates(&desk, "alice").await,
                &state,
                &format!("creation, {how:?} at {bad}"),
            );
            // Once refused, always refused, also where the source is good again.
            let again = Draft::make(desk.device()).err().map(|error| error.code());
            assert_eq!(again, Some("device"), "{how:?} at {bad}");
        }
        for bad in [total / 2, total * 3 / 4].map(|fill| fill / 2 * 2) {
            let (desk, state) = desk(&world, how);
            state.spoil_after(bad);
            let what = format!("creation, {how:?} at {bad} of {total}");
            refused(creates(&desk, "alice").await, &state, &what);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n54_no_login_is_made_of_bad_randomness() {
    let world = world().await;
    let (alice, _) = Person::creates_account("alice", &Desk::new(&world)).await;
    let (counted, state) = desk(&world, How::Fails);
    alice.opens(&counted).await;
    let total = state.fills.get();
    assert!(total > 0, "a login draws");
    for how in [How::Fails, How::Sticks, How::Zeros] {
        for bad in (0..total).step_by(2) {
            let (desk, state) = desk(&world, how);
            state.spoil_after(bad);
            let opened = login::open(desk.device(), &alice.handle, &alice.phrase).await;
            refused(opened, &state, &format!("login, {how:?} at {bad} of {total}"));
        }
    }
    alice.opens(&Desk::new(&world)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n54_no_body_is_sealed_under_bad_randomness() {
    let world = world().await;
    let (alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    let content = vec![7; 20_000];
    let uploading = async |desk: &Desk, state: &State, bad: Option<usize>| {
        let safe = login::open_with_words(desk.device(), &alice.words).await.unwrap();
        safe.sync().await.unwrap();
        let before = state.fills.get();
        if let Some(bad) = bad {
            state.spoil_after(bad);
        }
        let saved = safe.upload(&content, &document("bail.pdf"), &Watch::none()).await;
        (saved, state.fills.get() - before)
    };
    let (counted, state) = desk(&world, How::Fails);
    let (saved, total) = uploading(&counted, &state, None).await;
    saved.unwrap();
    for how in [How::Fails, How::Sticks, How::Zeros] {
        for bad in (0..total).step_by(2) {
            let (desk, state) = desk(&world, how);
            let (saved, _) = uploading(&desk, &state, Some(bad)).await;
            refused(saved, &state, &format!("upload, {how:?} at {bad} of {total}"));
        }
    }
    // Nothing of all that is in the list, and an honest device goes on.
    safe.sync().await.unwrap();
    assert_eq!(safe.names(), ["bail.pdf"]);
    safe.saves("acte.pdf", &content).await;
}
