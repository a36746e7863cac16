//! One row: picked or not, tile and name, date, size, seal, menu. It follows its item and its place without being
//! drawn anew, so that it never loses the focus.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use sdk::flows::item::{Item, Kind};

use super::list::Rows;
use super::model::Filter;
use super::view::{Ask, View, document_href, folder_href};
use crate::components::icon::{Icon, Svg};
use crate::components::menu::{Entry, Menu};
use crate::components::row::{self, DocumentCell};
use crate::format;
use crate::platform::{format as local, screen};
use crate::t;
use crate::text::{self, Locale};

/// The row of an item, as it stands at first.
#[component]
pub fn Row(
    /// The item.
    first: Item,
    /// What the rows share.
    rows: Rows,
) -> impl IntoView {
    let view = rows.view;
    let lang = view.app.lang;
    let id = StoredValue::new(first.id.clone());
    let position = Memo::new(move |_| id.with_value(|id| rows.positions.with(|all| all.get(id).copied())));
    let item = Memo::new(move |before: Option<&Item>| {
        let now = view.shown.with(|shown| shown.get(position.get()?).cloned());
        now.unwrap_or_else(|| before.unwrap_or(&first).clone())
    });
    let is_picked = move || id.with_value(|id| view.picked.with(|picked| picked.contains(id)));
    let is_open =
        move || view.wide.get() && id.with_value(|id| view.details.with(|open| open.as_ref() == Some(id)));
    let is_document = move || item.with(|item| item.kind == Kind::Document);
    let on_row = move |event: MouseEvent| {
        if view.picking.get_untracked() && !screen::is_within(&event, "a, button, input, .menu") {
            view.pick(&id.get_value(), event.shift_key());
        }
    };
    view! {
        <tr
            role="row"
            data-testid=move || if is_document() { "doc-row" } else { "folder-row" }
            data-name=move || item.with(|item| item.name.clone())
            data-row=move || position.get().map(|row| row.to_string())
            aria-rowindex=move || position.get().map(|row| (row + 2).to_string())
            aria-selected=move || (is_picked() || is_open()).then_some("true")
            on:focusin=move |_| rows.focused(id.get_value())
            on:click=on_row
        >
            <td role="cell" class="c-doc">
                <div class="c-flex">
                    {move || view.picking.get().then(|| view! { <Pick item view/> })}
                    <DocumentCell
                        item
                        about=Callback::new(move |item| about(view, &item, lang.get()))
                        href=Callback::new(href)
                        on_open=Callback::new(move |event| open(view, &item.get_untracked(), &event))
                    />
                </div>
            </td>
            <td role="cell" class="c-num c-wide">{move || item.with(|item| local::short_date(item.added, lang.get()))}</td>
            <td role="cell" class="c-num c-wide c-end" data-testid="doc-size">
                {move || is_document().then(|| item.with(|item| format::size(item.len, lang.get())))}
            </td>
            <td role="cell" class="c-seal">
                {move || is_document().then(|| view! {
                    <span class="seal seal--closed"><Svg icon=Icon::SealClosed/>{t!(safe.sealed)}</span>
                })}
            </td>
            <td role="cell" class="c-menu">
                <Menu
                    testid="doc-menu"
                    label=Signal::derive(move || item.with(|item| text::safe::row::menu(lang.get(), &item.name)))
                    entries=Callback::new(move |()| entries(view, &item.get_untracked()))
                />
            </td>
        </tr>
    }
}

#[component]
fn Pick(item: Memo<Item>, view: View) -> impl IntoView {
    let lang = view.app.lang;
    let picked = move || item.with(|item| view.picked.with(|picked| picked.contains(&item.id)));
    view! {
        <label class="pick">
            <input
                type="checkbox"
                data-testid="doc-pick"
                aria-label=move || item.with(|item| text::safe::pick::one(lang.get(), &item.name))
                prop:checked=picked
                on:click=move |event| view.pick(&item.get_untracked().id, event.shift_key())
            />
        </label>
    }
}

fn href(item: Item) -> String {
    match item.kind {
        Kind::Folder => folder_href(Some(&item.id)),
        Kind::Document => document_href(&item.id),
    }
}

/// A press on the name: picks while several are picked; else a folder opens, and a document beside the list where there
/// is room, as a page where there is not.
fn open(view: View, item: &Item, event: &MouseEvent) {
    if view.picking.get_untracked() {
        event.prevent_default();
        view.pick(&item.id, event.shift_key());
    } else if item.kind == Kind::Folder {
        view.query.set(String::new());
        view.filter.set(Filter::All);
    } else if view.wide.get_untracked() && !event.ctrl_key() && !event.meta_key() {
        event.prevent_default();
        view.details.set(Some(item.id.clone()));
        // A press of the Enter key: the panel is where the next key goes.
        if event.detail() == 0 {
            screen::focus_on("#details-name".to_owned());
        }
    }
}

/// The second line: what it is, until when it is kept, and where it lies where that is not what is open.
fn about(view: View, item: &Item, lang: Locale) -> String {
    if item.kind == Kind::Folder {
        let inside = view
            .app
            .listing
            .with(|listing| super::model::inside(&listing.items, &item.id));
        return text::safe::inside(lang, inside);
    }
    let mut said = row::kind_text(item, lang).to_owned();
    if let Some(end) = item.retention_end {
        said = text::safe::row::kept(lang, &local::short_date(end, lang), &said);
    }
    if item.same_name {
        said = text::safe::row::same_name(lang, &said);
    }
    match item
        .parent
        .as_ref()
        .filter(|_| view.is_everywhere())
        .and_then(|id| view.item(id))
    {
        Some(folder) => text::safe::row::within(lang, &said, &folder.name),
        None => said,
    }
}

fn entries(view: View, item: &Item) -> Vec<Entry> {
    let entry = |testid, icon, label, act: Callback<()>| Entry {
        testid,
        icon,
        label,
        act,
    };
    let item = StoredValue::new(item.clone());
    let ask =
        move |ask: fn(Item) -> Ask| Callback::new(move |()| view.dialog.set(Some(ask(item.get_value()))));
    let mut entries = Vec::new();
    if item.with_value(|item| item.kind == Kind::Document) {
        let go = use_navigate();
        let address = item.with_value(|item| document_href(&item.id));
        entries.extend([
            entry(
                "doc-open",
                Icon::Eye,
                text::safe::action::open,
                Callback::new(move |()| go(&address, NavigateOptions::default())),
            ),
            entry(
                "doc-download",
                Icon::Download,
                text::safe::action::download,
                Callback::new(move |()| view.download(item.get_value())),
            ),
            entry(
                "doc-details",
                Icon::Info,
                text::safe::action::details,
                Callback::new(move |()| {
                    view.details.set(Some(item.get_value().id));
                    screen::focus_on("#details-name".to_owned());
                }),
            ),
        ]);
    }
    entries.push(entry(
        "doc-rename",
        Icon::Pencil,
        text::safe::action::rename,
        ask(Ask::Rename),
    ));
    entries.push(entry(
        "doc-move",
        Icon::FolderInput,
        text::safe::action::place,
        ask(|item| Ask::Move(vec![item.id])),
    ));
    if item.with_value(|item| item.kind == Kind::Document) {
        entries.push(entry(
            "doc-category",
            Icon::ListChecks,
            text::safe::action::category,
            ask(|item| Ask::Category(vec![item.id])),
        ));
    }
    entries.push(entry(
        "doc-trash",
        Icon::Trash,
        text::safe::action::trash,
        Callback::new(move |()| view.trash(vec![item.get_value()])),
    ));
    entries
}
