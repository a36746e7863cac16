//! A field for words of the French list: the phrase at the door, or the twelve words of a sheet. Words are completed as
//! one types, from the keyboard or by a touch. design.md, screens 4 and 4b.
//!
//! Nothing is offered while the field hides what is typed: an offer would show it.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::components::field::ShowHide;
use crate::components::icon::{Icon, Svg};
use crate::platform::page;
use crate::state::app;
use crate::t;
use crate::text;
use crate::words::{self, Word};

/// Which of the two secrets is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    /// The phrase: one hidden line, completed without accents.
    Phrase,
    /// The words of a sheet: several lines in the open, for they are copied from paper; completed as on the sheet.
    Sheet,
}

/// What the parts of one field share.
#[derive(Clone, Copy)]
struct Typing {
    id: &'static str,
    secret: Secret,
    value: RwSignal<String>,
    shown: RwSignal<bool>,
    closed: RwSignal<bool>,
    active: RwSignal<Option<usize>>,
    capitals: RwSignal<bool>,
    offered: Memo<Vec<Word>>,
    enter: Option<Callback<()>>,
}

impl Typing {
    fn typed(self, text: String) {
        self.closed.set(false);
        self.active.set(None);
        self.value.set(text);
    }

    fn accept(self, word: &Word) {
        let whole = match self.secret {
            Secret::Phrase => &word.folded,
            Secret::Sheet => &word.shown,
        };
        self.typed(words::complete(&self.value.get_untracked(), whole));
        page::focus(self.id);
    }

    /// The keys of a list of offers; Enter without a chosen one is the form's.
    fn key(self, event: &KeyboardEvent) {
        self.capitals.set(event.get_modifier_state("CapsLock"));
        let offered = self.offered.get_untracked();
        let last = offered.len().saturating_sub(1);
        let active = self.active.get_untracked();
        match event.key().as_str() {
            "ArrowDown" if !offered.is_empty() => {
                self.active
                    .set(Some(active.map_or(0, |at| if at == last { 0 } else { at + 1 })));
            }
            "ArrowUp" if !offered.is_empty() => {
                self.active.set(Some(
                    active.map_or(last, |at| if at == 0 { last } else { at - 1 }),
                ));
            }
            "Escape" if !offered.is_empty() => self.closed.set(true),
            "Enter" => match active.and_then(|at| offered.get(at)) {
                Some(word) => self.accept(word),
                None => match self.enter {
                    Some(enter) => enter.run(()),
                    None => return,
                },
            },
            _ => return,
        }
        event.prevent_default();
    }

    fn list_id(self) -> String {
        format!("{}-offers", self.id)
    }

    fn option_id(self, at: usize) -> String {
        format!("{}-offer-{at}", self.id)
    }

    fn active_id(self) -> Option<String> {
        let at = self.active.get()?;
        self.offered
            .with(|offered| at < offered.len())
            .then(|| self.option_id(at))
    }
}

