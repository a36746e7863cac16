//! The door of the recovery sheet: twelve words open the safe at once, and a new phrase is offered at once. design.md,
//! screen 4b; protocol.md 5.4 N3.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::components::field::{FormError, on_submit};
use crate::components::restored::RestoredQuestion;
use crate::components::site::Site;
use crate::components::words_field::{Secret, WordsField};
use crate::entry::Knock;
use crate::message::account::AccountCall;
use crate::message::{Answer, Asked, Call, Failure};
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
    /// The safe came out of a backup: what is asked first.
    asked: RwSignal<Option<Asked>>,
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
            self.come_in(result, navigate).await;
        });
    }

    /// Into the safe, or what is asked before, or why neither.
    async fn come_in(self, result: Result<Answer, Failure>, navigate: impl Fn(&str, NavigateOptions)) {
        let entered = match Knock::of(result, true) {
            Ok(Knock::Open(entry)) => self.app.enter(entry, "/phrase", navigate).await,
            Ok(Knock::Ask(asked)) => {
                self.busy.set(false);
                self.asked.set(Some(*asked));
                return;
            }
            Err(error) => Err(error),
        };
        // This screen is over where it opened.
        if let Err(error) = entered {
            self.busy.set(false);
            self.asked.set(None);
            self.failure.set(Some(error));
            page::focus("words");
        }
    }

    /// Yes to the backup.
    fn agree(self, navigate: impl Fn(&str, NavigateOptions) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let result = self.app.ask(Call::Agree).await;
            if self.busy.try_get_untracked().is_none() {
                self.app.lock();
                return;
            }
            self.come_in(result, navigate).await;
        });
    }

    /// Not now: nothing stays open behind the door.
    fn leave(self) {
        self.app.lock();
        self.asked.set(None);
        page::focus("words");
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
        asked: RwSignal::new(None),
    };
    let Door {
        words,
        busy,
        tried,
        failure,
        asked,
        ..
    } = door;
    let navigate = use_navigate();
    let after_yes = navigate.clone();
    let agree = Callback::new(move |()| door.agree(after_yes.clone()));
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
            {move || asked.get().map(|asked| view! {
                <div class="form-narrow">
                    <RestoredQuestion asked agree leave=Callback::new(move |()| door.leave()) busy=door.busy/>
                </div>
            })}
            <div class="form-narrow stack-5" hidden=move || asked.with(Option::is_some)>
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
