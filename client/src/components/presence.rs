//! What is said while a safe is gone on with, while nobody answers, and before it locks by itself.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::platform::{format, page};
use crate::state::app;
use crate::t;
use crate::text;

/// Neither door nor safe yet: nothing for a moment, then a calm line; after a while what is going on.
#[component]
pub fn Resuming() -> impl IntoView {
    let shown = RwSignal::new(0_u8);
    for (milliseconds, step) in [(300, 1), (SLOW, 2)] {
        page::later(milliseconds, move || {
            // The screen may be over.
            let _ = shown.try_set(step);
        });
    }
    view! {
        <main id="content" class="resuming" data-testid="resuming" aria-busy="true">
            <div role="status">
                {move || (shown.get() > 0).then(|| view! {
                    <h1 class="resuming-line">{t!(presence.opening)}</h1>
                    <p class="muted">{move || (shown.get() > 1).then(t!(presence.slow))}</p>
                })}
            </div>
        </main>
    }
}

/// Nobody answers: since when the list is as it is, and what works.
#[component]
pub fn OfflineBand() -> impl IntoView {
    let app = app();
    let said = move || {
        app.presence.offline.get().map(|offline| {
            let lang = app.lang.get();
            let since = offline.when.map_or_else(
                || text::presence::offline_unknown(lang).to_owned(),
                |when| {
                    let (hour, minute) = format::clock(when);
                    let time = text::presence::time(lang, &hour, &minute);
                    text::presence::offline(lang, &format::day(when, lang), &time)
                },
            );
            let act = if offline.resting {
                text::presence::read_only(lang)
            } else {
                text::presence::retrying(lang)
            };
            view! {
                <div class="band" data-testid="offline">
                    <Svg icon=Icon::Triangle/>
                    <div class="grow">
                        <p class="name">{since}</p>
                        <p class="small">{act}</p>
                    </div>
                    <button class="btn" type="button" data-testid="offline-retry" on:click=move |_| app.refresh()>
                        {t!(presence.retry)}
                    </button>
                </div>
            }
        })
    };
    view! { <div class="offline" role="status">{said}</div> }
}

/// Nobody did anything: one minute to say that somebody is there.
#[component]
pub fn LeavingNotice() -> impl IntoView {
    let app = app();
    view! {
        <div class="toasts" role="status">
            {move || app.presence.leaving.get().then(|| view! {
                <div class="toast" data-testid="leaving">
                    <p>{t!(presence.leaving)}</p>
                    <button class="btn" type="button" data-testid="leaving-stay" on:click=move |_| app.stay()>
                        {t!(presence.stay)}
                    </button>
                </div>
            })}
        </div>
    }
}

/// Milliseconds after which a person is told that it is the network.
const SLOW: i32 = 3_000;
