//! Choosing a new phrase: right after the sheet has opened the safe, where it is offered at once and refused by one button;
//! or from the settings, which ask for the phrase at hand first. protocol.md 5.4 N2 and N3; no document is touched.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::components::field::FormError;
use crate::components::frame::Frame;
use crate::message::account::{AccountAnswer, AccountCall, Proof};
use crate::message::{Answer, Call, Failure};
use crate::pages::phrase::{Choice, PhraseChoice};
use crate::state::app;
use crate::t;
use crate::text;
use crate::wording::failure_text;

/// Eight proposed words, or one's own.
#[component]
pub fn NewPhrasePage() -> impl IntoView {
    let app = app();
    let handle = Signal::derive(move || app.handle.get().unwrap_or_default());
    let choice = Choice::new(app, handle);
    choice.propose();
    // Where the person came from.
    let leave = if app.doors.by_sheet.get_untracked() {
        "/coffre"
    } else {
        "/reglages"
    };
    let navigate = use_navigate();
    let set = Callback::new(move |()| {
        let navigate = navigate.clone();
        choice.busy.set(true);
        choice.error.set(None);
        spawn_local(async move {
            let phrase = choice.secret();
            let proof = Proof::JustOpened;
            let call = Call::Account(AccountCall::SetPhrase { phrase, proof });
            let result = app.ask(call).await;
            if choice.busy.try_get_untracked().is_none() {
                return;
            }
            choice.busy.set(false);
            match result {
                Ok(Answer::Account(AccountAnswer::Done)) => {
                    app.doors.by_sheet.set(false);
                    app.say(text::new_phrase::done(app.lang.get_untracked()).to_owned(), None);
                    navigate(leave, NavigateOptions::default());
                }
                Ok(_) => choice.error.set(Some(Failure::code("internal"))),
                Err(failure) => choice.error.set(Some(failure)),
            }
        });
    });
    let error = Signal::derive(move || {
        let lang = app.lang.get();
        match choice.error.get()? {
            // A quarter of an hour is over since the safe was opened or the phrase given.
            Failure::Code { code } if code == "forbidden" => Some(text::new_phrase::stale(lang).to_owned()),
            failure => failure_text(&failure, lang),
        }
    });
    let later = move || {
        view! {
            <A href=leave attr:class="btn btn--quiet" attr:data-testid="new-phrase-later">{t!(new_phrase.later)}</A>
        }
    };
    view! {
        <Frame title=t!(new_phrase.title)>
            <div class="form-page form-page--start stack-5" data-testid="new-phrase">
                <p>{t!(new_phrase.lead)}</p>
                <FormError text=error/>
                <PhraseChoice choice step=None next=set back=later/>
            </div>
        </Frame>
    }
}
