//! A new recovery sheet for an open safe, right after it was made: printed, then three of its words. Its words are shown this
//! once. design.md, screen 3; protocol.md 5.5.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_navigate;

use crate::components::field::FormError;
use crate::components::frame::Frame;
use crate::message::account::{AccountAnswer, AccountCall};
use crate::message::{Answer, Call, Failure, Sheet};
use crate::pages::paper::{PaperSheet, PrintSheet};
use crate::pages::retype::Retype;
use crate::state::app;
use crate::t;
use crate::text;
use crate::wording::failure_text;

/// The sheet that was just made; the settings where there is none.
#[component]
pub fn NewSheetPage() -> impl IntoView {
    // Taken: whoever leaves this screen has it on paper, or makes another.
    match app().fresh_sheet.try_update(Option::take).flatten() {
        Some(sheet) => view! { <Fresh sheet/> }.into_any(),
        None => view! { <Redirect path="/reglages"/> }.into_any(),
    }
}

#[component]
fn Fresh(sheet: Sheet) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let error = Signal::derive(move || {
        failure
            .get()
            .and_then(|failure| failure_text(&failure, lang.get()))
    });
    let navigate = use_navigate();
    let finish = Callback::new(move |shown: bool| {
        let navigate = navigate.clone();
        let leave = move || navigate("/reglages", NavigateOptions::default());
        if !shown {
            leave();
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let confirmed = app.ask(Call::Account(AccountCall::ConfirmKit)).await;
            // The person may have left meanwhile.
            let _ = busy.try_set(false);
            match confirmed {
                Ok(Answer::Account(AccountAnswer::Kit(kit))) => {
                    app.kit.set(kit);
                    app.say(text::new_sheet::done(lang.get_untracked()).to_owned(), None);
                    leave();
                }
                Ok(_) => drop(failure.try_set(Some(Failure::code("internal")))),
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    });
    let words = sheet.words.clone();
    view! {
        <Frame title=t!(new_sheet.title)>
            <FormError text=error/>
            <div class="split split--sheet" data-testid="new-sheet">
                <div class="stack-4 split-intro">
                    <p class="lead">{t!(new_sheet.lead)}</p>
                    <PrintSheet/>
                </div>
                <div class="stack-4 split-next">
                    <Retype words submit=t!(new_sheet.check) working=t!(new_sheet.working) busy finish/>
                </div>
                <PaperSheet sheet/>
            </div>
        </Frame>
    }
}
