//! What stands where there is no list: the empty safe, an empty folder, a search without result, the list on its way.

use leptos::prelude::*;

use super::add::Choosers;
use super::model::Filter;
use super::view::{View, view};
use crate::components::icon::{Icon, Svg};
use crate::platform::page;
use crate::t;
use crate::text;

/// Why the safe is empty, and the first step.
#[component]
pub fn Empty(
    /// Which its buttons press.
    choosers: Choosers,
) -> impl IntoView {
    view! {
        <section class="empty empty--drop" data-testid="safe-empty">
            <svg class="empty-art" viewBox="0 0 200 120" aria-hidden="true"><use href=page::drawing("art", "empty-paper")></use></svg>
            <h2>{t!(safe.empty.title)}</h2>
            <p class="muted">{t!(safe.empty.text)}</p>
            <div class="btn-row btn-row--fill">
                <button class="btn btn--primary btn--big" type="button" data-testid="safe-add" on:click=move |_| choosers.choose()>
                    <Svg icon=Icon::Plus/>
                    {t!(safe.add)}
                </button>
                <button class="btn btn--big" type="button" data-testid="safe-photograph" on:click=move |_| choosers.photograph()>
                    <Svg icon=Icon::Camera/>
                    {t!(safe.photograph)}
                </button>
            </div>
            <p class="small muted"><span class="wide-only">{t!(safe.empty.drop)}{" "}</span>{t!(safe.empty.sealed)}</p>
        </section>
    }
}

/// Nothing fits what was asked, or the folder is empty.
#[component]
pub fn Nothing() -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let words = move || {
        let lang = lang.get();
        let query = view.query.get();
        match (query.trim().is_empty(), view.filter.get()) {
            (false, _) => text::safe::none(lang, query.trim()),
            (true, Filter::All) => text::safe::folder::empty(lang).to_owned(),
            (true, _) => text::safe::none_here(lang).to_owned(),
        }
    };
    view! {
        <section class="empty" data-testid="safe-none">
            <p role="status">{words}</p>
            {move || view.is_everywhere().then(|| view! { <Clear view/> })}
        </section>
    }
}

#[component]
fn Clear(view: View) -> impl IntoView {
    let lang = view.app.lang;
    let words = move || {
        if view.query.with(|query| query.trim().is_empty()) {
            text::safe::show_all(lang.get())
        } else {
            text::safe::clear(lang.get())
        }
    };
    let clear = move || {
        view.query.set(String::new());
        view.filter.set(Filter::All);
        page::focus("search");
    };
    view! {
        <div class="btn-row">
            <button class="btn" type="button" data-testid="safe-clear" on:click=move |_| clear()>{words}</button>
        </div>
    }
}
