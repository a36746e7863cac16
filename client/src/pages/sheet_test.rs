//! "Tester ma feuille": whether twelve words are those of this safe. Decided on this device. protocol.md 5.5.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;

use crate::components::field::{FormError, on_submit};
use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::components::words_field::{Secret, WordsField};
use crate::message::account::{AccountAnswer, AccountCall};
use crate::message::{Answer, Call, Failure};
use crate::pages::recover::{words_error, words_hint};
use crate::platform::page;
use crate::state::{App, app};
use crate::t;
use crate::wording::failure_text;

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// These words open this safe.
    Ours,
    /// Twelve words of a sheet, of another one.
    Other,
    /// They could not be looked at.
    Failed(Failure),
}

#[derive(Clone, Copy)]
struct Test {
    app: App,
    words: RwSignal<String>,
    tried: RwSignal<bool>,
    busy: RwSignal<bool>,
    verdict: RwSignal<Option<Verdict>>,
}

impl Test {
    fn run(self) {
        self.tried.set(true);
        let error = untrack(|| self.words.with(|words| words_error(self.app, words)));
        if self.busy.get_untracked() || error.is_some() {
            page::focus("words");
            return;
        }
        self.busy.set(true);
        self.verdict.set(None);
        spawn_local(async move {
            let verdict = self.ask().await;
            if self.busy.try_get_untracked().is_none() {
                return;
            }
            self.busy.set(false);
            if verdict == Verdict::Ours {
                // They have done their work.
                self.words.set(String::new());
                self.tried.set(false);
            }
            self.verdict.set(Some(verdict));
            page::focus("verdict");
        });
    }

    async fn ask(self) -> Verdict {
        let words = self.words.get_untracked();
        let checked = self
            .app
            .ask(Call::Account(AccountCall::CheckWords { words }))
            .await;
        match checked {
            Ok(Answer::Account(AccountAnswer::Words(true))) => {}
            Ok(Answer::Account(AccountAnswer::Words(false))) => return Verdict::Other,
            Ok(_) => return Verdict::Failed(Failure::code("internal")),
            Err(failure) => return Verdict::Failed(failure),
        }
        // Who holds the words has the sheet: that is what a confirmation says.
        match self.app.ask(Call::Account(AccountCall::ConfirmKit)).await {
            Ok(Answer::Account(AccountAnswer::Kit(kit))) => {
                self.app.kit.set(kit);
                Verdict::Ours
            }
            Ok(_) => Verdict::Failed(Failure::code("internal")),
            Err(failure) => Verdict::Failed(failure),
        }
    }
}

/// One field, one button, one answer.
#[component]
pub fn SheetTestPage() -> impl IntoView {
    let app = app();
    let test = Test {
        app,
        words: RwSignal::new(String::new()),
        tried: RwSignal::new(false),
        busy: RwSignal::new(false),
        verdict: RwSignal::new(None),
    };
    let Test {
        words,
        tried,
        busy,
        verdict,
        ..
    } = test;
    let error = Signal::derive(move || {
        tried
            .get()
            .then(|| words.with(|words| words_error(app, words)))
            .flatten()
    });
    let failed = Signal::derive(move || match verdict.get() {
        Some(Verdict::Failed(failure)) => failure_text(&failure, app.lang.get()),
        _ => None,
    });
    let (label, working) = (t!(sheet_test.submit), t!(sheet_test.working));
    view! {
        <Frame title=t!(sheet_test.title)>
            <div class="form-narrow form-narrow--start stack-5">
                <p class="muted">{t!(sheet_test.lead)}</p>
                <FormError text=failed/>
                <div id="verdict" tabindex="-1" role="status">
                    {move || match verdict.get() {
                        Some(Verdict::Ours) => Some(view! { <Ours/> }.into_any()),
                        Some(Verdict::Other) => Some(view! { <Other/> }.into_any()),
                        _ => None,
                    }}
                </div>
                <form
                    class="card card-pad stack-5"
                    hidden=move || verdict.get() == Some(Verdict::Ours)
                    on:submit=on_submit(move || test.run())
                >
                    <WordsField
                        id="words" testid="sheet-test-words" label=t!(recover.words) hint=words_hint(app)
                        error secret=Secret::Sheet value=words enter=Callback::new(move |()| test.run())
                    />
                    <button class="btn btn--primary btn--big wide" type="submit" data-testid="sheet-test-submit" disabled=move || busy.get()>
                        {move || if busy.get() { working() } else { label() }}
                    </button>
                </form>
            </div>
        </Frame>
    }
}

#[component]
fn Ours() -> impl IntoView {
    view! {
        <div class="stack-5" data-testid="sheet-test-ours">
            <div class="band band--ok">
                <Svg icon=Icon::CircleCheck/>
                <p><strong>{t!(sheet_test.ours)}</strong> " " {t!(sheet_test.ours_text)}</p>
            </div>
            <A href="/coffre" attr:class="btn btn--primary btn--big">{t!(sheet_test.back)}</A>
        </div>
    }
}

#[component]
fn Other() -> impl IntoView {
    view! {
        <div class="band band--danger" data-testid="sheet-test-other">
            <Svg icon=Icon::CircleAlert/>
            <p><strong>{t!(sheet_test.other)}</strong> " " {t!(sheet_test.other_text)}</p>
        </div>
    }
}
