//! Changes of the ways in, over every screen of the safe until the person has read them (checklist 47).

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::notice::WayChange;

use crate::components::icon::{Icon, Svg};
use crate::message::account::{AccountAnswer, AccountCall};
use crate::message::{Answer, Call};
use crate::platform::format;
use crate::state::app;
use crate::t;
use crate::text::{self, Locale};

/// The band; nothing where there is nothing to say.
#[component]
pub fn Changes() -> impl IntoView {
    let app = app();
    let read = move || {
        spawn_local(async move {
            match app.ask(Call::Account(AccountCall::AcknowledgeChanges)).await {
                Ok(Answer::Account(AccountAnswer::Changes(left))) => app.changes.set(left),
                Ok(_) => {}
                Err(failure) => app.say_failure(&failure),
            }
        });
    };
    let lines = move || {
        let lang = app.lang.get();
        app.changes.with(|changes| {
            changes
                .iter()
                .map(|change| sentence(change, lang))
                .collect::<Vec<_>>()
        })
    };
    let any = Memo::new(move |_| app.changes.with(|changes| !changes.is_empty()));
    view! {
        {move || any.get().then(|| view! {
            <div class="band" role="status" data-testid="way-changes">
                <Svg icon=Icon::Triangle/>
                <div class="stack-2">
                    {move || lines().into_iter().map(|line| view! { <p data-testid="way-change">{line}</p> }).collect_view()}
                    <p>{t!(changes.advice)}</p>
                    <button class="btn" type="button" data-testid="way-changes-read" on:click=move |_| read()>{t!(changes.read)}</button>
                </div>
            </div>
        })}
    }
}

fn sentence(change: &WayChange, lang: Locale) -> String {
    let date = change.at.map(|at| format::date(at, lang));
    match (change.sheet, change.by_words, date) {
        (false, Some(true), Some(date)) => text::changes::phrase_by_words(lang, &date),
        (false, _, Some(date)) => text::changes::phrase(lang, &date),
        (true, _, Some(date)) => text::changes::sheet(lang, &date),
        (false, _, None) => text::changes::phrase_seen(lang).to_owned(),
        (true, _, None) => text::changes::sheet_seen(lang).to_owned(),
    }
}
