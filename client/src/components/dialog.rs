//! A question over the page, in the browser's own modal dialog: focus stays in it, Escape closes it.

use leptos::html;
use leptos::prelude::*;

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
    Effect::new(move |_| {
        if let Some(dialog) = node.get() {
            // Fails only where it is open already.
            let _ = dialog.show_modal();
        }
    });
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby="dialog-title" on:close=move |_| on_close()>
            <h2 id="dialog-title">{title}</h2>
            {children()}
        </dialog>
    }
}
