//! The four numbered steps of creating a safe.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::state::lang;
use crate::t;
use crate::text::{self, Locale};

/// Shows where the person is; `at` counts from nought.
#[component]
pub fn Stepper(
    /// The current step.
    #[prop(into)]
    at: Signal<usize>,
) -> impl IntoView {
    view! {
        <ol class="stepper" aria-label=t!(create.steps.label)>
            <Step number=0 at label=t!(create.steps.service)/>
            <Step number=1 at label=t!(create.steps.handle)/>
            <Step number=2 at label=t!(create.steps.phrase)/>
            <Step number=3 at label=t!(create.steps.sheet)/>
        </ol>
    }
}

/// The title of one step, which takes the focus when the step begins; readers hear which step it is.
#[component]
pub fn StepTitle(
    /// Counted from nought.
    step: usize,
    /// The title.
    title: fn(Locale) -> &'static str,
) -> impl IntoView {
    let lang = lang();
    let number = (step + 1).to_string();
    view! {
        <h1 id="step-title" tabindex="-1">
            <span class="vh">{move || text::create::steps::at(lang.get(), &number)}</span>
            {move || title(lang.get())}
        </h1>
    }
}

#[component]
fn Step(
    number: usize,
    at: Signal<usize>,
    label: impl Fn() -> &'static str + Send + Sync + 'static,
) -> impl IntoView {
    let done = move || at.get() > number;
    view! {
        <li class:done=done aria-current=move || (at.get() == number).then_some("step")>
            <span class="stepper-n">
                {move || if done() {
                    view! { <Svg icon=Icon::Check/> }.into_any()
                } else {
                    (number + 1).to_string().into_any()
                }}
            </span>
            <span class="stepper-label">
                {move || done().then(|| view! { <span class="vh">{t!(create.steps.done)}</span> })}
                {label}
            </span>
        </li>
    }
}
