//! The page's end of the line to the framed page `/viewer`: hands over bytes, hears how far it is. May not read content,
//! and takes nothing from the frame but numbers and known words: what is in there runs beside hostile documents.

use js_sys::{Array, ArrayBuffer, Function, JSON, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Element, MessageEvent, Window};

use crate::platform::page;

#[wasm_bindgen]
extern "C" {
    type MessageChannel;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<MessageChannel, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn port1(this: &MessageChannel) -> MessagePort;
    #[wasm_bindgen(method, getter)]
    fn port2(this: &MessageChannel) -> MessagePort;

    type MessagePort;
    #[wasm_bindgen(method, setter, js_name = onmessage)]
    fn set_onmessage(this: &MessagePort, heard: Option<&Function>);
    #[wasm_bindgen(method, catch, js_name = postMessage)]
    fn post(this: &MessagePort, message: &JsValue, transferred: &Array) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn close(this: &MessagePort);

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn digest(algorithm: &str, content: &ArrayBuffer) -> Result<Promise, JsValue>;
}

/// The content of a document in this page's memory.
pub type Bytes = ArrayBuffer;

/// What the framed page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It shows a document of so many pages, and lays out so many of them.
    Pages {
        /// In the document.
        pages: u32,
        /// That can be reached.
        shown: u32,
    },
    /// This page is being read.
    Page(u32),
    /// The zoom, in percent.
    Zoom(u32),
    /// It cannot show this one.
    Failed {
        /// Because it asks for a password.
        locked: bool,
    },
    /// A page of the document could not be drawn.
    Broken(u32),
}

/// The line to one frame. Nothing is heard any more once it is dropped.
pub struct Viewer {
    port: MessagePort,
    _heard: Closure<dyn Fn(MessageEvent)>,
}

/// What a document needs beside its bytes.
pub struct Sheet<'a> {
    /// `pdf`, `image` or `text`.
    pub show: &'a str,
    /// Type of an image.
    pub media: &'a str,
    /// Name, for readers.
    pub name: &'a str,
    /// `Page {page}`, in the reader's language.
    pub page_word: &'a str,
    /// BCP 47.
    pub lang: &'a str,
}

impl Viewer {
    /// Opens the line to a frame that has loaded.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub fn open(frame: &Element, on_said: impl Fn(Said) + 'static) -> Result<Self, JsValue> {
        let window: Window = Reflect::get(frame, &"contentWindow".into())?.unchecked_into();
        let channel = MessageChannel::new()?;
        let port = channel.port1();
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(said) = event.data().as_string().and_then(|text| read(&text)) {
                on_said(said);
            }
        });
        port.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        // An opaque origin has no name to send to; the frame checks who sends, and the policy which page it can be.
        window.post_message_with_transfer(&JsValue::NULL, "*", &Array::of1(&channel.port2()))?;
        Ok(Self { port, _heard: heard })
    }

    /// Hands a document over. The bytes leave this page's memory.
    ///
    /// # Errors
    /// Where the browser refuses.
    pub fn show(&self, sheet: &Sheet<'_>, bytes: &Bytes) -> Result<(), JsValue> {
        let message = Object::new();
        for (key, value) in [
            ("show", sheet.show),
            ("media", sheet.media),
            ("name", sheet.name),
            ("pageWord", sheet.page_word),
            ("lang", sheet.lang),
            ("theme", page::stored_theme().attribute()),
        ] {
            Reflect::set(&message, &key.into(), &value.into())?;
        }
        Reflect::set(&message, &"bytes".into(), bytes)?;
        self.port.post(&message, &Array::of1(bytes))
    }

    /// Larger (`1`) or smaller (`-1`).
    pub fn zoom(&self, step: i32) {
        self.tell("zoom", &step.into());
    }

    /// Goes to a page, counted from one.
    pub fn go_to(&self, page: u32) {
        self.tell("page", &page.into());
    }

    /// Follows the page's theme.
    pub fn dress(&self, theme: page::Theme) {
        self.tell("theme", &theme.attribute().into());
    }

    fn tell(&self, key: &str, value: &JsValue) {
        let message = Object::new();
        // Setting a field of a fresh object and posting plain data do not fail.
        let _ = Reflect::set(&message, &key.into(), value);
        let _ = self.port.post(&message, &Array::new());
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// The whole content, for [`Viewer::show`].
///
/// # Errors
/// Where there is no memory for it.
pub async fn bytes(blob: &Blob) -> Result<Bytes, JsValue> {
    JsFuture::from(blob.array_buffer())
        .await
        .map(JsCast::unchecked_into)
}

/// The beginning of it.
#[must_use]
pub fn head(bytes: &Bytes, len: u32) -> Vec<u8> {
    Uint8Array::new_with_byte_offset_and_length(bytes, 0, len.min(bytes.byte_length())).to_vec()
}

/// The policy that the frame must obey, whatever the server says of it: a browser that knows the attribute `csp` shows no
/// other program than the one whose hash index.html names.
#[must_use]
pub fn policy() -> String {
    let hash = |name: &str| page::meta("civis-viewer", name);
    format!(
        "default-src 'none'; script-src '{}' 'wasm-unsafe-eval'; style-src '{}'; img-src blob:; worker-src blob:",
        hash("data-script"),
        hash("data-sheet")
    )
}

fn read(text: &str) -> Option<Said> {
    let said = JSON::parse(text).ok()?;
    let number = |key: &str| {
        Reflect::get(&said, &key.into())
            .ok()?
            .as_f64()
            .map(|number| number as u32)
    };
    let word = |key: &str| Reflect::get(&said, &key.into()).ok()?.as_string();
    if let (Some(pages), Some(shown)) = (number("pages"), number("shown")) {
        return Some(Said::Pages { pages, shown });
    }
    if let Some(refused) = word("refused") {
        // Nothing of ours is ever refused: a story that meets this fails.
        page::complain(&format!("viewer: {refused}"));
        return None;
    }
    number("page")
        .map(Said::Page)
        .or_else(|| number("zoom").map(Said::Zoom))
        .or_else(|| number("broken").map(Said::Broken))
        .or_else(|| {
            word("failed").map(|why| Said::Failed {
                locked: why == "locked",
            })
        })
}

/// SHA-256 of a content, hexadecimal: what any other program says of the saved file. `None` where there is no memory for it.
pub async fn print_of(blob: &Blob) -> Option<String> {
    let content = bytes(blob).await.ok()?;
    let made: ArrayBuffer = JsFuture::from(digest("SHA-256", &content).ok()?)
        .await
        .ok()?
        .unchecked_into();
    let digits = Uint8Array::new(&made).to_vec();
    Some(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}
