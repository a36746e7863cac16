//! Over the list: chips with their counts, the way down to the open folder, the order, and what several can be made to do.

use leptos::prelude::*;
use sdk::flows::item::{Category, Item, Kind, ObjectId};

use super::model::{self, Filter, Sort};
use super::view::{Ask, View, folder_href, view};
use crate::components::icon::{Icon, Svg};
use crate::components::row::category_text;
use crate::platform::screen;
use crate::t;
use crate::text::{self, Locale};

/// The chips: all, the categories, then the tags that are used.
#[component]
pub fn Chips() -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let tags = Memo::new(move |_| {
        view.counts.with(|counts| {
            counts
                .tags
                .iter()
                .take(TAGS)
                .map(|(tag, _)| tag.clone())
                .collect::<Vec<_>>()
        })
    });
    let count_of = move |category: Category| {
        view.counts
            .with(|counts| counts.categories.get(&category).copied().unwrap_or(0))
    };
    view! {
        <div class="chips chips--bleed" role="group" aria-label=t!(safe.chips)>
            <Chip filter=Filter::All word=Signal::derive(move || text::safe::all(lang.get()).to_owned())
                count=Signal::derive(move || view.counts.with(|counts| counts.all))/>
            {Category::ALL.map(|(category, _)| view! {
                <Chip filter=Filter::Category(category)
                    word=Signal::derive(move || category_text(category, lang.get()).to_owned())
                    count=Signal::derive(move || count_of(category))/>
            }).collect_view()}
            <For each=move || tags.get() key=Clone::clone let:tag>
                <Tag tag/>
            </For>
        </div>
    }
}

#[component]
fn Tag(tag: String) -> impl IntoView {
    let view = view();
    let (name, word) = (tag.clone(), tag.clone());
    view! {
        <Chip filter=Filter::Tag(tag) icon=Icon::Tag word=Signal::derive(move || word.clone())
            count=Signal::derive(move || view.counts.with(|counts| counts.tags.get(&name).copied().unwrap_or(0)))/>
    }
}

#[component]
fn Chip(
    filter: Filter,
    word: Signal<String>,
    count: Signal<u64>,
    #[prop(optional)] icon: Option<Icon>,
) -> impl IntoView {
    let view = view();
    // The last three categories wait until they are used: one line of chips is what a person looks through.
    let rare = matches!(
        filter,
        Filter::Category(Category::Family | Category::Vehicle | Category::Other)
    );
    let filter = StoredValue::new(filter);
    let chosen = move || filter.with_value(|filter| view.filter.with(|now| now == filter));
    // A second press lets every document through again.
    let press = move || {
        view.filter
            .set(if chosen() { Filter::All } else { filter.get_value() })
    };
    view! {
        <button
            class="chip"
            type="button"
            data-testid="chip"
            data-name=word
            hidden=move || rare && count.get() == 0 && !chosen()
            aria-pressed=move || chosen().to_string()
            on:click=move |_| press()
        >
            {icon.map(|icon| view! { <Svg icon/> })}
            {word}
            <span class="chip-n">{count}</span>
        </button>
    }
}

/// The way down to what is shown, and quiet buttons; while several are picked, what can be done to them.
#[component]
pub fn Bar() -> impl IntoView {
    let view = view();
    move || {
        if view.picking.get() {
            view! { <Picked/> }.into_any()
        } else {
            view! { <Tools/> }.into_any()
        }
    }
}

#[component]
fn Tools() -> impl IntoView {
    let view = view();
    view! {
        <div class="bar">
            <Way/>
            <div class="bar-tools">
                <Order/>
                <button class="btn btn--quiet" type="button" data-testid="pick-start" on:click=move |_| view.picking.set(true)>
                    <Svg icon=Icon::ListChecks/>
                    {t!(safe.pick.start)}
                </button>
                <button class="btn btn--quiet" type="button" data-testid="folder-new" on:click=move |_| view.dialog.set(Some(Ask::NewFolder))>
                    <Svg icon=Icon::FolderPlus/>
                    {t!(safe.folder.new)}
                </button>
            </div>
        </div>
    }
}