/// One field.
#[component]
pub fn WordsField(
    /// Ties label, hint, error and offers to the input.
    id: &'static str,
    /// For the browser stories.
    testid: &'static str,
    /// What is asked.
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    /// What helps to answer.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// What is wrong.
    #[prop(optional, into)]
    error: Option<Signal<Option<String>>>,
    /// Which secret.
    secret: Secret,
    /// What is typed.
    value: RwSignal<String>,
    /// What Enter does where the field has several lines.
    #[prop(optional, into)]
    enter: Option<Callback<()>>,
) -> impl IntoView {
    let app = app();
    let shown = RwSignal::new(secret == Secret::Sheet);
    let (focused, closed) = (RwSignal::new(false), RwSignal::new(false));
    let offered = Memo::new(move |_| {
        if !shown.get() || !focused.get() || closed.get() {
            return Vec::new();
        }
        app.doors
            .list
            .with(|list| value.with(|text| words::completions(text, list)))
    });
    let typing = Typing {
        id,
        secret,
        value,
        shown,
        closed,
        active: RwSignal::new(None),
        capitals: RwSignal::new(false),
        offered,
        enter,
    };
    let wrong = move || error.and_then(|error| error.get());
    let described = move || {
        let hint = hint.map(|_| format!("{id}-hint"));
        let error = wrong().map(|_| format!("{id}-error"));
        [hint, error].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let described = Signal::derive(described);
    let invalid = Signal::derive(move || wrong().is_some());
    view! {
        <div
            class="field"
            class:field--error=move || invalid.get()
            on:focusin=move |_| { focused.set(true); app.learn_words(); }
            on:focusout=move |_| focused.set(false)
        >
            <label for=id>{label}</label>
            {hint.map(|hint| view! { <p class="hint" id=format!("{id}-hint")>{hint}</p> })}
            {match secret {
                Secret::Phrase => view! { <PhraseLine typing testid described invalid/> }.into_any(),
                Secret::Sheet => view! { <SheetLines typing testid described invalid/> }.into_any(),
            }}
            {(secret == Secret::Sheet).then(|| view! { <Counted value/> })}
            <Offers typing/>
            {move || typing.capitals.get().then(|| view! { <p class="hint">{t!(words.capitals)}</p> })}
            {move || wrong().map(|text| view! {
                <p class="error" id=format!("{id}-error")><Svg icon=Icon::CircleAlert/>{text}</p>
            })}
        </div>
    }
}

/// A combobox while its text is shown, a plain hidden line otherwise: a reader must not hear of offers then.
#[component]
fn PhraseLine(
    typing: Typing,
    testid: &'static str,
    described: Signal<String>,
    invalid: Signal<bool>,
) -> impl IntoView {
    let shown = typing.shown;
    let open = move || typing.offered.with(|offered| !offered.is_empty());
    view! {
        <div class="input-wrap input-wrap--secret">
            <input
                class="input"
                id=typing.id
                name=typing.id
                data-testid=testid
                type=move || if shown.get() { "text" } else { "password" }
                role=move || shown.get().then_some("combobox")
                aria-expanded=move || shown.get().then(|| open().to_string())
                aria-controls=move || shown.get().then(|| typing.list_id())
                aria-autocomplete=move || shown.get().then_some("list")
                aria-activedescendant=move || typing.active_id()
                autocomplete="current-password"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=move || described.get()
                aria-invalid=move || invalid.get().then_some("true")
                prop:value=move || typing.value.get()
                on:input=move |event| typing.typed(event_target_value(&event))
                on:keydown=move |event| typing.key(&event)
            />
            <ShowHide shown/>
        </div>
    }
}

/// Several lines: readers know them as a text box, and hear of offers from the line below.
#[component]
fn SheetLines(
    typing: Typing,
    testid: &'static str,
    described: Signal<String>,
    invalid: Signal<bool>,
) -> impl IntoView {
    view! {
        <textarea
            class="input mono words-input"
            id=typing.id
            name=typing.id
            data-testid=testid
            rows="4"
            aria-controls=typing.list_id()
            aria-autocomplete="list"
            aria-activedescendant=move || typing.active_id()
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-describedby=move || described.get()
            aria-invalid=move || invalid.get().then_some("true")
            prop:value=move || typing.value.get()
            on:input=move |event| typing.typed(event_target_value(&event))
            on:keydown=move |event| typing.key(&event)
        ></textarea>
    }
}

/// How many words there are, and the first that is none of the list, as soon as it is whole.
#[component]
fn Counted(value: RwSignal<String>) -> impl IntoView {
    let app = app();
    let said = move || {
        let lang = app.lang.get();
        let list = app.doors.list.get();
        value.with(|text| match words::first_unknown(words::settled(text), &list) {
            Some((number, word)) => text::words::unknown(lang, &number.to_string(), &word),
            None => text::words::count(lang, words::words_in(text).count() as u64),
        })
    };
    view! { <p class="hint words-count" data-testid="words-count">{said}</p> }
}

/// The offers, in the flow of the page: they cover no button on a small screen.
#[component]
fn Offers(typing: Typing) -> impl IntoView {
    let app = app();
    let count = move || typing.offered.with(Vec::len);
    let said = move || match count() {
        0 => String::new(),
        count => text::words::offers(app.lang.get(), count as u64),
    };
    let option = move |(at, word): (usize, Word)| {
        let shown = word.shown.clone();
        view! {
            <li
                class="offer"
                class:offer--on=move || typing.active.get() == Some(at)
                id=typing.option_id(at)
                role="option"
                data-testid="word-offer"
                aria-selected=move || (typing.active.get() == Some(at)).to_string()
                // The field keeps the focus.
                on:mousedown=|event| event.prevent_default()
                on:click=move |_| typing.accept(&word)
            >
                {shown}
            </li>
        }
    };
    view! {
        <div class="offers-wrap" class:offers-wrap--kept=(typing.secret == Secret::Sheet)>
            <ul class="offers" id=typing.list_id() role="listbox" hidden=move || count() == 0 aria-label=t!(words.offered)>
                {move || typing.offered.get().into_iter().enumerate().map(option).collect_view()}
            </ul>
            <p class="vh" role="status">{said}</p>
        </div>
    }
}
