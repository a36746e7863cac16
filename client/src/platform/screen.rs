//! Where things stand on the screen: scrolling, widths, focus. May decide nothing of what is shown.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::{Element, Event, FocusOptions, HtmlElement};

use super::page::nearest;

#[wasm_bindgen]
extern "C" {
    type MediaQuery;
    #[wasm_bindgen(js_name = matchMedia, catch)]
    fn match_media(query: &str) -> Result<MediaQuery, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn matches(this: &MediaQuery) -> bool;
}

/// Whether the window is so wide that the panel stands beside the list: `--w` of the style sheet, 1200 px.
#[must_use]
pub fn has_room_for_panel() -> bool {
    matches("(min-width: 75em)")
}

/// Whether the list is cards and the bar is at the bottom.
#[must_use]
pub fn is_phone() -> bool {
    !matches("(min-width: 45em)")
}

/// Whether the main pointer is a finger: a device that is likely to have a camera at hand.
#[must_use]
pub fn is_touched() -> bool {
    matches("(pointer: coarse)")
}

fn matches(query: &str) -> bool {
    match_media(query).is_ok_and(|list| list.matches())
}

/// How far the page is scrolled, and how high the window is, in CSS pixels.
#[must_use]
pub fn viewport() -> (f64, f64) {
    let Some(window) = web_sys::window() else {
        return (0.0, 0.0);
    };
    let height = window.inner_height().ok().and_then(|height| height.as_f64());
    (window.scroll_y().unwrap_or(0.0), height.unwrap_or(0.0))
}

/// Where an element begins on the page.
#[must_use]
pub fn top_of(element: &HtmlElement) -> f64 {
    let mut top = f64::from(element.offset_top());
    let mut above = element.offset_parent();
    while let Some(parent) = above.and_then(|parent| parent.dyn_into::<HtmlElement>().ok()) {
        top += f64::from(parent.offset_top());
        above = parent.offset_parent();
    }
    top
}

/// Scrolls the page to this height.
pub fn scroll_to(top: f64) {
    if let Some(window) = web_sys::window() {
        window.scroll_to_with_x_and_y(0.0, top);
    }
}

/// The height of each child that carries `attribute`, with the number in it.
#[must_use]
pub fn heights(parent: &Element, attribute: &str) -> Vec<(usize, f64)> {
    let children = parent.children();
    (0..children.length())
        .filter_map(|index| children.item(index)?.dyn_into::<HtmlElement>().ok())
        .filter_map(|child| {
            let number = child.get_attribute(attribute)?.parse().ok()?;
            Some((number, f64::from(child.offset_height())))
        })
        .collect()
}

/// Gives an element a height in CSS pixels: single properties are set from code, never by a `style` attribute.
pub fn set_height(element: &HtmlElement, pixels: f64) {
    let _ = element.style().set_property("height", &format!("{pixels}px"));
}

/// Gives the focus to the first element that fits, once the page has drawn it, and scrolls to it.
pub fn focus_on(selector: String) {
    give_focus(selector, false);
}

/// The same without scrolling.
pub fn focus_still(selector: String) {
    give_focus(selector, true);
}

/// The same where nothing has the focus.
pub fn focus_if_lost(selector: String) {
    super::page::later(0, move || {
        if is_focus_lost() {
            give_focus(selector, true);
        }
    });
}

fn give_focus(selector: String, still: bool) {
    super::page::later(0, move || {
        let found = web_sys::window()
            .and_then(|window| window.document())
            .and_then(|document| document.query_selector(&selector).ok().flatten());
        if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let options = FocusOptions::new();
            options.set_prevent_scroll(still);
            let _ = element.focus_with_options(&options);
        }
    });
}

/// Remembers what has the focus; [`pop_focus`] gives it back.
pub fn push_focus() {
    let active = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element())
        .and_then(|element| element.dyn_into().ok());
    FOCUSED.with_borrow_mut(|focused| focused.push(active));
}

/// Gives the focus back to what had it at the last [`push_focus`], unless something else took it meanwhile.
pub fn pop_focus() {
    let Some(Some(element)) = FOCUSED.with_borrow_mut(Vec::pop) else {
        return;
    };
    super::page::later(0, move || {
        if is_focus_lost() && element.is_connected() {
            let _ = element.focus();
        }
    });
}

thread_local! {
    static FOCUSED: RefCell<Vec<Option<HtmlElement>>> = const { RefCell::new(Vec::new()) };
}

/// Whether nothing has the focus: what had it is gone.
#[must_use]
pub fn is_focus_lost() -> bool {
    let active = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.active_element());
    active.is_none_or(|element| element.tag_name() == "BODY")
}

/// Whether the event happened inside an element that fits.
#[must_use]
pub fn is_within(event: &Event, selector: &str) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.closest(selector).ok().flatten().is_some())
}

/// Brings what got the focus by the keyboard wholly into sight: a browser leaves half of it beyond the edge, or under
/// what lies over the page. What a pointer is about to press stays where it is.
pub fn bring_into_sight(event: &Event) {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(target) = target
        && target.matches(":focus-visible").unwrap_or(false)
    {
        target.scroll_into_view_with_scroll_into_view_options(&nearest());
    }
}

/// The value of `attribute` on the nearest element around the event that has it.
#[must_use]
pub fn attribute_around(event: &Event, attribute: &str) -> Option<String> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let around = target.closest(&format!("[{attribute}]")).ok().flatten()?;
    around.get_attribute(attribute)
}
