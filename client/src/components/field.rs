//! A field of a form: label, hint, input, error, tied together for readers; show and hide for secrets.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::t;

/// What is typed, and how the browser may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text in the open.
    Text,
    /// A secret: hidden until asked.
    Secret,
}

/// One field.
#[component]
pub fn Field(
    /// Ties label, hint and error to the input.
    id: &'static str,
    /// For the browser stories.
    testid: &'static str,
    /// What is asked.
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    /// What helps to answer; empty for none.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Option<Signal<Option<String>>>,
    /// Text or secret.
    kind: Kind,
    /// The autofill hint of HTML.
    autocomplete: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// 66 characters are wanted, not 22.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    let shown = RwSignal::new(kind == Kind::Text);
    let wrong = move || error.and_then(|error| error.get());
    let described = move || {
        let hint = hint.map(|_| format!("{id}-hint"));
        let error = wrong().map(|_| format!("{id}-error"));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    view! {
        <div class="field" class:field--error=move || wrong().is_some()>
            <label for=id>{label}</label>
            {hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
            <div class="input-wrap" class:input-wrap--secret=(kind == Kind::Secret)>
                <input
                    class="input"
                    class:mono=mono
                    id=id
                    name=id
                    data-testid=testid
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    aria-describedby=described
                    aria-invalid=move || wrong().is_some().then_some("true")
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
                {(kind == Kind::Secret).then(|| view! { <ShowHide shown/> })}
            </div>
            {move || wrong().map(|text| view! {
                <p class="error" id=format!("{id}-error")><Svg icon=Icon::CircleAlert/>{text}</p>
            })}
        </div>
    }
}

/// The button that shows and hides a secret.
#[component]
pub fn ShowHide(
    /// Whether the secret is shown.
    shown: RwSignal<bool>,
) -> impl IntoView {
    let icon = Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye });
    let (show, hide) = (t!(common.show), t!(common.hide));
    view! {
        <button class="btn btn--quiet" type="button" on:click=move |_| shown.update(|shown| *shown = !*shown)>
            <Svg icon/>
            {move || if shown.get() { hide() } else { show() }}
        </button>
    }
}

/// What went wrong with a whole form, read out at once.
#[component]
pub fn FormError(
    /// The sentence, if any.
    #[prop(into)]
    text: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <div role="alert">
            {move || text.get().map(|text| view! {
                <div class="band band--danger" data-testid="form-error">
                    <Svg icon=Icon::CircleAlert/>
                    <p>{text}</p>
                </div>
            })}
        </div>
    }
}

/// A form that never leaves the page.
pub fn on_submit(act: impl Fn() + 'static) -> impl Fn(SubmitEvent) {
    move |event| {
        event.prevent_default();
        act();
    }
}
