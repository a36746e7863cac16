//! Settings: after how long without a gesture the safe locks, and what locking does.

use leptos::prelude::*;

use crate::presence::IDLE_CHOICES;
use crate::state::app;
use crate::t;
use crate::text;

/// The section.
#[component]
pub fn LockSection() -> impl IntoView {
    view! {
        <section class="set">
            <h2>{t!(presence.section)}</h2>
            <ul class="card set-rows">
                <li>
                    <div class="grow">
                        <span class="name" id="idle">{t!(presence.idle)}</span>
                        <span class="small muted">{t!(presence.idle_hint)}</span>
                    </div>
                    <div class="segment" role="radiogroup" aria-labelledby="idle">
                        {IDLE_CHOICES.map(|minutes| view! { <Choice minutes/> })}
                    </div>
                </li>
                <li>
                    <div class="grow">
                        <span class="name">{t!(presence.kept)}</span>
                        <span class="small muted">{t!(presence.kept_hint)}</span>
                    </div>
                </li>
            </ul>
        </section>
    }
}

#[component]
fn Choice(minutes: u32) -> impl IntoView {
    let app = app();
    let chosen = app.presence.minutes;
    view! {
        <label>
            <input
                type="radio"
                name="idle"
                data-testid=format!("idle-{minutes}")
                prop:checked=move || chosen.get() == minutes
                on:change=move |_| app.choose_idle(minutes)
            />
            {move || text::presence::minutes(app.lang.get(), &minutes.to_string())}
        </label>
    }
}
