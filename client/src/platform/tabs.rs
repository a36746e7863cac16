//! What the tabs of one browser tell each other, and what they keep together: that a safe is open, when somebody last
//! did something, after how long it locks. May hold no key and no name.

use std::cell::Cell;

use js_sys::Date;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Storage};

#[wasm_bindgen]
extern "C" {
    // Tabs of one origin hear each other; a browser without it throws, and each tab locks for itself.
    type BroadcastChannel;

    #[wasm_bindgen(constructor, catch)]
    fn new(name: &str) -> Result<BroadcastChannel, JsValue>;

    #[wasm_bindgen(method, catch, js_name = postMessage)]
    fn post_message(this: &BroadcastChannel, message: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, setter)]
    fn set_onmessage(this: &BroadcastChannel, heard: &JsValue);

    #[wasm_bindgen(method)]
    fn close(this: &BroadcastChannel);
}

/// Marks that a safe is open in this browser: the next page asks its worker to go on with it.
pub fn mark_open() {
    OPENED_HERE.set(Some(Date::now()));
    store(OPEN, "1");
}

/// A safe is open in some tab, as far as this one can tell; a browser that keeps nothing says no.
#[must_use]
pub fn is_marked_open() -> bool {
    stored(OPEN).is_some()
}

/// No safe is open any more.
pub fn unmark_open() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(OPEN);
    }
}

/// Somebody did something in this browser, now.
pub fn mark_active() {
    let now = Date::now();
    ACTIVE_HERE.set(Some(now));
    store(ACTIVE, &format!("{now:.0}"));
}

/// Milliseconds since somebody last did something in any tab, by the wall: the time that the machine slept counts.
/// In a browser that keeps nothing between pages, in this tab; `None` where nobody knows.
#[must_use]
pub fn idle_milliseconds() -> Option<f64> {
    let noted = stored(ACTIVE).and_then(|noted| noted.parse::<f64>().ok());
    let last = noted.or_else(|| ACTIVE_HERE.get())?;
    Some(Date::now() - last).filter(|idle| idle.is_finite())
}

/// Whether some tab has locked since this one opened; also one that this one could not hear.
#[must_use]
pub fn was_locked() -> bool {
    let noted = stored(LOCKED).and_then(|noted| noted.parse::<f64>().ok());
    noted.is_some_and(|locked| OPENED_HERE.get().is_some_and(|opened| locked > opened))
}

/// Minutes without a gesture after which the safe locks, as chosen here.
#[must_use]
pub fn idle_minutes() -> Option<u32> {
    stored(MINUTES)?.parse().ok()
}

/// Remembers the choice.
pub fn set_idle_minutes(minutes: u32) {
    store(MINUTES, &minutes.to_string());
}

/// Tells every other tab to lock.
pub fn say_lock() {
    OPENED_HERE.set(None);
    store(LOCKED, &format!("{:.0}", Date::now()));
    if let Ok(channel) = BroadcastChannel::new(CHANNEL) {
        let _ = channel.post_message(&JsValue::from_str(LOCK));
        channel.close();
    }
}

/// Calls `act` when another tab locks. Listens as long as the page lives.
pub fn on_lock(act: impl Fn() + 'static) {
    let Ok(channel) = BroadcastChannel::new(CHANNEL) else {
        return;
    };
    let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if event.data().as_string().as_deref() == Some(LOCK) {
            act();
        }
    });
    channel.set_onmessage(&heard.into_js_value());
    // Unreferenced, it could be collected with its listener.
    std::mem::forget(channel);
}

thread_local! {
    static ACTIVE_HERE: Cell<Option<f64>> = const { Cell::new(None) };
    static OPENED_HERE: Cell<Option<f64>> = const { Cell::new(None) };
}

fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

fn store(key: &str, value: &str) {
    // A private window may refuse: then nothing is shared, and a reload asks again.
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

const OPEN: &str = "civis.open";
const ACTIVE: &str = "civis.active";
const MINUTES: &str = "civis.idle";
const LOCKED: &str = "civis.locked";
const CHANNEL: &str = "civis";
const LOCK: &str = "lock";
