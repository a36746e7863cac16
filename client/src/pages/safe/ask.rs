//! The questions of the screen, one dialog each: a name, a folder, a category, tags, an end date.

use leptos::prelude::*;
use sdk::flows::item::{Category, Item, ObjectId};

use super::place::MoveDialog;
use super::view::{Ask, View, view};
use crate::components::dialog::Dialog;
use crate::components::field::{self, Field, on_submit};
use crate::components::icon::{Icon, Svg};
use crate::components::name_dialog::NameDialog;
use crate::components::row::{category_icon, category_text};
use crate::platform::format as local;
use crate::t;
use crate::text;

/// The dialog that is open.
#[component]
pub fn Asked() -> impl IntoView {
    let view = view();
    move || {
        view.dialog.get().map(|ask| match ask {
            Ask::Rename(item) => view! { <Rename item/> }.into_any(),
            Ask::NewFolder => view! { <NewFolder/> }.into_any(),
            Ask::Move(objects) => view! { <Move objects/> }.into_any(),
            Ask::Category(objects) => view! { <Categorise objects/> }.into_any(),
            Ask::Tags(item) => view! { <Tags item/> }.into_any(),
            Ask::End(item) => view! { <End item/> }.into_any(),
        })
    }
}

fn leave(view: View) {
    view.dialog.set(None);
}

#[component]
fn Buttons(
    /// The word on the one that does it.
    done: fn(text::Locale) -> &'static str,
    /// Stories press these.
    cancel_id: &'static str,
    submit_id: &'static str,
) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    view! {
        <div class="btn-row">
            <button class="btn" type="button" data-testid=cancel_id on:click=move |_| leave(view)>{t!(common.cancel)}</button>
            <button class="btn btn--primary" type="submit" data-testid=submit_id>{move || done(lang.get())}</button>
        </div>
    }
}

#[component]
fn Rename(item: Item) -> impl IntoView {
    let view = view();
    let first = item.name.clone();
    let rename = Callback::new(move |name| view.rename(&item, name));
    view! {
        <NameDialog title=text::safe::rename::title label=text::safe::rename::label done=text::safe::action::rename
            id="rename" testid="rename-input" first on_name=rename on_close=Callback::new(move |()| leave(view))/>
    }
}

#[component]
fn NewFolder() -> impl IntoView {
    let view = view();
    let make = Callback::new(move |name| view.make_folder(name));
    view! {
        <NameDialog title=text::safe::folder::new label=text::safe::folder::name done=text::safe::folder::make
            id="folder" testid="folder-input" on_name=make on_close=Callback::new(move |()| leave(view))/>
    }
}

#[component]
fn Move(objects: Vec<ObjectId>) -> impl IntoView {
    let view = view();
    let moved = objects.clone();
    let place = Callback::new(move |folder| view.move_to(moved.clone(), folder));
    view! { <MoveDialog objects on_place=place on_close=Callback::new(move |()| leave(view))/> }
}

#[component]
fn Categorise(objects: Vec<ObjectId>) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let now: Vec<Option<Category>> = objects
        .iter()
        .filter_map(|id| view.item(id))
        .map(|item| item.category)
        .collect();
    let same = now.windows(2).all(|pair| pair.first() == pair.last());
    let chosen = RwSignal::new(now.first().copied().flatten().filter(|_| same));
    let count = objects.len() as u64;
    let submit = move || {
        view.categorise(objects.clone(), chosen.get_untracked());
        leave(view);
    };
    view! {
        <Dialog title=move || text::safe::filing::title(lang.get(), count) on_close=move || leave(view)>
            <form on:submit=on_submit(submit)>
                <Categories chosen/>
                <Buttons done=text::safe::filing::submit cancel_id="category-cancel" submit_id="category-submit"/>
            </form>
        </Dialog>
    }
}