/// Where the list stands: the folders down to the open one, or how much was found everywhere.
#[component]
fn Way() -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let path = Memo::new(move |_| {
        let folder = view.folder.get();
        view.app
            .listing
            .with(|listing| model::path(&listing.items, folder.as_ref()))
    });
    let found = move || text::safe::found(lang.get(), view.shown.with(Vec::len) as u64);
    let name = |item: &Item| item.name.clone();
    move || {
        if view.is_everywhere() {
            return view! { <p class="bar-found" role="status" data-testid="found">{found}</p> }.into_any();
        }
        let path = path.get();
        let Some((last, above)) = path.split_last() else {
            return view! { <p class="bar-found bar-found--plain">{found}</p> }.into_any();
        };
        let steps = above
            .iter()
            .map(|folder| (folder_href(Some(&folder.id)), name(folder)))
            .collect::<Vec<_>>();
        view! {
            <nav class="crumbs" aria-label=t!(safe.folder.path) data-testid="crumbs">
                <ol>
                    <li><a href=folder_href(None) data-testid="crumb">{t!(frame.safe)}</a></li>
                    {steps.into_iter().map(|(href, name)| view! {
                        <li><Svg icon=Icon::ChevronRight/><a href=href data-testid="crumb">{name}</a></li>
                    }).collect_view()}
                    <li><Svg icon=Icon::ChevronRight/><span aria-current="page">{name(last)}</span></li>
                </ol>
            </nav>
        }
        .into_any()
    }
}

/// The order, where there are no heads of columns to press.
#[component]
fn Order() -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    view! {
        <div class="order" class:order--always=move || view.wide.get() && view.details.with(Option::is_some)>
            <label class="vh" for="order">{t!(safe.order.label)}</label>
            <div class="select-wrap">
                <select
                    class="select"
                    id="order"
                    data-testid="order"
                    prop:value=move || view.sort.get().name()
                    on:change=move |event| if let Some(sort) = Sort::parse(&event_target_value(&event)) { view.sort.set(sort) }
                >
                    {Sort::ALL.map(|(sort, name)| view! {
                        <option value=name selected=move || view.sort.get() == sort>{move || order_text(name, lang.get())}</option>
                    }).collect_view()}
                </select>
                <Svg icon=Icon::ChevronDown/>
            </div>
        </div>
    }
}

fn order_text(name: &str, lang: Locale) -> &'static str {
    text::safe::order::by_key(lang, &name.replace('-', "_")).unwrap_or_default()
}

/// What can be done to those that are picked.
#[component]
fn Picked() -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let count = move || view.picked.with(std::collections::BTreeSet::len);
    let none = move || count() == 0;
    let ids = move || -> Vec<ObjectId> { view.picked.get_untracked().into_iter().collect() };
    let all = move || {
        view.picked.set(
            view.shown
                .with_untracked(|shown| shown.iter().map(|item| item.id.clone()).collect()),
        );
    };
    let no_document = Memo::new(move |_| {
        view.picked.with(|picked| {
            let items = picked.iter().filter_map(|id| view.item(id));
            !items.into_iter().any(|item| item.kind == Kind::Document)
        })
    });
    screen::focus_on("[data-testid='pick-all']".to_owned());
    view! {
        <div class="bar bar--picked" role="group" aria-label=t!(safe.pick.label) data-testid="picked"
            on:keydown=move |event| if event.key() == "Escape" { view.stop_picking() }>
            <p class="bar-found" role="status">{move || text::safe::pick::count(lang.get(), &count().to_string())}</p>
            <div class="bar-tools">
                <button class="btn btn--quiet" type="button" data-testid="pick-all" on:click=move |_| all()>{t!(safe.pick.all)}</button>
                <button class="btn btn--quiet" type="button" data-testid="pick-move" disabled=none
                    on:click=move |_| view.dialog.set(Some(Ask::Move(ids())))>
                    <Svg icon=Icon::FolderInput/>{t!(safe.action.place)}
                </button>
                <button class="btn btn--quiet" type="button" data-testid="pick-category" disabled=move || no_document.get()
                    on:click=move |_| view.dialog.set(Some(Ask::Category(documents(view))))>
                    <Svg icon=Icon::ListChecks/>{t!(safe.action.category)}
                </button>
                <button class="btn btn--danger-quiet" type="button" data-testid="pick-trash" disabled=none
                    on:click=move |_| view.trash(ids().iter().filter_map(|id| view.item(id)).collect())>
                    <Svg icon=Icon::Trash/>{t!(safe.action.bin)}
                </button>
                <button class="btn" type="button" data-testid="pick-end" on:click=move |_| view.stop_picking()>{t!(safe.pick.end)}</button>
            </div>
        </div>
    }
}

fn documents(view: View) -> Vec<ObjectId> {
    let picked = view.picked.get_untracked();
    let items = picked.iter().filter_map(|id| view.item(id));
    items
        .filter(|item| item.kind == Kind::Document)
        .map(|item| item.id)
        .collect()
}

/// Tags with a chip, at most; a search finds the others.
const TAGS: usize = 12;
