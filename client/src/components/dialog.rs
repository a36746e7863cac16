//! A question over the page, in the browser's own modal dialog: focus stays in it, Escape closes it.

use std::sync::atomic::{AtomicU32, Ordering};

use leptos::html;
use leptos::prelude::*;

use crate::platform::screen;

/// Shown as soon as it is drawn; `on_close` takes it away again.
#[component]
pub fn Dialog(
    /// The question, for readers too.
    title: impl Fn() -> String + Send + Sync + 'static,
    /// The person left without an answer.
    on_close: impl Fn() + 'static,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    // What opened it gets the focus back, however it ends.
    screen::push_focus();
    on_cleanup(screen::pop_focus);
    // A question may open over another.
    let id = format!("dialog-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    Effect::new(move |_| {
        if let Some(dialog) = node.get() {
            // Fails only where it is open already.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby=id.clone() on:close=move |_| on_close()>
            <h2 id=id.clone()>{title}</h2>
            {children()}
        </dialog>
    }
}

/// Numbers the titles.
static NEXT: AtomicU32 = AtomicU32::new(0);
