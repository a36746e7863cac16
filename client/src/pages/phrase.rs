//! Choosing a secret phrase: eight proposed words, or one's own with a meter in words. Used where a safe is created and
//! where its sheet has opened it. design.md, screen 2; protocol.md 5.1 (at least 80 bits).

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::field::{Field, Kind, on_submit};
use crate::components::icon::{Icon, Svg};
use crate::components::stepper::StepTitle;
use crate::message::{Answer, Call, Failure};
use crate::platform::page;
use crate::state::App;
use crate::strength;
use crate::t;
use crate::text::{self, Locale};

/// A phrase that is being chosen.
#[derive(Clone, Copy)]
pub struct Choice {
    pub(crate) app: App,
    /// Whose phrase it is, for password managers.
    pub(crate) handle: Signal<String>,
    pub(crate) proposed: RwSignal<Vec<String>>,
    pub(crate) own: RwSignal<bool>,
    pub(crate) phrase: RwSignal<String>,
    pub(crate) repeat: RwSignal<String>,
    pub(crate) busy: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<Failure>>,
}

impl Choice {
    /// Nothing proposed yet.
    #[must_use]
    pub fn new(app: App, handle: Signal<String>) -> Self {
        Self {
            app,
            handle,
            proposed: RwSignal::new(Vec::new()),
            own: RwSignal::new(false),
            phrase: RwSignal::new(String::new()),
            repeat: RwSignal::new(String::new()),
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Eight other words.
    pub fn propose(self) {
        spawn_local(async move {
            let answer = self.app.ask(Call::ProposePhrase).await;
            if self.busy.try_get_untracked().is_none() {
                // The person left this screen meanwhile.
                return;
            }
            match answer {
                Ok(Answer::Phrase(words)) => self.proposed.set(words),
                Ok(_) => {}
                Err(failure) => self.error.set(Some(failure)),
            }
        });
    }

    /// What was chosen.
    #[must_use]
    pub fn secret(self) -> String {
        if self.own.get_untracked() {
            self.phrase.get_untracked()
        } else {
            self.proposed.get_untracked().join(" ")
        }
    }

    fn is_enough(self) -> bool {
        self.phrase
            .with(|phrase| strength::bits(phrase) >= strength::ENOUGH)
    }

    fn is_repeated(self) -> bool {
        self.phrase.get() == self.repeat.get()
    }
}

/// Proposed words, or one's own.
#[component]
pub fn PhraseChoice(
    /// The phrase in the making.
    choice: Choice,
    /// The step of creating a safe that this is; outside of it the screen has a title of its own.
    step: Option<usize>,
    /// Goes on with it.
    next: Callback<()>,
    /// The way back.
    #[prop(into)]
    back: ViewFn,
) -> impl IntoView {
    let back = StoredValue::new(back);
    move || {
        let back = back.get_value();
        if choice.own.get() {
            view! { <OwnPhrase choice step next back/> }.into_any()
        } else {
            view! { <ProposedPhrase choice step next back/> }.into_any()
        }
    }
}

/// The phrase and its owner, as a password manager looks for them; nobody else sees or reaches these two.
#[component]
fn ForManagers(choice: Choice, proposed: bool) -> impl IntoView {
    view! {
        <div class="vh" aria-hidden="true">
            <input type="text" name="username" autocomplete="username" tabindex="-1" prop:value=move || choice.handle.get()/>
            {proposed.then(|| view! {
                <input
                    type="password"
                    name="new-password"
                    autocomplete="new-password"
                    tabindex="-1"
                    prop:value=move || choice.proposed.get().join(" ")
                />
            })}
        </div>
    }
}

#[component]
fn Heading(
    step: Option<usize>,
    title: fn(Locale) -> &'static str,
    lead: impl Fn() -> &'static str + Send + Sync + 'static,
) -> impl IntoView {
    step.map(|step| {
        view! {
            <div class="stack-2">
                <StepTitle step title/>
                <p class="lead">{lead}</p>
            </div>
        }
    })
}

#[component]
fn ProposedPhrase(choice: Choice, step: Option<usize>, next: Callback<()>, back: ViewFn) -> impl IntoView {
    let (label, working) = (t!(create.phrase.noted), t!(new_phrase.working));
    let go = move || {
        if !choice.busy.get_untracked() {
            next.run(());
        }
    };
    view! {
        <form class="stack-6" on:submit=on_submit(go)>
            <ForManagers choice proposed=true/>
            <Heading step title=text::create::phrase::title lead=t!(create.phrase.lead)/>
            <div class="stack-2">
                <ol class="phrase" aria-label=t!(create.phrase.proposed) aria-live="polite">
                    {move || choice.proposed.get().into_iter().map(|word| view! {
                        <li data-testid="create-phrase-word">{word}</li>
                    }).collect_view()}
                </ol>
                <div class="btn-row btn-row--quiet">
                    <button class="btn btn--quiet" type="button" data-testid="create-phrase-other" on:click=move |_| choice.propose()>
                        <Svg icon=Icon::Refresh/>
                        {t!(create.phrase.other)}
                    </button>
                    <button class="btn btn--quiet" type="button" data-testid="create-phrase-own" on:click=move |_| {
                        choice.own.set(true);
                        page::focus("own-phrase");
                    }>
                        <Svg icon=Icon::Pencil/>
                        {t!(create.phrase.own)}
                    </button>
                </div>
            </div>
            <div class="band band--hint">
                <Svg icon=Icon::Info/>
                <p>{t!(create.phrase.keep)}</p>
            </div>
            <div class="form-foot">
                {back.run()}
                <button
                    class="btn btn--primary btn--big"
                    type="submit"
                    data-testid="create-phrase-next"
                    disabled=move || choice.proposed.get().is_empty() || choice.busy.get()
                >
                    {move || if choice.busy.get() { working() } else { label() }}
                </button>
            </div>
        </form>
    }
}

#[component]
fn OwnPhrase(choice: Choice, step: Option<usize>, next: Callback<()>, back: ViewFn) -> impl IntoView {
    let lang = choice.app.lang;
    let tried = RwSignal::new(false);
    let said = move |wrong: bool, words: fn(Locale) -> &'static str| {
        (tried.get() && wrong).then(|| words(lang.get()).to_owned())
    };
    let weak = Signal::derive(move || said(!choice.is_enough(), text::create::phrase::weak));
    let differ = Signal::derive(move || said(!choice.is_repeated(), text::create::phrase::differ));
    let go = move || {
        tried.set(true);
        match (choice.is_enough(), choice.is_repeated()) {
            (true, true) if !choice.busy.get_untracked() => next.run(()),
            (true, true) => {}
            (false, _) => page::focus("own-phrase"),
            (true, false) => page::focus("own-repeat"),
        }
    };
    let (label, working) = (t!(common.next), t!(new_phrase.working));
    view! {
        <form class="stack-6" on:submit=on_submit(go)>
            <ForManagers choice proposed=false/>
            <Heading step title=text::create::phrase::own_title lead=t!(create.phrase.own_lead)/>
            <div class="stack-5">
                <div>
                    <Field
                        id="own-phrase" testid="create-phrase-input" label=t!(common.phrase)
                        hint=Signal::derive(move || text::create::phrase::own_hint(lang.get()).to_owned())
                        error=weak kind=Kind::Secret autocomplete="new-password" value=choice.phrase
                    />
                    <Meter phrase=choice.phrase/>
                </div>
                <Field
                    id="own-repeat" testid="create-phrase-repeat" label=t!(create.phrase.repeat)
                    error=differ kind=Kind::Secret autocomplete="new-password" value=choice.repeat
                />
                <button class="btn btn--quiet btn--flush" type="button" data-testid="create-phrase-proposed" on:click=move |_| choice.own.set(false)>
                    <Svg icon=Icon::Refresh/>
                    {t!(create.phrase.take_proposed)}
                </button>
            </div>
            <div class="form-foot">
                {back.run()}
                <button class="btn btn--primary btn--big" type="submit" data-testid="create-phrase-next" disabled=move || choice.busy.get()>
                    {move || if choice.busy.get() { working() } else { label() }}
                </button>
            </div>
        </form>
    }
}

/// How strong a phrase is, as a bar and in words.
#[component]
pub fn Meter(
    /// As typed so far.
    phrase: RwSignal<String>,
) -> impl IntoView {
    let bits = Memo::new(move |_| strength::bits(&phrase.get()));
    let (easy, middle, strong) = (
        t!(create.phrase.easy),
        t!(create.phrase.middle),
        t!(create.phrase.strong),
    );
    let words = move || match bits.get() {
        bits if bits >= strength::ENOUGH => strong(),
        bits if bits * 2 >= strength::ENOUGH => middle(),
        _ => easy(),
    };
    view! {
        <div class="meter">
            <meter
                min="0"
                max=strength::ENOUGH.to_string()
                low=(strength::ENOUGH - 1).to_string()
                optimum=strength::ENOUGH.to_string()
                value=move || bits.get().min(strength::ENOUGH).to_string()
                aria-label=t!(create.phrase.strength)
            ></meter>
            <p class="hint" role="status">{words}</p>
        </div>
    }
}
