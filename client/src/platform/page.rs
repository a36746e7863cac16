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
    /// The value of `data-theme`; empty where the system decides.
    #[must_use]
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light | Self::Dark => self.name(),
        }
    }

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
    format!("{}#{symbol}", meta("civis-drawings", &format!("data-{file}")))
}

/// What index.html says in an attribute of one of its own notes.
#[must_use]
pub fn meta(name: &str, attribute: &str) -> String {
    let found = document().and_then(|document| {
        document
            .query_selector(&format!("meta[name={name}]"))
            .ok()
            .flatten()
    });
    found
        .and_then(|meta| meta.get_attribute(attribute))
        .unwrap_or_default()
}

/// Writes to the browser's console what should never happen.
pub fn complain(what: &str) {
    leptos::logging::error!("{what}");
}

/// A few random bytes, for what is no secret: which words are asked for. All nought where the browser has none.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes,
        Err(_) => [0; N],
    }
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

/// The path of a file inside the folder that was chosen, that folder's own name first.
#[must_use]
pub fn path_in_folder(file: &File) -> String {
    let path = js_sys::Reflect::get(file, &JsValue::from_str("webkitRelativePath"));
    let path = path.ok().and_then(|path| path.as_string());
    path.filter(|path| !path.is_empty())
        .unwrap_or_else(|| file.name())
}

/// Today as `2026-03-12`, in the local time zone.
#[must_use]
pub fn today() -> String {
    let date = js_sys::Date::new_0();
    let (year, month, day) = (date.get_full_year(), date.get_month() + 1, date.get_date());
    format!("{year}-{month:02}-{day:02}")
}

/// Whether the page stands at this path.
#[must_use]
pub fn is_at(path: &str) -> bool {
    let here = window().and_then(|window| window.location().pathname().ok());
    here.is_some_and(|here| here == path)
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
pub(super) fn nearest() -> ScrollIntoViewOptions {
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
