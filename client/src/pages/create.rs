//! Créer: four numbered steps, one a screen, back always possible. design.md, screen 2; protocol.md 5.4 N1.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use crate::components::field::{Field, FormError, Kind, on_submit};
use crate::components::site::Site;
use crate::components::stepper::Stepper;
use crate::message::{Answer, Call, Failure, Sheet};
use crate::pages::phrase::PhraseStep;
use crate::pages::sheet::SheetStep;
use crate::platform::page;
use crate::state::{App, app, failure_text};
use crate::t;
use crate::text;

/// Everything that the four steps share.
#[derive(Clone, Copy)]
pub struct Draft {
    pub(crate) app: App,
    pub(crate) step: RwSignal<usize>,
    pub(crate) handle: RwSignal<String>,
    pub(crate) proposed: RwSignal<Vec<String>>,
    pub(crate) own: RwSignal<bool>,
    pub(crate) phrase: RwSignal<String>,
    pub(crate) repeat: RwSignal<String>,
    pub(crate) sheet: RwSignal<Option<Sheet>>,
    pub(crate) busy: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<Failure>>,
}

impl Draft {
    fn new(app: App) -> Self {
        Self {
            app,
            step: RwSignal::new(0),
            handle: RwSignal::new(String::new()),
            proposed: RwSignal::new(Vec::new()),
            own: RwSignal::new(false),
            phrase: RwSignal::new(String::new()),
            repeat: RwSignal::new(String::new()),
            sheet: RwSignal::new(None),
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    pub(crate) fn go(self, step: usize) {
        self.error.set(None);
        self.step.set(step);
        page::focus("content");
    }

    /// Asks for something this step cannot go on without.
    fn ask(self, call: Call, then: impl FnOnce(Answer) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let result = self.app.ask(call).await;
            if self.busy.try_get_untracked().is_none() {
                // The person left this screen meanwhile.
                return;
            }
            match result {
                Ok(answer) => then(answer),
                Err(failure) => self.error.set(Some(failure)),
            }
            self.busy.set(false);
        });
    }

    pub(crate) fn propose(self) {
        self.ask(Call::ProposePhrase, move |answer| {
            if let Answer::Phrase(words) = answer {
                self.proposed.set(words);
            }
        });
    }

    fn draw(self) {
        self.ask(
            Call::Draft {
                handle: self.handle.get_untracked(),
            },
            move |answer| {
                if let Answer::Sheet(sheet) = answer {
                    self.sheet.set(Some(sheet));
                    if self.proposed.get_untracked().is_empty() {
                        self.busy.set(false);
                        self.propose();
                    }
                    self.go(2);
                }
            },
        );
    }

    fn secret(self) -> String {
        if self.own.get_untracked() {
            self.phrase.get_untracked()
        } else {
            self.proposed.get_untracked().join(" ")
        }
    }

    pub(crate) fn create(self, done: impl FnOnce() + 'static) {
        self.ask(
            Call::Create {
                handle: self.handle.get_untracked(),
                phrase: self.secret(),
            },
            move |answer| {
                if let Answer::Opened(opened) = answer {
                    self.app.opened(opened);
                    done();
                }
            },
        );
    }
}

/// The four steps.
#[component]
pub fn CreatePage() -> impl IntoView {
    let draft = Draft::new(app());
    let lang = draft.app.lang;
    let error = Signal::derive(move || {
        draft
            .error
            .get()
            .and_then(|failure| failure_text(&failure, lang.get()))
    });
    let navigate = use_navigate();
    let finish = Callback::new(move |()| {
        let navigate = navigate.clone();
        draft.create(move || navigate("/coffre", leptos_router::NavigateOptions::default()));
    });
    view! {
        <Site>
            <div class="step-head" class:step-head--wide=move || draft.step.get() == 3>
                <Stepper at=draft.step/>
                <FormError text=error/>
            </div>
            {move || match draft.step.get() {
                0 => view! { <ServiceStep draft/> }.into_any(),
                1 => view! { <HandleStep draft/> }.into_any(),
                2 => view! { <PhraseStep draft/> }.into_any(),
                _ => view! { <SheetStep draft finish/> }.into_any(),
            }}
        </Site>
    }
}

#[component]
fn ServiceStep(draft: Draft) -> impl IntoView {
    view! {
        <div class="form-page stack-6">
            <div class="stack-2">
                <h1>{t!(create.service.title)}</h1>
                <p class="lead">{t!(create.service.lead)}</p>
            </div>
            <ul class="how">
                <li>{t!(create.service.sealed)}</li>
                <li>{t!(create.service.phrase)}</li>
                <li>{t!(create.service.sheet)}</li>
            </ul>
            <div class="form-foot">
                <button class="btn btn--primary btn--big" type="button" data-testid="create-start" on:click=move |_| draft.go(1)>
                    {t!(create.service.next)}
                </button>
            </div>
        </div>
    }
}

#[component]
fn HandleStep(draft: Draft) -> impl IntoView {
    let wrong = RwSignal::new(false);
    let lang = draft.app.lang;
    let error = Signal::derive(move || {
        wrong
            .get()
            .then(|| text::create::handle::wrong(lang.get()).to_owned())
    });
    let next = move || {
        let fits = is_handle(&draft.handle.get_untracked());
        wrong.set(!fits);
        if fits {
            draft.draw();
        } else {
            page::focus("handle");
        }
    };
    view! {
        <form class="form-page stack-6" on:submit=on_submit(next)>
            <div class="stack-2">
                <h1>{t!(create.handle.title)}</h1>
                <p class="lead">{t!(create.handle.lead)}</p>
            </div>
            <Field
                id="handle"
                testid="create-handle"
                label=t!(create.handle.label)
                hint=Signal::derive(move || text::create::handle::hint(lang.get()).to_owned())
                error
                kind=Kind::Text
                autocomplete="username"
                value=draft.handle
            />
            <div class="form-foot">
                <Back draft/>
                <button class="btn btn--primary btn--big" type="submit" data-testid="create-handle-next" disabled=move || draft.busy.get()>
                    {t!(common.next)}
                </button>
            </div>
        </form>
    }
}

/// One step back; nothing typed is lost.
#[component]
pub fn Back(
    /// The account in the making.
    draft: Draft,
) -> impl IntoView {
    view! {
        <button
            class="btn btn--quiet"
            type="button"
            data-testid="create-back"
            disabled=move || draft.busy.get()
            on:click=move |_| draft.go(draft.step.get_untracked().saturating_sub(1))
        >
            {t!(common.back)}
        </button>
    }
}

/// The form of a handle (protocol.md 5.1); capitals are lowered by the sdk.
fn is_handle(handle: &str) -> bool {
    let handle = handle.trim();
    (3..=64).contains(&handle.len())
        && handle
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
