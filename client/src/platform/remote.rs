//! The page's end of the line to the worker: starts it at the first call, numbers the calls, hands out answers; and hands
//! the worker itself from the door's program to the safe's. May not look into messages beyond their number.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures::channel::oneshot;
use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, MessageEvent, Worker};

use crate::message::{Answer, Call, CallId, Event, Failure, FromWorker, Progress, ToWorker};
use crate::platform::archive::Beside;
use crate::platform::page;

#[wasm_bindgen]
extern "C" {
    // Of client/loader.js: checks the worker's files by their hashes and waits until it listens.
    #[wasm_bindgen(js_name = civisStartWorker, catch)]
    fn start_worker() -> Result<Promise, JsValue>;

    // Of the same: fetches the safe's program, calls `leave`, and starts it at that address.
    #[wasm_bindgen(js_name = civisEnter, catch)]
    fn enter_safe(worker: &Worker, text: &str, path: &str, leave: &JsValue) -> Result<Promise, JsValue>;

    // Of the same: what the door's program left, once.
    #[wasm_bindgen(js_name = civisTakeEntry)]
    fn take_entry() -> Option<HandedOver>;

    type HandedOver;
    #[wasm_bindgen(method, getter)]
    fn worker(this: &HandedOver) -> Worker;
    #[wasm_bindgen(method, getter)]
    fn text(this: &HandedOver) -> String;
}

/// The line to the worker. Clones share it.
#[derive(Clone, Default)]
pub struct Remote(Rc<Line>);

#[derive(Default)]
struct Line {
    worker: RefCell<Option<Worker>>,
    starting: futures::lock::Mutex<()>,
    last: Cell<CallId>,
    waiting: RefCell<HashMap<CallId, Waiting>>,
    /// Set by [`Remote::end`]: no worker is started any more.
    ended: Cell<bool>,
}

struct Waiting {
    done: oneshot::Sender<Delivered>,
    progress: Box<dyn Fn(Progress)>,
}

/// What came back: the answer, and the Blob beside it where one travelled.
pub type Delivered = Result<(Answer, Option<Blob>), Failure>;

impl Remote {
    /// Asks, and waits for the last word.
    ///
    /// # Errors
    /// Whatever the worker says; `worker` where there is none.
    pub async fn ask(&self, call: Call) -> Result<Answer, Failure> {
        let id = self.next_id();
        self.ask_with(id, call, None, |_| ())
            .await
            .map(|(answer, _)| answer)
    }

    /// A number for [`Remote::ask_with`], known before the call begins so that it can be cancelled.
    #[must_use]
    pub fn next_id(&self) -> CallId {
        self.0.last.set(self.0.last.get().wrapping_add(1));
        self.0.last.get()
    }

    /// Asks with an object of the browser beside the message, and hears of progress.
    ///
    /// # Errors
    /// Whatever the worker says; `worker` where there is none.
    pub async fn ask_with(
        &self,
        id: CallId,
        call: Call,
        beside: Option<Beside>,
        progress: impl Fn(Progress) + 'static,
    ) -> Delivered {
        let worker = self.worker().await?;
        self.say(&worker, id, call, beside, progress)?
            .await
            .map_err(|_| no_worker())?
    }

    /// Ends this line for good: the worker is told to lock and terminated once it has, or when the time is up. Its keys
    /// go with it, whatever the server answers. Every call that still waits then ends with `worker`.
    pub fn end(&self) {
        self.0.ended.set(true);
        let Some(worker) = self.0.worker.borrow().clone() else {
            return;
        };
        let line = Rc::clone(&self.0);
        page::later(LOCK_MILLISECONDS, move || line.hang_up());
        let told = self.say(&worker, self.next_id(), Call::Lock, None, |_| ());
        let line = Rc::clone(&self.0);
        spawn_local(async move {
            if let Ok(locked) = told {
                let _ = locked.await;
            }
            line.hang_up();
        });
    }

    /// Ends this line at once: the worker is terminated where it stands, and its keys with it. For a session that ends
    /// elsewhere.
    pub fn cut(&self) {
        self.0.ended.set(true);
        self.0.hang_up();
    }

