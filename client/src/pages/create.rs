//! Créer: four numbered steps, one a screen, back always possible, by the browser's own button too. design.md, screen 2;
//! protocol.md 5.4 N1.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::components::field::{Field, FormError, Kind, on_submit};
use crate::components::icon::{Icon, Svg};
use crate::components::site::Site;
use crate::components::stepper::{StepTitle, Stepper};
use crate::entry::Entry;
use crate::message::door::DoorCall;
use crate::message::{Answer, Call, Failure, Sheet};
use crate::pages::phrase::{Choice, PhraseChoice};
use crate::pages::service::ServiceFacts;
use crate::pages::sheet::SheetStep;
use crate::platform::page;
use crate::state::{App, app};
use crate::t;
use crate::text;
use crate::wording::failure_text;

/// Everything that the four steps share.
#[derive(Clone, Copy)]
pub struct Draft {
    pub(crate) app: App,
    /// The step of the address, as far as the steps before it were done.
    pub(crate) step: Memo<usize>,
    reached: RwSignal<usize>,
    to: Callback<usize>,
    pub(crate) handle: RwSignal<String>,
    pub(crate) choice: Choice,
    pub(crate) sheet: RwSignal<Option<Sheet>>,
    pub(crate) busy: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<Failure>>,
}

impl Draft {
    fn new(app: App) -> Self {
        let (query, navigate) = (use_query_map(), use_navigate());
        let reached = RwSignal::new(0);
        let step = Memo::new(move |_| {
            let asked = query.with(|query| query.get("etape").and_then(|step| step.parse::<usize>().ok()));
            asked.unwrap_or(1).saturating_sub(1).min(reached.get())
        });
        let to = Callback::new(move |step: usize| {
            navigate(&format!("/creer?etape={}", step + 1), NavigateOptions::default());
        });
        let handle = RwSignal::new(String::new());
        Self {
            app,
            step,
            reached,
            to,
            handle,
            choice: Choice::new(app, handle.into()),
            sheet: RwSignal::new(None),
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Shows a step.
    pub(crate) fn go(self, step: usize) {
        self.error.set(None);
        self.reached.update(|reached| *reached = (*reached).max(step));
        self.to.run(step);
    }

    /// Asks for what this step cannot go on without, one after the other; `then` takes the last answer.
    fn ask(self, calls: Vec<Call>, then: impl FnOnce(Answer) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let mut result = Ok(Answer::Done);
            for call in calls {
                result = self.app.ask(call).await;
                if result.is_err() {
                    break;
                }
            }
            if self.busy.try_get_untracked().is_none() {
                // The person left this screen meanwhile.
                return;
            }
            self.busy.set(false);
            match result {
                Ok(answer) => then(answer),
                Err(failure) => self.error.set(Some(failure)),
            }
        });
    }

    fn draw(self) {
        let handle = self.handle.get_untracked();
        self.ask(vec![Call::Draft { handle }], move |answer| {
            if let Answer::Sheet(sheet) = answer {
                self.sheet.set(Some(sheet));
                if self.choice.proposed.with_untracked(Vec::is_empty) {
                    self.choice.propose();
                }
                self.go(2);
            }
        });
    }

    /// Creates the safe; as confirmed where the sheet was shown.
    pub(crate) fn create(self, sheet_shown: bool, navigate: impl Fn(&str, NavigateOptions) + 'static) {
        let create = Call::Create {
            handle: self.handle.get_untracked(),
            phrase: self.choice.secret(),
        };
        let confirm = sheet_shown.then_some(Call::Door(DoorCall::ConfirmSheet));
        self.ask(confirm.into_iter().chain([create]).collect(), move |answer| {
            let Answer::Opened(opened) = answer else { return };
            let entry = Entry {
                opened,
                by_sheet: false,
            };
            self.busy.set(true);
            spawn_local(async move {
                // This screen is over where it opened.
                if let Err(failure) = self.app.enter(entry, "/coffre", navigate).await {
                    self.busy.set(false);
                    self.error.set(Some(failure));
                }
            });
        });
    }
}

/// The four steps.
#[component]
pub fn CreatePage() -> impl IntoView {
    let draft = Draft::new(app());
    let lang = draft.app.lang;
    let error = Signal::derive(move || {
        let failure = draft.error.get().or_else(|| draft.choice.error.get());
        failure.and_then(|failure| failure_text(&failure, lang.get()))
    });
    // Whoever goes on, or back by the browser's button, begins at the title of the step.
    Effect::new(move |before: Option<usize>| {
        let step = draft.step.get();
        if before.is_some_and(|before| before != step) {
            page::focus("step-title");
        }
        step
    });
    let navigate = use_navigate();
    let finish = Callback::new(move |sheet_shown: bool| {
        draft.create(sheet_shown, navigate.clone());
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
                2 => view! {
                    <div class="form-page">
                        <PhraseChoice choice=draft.choice step=Some(2) next=Callback::new(move |()| draft.go(3)) back=move || view! { <Back draft/> }/>
                    </div>
                }.into_any(),
                _ => view! { <SheetStep draft finish/> }.into_any(),
            }}
        </Site>
    }
}

/// Read before any key is made.
#[component]
fn ServiceStep(draft: Draft) -> impl IntoView {
    view! {
        <div class="form-page stack-6">
            <div class="stack-2">
                <StepTitle step=0 title=text::service::title/>
                <p class="lead">{t!(service.lead)}</p>
            </div>
            <ServiceFacts/>
            <div class="band band--hint">
                <Svg icon=Icon::Printer/>
                <p>{t!(service.ready)}</p>
            </div>
            <div class="form-foot">
                <A href="/" attr:class="btn btn--quiet">{t!(common.back)}</A>
                <button class="btn btn--primary btn--big" type="button" data-testid="create-start" on:click=move |_| draft.go(1)>
                    {t!(service.next)}
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
                <StepTitle step=1 title=text::create::handle::title/>
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
