//! Vos secrets: the recovery sheet (state, test, a new one) and the phrase. design.md, screen 13.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::step_up::{Question, StepUp};
use crate::components::icon::{Icon, Svg};
use crate::message::account::{AccountAnswer, AccountCall};
use crate::platform::format;
use crate::state::app;
use crate::t;
use crate::text;

/// What is being done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    NewSheet,
    NewPhrase,
}

/// The section.
#[component]
pub fn Secrets() -> impl IntoView {
    let app = app();
    let act = RwSignal::new(None::<Act>);
    let state = move || {
        let (lang, kit) = (app.lang.get(), app.kit.get());
        let confirmed = match kit.confirmed {
            Some(at) => text::secrets::confirmed(lang, &format::date(at, lang)),
            None => text::secrets::unconfirmed(lang).to_owned(),
        };
        let tested = match kit.tested {
            Some(at) => text::secrets::tested(lang, &format::date(at, lang)),
            None => text::secrets::untested(lang).to_owned(),
        };
        format!("{confirmed} {tested}")
    };
    view! {
        <section class="set" data-testid="settings-secrets">
            <h2>{t!(secrets.title)}</h2>
            <ul class="card set-rows">
                <li>
                    <div class="grow with-icon">
                        <Svg icon=Icon::LifeBuoy/>
                        <div>
                            <span class="name">{t!(secrets.sheet)}</span>
                            <span class="small muted" data-testid="secrets-sheet-state">{state}</span>
                        </div>
                    </div>
                    <div class="set-ctrl">
                        <a class="btn" href="/feuille/essayer" data-testid="secrets-test">{t!(secrets.test)}</a>
                        <button class="btn btn--quiet" type="button" data-testid="secrets-new-sheet" on:click=move |_| act.set(Some(Act::NewSheet))>
                            {t!(secrets.renew)}
                        </button>
                    </div>
                </li>
                <li>
                    <div class="grow with-icon">
                        <Svg icon=Icon::Key/>
                        <div>
                            <span class="name">{t!(common.phrase)}</span>
                            <span class="small muted">{t!(secrets.phrase_hint)}</span>
                        </div>
                    </div>
                    <div class="set-ctrl">
                        <button class="btn" type="button" data-testid="secrets-change-phrase" on:click=move |_| act.set(Some(Act::NewPhrase))>
                            {t!(secrets.change)}
                        </button>
                    </div>
                </li>
            </ul>
            {move || act.get().map(|doing| match doing {
                Act::NewSheet => view! { <RenewSheet act/> }.into_any(),
                Act::NewPhrase => view! { <ChangePhrase act/> }.into_any(),
            })}
        </section>
    }
}

#[component]
fn RenewSheet(act: RwSignal<Option<Act>>) -> impl IntoView {
    let app = app();
    let navigate = StoredValue::new_local(use_navigate());
    let question = Question {
        title: text::secrets::renew_title,
        meaning: text::secrets::renew_meaning,
        act: text::secrets::renew,
        is_danger: false,
    };
    let done = move |answer| {
        act.set(None);
        if let AccountAnswer::Sheet(made) = answer {
            app.kit.set(sdk::flows::kit::KitState::default());
            app.fresh_sheet.set(Some(made));
            navigate.with_value(|navigate| navigate("/feuille", NavigateOptions::default()));
        }
    };
    view! { <StepUp question call=|proof| AccountCall::NewSheet { proof } done close=move || act.set(None)/> }
}

/// Asks for the phrase at hand; the new one is chosen on a screen of its own.
#[component]
fn ChangePhrase(act: RwSignal<Option<Act>>) -> impl IntoView {
    let navigate = StoredValue::new_local(use_navigate());
    let question = Question {
        title: text::secrets::change_title,
        meaning: text::secrets::change_meaning,
        act: text::common::next,
        is_danger: false,
    };
    let done = move |_| {
        act.set(None);
        navigate.with_value(|navigate| navigate("/phrase", NavigateOptions::default()));
    };
    view! { <StepUp question call=|proof| AccountCall::Prove { proof } done close=move || act.set(None)/> }
}
