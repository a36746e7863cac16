//! The worker: owns every key, runs the sdk, answers the page call by call. May not draw, and tells the page only what
//! a screen shows. spec/flows.md.

mod account;
mod archive;
mod door;
mod evidence;
mod history;
mod list;
mod resume;
mod secrets;
mod transfer;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use sdk::fault::Fault;
use sdk::flows::account::Draft;
use sdk::flows::history::History;
use sdk::flows::{Cancel, Device};
use sdk::session::Unlocked;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;

use crate::message::{Answer, Call, CallId, Failure, Fill, ToWorker};
use crate::platform::archive::Beside;
use crate::platform::device::browser_device;
use crate::platform::port;

/// Listens to the page. Called once, by the worker's program.
pub fn start() {
    console_error_panic_hook::set_once();
    let desk = Rc::new(Desk::new());
    port::listen(move |said, beside| {
        let desk = Rc::clone(&desk);
        spawn_local(async move {
            let id = said.id;
            port::say_done(id, desk.answer(said, beside).await);
        });
    });
}

/// What one worker holds.
struct Desk {
    device: Rc<Device>,
    safe: RefCell<Option<Rc<Unlocked>>>,
    /// A safe that came out of a backup, until the person has said yes or no.
    asked: RefCell<Option<Unlocked>>,
    draft: RefCell<Option<Draft>>,
    /// How full the safe is, as last known.
    fill: Cell<Option<Fill>>,
    /// Set at a lock: nothing is answered any more.
    closed: Cell<bool>,
    /// Set while there is no network for a session that goes on: the list can be read, and nothing else.
    resting: Cell<bool>,
    /// Set while a session that is kept is being gone on with.
    going_on: Cell<bool>,
    /// When the list was last kept, Unix seconds.
    list_kept: Cell<u64>,
    /// What is kept for a reload, and what a lock forgets, one after the other.
    keeping: futures::lock::Mutex<()>,
    /// Transfers that can be cancelled.
    running: RefCell<HashMap<CallId, Cancel>>,
    /// The journal as it was read last.
    history: RefCell<Option<History>>,
    /// One transfer at a time: memory stays constant, and the first file is saved first.
    turn: futures::lock::Mutex<()>,
}

/// What a call brings: an answer, perhaps with a Blob beside it.
type Brought = Result<(Answer, Option<Blob>), Failure>;

impl Desk {
    fn new() -> Self {
        Self {
            device: browser_device(),
            safe: RefCell::new(None),
            asked: RefCell::new(None),
            draft: RefCell::new(None),
            fill: Cell::new(None),
            closed: Cell::new(false),
            resting: Cell::new(false),
            going_on: Cell::new(false),
            list_kept: Cell::new(0),
            keeping: futures::lock::Mutex::new(()),
            running: RefCell::new(HashMap::new()),
            history: RefCell::new(None),
            turn: futures::lock::Mutex::new(()),
        }
    }

    async fn answer(&self, said: ToWorker, beside: Beside) -> Brought {
        if self.closed.get() {
            return Err(Failure::code("signed_out"));
        }
        let answer = match said.call {
            Call::Deployment => account::deployment().await,
            Call::ProposePhrase => account::propose_phrase(),
            Call::Draft { handle } => self.draft(&handle).await,
            Call::Create { handle, phrase } => self.create(&handle, &phrase).await,
            Call::Open { handle, phrase } => self.open(&handle, &phrase).await,
            Call::Agree => self.agree().await,
            Call::Door(call) => self.door(call),
            Call::Lock => self.lock().await,
            Call::List => self.list().await,
            Call::Upload(options) => self.upload(said.id, beside.file(), options).await,
            Call::Cancel { call } => self.cancel(call),
            Call::Rename { object, name } => self.rename(&object, &name).await,
            Call::Safe(call) => return self.about_list(said.id, call).await,
            Call::Download { object } => return self.download(said.id, &object).await,
            Call::Archive(call) => return self.archive(said.id, call, beside).await,
            Call::Account(call) => self.account(call).await,
            Call::ListEvidence => self.list_evidence().await,
            Call::DeleteEvidence { id } => self.delete_evidence(&id).await,
            Call::SaveEvidence { pieces, names } => return self.save_evidence(&pieces, names).await,
            Call::ReadHistory => self.read_history().await,
            Call::SaveHistory => return self.save_history(),
            Call::Resume(call) => return self.resume(call).await,
        };
        answer.map(|answer| (answer, None))
    }

    /// The open safe.
    fn safe(&self) -> Result<Rc<Unlocked>, Failure> {
        self.safe.borrow().clone().ok_or_else(|| {
            Failure::code(if self.resting.get() {
                "resting"
            } else {
                "signed_out"
            })
        })
    }

    fn cancel(&self, call: CallId) -> Result<Answer, Failure> {
        if let Some(cancel) = self.running.borrow().get(&call) {
            cancel.cancel();
        }
        Ok(Answer::Done)
    }
}

/// An error of the sdk as the page hears it: a refusal for the alert, or a code that is worded.
fn failure(error: &impl Fault) -> Failure {
    match (evidence::refused(error), error.code()) {
        (Some(refused), _) => Failure::Refused(refused),
        (None, "cancelled") => Failure::Cancelled,
        (None, code) => Failure::code(code),
    }
}
