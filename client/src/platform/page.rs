//! What the page asks of its window: language, theme, saving a file, printing, files that are dropped.
//! May keep nothing but the two choices of language and theme.

use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, Document, File, FileList, FocusOptions, HtmlAnchorElement, HtmlElement, HtmlInputElement,
    ScrollIntoViewOptions, ScrollLogicalPosition, Storage, Url, Window,
};

use crate::text::Locale;

/// How the page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The language chosen here before, or French. The browser's own language does not count: the service is French first.
#[must_use]
pub fn stored_locale() -> Locale {
    stored("civis.language")
        .and_then(|tag| Locale::of_tag(&tag))
        .unwrap_or_default()
}

/// Remembers the language and tells it to readers.
pub fn apply_locale(locale: Locale) {
    if locale != stored_locale() {
        store("civis.language", locale.tag());
    }
    if let Some(root) = document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute("lang", locale.tag());
    }
}

/// The theme chosen here before.
#[must_use]
pub fn stored_theme() -> Theme {
    match stored("civis.theme").as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// Remembers the theme and shows it.
pub fn apply_theme(theme: Theme) {
    if theme != stored_theme() {
        store("civis.theme", theme.name());
    }
    let Some(root) = document().and_then(|document| document.document_element()) else {
        return;
    };
    let _ = match theme {
        Theme::System => root.remove_attribute("data-theme"),
        chosen => root.set_attribute("data-theme", chosen.name()),
    };
}

/// Names the tab.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// The address a person sees, for the sheet and the door.
#[must_use]
pub fn host() -> String {
    window()
        .and_then(|window| window.location().host().ok())
        .unwrap_or_default()
}

/// The address of one drawing: `icons` or `art`, as index.html names the file, and the symbol in it.
#[must_use]
pub fn drawing(file: &str, symbol: &str) -> String {
    let meta = document().and_then(|document| {
        document
            .query_selector("meta[name=civis-drawings]")
            .ok()
            .flatten()
    });
    let path = meta
        .and_then(|meta| meta.get_attribute(&format!("data-{file}")))
        .unwrap_or_default();
    format!("{path}#{symbol}")
}

/// Opens the browser's print dialog.
pub fn print() {
    if let Some(window) = window() {
        // A browser without printing says so itself.
        let _ = window.print();
    }
}

/// Saves a Blob under a name. The address of the Blob lives until the browser has taken it.
pub fn save(blob: &Blob, name: &str) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else {
        return;
    };
    let anchor = document().and_then(|document| document.create_element("a").ok());
    if let Some(anchor) = anchor.and_then(|element| element.dyn_into::<HtmlAnchorElement>().ok()) {
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
    }
    let revoke = Closure::once_into_js(move || {
        let _ = Url::revoke_object_url(&url);
    });
    if let Some(window) = window() {
        let _ = window
            .set_timeout_with_callback_and_timeout_and_arguments_0(revoke.unchecked_ref(), REVOKE_AFTER);
    }
}

/// The files of a list.
#[must_use]
pub fn files(list: Option<FileList>) -> Vec<File> {
    let Some(list) = list else { return Vec::new() };
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

/// Takes the files out of a chooser and empties it, so that the same file can be chosen again.
#[must_use]
pub fn take_files(chooser: &HtmlInputElement) -> Vec<File> {
    let files = files(chooser.files());
    chooser.set_value("");
    files
}

/// Gives the focus to the element of this id, once the page has drawn it.
pub fn focus(id: &'static str) {
    let give = Closure::once_into_js(move || {
        let element = document().and_then(|document| document.get_element_by_id(id));
        if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            // The browser would scroll the top of a tall element under the edge.
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = element.focus_with_options(&options);
            element.scroll_into_view_with_scroll_into_view_options(&nearest());
        }
    });
    if let Some(window) = window() {
        let _ = window.set_timeout_with_callback(give.unchecked_ref());
    }
}

/// Runs `act` after a while.
pub fn later(milliseconds: i32, act: impl FnOnce() + 'static) {
    let act = Closure::once_into_js(act);
    if let Some(window) = window() {
        let _ =
            window.set_timeout_with_callback_and_timeout_and_arguments_0(act.unchecked_ref(), milliseconds);
    }
}

/// Scrolls only where an element is out of sight.
fn nearest() -> ScrollIntoViewOptions {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    options
}

/// What was remembered on this device under a key.
#[must_use]
pub fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Remembers a choice on this device. Never anything of a document.
pub fn store(key: &str, value: &str) {
    // A private window may refuse; the choice then lasts for this page.
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

fn storage() -> Option<Storage> {
    window()?.local_storage().ok().flatten()
}

fn document() -> Option<Document> {
    window()?.document()
}

fn window() -> Option<Window> {
    web_sys::window()
}

/// Milliseconds after which a saved Blob's address is given up.
const REVOKE_AFTER: i32 = 60_000;
