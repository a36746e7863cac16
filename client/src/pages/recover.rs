//! The door of the recovery sheet: twelve words and a new phrase. design.md, screen 4b; protocol.md 5.4 N3.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::components::field::{Field, FormError, Kind, on_submit};
use crate::components::site::Site;
use crate::message::{Answer, Call, Failure};
use crate::pages::phrase::Meter;
use crate::platform::page;
use crate::state::{App, app, failure_text};
use crate::strength;
use crate::t;
use crate::text;

/// What is typed at this door, and what came of it.
#[derive(Clone, Copy)]
struct Door {
    app: App,
    words: RwSignal<String>,
    phrase: RwSignal<String>,
    repeat: RwSignal<String>,
    busy: RwSignal<bool>,
    tried: RwSignal<bool>,
    failure: RwSignal<Option<Failure>>,
}

impl Door {
    fn new(app: App) -> Self {
        Self {
            app,
            words: RwSignal::new(String::new()),
            phrase: RwSignal::new(String::new()),
            repeat: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
            tried: RwSignal::new(false),
            failure: RwSignal::new(None),
        }
    }

    fn is_counted(self) -> bool {
        self.words.with(|words| words.split_whitespace().count() == 12)
    }

    fn is_strong(self) -> bool {
        self.phrase
            .with(|phrase| strength::bits(phrase) >= strength::ENOUGH)
    }

    fn is_repeated(self) -> bool {
        self.phrase.get() == self.repeat.get()
    }

    fn open(self, then: impl FnOnce() + 'static) {
        self.tried.set(true);
        if self.busy.get_untracked() || !self.is_counted() || !self.is_strong() || !self.is_repeated() {
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        spawn_local(async move {
            let call = Call::Recover {
                words: self.words.get_untracked(),
                phrase: self.phrase.get_untracked(),
            };
            let result = self.app.ask(call).await;
            if self.busy.try_get_untracked().is_none() {
                // The person left this screen meanwhile: nothing stays open behind their back.
                self.app.lock();
                return;
            }
            self.busy.set(false);
            match result {
                Ok(Answer::Opened(opened)) => {
                    self.app.say(
                        text::recover::done(self.app.lang.get_untracked()).to_owned(),
                        None,
                    );
                    // Second: what a merge decided goes before.
                    self.app.opened(opened);
                    then();
                }
                Ok(_) => self.failure.set(Some(Failure::code("internal"))),
                Err(error) => {
                    self.failure.set(Some(error));
                    page::focus("words");
                }
            }
        });
    }
}

/// Twelve words open; the new phrase replaces the forgotten one at once.
#[component]
pub fn RecoverPage() -> impl IntoView {
    let app = app();
    let door = Door::new(app);
    let Door {
        words,
        phrase,
        repeat,
        busy,
        tried,
        failure,
        ..
    } = door;
    let navigate = use_navigate();
    let recover = move || {
        let navigate = navigate.clone();
        door.open(move || navigate("/coffre", NavigateOptions::default()));
    };
    let say = move |wrong: bool, words: fn(text::Locale) -> &'static str| {
        (tried.get() && wrong).then(|| words(app.lang.get()).to_owned())
    };
    let hint = move |words: fn(text::Locale) -> &'static str| {
        Signal::derive(move || words(app.lang.get()).to_owned())
    };
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
                <form class="card card-pad stack-5" on:submit=on_submit(recover)>
                    <Field
                        id="words" testid="recover-words" label=t!(recover.words) hint=hint(text::recover::words_hint)
                        error=Signal::derive(move || say(!door.is_counted(), text::recover::words_wrong))
                        kind=Kind::Secret autocomplete="off" mono=true value=words
                    />
                    <Field
                        id="new-phrase" testid="recover-phrase" label=t!(recover.phrase) hint=hint(text::create::phrase::own_hint)
                        error=Signal::derive(move || say(!door.is_strong(), text::create::phrase::weak))
                        kind=Kind::Secret autocomplete="new-password" value=phrase
                    />
                    <Meter phrase/>
                    <Field
                        id="new-repeat" testid="recover-repeat" label=t!(create.phrase.repeat)
                        error=Signal::derive(move || say(!door.is_repeated(), text::create::phrase::differ))
                        kind=Kind::Secret autocomplete="new-password" value=repeat
                    />
                    <button class="btn btn--primary btn--big wide" type="submit" data-testid="recover-submit" disabled=move || busy.get()>
                        {move || if busy.get() { working() } else { label() }}
                    </button>
                </form>
                <div class="doors">
                    <A href="/ouvrir" attr:class="btn btn--quiet">{t!(recover.back)}</A>
                </div>
            </div>
        </Site>
    }
}