    /// Whether the line was ended: what still comes over it belongs to a safe that is locked.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.0.ended.get()
    }

    /// The line to the worker that the door's program left with an open safe, and what it knows of it; `None` where this
    /// page began otherwise.
    #[must_use]
    pub fn handed_over() -> Option<(Self, String)> {
        let handed = take_entry()?;
        let remote = Self::default();
        let worker = handed.worker();
        remote.listen(&worker);
        remote.0.worker.replace(Some(worker));
        Some((remote, handed.text()))
    }

    /// Hands the worker and `text` to the safe's program, which takes this page over at `path`; `leave` takes this
    /// program's screens away. This line is over then.
    ///
    /// # Errors
    /// `offline` where that program could not be fetched whole: this one goes on.
    pub async fn hand_over(
        &self,
        text: &str,
        path: &str,
        leave: impl FnOnce() + 'static,
    ) -> Result<(), Failure> {
        let worker = self.0.worker.borrow().clone().ok_or_else(no_worker)?;
        let line = Rc::clone(&self.0);
        let leave = Closure::once_into_js(move || {
            if let Some(worker) = line.worker.take() {
                worker.set_onmessage(None);
                worker.set_onerror(None);
            }
            line.ended.set(true);
            leave();
        });
        let entered = enter_safe(&worker, text, path, &leave).map_err(|_| no_worker())?;
        JsFuture::from(entered)
            .await
            .map(drop)
            .map_err(|_| Failure::code("offline"))
    }

    fn say(
        &self,
        worker: &Worker,
        id: CallId,
        call: Call,
        beside: Option<Beside>,
        progress: impl Fn(Progress) + 'static,
    ) -> Result<oneshot::Receiver<Delivered>, Failure> {
        let (done, answer) = oneshot::channel();
        self.0.waiting.borrow_mut().insert(
            id,
            Waiting {
                done,
                progress: Box::new(progress),
            },
        );
        let text = serde_json::to_string(&ToWorker { id, call }).map_err(|_| no_worker())?;
        let message = Object::new();
        set(&message, "text", &JsValue::from_str(&text))?;
        if let Some(beside) = beside {
            set(&message, "beside", beside.value())?;
        }
        worker.post_message(&message).map_err(|_| no_worker())?;
        Ok(answer)
    }

    async fn worker(&self) -> Result<Worker, Failure> {
        // Two calls at once start one worker.
        let _one_at_a_time = self.0.starting.lock().await;
        if self.is_ended() {
            return Err(no_worker());
        }
        if let Some(worker) = self.0.worker.borrow().clone() {
            return Ok(worker);
        }
        let started = start_worker().map_err(|_| no_worker())?;
        let worker: Worker = JsFuture::from(started)
            .await
            .map_err(|_| no_worker())?
            .unchecked_into();
        if self.is_ended() {
            // The lock came while it started.
            worker.terminate();
            return Err(no_worker());
        }
        self.listen(&worker);
        self.0.worker.replace(Some(worker.clone()));
        Ok(worker)
    }

    /// The two listeners live as long as the page.
    fn listen(&self, worker: &Worker) {
        let line = Rc::clone(&self.0);
        let on_message =
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| line.hear(&event.data()));
        worker.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
        let line = Rc::clone(&self.0);
        // A worker that fell over takes its keys with it: every call ends, the next one starts another worker.
        let on_error = Closure::<dyn Fn(JsValue)>::new(move |_| line.hang_up());
        worker.set_onerror(Some(on_error.into_js_value().unchecked_ref()));
    }
}

impl Line {
    fn hear(&self, data: &JsValue) {
        let text = Reflect::get(data, &JsValue::from_str("text"))
            .ok()
            .and_then(|text| text.as_string());
        let Some(said) = text.and_then(|text| serde_json::from_str::<FromWorker>(&text).ok()) else {
            return;
        };
        match said.event {
            Event::Progress(progress) => {
                if let Some(waiting) = self.waiting.borrow().get(&said.id) {
                    (waiting.progress)(progress);
                }
            }
            Event::Done(result) => {
                let blob = Reflect::get(data, &JsValue::from_str("blob"))
                    .ok()
                    .and_then(|b| b.dyn_into().ok());
                let waiting = self.waiting.borrow_mut().remove(&said.id);
                if let Some(waiting) = waiting {
                    // Nobody waits any more: the page moved on.
                    let _ = waiting.done.send(result.map(|answer| (answer, blob)));
                }
            }
        }
    }

    fn hang_up(&self) {
        if let Some(worker) = self.worker.take() {
            worker.terminate();
        }
        let waiting: Vec<Waiting> = self
            .waiting
            .borrow_mut()
            .drain()
            .map(|(_, waiting)| waiting)
            .collect();
        for waiting in waiting {
            let _ = waiting.done.send(Err(no_worker()));
        }
    }
}

fn set(object: &Object, key: &str, value: &JsValue) -> Result<(), Failure> {
    Reflect::set(object, &JsValue::from_str(key), value)
        .map(|_| ())
        .map_err(|_| no_worker())
}

fn no_worker() -> Failure {
    Failure::code("worker")
}

/// How long a worker may take to end the session at the server before it is terminated.
const LOCK_MILLISECONDS: i32 = 2_000;
