//! The door of the recovery sheet: twelve words open the safe at once, and a new phrase is offered at once. design.md,
//! screen 4b; protocol.md 5.4 N3.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::components::field::{FormError, on_submit};
use crate::components::site::Site;
use crate::components::words_field::{Secret, WordsField};
use crate::entry::Entry;
use crate::message::account::AccountCall;
use crate::message::{Call, Failure};
use crate::platform::page;
use crate::state::{App, app};
use crate::t;
use crate::text;
use crate::wording::failure_text;
use crate::words::{SHEET_WORDS, first_unknown, words_in};

/// What is typed at this door, and what came of it.
#[derive(Clone, Copy)]
struct Door {
    app: App,
    words: RwSignal<String>,
    busy: RwSignal<bool>,
    tried: RwSignal<bool>,
    failure: RwSignal<Option<Failure>>,
}

impl Door {
    fn open(self, navigate: impl Fn(&str, NavigateOptions) + 'static) {
        self.tried.set(true);
        let wrong = untrack(|| self.words.with(|words| words_error(self.app, words)));
        if self.busy.get_untracked() || wrong.is_some() {
            page::focus("words");
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        spawn_local(async move {
            let words = self.words.get_untracked();
            let result = self
                .app
                .ask(Call::Account(AccountCall::OpenWithWords { words }))
                .await;
            if self.busy.try_get_untracked().is_none() {
                // The person left this screen meanwhile: nothing stays open behind their back.
                self.app.lock();
                return;
            }
            let entered = match Entry::of(result, true) {
                Ok(entry) => self.app.enter(entry, "/phrase", navigate).await,
                Err(error) => Err(error),
            };
            // This screen is over where it opened.
            if let Err(error) = entered {
                self.busy.set(false);
                self.failure.set(Some(error));
                page::focus("words");
            }
        });
    }
}

/// Twelve words open; choosing a new phrase comes next.
#[component]
pub fn RecoverPage() -> impl IntoView {
    let app = app();
    let door = Door {
        app,
        // Typed at the other door, perhaps.
        words: RwSignal::new(app.doors.take()),
        busy: RwSignal::new(false),
        tried: RwSignal::new(false),
        failure: RwSignal::new(None),
    };
    let Door {
        words,
        busy,
        tried,
        failure,
        ..
    } = door;
    let navigate = use_navigate();
    let recover = Callback::new(move |()| {
        door.open(navigate.clone());
    });
    let error = Signal::derive(move || {
        tried
            .get()
            .then(|| words.with(|words| words_error(app, words)))
            .flatten()
    });
    let wrong = Signal::derive(move || {
        failure
            .get()
            .and_then(|failure| failure_text(&failure, app.lang.get()))
    });
    let (label, working) = (t!(recover.submit), t!(open.working));
    view! {
        <Site>
            <div class="form-narrow stack-5">
                <div class="stack-2">
                    <h1>{t!(recover.title)}</h1>
                    <p class="muted">{t!(recover.lead)}</p>
                </div>
                <FormError text=wrong/>
                <form class="card card-pad stack-5" on:submit=on_submit(move || recover.run(()))>
                    <WordsField
                        id="words" testid="recover-words" label=t!(recover.words) hint=words_hint(app)
                        error secret=Secret::Sheet value=words enter=recover
                    />
                    <button class="btn btn--primary btn--big wide" type="submit" data-testid="recover-submit" disabled=move || busy.get()>
                        {move || if busy.get() { working() } else { label() }}
                    </button>
                </form>
                <div class="doors btn-row--fill">
                    <A href="/ouvrir" attr:class="btn">{t!(recover.back)}</A>
                    <A href="/perdu" attr:class="btn btn--quiet" attr:data-testid="recover-lost">{t!(recover.lost)}</A>
                </div>
            </div>
        </Site>
    }
}

/// How words are typed.
#[must_use]
pub fn words_hint(app: App) -> Signal<String> {
    Signal::derive(move || text::recover::words_hint(app.lang.get()).to_owned())
}

/// Why a text cannot be the words of a sheet, in words: how many there are, or which one is none.
#[must_use]
pub fn words_error(app: App, words: &str) -> Option<String> {
    let lang = app.lang.get();
    let found = words_in(words).count();
    if found != SHEET_WORDS {
        return Some(text::recover::words_wrong(lang, found as u64));
    }
    let unknown = app.doors.list.with(|list| first_unknown(words, list));
    unknown.map(|(number, word)| text::words::unknown(lang, &number.to_string(), &word))
}
