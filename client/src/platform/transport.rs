//! Requests by `fetch`, from the worker: no redirect, no cookie, no cache, no referrer, never more bytes read than the
//! request allows and never more time spent. May not look into what it carries (`spec/wire.md`).

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use js_sys::{Array, Reflect, Uint8Array};
use sdk::error::TransportError;
use sdk::flows::{Request, Response, Transport};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache, RequestCredentials,
    RequestInit, RequestMode, RequestRedirect, WorkerGlobalScope,
};

/// Sends to the origin that served the page, and to nothing else.
pub struct Fetch;

#[async_trait(?Send)]
impl Transport for Fetch {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        // Dropped with this future: a request nobody waits for is ended.
        let deadline = Deadline::begin(milliseconds_for(&request))?;
        let init = init_of(&request, &deadline.abort)?;
        let answer = JsFuture::from(scope().fetch_with_str_and_init(&request.path, &init))
            .await
            .map_err(offline)?;
        let answer: web_sys::Response = answer.dyn_into().map_err(offline)?;
        let headers = headers_of(&answer.headers());
        let body = read_bounded(&answer, request.max_answer).await?;
        Ok(Response {
            status: answer.status(),
            headers,
            body,
        })
    }

    fn origin(&self) -> Option<String> {
        Some(scope().location().origin())
    }
}

/// Ends its request when the time is up, and when it is dropped. An ended `fetch` or read fails, so a server that
/// accepts and then says nothing is no different from one that cannot be reached.
struct Deadline {
    abort: AbortController,
    timer: i32,
    _expire: Closure<dyn Fn()>,
}

impl Deadline {
    fn begin(milliseconds: i32) -> Result<Self, TransportError> {
        let abort = AbortController::new().map_err(offline)?;
        let expired = abort.clone();
        let expire = Closure::<dyn Fn()>::new(move || expired.abort());
        let timer = scope()
            .set_timeout_with_callback_and_timeout_and_arguments_0(
                expire.as_ref().unchecked_ref(),
                milliseconds,
            )
            .map_err(offline)?;
        Ok(Self {
            abort,
            timer,
            _expire: expire,
        })
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        scope().clear_timeout_with_handle(self.timer);
        self.abort.abort();
    }
}

/// For the whole request, the answer's last byte included: a server that trickles must end too.
fn milliseconds_for(request: &Request) -> i32 {
    if request.body.len() as u64 >= LARGE || request.max_answer >= LARGE {
        LARGE_MILLISECONDS
    } else {
        SMALL_MILLISECONDS
    }
}

fn scope() -> WorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn init_of(request: &Request, abort: &AbortController) -> Result<RequestInit, TransportError> {
    let headers = Headers::new().map_err(offline)?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(offline)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_mode(RequestMode::SameOrigin);
    init.set_redirect(RequestRedirect::Error);
    init.set_credentials(RequestCredentials::Omit);
    init.set_cache(RequestCache::NoStore);
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    init.set_signal(Some(&abort.signal()));
    if !request.body.is_empty() {
        init.set_body(&Uint8Array::from(request.body.as_ref()));
    }
    Ok(init)
}

/// Reads piece by piece, so that a hostile length costs no memory.
async fn read_bounded(answer: &web_sys::Response, max: u64) -> Result<Bytes, TransportError> {
    let Some(stream) = answer.body() else {
        return Ok(Bytes::new());
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut read = BytesMut::new();
    loop {
        let step = JsFuture::from(reader.read()).await.map_err(offline)?;
        if Reflect::get(&step, &JsValue::from_str("done"))
            .map_err(offline)?
            .is_truthy()
        {
            return Ok(read.freeze());
        }
        let piece = Reflect::get(&step, &JsValue::from_str("value")).map_err(offline)?;
        let piece: Uint8Array = piece.dyn_into().map_err(offline)?;
        let start = read.len();
        let end = start + piece.length() as usize;
        if end as u64 > max {
            return Err(TransportError::TooLong);
        }
        read.resize(end, 0);
        if let Some(place) = read.get_mut(start..end) {
            piece.copy_to(place);
        }
    }
}

fn headers_of(headers: &Headers) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for pair in headers.entries().into_iter().flatten() {
        let pair: Array = pair.unchecked_into();
        if let (Some(name), Some(value)) = (pair.get(0).as_string(), pair.get(1).as_string()) {
            // `fetch` gives names in lower case already.
            found.push((name, value));
        }
    }
    found
}

/// A browser tells a page nothing more exact than "failed": no connection, a refused redirect, an ended request.
fn offline(_: JsValue) -> TransportError {
    TransportError::Offline
}

/// From here on a request is one that carries or fetches parts.
const LARGE: u64 = 512 * 1024;
/// A part of 1 MiB still arrives in this time at 70 kbit/s.
const LARGE_MILLISECONDS: i32 = 120_000;
const SMALL_MILLISECONDS: i32 = 60_000;
