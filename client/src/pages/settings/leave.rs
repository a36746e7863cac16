//! Quitter Civis: closing the safe, in three clicks, with what is erased and when. design.md, screen 13.

use leptos::prelude::*;

use super::step_up::{Question, StepUp};
use crate::components::icon::{Icon, Svg};
use crate::message::Failure;
use crate::message::account::AccountCall;
use crate::state::app;
use crate::t;
use crate::text;

/// The section.
#[component]
pub fn Leave() -> impl IntoView {
    let app = app();
    let asking = RwSignal::new(false);
    let question = Question {
        title: text::leave::question,
        meaning: text::leave::meaning,
        act: text::leave::submit,
        is_danger: true,
    };
    let done = move |_| {
        // The keys end with the account; the door says what happened.
        app.lock();
        app.locked_by.set(Some(Failure::code("account_closed_by_you")));
    };
    view! {
        <section class="set" data-testid="settings-leave">
            <h2>{t!(leave.title)}</h2>
            <ul class="card set-rows">
                <li>
                    <div class="grow with-icon">
                        <Svg icon=Icon::Trash/>
                        <div>
                            <span class="name">{t!(leave.name)}</span>
                            <span class="small muted">{t!(leave.hint)}</span>
                        </div>
                    </div>
                    <div class="set-ctrl">
                        <button class="btn btn--danger-quiet" type="button" data-testid="leave-close" on:click=move |_| asking.set(true)>
                            {t!(leave.close)}
                        </button>
                    </div>
                </li>
            </ul>
            {move || asking.get().then(|| view! {
                <StepUp question call=|proof| AccountCall::Close { proof } done close=move || asking.set(false)/>
            })}
        </section>
    }
}
