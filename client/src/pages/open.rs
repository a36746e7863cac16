//! Ouvrir: handle, phrase, one button, and the door of the recovery sheet. design.md, screen 4.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::components::field::{Field, FormError, Kind, on_submit};
use crate::components::icon::{Icon, Svg};
use crate::components::site::Site;
use crate::message::{Answer, Call, Failure};
use crate::platform::page;
use crate::state::{App, app, failure_text};
use crate::t;
use crate::text;

/// What is typed at this door, and what came of it.
#[derive(Clone, Copy)]
struct Door {
    app: App,
    handle: RwSignal<String>,
    phrase: RwSignal<String>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<Failure>>,
}

impl Door {
    fn open(self, then: impl FnOnce() + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.failure.set(None);
        spawn_local(async move {
            let call = Call::Open {
                handle: self.handle.get_untracked(),
                phrase: self.phrase.get_untracked(),
            };
            let result = self.app.ask(call).await;
            if self.busy.try_get_untracked().is_none() {
                // The person left this screen meanwhile: nothing stays open behind their back.
                self.app.lock();
                return;
            }
            // Right or wrong, the phrase does not stay in the page.
            self.phrase.set(String::new());
            self.busy.set(false);
            match result {
                Ok(Answer::Opened(opened)) => {
                    self.app.opened(opened);
                    then();
                }
                Ok(_) => self.failure.set(Some(Failure::code("internal"))),
                Err(error) => {
                    self.failure.set(Some(error));
                    page::focus("phrase");
                }
            }
        });
    }
}

/// The door.
#[component]
pub fn OpenPage() -> impl IntoView {
    let app = app();
    let (handle, phrase) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(app.locked_by.get_untracked());
    let door = Door {
        app,
        handle,
        phrase,
        busy,
        failure,
    };
    let navigate = use_navigate();
    let open = move || {
        let navigate = navigate.clone();
        door.open(move || navigate("/coffre", NavigateOptions::default()));
    };
    let wrong = Signal::derive(move || {
        failure
            .get()
            .and_then(|failure| failure_text(&failure, app.lang.get()))
    });
    let (label, working) = (t!(open.submit), t!(open.working));
    view! {
        <Site>
            <div class="form-narrow stack-5">
                <div class="stack-2">
                    <h1>{t!(open.title)}</h1>
                    <p class="muted">{move || text::open::where_you_are(app.lang.get(), &page::host())}</p>
                </div>
                <FormError text=wrong/>
                <form class="card card-pad stack-5" on:submit=on_submit(open)>
                    <Field id="handle" testid="open-handle" label=t!(common.handle) kind=Kind::Text autocomplete="username" value=handle/>
                    <Field id="phrase" testid="open-phrase" label=t!(common.phrase) kind=Kind::Secret autocomplete="current-password" value=phrase/>
                    {move || looks_like_sheet(&phrase.get()).then(|| view! {
                        <div class="band band--hint">
                            <Svg icon=Icon::LifeBuoy/>
                            <p>{t!(open.twelve_words)}</p>
                        </div>
                    })}
                    <button class="btn btn--primary btn--big wide" type="submit" data-testid="open-submit" disabled=move || busy.get()>
                        {move || if busy.get() { working() } else { label() }}
                    </button>
                </form>
                <div class="doors btn-row--fill">
                    <A href="/secours" attr:class="btn" attr:data-testid="open-sheet">
                        <Svg icon=Icon::LifeBuoy/>
                        {t!(open.sheet)}
                    </A>
                    <A href="/creer" attr:class="btn btn--quiet" attr:data-testid="open-create">{t!(open.create)}</A>
                </div>
            </div>
        </Site>
    }
}

/// Twelve words were typed at the wrong door.
fn looks_like_sheet(phrase: &str) -> bool {
    phrase.split_whitespace().count() == 12
}
