//! The short message at the bottom, with a way back where there is one. It waits while the pointer or the focus is on
//! it, or for as long as the person holds it.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::state::{Toast, app};
use crate::t;

/// The message, while there is one.
#[component]
pub fn ToastArea() -> impl IntoView {
    let app = app();
    view! {
        <div class="toasts" role="status">
            {move || app.toast.get().map(|toast| view! { <Message toast/> })}
        </div>
    }
}

#[component]
fn Message(toast: Toast) -> impl IntoView {
    let app = app();
    let held = RwSignal::new(false);
    let pause = app.toast_paused;
    let release = move || {
        // The focus also leaves when the message itself goes, and its state with it.
        if held.try_get_untracked() == Some(false) {
            pause.set(false);
        }
    };
    on_cleanup(move || pause.set(false));
    let (hold, close) = (t!(toast.hold), t!(toast.close));
    view! {
        <div
            class="toast"
            data-testid="toast"
            on:mouseenter=move |_| pause.set(true)
            on:mouseleave=move |_| release()
            on:focusin=move |_| pause.set(true)
            on:focusout=move |_| release()
        >
            <p>{toast.text}</p>
            <div class="toast-buttons">
                {toast.undo.map(|calls| view! {
                    <button
                        class="btn"
                        type="button"
                        data-testid="toast-undo"
                        on:click=move |_| {
                            app.toast.set(None);
                            app.undo(calls.clone());
                        }
                    >
                        {t!(common.undo)}
                    </button>
                })}
                <button
                    class="btn btn--icon"
                    type="button"
                    data-testid="toast-hold"
                    aria-label=move || if held.get() { close() } else { hold() }
                    on:click=move |_| if held.get_untracked() { app.toast.set(None) } else { held.set(true) }
                >
                    <Svg icon=Signal::derive(move || if held.get() { Icon::X } else { Icon::Pause })/>
                </button>
            </div>
        </div>
    }
}
