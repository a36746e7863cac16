//! Ouvrir: handle, phrase, one button, and the door of the recovery sheet. design.md, screens 4 and 4b.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;

use crate::components::field::{Field, FormError, Kind, on_submit};
use crate::components::icon::{Icon, Svg};
use crate::components::restored::RestoredQuestion;
use crate::components::site::Site;
use crate::components::words_field::{Secret, WordsField};
use crate::entry::Knock;
use crate::message::{Answer, Asked, Call, Failure};
use crate::platform::page;
use crate::state::{App, app};
use crate::t;
use crate::text;
use crate::wording::failure_text;
use crate::words;

/// What is typed at this door, and what came of it.
#[derive(Clone, Copy)]
struct Door {
    app: App,
    handle: RwSignal<String>,
    phrase: RwSignal<String>,
    /// The person said that twelve words of the list are their phrase.
    mine: RwSignal<bool>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<Failure>>,
    /// The safe came out of a backup: what is asked first.
    asked: RwSignal<Option<Asked>>,
}

impl Door {
    fn new(app: App) -> Self {
        Self {
            app,
            handle: RwSignal::new(String::new()),
            phrase: RwSignal::new(String::new()),
            mine: RwSignal::new(false),
            busy: RwSignal::new(false),
            failure: RwSignal::new(app.locked_by.get_untracked()),
            asked: RwSignal::new(None),
        }
    }

    /// Twelve words of a sheet stand where the phrase belongs.
    fn is_wrong_door(self) -> bool {
        let is_sheet = |text: &String| {
            self.app
                .doors
                .list
                .with(|list| words::looks_like_sheet(text, list))
        };
        !self.mine.get() && self.phrase.with(is_sheet)
    }

    fn open(self, navigate: impl Fn(&str, NavigateOptions) + 'static) {
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
            self.mine.set(false);
            self.come_in(result, navigate).await;
        });
    }

    /// Into the safe, or what is asked before, or why neither.
    async fn come_in(self, result: Result<Answer, Failure>, navigate: impl Fn(&str, NavigateOptions)) {
        let entered = match Knock::of(result, false) {
            Ok(Knock::Open(entry)) => self.app.enter(entry, "/coffre", navigate).await,
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
            page::focus("phrase");
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
        page::focus("handle");
    }

    /// To the door of the sheet, with the words in memory: nothing was sent.
    fn carry(self) {
        self.app.doors.carry(self.phrase.get_untracked());
        self.phrase.set(String::new());
    }
}

/// The door.
#[component]
pub fn OpenPage() -> impl IntoView {
    let app = app();
    let door = Door::new(app);
    let Door {
        handle,
        phrase,
        failure,
        asked,
        ..
    } = door;
    let wrong_door = Memo::new(move |_| door.is_wrong_door());
    let (to_safe, to_sheet) = (use_navigate(), use_navigate());
    let after_yes = to_safe.clone();
    let agree = Callback::new(move |()| door.agree(after_yes.clone()));
    let go = Callback::new(move |()| {
        if wrong_door.get_untracked() {
            door.carry();
            to_sheet("/secours", NavigateOptions::default());
        } else {
            door.open(to_safe.clone());
        }
    });
    let wrong = Signal::derive(move || {
        failure
            .get()
            .and_then(|failure| failure_text(&failure, app.lang.get()))
    });
    view! {
        <Site>
            {move || asked.get().map(|asked| view! {
                <div class="form-narrow">
                    <RestoredQuestion asked agree leave=Callback::new(move |()| door.leave()) busy=door.busy/>
                </div>
            })}
            <div class="form-narrow stack-5" hidden=move || asked.with(Option::is_some)>
                <div class="stack-2">
                    <h1>{t!(open.title)}</h1>
                    <p class="muted">{move || text::open::where_you_are(app.lang.get(), &page::host())}</p>
                </div>
                <FormError text=wrong/>
                <form class="card card-pad stack-5" on:submit=on_submit(move || go.run(()))>
                    <Field id="handle" testid="open-handle" label=t!(common.handle) kind=Kind::Text autocomplete="username" value=handle/>
                    <WordsField id="phrase" testid="open-phrase" label=t!(common.phrase) secret=Secret::Phrase value=phrase/>
                    <div role="status">
                        {move || wrong_door.get().then(|| view! {
                            <div class="band band--hint" data-testid="open-wrong-door">
                                <Svg icon=Icon::Info/>
                                <p>{t!(open.twelve_words)}</p>
                            </div>
                        })}
                    </div>
                    <Ways door wrong_door/>
                </form>
                <div class="doors btn-row--fill" hidden=move || wrong_door.get()>
                    <A href="/secours" attr:class="btn" attr:data-testid="open-sheet">
                        <Svg icon=Icon::LifeBuoy/>
                        {t!(open.sheet)}
                    </A>
                    <A href="/creer" attr:class="btn btn--quiet" attr:data-testid="open-create">{t!(open.create)}</A>
                </div>
                <p hidden=move || wrong_door.get()>
                    <A href="/perdu" attr:class="btn btn--quiet btn--flush" attr:data-testid="open-lost">{t!(open.lost)}</A>
                </p>
            </div>
        </Site>
    }
}

/// One button; at the wrong door the right one, and two ways to stay.
#[component]
fn Ways(door: Door, wrong_door: Memo<bool>) -> impl IntoView {
    let Door {
        phrase, mine, busy, ..
    } = door;
    let (label, working, sheet) = (t!(open.submit), t!(open.working), t!(open.with_sheet));
    let words = move || match (wrong_door.get(), busy.get()) {
        (true, _) => sheet(),
        (false, true) => working(),
        (false, false) => label(),
    };
    view! {
        <button
            class="btn btn--primary btn--big wide"
            type="submit"
            data-testid=move || if wrong_door.get() { "open-with-sheet" } else { "open-submit" }
            disabled=move || busy.get()
        >
            {words}
        </button>
        {move || wrong_door.get().then(|| view! {
            <div class="ways">
                <button class="btn btn--quiet wide" type="button" data-testid="open-clear" on:click=move |_| {
                    phrase.set(String::new());
                    page::focus("phrase");
                }>
                    {t!(open.clear)}
                </button>
                <button class="btn btn--quiet wide" type="button" data-testid="open-mine" on:click=move |_| mine.set(true)>
                    {t!(open.mine)}
                </button>
            </div>
        })}
    }
}
