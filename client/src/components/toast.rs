//! The short message at the bottom, with a way back where there is one.

use leptos::prelude::*;

use crate::message::Call;
use crate::state::app;
use crate::t;

/// The message, while there is one.
#[component]
pub fn ToastArea() -> impl IntoView {
    let app = app();
    view! {
        <div class="toasts" role="status">
            {move || app.toast.get().map(|toast| view! {
                <div class="toast" data-testid="toast">
                    <p>{toast.text}</p>
                    {toast.undo.map(|object| view! {
                        <button
                            class="btn"
                            type="button"
                            data-testid="toast-undo"
                            on:click=move |_| {
                                app.toast.set(None);
                                app.change(Call::Restore { object: object.clone() }, |_| None);
                            }
                        >
                            {t!(common.undo)}
                        </button>
                    })}
                </div>
            })}
        </div>
    }
}
