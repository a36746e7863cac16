//! The worker's end of the line: hears calls, says progress and last words. May not look into messages beyond their form.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use crate::message::{Answer, CallId, Event, Failure, FromWorker, Progress, ToWorker};
use crate::platform::archive::Beside;

/// Calls `on_call` for each message of the page, for as long as the worker lives.
pub fn listen(on_call: impl Fn(ToWorker, Beside) + 'static) {
    let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let data = event.data();
        let text = Reflect::get(&data, &JsValue::from_str("text"))
            .ok()
            .and_then(|text| text.as_string());
        let beside = Reflect::get(&data, &JsValue::from_str("beside")).unwrap_or(JsValue::UNDEFINED);
        // The first message starts the program and is not for it; anything else of another form is ignored too.
        if let Some(call) = text.and_then(|text| serde_json::from_str::<ToWorker>(&text).ok()) {
            on_call(call, Beside::new(beside));
        }
    });
    scope().set_onmessage(Some(heard.into_js_value().unchecked_ref()));
}

/// Says how far a call is.
pub fn say_progress(id: CallId, progress: Progress) {
    say(
        &FromWorker {
            id,
            event: Event::Progress(progress),
        },
        None,
    );
}

/// Says the last word on a call, with a Blob beside it where there is one.
pub fn say_done(id: CallId, result: Result<(Answer, Option<Blob>), Failure>) {
    let (result, blob) = match result {
        Ok((answer, blob)) => (Ok(answer), blob),
        Err(failure) => (Err(failure), None),
    };
    say(
        &FromWorker {
            id,
            event: Event::Done(result),
        },
        blob,
    );
}

fn say(said: &FromWorker, blob: Option<Blob>) {
    let Ok(text) = serde_json::to_string(said) else {
        return;
    };
    let message = Object::new();
    // Setting a field of a fresh object and posting plain data do not fail.
    let _ = Reflect::set(&message, &JsValue::from_str("text"), &JsValue::from_str(&text));
    if let Some(blob) = blob {
        let _ = Reflect::set(&message, &JsValue::from_str("blob"), &blob);
    }
    let _ = scope().post_message(&message);
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
