//! The third step of creating a safe: a proposed phrase, or one's own with a meter in words. design.md, screen 2.

use leptos::prelude::*;

use crate::components::field::{Field, Kind, on_submit};
use crate::components::icon::{Icon, Svg};
use crate::pages::create::{Back, Draft};
use crate::platform::page;
use crate::strength;
use crate::t;
use crate::text;

/// Proposed words, or one's own.
#[component]
pub fn PhraseStep(
    /// The account in the making.
    draft: Draft,
) -> impl IntoView {
    view! {
        <div class="form-page">
            {move || if draft.own.get() {
                view! { <OwnPhrase draft/> }.into_any()
            } else {
                view! { <ProposedPhrase draft/> }.into_any()
            }}
        </div>
    }
}

#[component]
fn ProposedPhrase(draft: Draft) -> impl IntoView {
    view! {
        <div class="stack-6">
            <div class="stack-2">
                <h1>{t!(create.phrase.title)}</h1>
                <p class="lead">{t!(create.phrase.lead)}</p>
            </div>
            <div class="stack-2">
                <ol class="phrase" aria-label=t!(create.phrase.proposed)>
                    {move || draft.proposed.get().into_iter().map(|word| view! {
                        <li data-testid="create-phrase-word">{word}</li>
                    }).collect_view()}
                </ol>
                <div class="btn-row btn-row--quiet">
                    <button class="btn btn--quiet" type="button" data-testid="create-phrase-other" on:click=move |_| draft.propose()>
                        <Svg icon=Icon::Refresh/>
                        {t!(create.phrase.other)}
                    </button>
                    <button class="btn btn--quiet" type="button" data-testid="create-phrase-own" on:click=move |_| draft.own.set(true)>
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
                <Back draft/>
                <button
                    class="btn btn--primary btn--big"
                    type="button"
                    data-testid="create-phrase-next"
                    disabled=move || draft.proposed.get().is_empty()
                    on:click=move |_| draft.go(3)
                >
                    {t!(create.phrase.noted)}
                </button>
            </div>
        </div>
    }
}

#[component]
fn OwnPhrase(draft: Draft) -> impl IntoView {
    let lang = draft.app.lang;
    let tried = RwSignal::new(false);
    let enough = move || strength::bits(&draft.phrase.get()) >= strength::ENOUGH;
    let weak = Signal::derive(move || {
        (tried.get() && !enough()).then(|| text::create::phrase::weak(lang.get()).to_owned())
    });
    let differ = move || draft.phrase.get() != draft.repeat.get();
    let other = Signal::derive(move || {
        (tried.get() && differ()).then(|| text::create::phrase::differ(lang.get()).to_owned())
    });
    let next = move || {
        tried.set(true);
        match (enough(), differ()) {
            (true, false) => draft.go(3),
            (false, _) => page::focus("own-phrase"),
            (true, true) => page::focus("own-repeat"),
        }
    };
    view! {
        <form class="stack-6" on:submit=on_submit(next)>
            // For password managers: whose phrase this is.
            <input class="vh" type="text" autocomplete="username" tabindex="-1" aria-hidden="true" prop:value=move || draft.handle.get()/>
            <div class="stack-2">
                <h1>{t!(create.phrase.own_title)}</h1>
                <p class="lead">{t!(create.phrase.own_lead)}</p>
            </div>
            <div class="stack-5">
                <Field
                    id="own-phrase"
                    testid="create-phrase-input"
                    label=t!(common.phrase)
                    hint=Signal::derive(move || text::create::phrase::own_hint(lang.get()).to_owned())
                    error=weak
                    kind=Kind::Secret
                    autocomplete="new-password"
                    value=draft.phrase
                />
                <Meter phrase=draft.phrase/>
                <Field
                    id="own-repeat"
                    testid="create-phrase-repeat"
                    label=t!(create.phrase.repeat)
                    error=other
                    kind=Kind::Secret
                    autocomplete="new-password"
                    value=draft.repeat
                />
                <button class="btn btn--quiet btn--flush" type="button" on:click=move |_| draft.own.set(false)>
                    <Svg icon=Icon::Refresh/>
                    {t!(create.phrase.take_proposed)}
                </button>
            </div>
            <div class="form-foot">
                <Back draft/>
                <button class="btn btn--primary btn--big" type="submit" data-testid="create-phrase-next">{t!(common.next)}</button>
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
