//! Three words of the printed sheet, typed again: the proof that it can be used. design.md, screen 3; protocol.md 5.5.
//!
//! The positions are drawn on this device; accents, capitals and all but four letters are forgiven.

use leptos::prelude::*;

use crate::components::field::on_submit;
use crate::components::icon::{Icon, Svg};
use crate::platform::page;
use crate::state::lang;
use crate::t;
use crate::text;
use crate::words;

/// One of the three.
#[derive(Clone, Copy)]
struct Asked {
    number: usize,
    id: &'static str,
    typed: RwSignal<String>,
}

/// Three fields and two ways on.
#[component]
pub fn Retype(
    /// The words of the sheet, in their order.
    words: Vec<String>,
    /// On the button that goes on.
    submit: impl Fn() -> &'static str + Send + Sync + 'static,
    /// On the same, while it does.
    working: impl Fn() -> &'static str + Send + Sync + 'static,
    /// Whether it does.
    busy: RwSignal<bool>,
    /// Goes on; told whether the sheet was shown.
    finish: Callback<bool>,
) -> impl IntoView {
    let numbers = words::positions(page::random_bytes());
    let mut ids = ["retype-1", "retype-2", "retype-3"].into_iter();
    let asked = numbers.map(|number| Asked {
        number,
        id: ids.next().unwrap_or_default(),
        typed: RwSignal::new(String::new()),
    });
    let words = StoredValue::new(words);
    let is_right = move |asked: Asked| {
        words.with_value(|words| {
            words
                .get(asked.number - 1)
                .is_some_and(|word| asked.typed.with(|typed| words::is_same(typed, word)))
        })
    };
    let tried = RwSignal::new(false);
    let check = move || {
        tried.set(true);
        match asked.into_iter().find(|asked| !is_right(*asked)) {
            Some(wrong) => page::focus(wrong.id),
            None => finish.run(true),
        }
    };
    let field = move |asked: Asked| {
        let wrong = Signal::derive(move || tried.get() && !is_right(asked));
        view! { <RetypeField asked wrong/> }
    };
    view! {
        <form class="retype" on:submit=on_submit(check)>
            <fieldset class="retype stack-2" aria-describedby="retype-hint">
                <legend class="legend"><h2>{t!(retype.title)}</h2></legend>
                <p class="hint" id="retype-hint">{t!(retype.hint)}</p>
                <div class="retype-row">{asked.map(field).into_iter().collect_view()}</div>
            </fieldset>
            <div class="btn-row btn-row--fill">
                <button class="btn" type="submit" data-testid="create-submit" disabled=move || busy.get()>
                    {move || if busy.get() { working() } else { submit() }}
                </button>
                <button
                    class="btn btn--quiet"
                    type="button"
                    data-testid="sheet-later"
                    disabled=move || busy.get()
                    on:click=move |_| finish.run(false)
                >
                    {t!(retype.later)}
                </button>
            </div>
        </form>
    }
}

#[component]
fn RetypeField(asked: Asked, wrong: Signal<bool>) -> impl IntoView {
    let lang = lang();
    let Asked { number, id, typed } = asked;
    let number = number.to_string();
    let (in_label, in_error) = (number.clone(), number.clone());
    let error = move || {
        let number = in_error.clone();
        wrong.get().then(|| {
            view! {
                <p class="error" id=format!("{id}-error")>
                    <Svg icon=Icon::CircleAlert/>
                    {move || text::retype::wrong(lang.get(), &number)}
                </p>
            }
        })
    };
    view! {
        <div class="field" class:field--error=move || wrong.get()>
            <label for=id>{move || text::retype::word(lang.get(), &in_label)}</label>
            <input
                class="input mono"
                id=id
                type="text"
                data-testid="sheet-retype"
                data-number=number
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                aria-describedby=move || wrong.get().then(|| format!("{id}-error"))
                aria-invalid=move || wrong.get().then_some("true")
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
            />
            {error}
        </div>
    }
}
