//! Asks for the secret phrase once more, before what cannot be taken back: in a dialog, with what the act means.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::dialog::Dialog;
use crate::components::field::{Field, FormError, Kind, on_submit};
use crate::message::account::{AccountAnswer, AccountCall, Proof};
use crate::message::{Answer, Call, Failure};
use crate::state::app;
use crate::t;
use crate::text::Locale;
use crate::wording::failure_text;

/// What is asked, and what it means.
#[derive(Clone, Copy)]
pub struct Question {
    /// Title of the dialog.
    pub title: fn(Locale) -> &'static str,
    /// What will be so afterwards.
    pub meaning: fn(Locale) -> &'static str,
    /// The button that does it.
    pub act: fn(Locale) -> &'static str,
    /// It destroys.
    pub is_danger: bool,
}

/// The dialog. `call` makes the call of what was typed; `done` hears what it brought.
#[component]
pub fn StepUp(
    /// What is asked.
    question: Question,
    /// With the proof.
    call: impl Fn(Proof) -> AccountCall + Copy + Send + Sync + 'static,
    /// It is done.
    done: impl Fn(AccountAnswer) + Copy + Send + Sync + 'static,
    /// The person left.
    close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let phrase = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    let submit = move || {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let proof = Proof::Phrase(phrase.get_untracked());
            let result = app.ask(Call::Account(call(proof))).await;
            // The person may have left meanwhile; the act is done all the same.
            let _ = phrase.try_set(String::new());
            let _ = busy.try_set(false);
            match result {
                Ok(Answer::Account(answer)) => done(answer),
                Ok(_) => _ = failure.try_set(Some(Failure::code("internal"))),
                Err(error) => _ = failure.try_set(Some(error)),
            }
        });
    };
    let said = Signal::derive(move || {
        failure
            .get()
            .and_then(|failure| failure_text(&failure, lang.get()))
    });
    let working = t!(open.working);
    view! {
        <Dialog title=move || (question.title)(lang.get()).to_owned() on_close=close>
            <p>{move || (question.meaning)(lang.get())}</p>
            <FormError text=said/>
            <form class="stack-4" on:submit=on_submit(submit)>
                <input class="vh" type="text" autocomplete="username" tabindex="-1" aria-hidden="true" prop:value=move || app.handle.get().unwrap_or_default()/>
                <Field
                    id="step-phrase" testid="step-phrase" label=t!(secrets.current)
                    kind=Kind::Secret autocomplete="current-password" value=phrase
                />
                <div class="btn-row">
                    <button class="btn" type="button" data-testid="step-cancel" on:click=move |_| close()>{t!(common.cancel)}</button>
                    <button
                        class="btn"
                        class:btn--primary=!question.is_danger
                        class:btn--danger=question.is_danger
                        type="submit"
                        data-testid="step-submit"
                        disabled=move || busy.get()
                    >
                        {move || if busy.get() { working() } else { (question.act)(lang.get()) }}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