/// Every category, and none.
#[component]
pub fn Categories(
    /// The one that is chosen.
    chosen: RwSignal<Option<Category>>,
) -> impl IntoView {
    let lang = view().app.lang;
    let choices = std::iter::once(None).chain(Category::ALL.map(|(category, _)| Some(category)));
    let word = move |category: Option<Category>| {
        category.map_or_else(
            || text::safe::filing::none(lang.get()),
            |category| category_text(category, lang.get()),
        )
    };
    view! {
        <div class="choices" role="radiogroup" aria-label=t!(safe.details.category)>
            {choices.map(|category| view! {
                <label class="choice-line">
                    <input type="radio" name="category" data-testid="category-choice"
                        data-name=category.map_or("none", Category::id)
                        prop:checked=move || chosen.get() == category
                        on:change=move |_| chosen.set(category)/>
                    <Svg icon=category.map_or(Icon::X, category_icon)/>
                    <span>{move || word(category)}</span>
                </label>
            }).collect_view()}
        </div>
    }
}

#[component]
fn Tags(item: Item) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let value = RwSignal::new(item.tags.join(", "));
    let object = item.id;
    let submit = move || {
        let typed = value.get_untracked();
        let tags = typed.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        view.tag(object.clone(), tags.map(str::to_owned).collect());
        leave(view);
    };
    let title = t!(safe.tags.title);
    view! {
        <Dialog title=move || title().to_owned() on_close=move || leave(view)>
            <form on:submit=on_submit(submit)>
                <Field id="tags" testid="tags-input" label=t!(safe.details.tags) kind=field::Kind::Text autocomplete="off" value
                    hint=Signal::derive(move || text::safe::tags::hint(lang.get()).to_owned())/>
                <Buttons done=text::safe::tags::submit cancel_id="tags-cancel" submit_id="tags-submit"/>
            </form>
        </Dialog>
    }
}

#[component]
fn End(item: Item) -> impl IntoView {
    let view = view();
    let end = RwSignal::new(item.retention_end.map(local::iso_day));
    let object = item.id;
    let submit = move || {
        let end = end.get_untracked().and_then(|day| local::end_of_day(&day));
        view.keep_until(object.clone(), end);
        leave(view);
    };
    let title = t!(safe.end.title);
    view! {
        <Dialog title=move || title().to_owned() on_close=move || leave(view)>
            <form on:submit=on_submit(submit)>
                <Until end/>
                <Buttons done=text::safe::end::submit cancel_id="end-cancel" submit_id="end-submit"/>
            </form>
        </Dialog>
    }
}

/// For good, or until a day.
#[component]
pub fn Until(
    /// The day as `2027-05-31`; `None` for good.
    end: RwSignal<Option<String>>,
) -> impl IntoView {
    let temporary = move || end.with(Option::is_some);
    view! {
        <div class="stack-4">
            <div class="segment" role="radiogroup" aria-label=t!(safe.end.title)>
                <label>
                    <input type="radio" name="end" data-testid="end-always" prop:checked=move || !temporary() on:change=move |_| end.set(None)/>
                    {t!(safe.end.always)}
                </label>
                <label>
                    <input type="radio" name="end" data-testid="end-until" prop:checked=temporary
                        on:change=move |_| end.set(Some(local::iso_day(local::now() + YEAR)))/>
                    {t!(safe.end.until)}
                </label>
            </div>
            {move || temporary().then(|| view! {
                <div class="field">
                    <label for="end-day">{t!(safe.end.day)}</label>
                    <p class="hint" id="end-hint">{t!(safe.end.hint)}</p>
                    <input class="input input--day" id="end-day" type="date" data-testid="end-day" aria-describedby="end-hint" required
                        prop:value=move || end.get().unwrap_or_default()
                        on:input=move |event| end.set(Some(event_target_value(&event)))/>
                </div>
            })}
        </div>
    }
}

/// Seconds: the day that is proposed first.
const YEAR: u64 = 365 * 24 * 3_600;
