//! What is known of one document, and everything that can be done to it: beside the list where there is room, over it
//! where there is not.

use leptos::prelude::*;
use sdk::flows::item::Item;

use super::view::{Ask, View, document_href, folder_href, view};
use crate::components::dialog::Dialog;
use crate::components::icon::{Icon, Svg};
use crate::components::row::{category_text, file_text, name_view};
use crate::format;
use crate::platform::format as local;
use crate::platform::screen;
use crate::t;
use crate::text::{self, Locale};

/// The panel beside the list.
#[component]
pub fn Panel() -> impl IntoView {
    let view = view();
    let item = open_item(view);
    move || {
        let item = item.get().filter(|_| view.wide.get())?;
        Some(view! {
            <aside class="card card-pad panel" aria-labelledby="details-name" data-testid="details"
                on:keydown=move |event| if event.key() == "Escape" { close(view) }>
                <div class="panel-head">
                    <h2 id="details-name" tabindex="-1">{name_view(&item.name)}</h2>
                    <button class="btn btn--icon" type="button" data-testid="details-close" aria-label=t!(safe.details.close)
                        on:click=move |_| close(view)><Svg icon=Icon::X/></button>
                </div>
                <Facts item=item.clone()/>
                <Acts item/>
            </aside>
        })
    }
}

/// The same over the list.
#[component]
pub fn Sheet() -> impl IntoView {
    let view = view();
    let item = open_item(view);
    move || {
        let item = item.get().filter(|_| !view.wide.get())?;
        let name = item.name.clone();
        Some(view! {
            <Dialog title=move || name.clone() on_close=move || view.details.set(None)>
                <div data-testid="details">
                    <Facts item=item.clone()/>
                    <Acts item/>
                    <div class="btn-row">
                        <button class="btn" type="button" data-testid="details-close" on:click=move |_| view.details.set(None)>
                            {t!(safe.details.shut)}
                        </button>
                    </div>
                </div>
            </Dialog>
        })
    }
}

fn open_item(view: View) -> Memo<Option<Item>> {
    Memo::new(move |_| view.details.get().and_then(|id| view.item(&id)))
}

/// The row gets the focus back.
fn close(view: View) {
    let id = view.details.get_untracked();
    let row = view
        .shown
        .with_untracked(|shown| shown.iter().position(|item| Some(&item.id) == id.as_ref()));
    view.details.set(None);
    screen::focus_on(format!("[data-row='{}'] .doc-name", row.unwrap_or(0)));
}

#[component]
fn Facts(item: Item) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let item = StoredValue::new(item);
    let kind = move || item.with_value(|item| file_text(item, lang.get()));
    let added = move || item.with_value(|item| when(item.added, item.len, lang.get()));
    let category = move || {
        let category = item.with_value(|item| item.category);
        category.map_or_else(
            || text::safe::details::none(lang.get()),
            |category| category_text(category, lang.get()),
        )
    };
    let kept = move || match item.with_value(|item| item.retention_end) {
        Some(end) => text::safe::details::until(lang.get(), &local::date(end, lang.get())),
        None => text::safe::details::always(lang.get()).to_owned(),
    };
    let tags = item.with_value(|item| item.tags.join(", "));
    let versions = u64::from(item.with_value(|item| item.versions));
    let folder = item.with_value(|item| item.parent.as_ref().and_then(|id| view.item(id)));
    view! {
        <dl class="facts">
            <div><dt>{t!(safe.column.state)}</dt><dd><span class="seal seal--closed"><Svg icon=Icon::SealClosed/>{t!(safe.sealed)}</span></dd></div>
            <div><dt>{t!(safe.details.kind)}</dt><dd>{kind}</dd></div>
            <div><dt>{t!(safe.details.added)}</dt><dd class="num" data-testid="details-added">{added}</dd></div>
            <div><dt>{t!(safe.details.category)}</dt><dd data-testid="details-category">{category}</dd></div>
            <div><dt>{t!(safe.details.end)}</dt><dd class="num" data-testid="details-end">{kept}</dd></div>
            {(!tags.is_empty()).then(|| view! {
                <div><dt>{t!(safe.details.tags)}</dt><dd data-testid="details-tags">{tags}</dd></div>
            })}
            {folder.map(|folder| view! {
                <div><dt>{t!(safe.details.folder)}</dt><dd><a href=folder_href(Some(&folder.id))>{folder.name}</a></dd></div>
            })}
            {(versions > 0).then(|| view! {
                <div><dt>{t!(safe.details.versions)}</dt><dd class="num">{move || text::safe::details::older(lang.get(), versions)}</dd></div>
            })}
        </dl>
    }
}

/// `2 juin 2026 à 19 h 20, 1,8 Mo`.
fn when(added: u64, len: u64, lang: Locale) -> String {
    let (hour, minute) = local::clock(added);
    text::safe::details::when(
        lang,
        &local::date(added, lang),
        &hour,
        &minute,
        &format::size(len, lang),
    )
}

#[component]
fn Acts(item: Item) -> impl IntoView {
    let view = view();
    let href = document_href(&item.id);
    let item = StoredValue::new(item);
    let ask = move |ask: fn(Item) -> Ask| move || view.dialog.set(Some(ask(item.get_value())));
    view! {
        <div class="panel-foot btn-row">
            <a class="btn" href=href data-testid="details-open">{t!(safe.action.open)}</a>
            <button class="btn btn--quiet" type="button" data-testid="details-download" on:click=move |_| view.download(item.get_value())>
                <Svg icon=Icon::Download/>
                {t!(safe.action.download)}
            </button>
        </div>
        <ul class="acts">
            <Act testid="details-rename" icon=Icon::Pencil label=text::safe::action::rename act=ask(Ask::Rename)/>
            <Act testid="details-move" icon=Icon::FolderInput label=text::safe::action::place act=ask(|item| Ask::Move(vec![item.id]))/>
            <Act testid="details-set-category" icon=Icon::ListChecks label=text::safe::action::category act=ask(|item| Ask::Category(vec![item.id]))/>
            <Act testid="details-set-tags" icon=Icon::Tag label=text::safe::action::tags act=ask(Ask::Tags)/>
            <Act testid="details-set-end" icon=Icon::Calendar label=text::safe::action::end act=ask(Ask::End)/>
            <Act testid="details-trash" icon=Icon::Trash label=text::safe::action::bin act=move || view.trash(vec![item.get_value()])/>
        </ul>
    }
}

#[component]
fn Act(
    testid: &'static str,
    icon: Icon,
    label: fn(Locale) -> &'static str,
    act: impl Fn() + 'static,
) -> impl IntoView {
    let lang = view().app.lang;
    view! {
        <li>
            <button class="menu-item" type="button" data-testid=testid on:click=move |_| act()>
                <Svg icon/>
                {move || label(lang.get())}
            </button>
        </li>
    }
}
