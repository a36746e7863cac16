//! What the sdk runs on inside the worker: clock, randomness, and both joined with transport and store.
//! Randomness is the browser's own generator or an error, never anything else (checklist 54).

use std::rc::Rc;

use async_trait::async_trait;
use js_sys::Reflect;
use sdk::flows::{Clock, Device};
use sdk::{Random, RandomError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::WorkerGlobalScope;

use crate::platform::store::IndexedDb;
use crate::platform::transport::Fetch;

/// The device of this worker.
#[must_use]
pub fn browser_device() -> Rc<Device> {
    Device::new(
        Rc::new(Fetch),
        Rc::new(BrowserClock),
        Box::new(Browser),
        Rc::new(IndexedDb::default()),
    )
}

/// The clock of this browser.
pub struct BrowserClock;

#[async_trait(?Send)]
impl Clock for BrowserClock {
    fn now(&self) -> u64 {
        (js_sys::Date::now() / 1000.0) as u64
    }

    async fn sleep(&self, milliseconds: u32) {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let wait = js_sys::Promise::new(&mut |resolve, _| {
            let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
            // Without a timer the wait is over at once; nothing rests on its length.
            if scope
                .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, milliseconds)
                .is_err()
            {
                let _ = resolve.call0(&JsValue::NULL);
            }
        });
        let _ = JsFuture::from(wait).await;
    }
}

/// The generator of this browser.
pub struct Browser;

impl Random for Browser {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}

/// What this device is called among the account's others: its kind and the browser's name, as `computer firefox`.
#[must_use]
pub fn own_name() -> String {
    let navigator = Reflect::get(&js_sys::global(), &JsValue::from_str("navigator")).unwrap_or_default();
    let agent = Reflect::get(&navigator, &JsValue::from_str("userAgent")).ok();
    let agent = agent.and_then(|agent| agent.as_string()).unwrap_or_default();
    let first_of = |names: &[(&str, &'static str)]| {
        let mut found = names.iter().filter(|(sign, _)| agent.contains(sign));
        found.next().map_or("", |(_, name)| *name)
    };
    let kind = match first_of(KINDS) {
        "" => "computer",
        kind => kind,
    };
    format!("{kind} {}", first_of(BROWSERS)).trim_end().to_owned()
}

/// In the order in which they are looked for: who claims to be several is the first.
const KINDS: &[(&str, &str)] = &[("iPad", "tablet"), ("Mobi", "phone"), ("Android", "tablet")];
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "edge"),
    ("OPR/", "opera"),
    ("Firefox/", "firefox"),
    ("FxiOS/", "firefox"),
    ("CriOS/", "chrome"),
    ("Chrome/", "chrome"),
    ("Safari/", "safari"),
];
