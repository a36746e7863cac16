//! Whether somebody is there: gestures, the tab in sight, the network back, and time that passes. May decide nothing.

use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget, Window};

/// Calls `act` at each gesture in this tab; at once, so keep it short.
pub fn on_gesture(act: impl Fn() + 'static) {
    let Some(window) = window() else { return };
    let heard = Closure::<dyn Fn()>::new(act).into_js_value();
    for name in GESTURES {
        // A name that this browser does not know never fires.
        let _ = window.add_event_listener_with_callback_and_bool(name, heard.unchecked_ref(), true);
    }
}

/// Calls `act` when the tab comes in sight or gets the focus.
pub fn on_return(act: impl Fn() + 'static) {
    let (Some(window), Some(document)) = (window(), document()) else {
        return;
    };
    let heard = Closure::<dyn Fn()>::new(move || {
        if is_visible() {
            act();
        }
    });
    let heard = heard.into_js_value();
    listen(&window, "focus", &heard);
    listen(&window, "pageshow", &heard);
    listen(&document, "visibilitychange", &heard);
}

/// Calls `act` when the browser finds a network again.
pub fn on_online(act: impl Fn() + 'static) {
    if let Some(window) = window() {
        listen(&window, "online", &Closure::<dyn Fn()>::new(act).into_js_value());
    }
}

/// Calls `act` again and again, for as long as the page lives; less often where nobody looks.
pub fn every(milliseconds: i32, act: impl Fn() + 'static) {
    let act = Closure::<dyn Fn()>::new(act).into_js_value();
    if let Some(window) = window() {
        let _ =
            window.set_interval_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), milliseconds);
    }
}

/// Whether this tab is in sight.
#[must_use]
pub fn is_visible() -> bool {
    document().is_some_and(|document| !document.hidden())
}

fn listen(target: &EventTarget, name: &str, heard: &JsValue) {
    let _ = target.add_event_listener_with_callback(name, heard.unchecked_ref());
}

fn document() -> Option<Document> {
    window()?.document()
}

fn window() -> Option<Window> {
    web_sys::window()
}

const GESTURES: [&str; 6] = [
    "pointerdown",
    "pointermove",
    "keydown",
    "wheel",
    "touchstart",
    "scroll",
];
