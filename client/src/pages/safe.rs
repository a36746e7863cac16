//! Coffre: the list, one button to add, one drop area over the whole page. design.md, screen 5.

use leptos::ev::{self, DragEvent};
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use sdk::flows::document::{Item, Kind};

use crate::components::dialog::Dialog;
use crate::components::field::{self, Field, on_submit};
use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::components::row::DocumentCell;
use crate::format;
use crate::message::{Call, Notice};
use crate::platform::{format as local, page};
use crate::state::{App, app};
use crate::t;
use crate::text;

/// The documents of the open safe.
#[component]
pub fn SafePage() -> impl IntoView {
    let app = app();
    let query = RwSignal::new(String::new());
    let renaming = RwSignal::new(None::<Item>);
    let chooser = NodeRef::<html::Input>::new();
    let add = move || {
        if let Some(chooser) = chooser.get_untracked() {
            chooser.click();
        }
    };
    let shown = Memo::new(move |_| matching(&app.listing.get().items, &query.get()));
    let empty = Memo::new(move |_| app.listing.with(|listing| !listing.items.iter().any(is_here)));
    let tools = move || {
        view! {
            <Search query/>
            <button class="btn btn--primary end" type="button" data-testid="safe-add" on:click=move |_| add()>
                <Svg icon=Icon::Plus/>
                {t!(safe.add)}
            </button>
        }
    };
    view! {
        <Frame title=t!(frame.safe) tools=tools>
            <DropArea/>
            <input
                class="vh"
                type="file"
                multiple
                tabindex="-1"
                data-testid="safe-file"
                aria-label=t!(safe.add)
                node_ref=chooser
                on:change=move |_| {
                    if let Some(chooser) = chooser.get_untracked() {
                        app.upload(page::take_files(&chooser));
                    }
                }
            />
            <div class="stack-4" data-testid="safe">
                {move || app.notice.get().map(|notice| view! { <NoticeBand notice/> })}
                {move || {
                    if empty.get() {
                        view! { <Empty add=Callback::new(move |()| add())/> }.into_any()
                    } else if shown.get().is_empty() {
                        view! { <NoneFound query/> }.into_any()
                    } else {
                        view! { <List shown renaming/> }.into_any()
                    }
                }}
                <TrashLink/>
            </div>
            {move || renaming.get().map(|item| view! { <Rename item renaming/> })}
        </Frame>
    }
}

#[component]
fn Search(query: RwSignal<String>) -> impl IntoView {
    view! {
        <form class="search" role="search" on:submit=on_submit(|| ())>
            <label class="vh" for="search">{t!(safe.search)}</label>
            <Svg icon=Icon::Search/>
            <input
                class="input"
                id="search"
                type="search"
                data-testid="safe-search"
                placeholder=t!(safe.search_hint)
                prop:value=move || query.get()
                on:input=move |event| query.set(event_target_value(&event))
            />
        </form>
    }
}

#[component]
fn List(shown: Memo<Vec<Item>>, renaming: RwSignal<Option<Item>>) -> impl IntoView {
    view! {
        <div class="card">
            <table class="table" role="table" aria-label=t!(safe.list)>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!(safe.column.document)}</th>
                        <th role="columnheader" scope="col" class="c-wide">{t!(safe.column.date)}</th>
                        <th role="columnheader" scope="col" class="c-wide c-end">{t!(safe.column.size)}</th>
                        <th role="columnheader" scope="col">{t!(safe.column.state)}</th>
                        <th role="columnheader" scope="col"><span class="vh">{t!(safe.column.actions)}</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || shown.get() key=|item| (item.id.clone(), item.name.clone(), item.modified) let:item>
                        <Row item renaming/>
                    </For>
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(item: Item, renaming: RwSignal<Option<Item>>) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let (modified, len) = (item.modified, item.len);
    let save = {
        let item = item.clone();
        Callback::new(move |()| app.download(item.id.clone(), item.name.clone(), item.len))
    };
    let (shown, name) = (item.clone(), item.name.clone());
    view! {
        <tr role="row" data-testid="doc-row" data-name=name>
            <td role="cell" class="c-doc"><DocumentCell item=shown on_open=save/></td>
            <td role="cell" class="c-num c-wide">{move || local::short_date(modified, lang.get())}</td>
            <td role="cell" class="c-num c-wide c-end" data-testid="doc-size">{move || format::size(len, lang.get())}</td>
            <td role="cell" class="c-seal">
                <span class="seal seal--closed"><Svg icon=Icon::SealClosed/>{t!(safe.sealed)}</span>
            </td>
            <td role="cell" class="c-menu"><Menu item renaming save/></td>
        </tr>
    }
}

#[component]
fn Menu(item: Item, renaming: RwSignal<Option<Item>>, save: Callback<()>) -> impl IntoView {
    let app = app();
    let open = RwSignal::new(false);
    let label = item.name.clone();
    let (go, address) = (use_navigate(), format!("/document/{}", item.id));
    let show = Callback::new(move |()| go(&address, Default::default()));
    let name = StoredValue::new(item);
    let trash = move || {
        let item = name.get_value();
        let object = item.id.clone();
        app.change(Call::Trash { object }, move |lang| {
            Some((text::safe::trashed(lang, &item.name), Some(item.id)))
        });
    };
    view! {
        <div
            class="menu"
            on:keydown=move |event: ev::KeyboardEvent| {
                if event.key() == "Escape" {
                    open.set(false);
                }
            }
        >
            <button
                class="btn btn--icon"
                type="button"
                data-testid="doc-menu"
                aria-expanded=move || open.get().to_string()
                aria-label=move || text::safe::row::menu(app.lang.get(), &label)
                on:click=move |_| open.update(|open| *open = !*open)
            >
                <Svg icon=Icon::More/>
            </button>
            {move || open.get().then(|| view! {
                <button class="menu-away" type="button" tabindex="-1" aria-hidden="true" on:click=move |_| open.set(false)></button>
                <ul class="menu-list">
                    <MenuItem testid="doc-open" icon=Icon::Eye label=t!(document.open) act=move || { open.set(false); show.run(()) }/>
                    <MenuItem testid="doc-download" icon=Icon::Download label=t!(safe.action.download) act=move || { open.set(false); save.run(()) }/>
                    <MenuItem testid="doc-rename" icon=Icon::Pencil label=t!(safe.action.rename) act=move || { open.set(false); renaming.set(Some(name.get_value())) }/>
                    <MenuItem testid="doc-trash" icon=Icon::Trash label=t!(safe.action.trash) act=move || { open.set(false); trash() }/>
                </ul>
            })}
        </div>
    }
}

#[component]
fn MenuItem(
    testid: &'static str,
    icon: Icon,
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    act: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <li>
            <button class="menu-item" type="button" data-testid=testid on:click=move |_| act()>
                <Svg icon/>
                {label}
            </button>
        </li>
    }
}

#[component]
fn Rename(item: Item, renaming: RwSignal<Option<Item>>) -> impl IntoView {
    let app = app();
    let name = RwSignal::new(item.name.clone());
    let object = item.id;
    let submit = move || {
        let name = name.get_untracked().trim().to_owned();
        if !name.is_empty() {
            app.change(
                Call::Rename {
                    object: object.clone(),
                    name,
                },
                |_| None,
            );
            renaming.set(None);
        }
    };
    let title = t!(safe.rename.title);
    view! {
        <Dialog title=move || title().to_owned() on_close=move || renaming.set(None)>
            <form on:submit=on_submit(submit)>
                <Field id="rename" testid="rename-input" label=t!(safe.rename.label) kind=field::Kind::Text autocomplete="off" value=name/>
                <div class="btn-row">
                    <button class="btn" type="button" data-testid="rename-cancel" on:click=move |_| renaming.set(None)>{t!(common.cancel)}</button>
                    <button class="btn btn--primary" type="submit" data-testid="rename-submit">{t!(safe.action.rename)}</button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Empty(add: Callback<()>) -> impl IntoView {
    view! {
        <section class="empty empty--drop" data-testid="safe-empty">
            <svg class="empty-art" viewBox="0 0 200 120" aria-hidden="true"><use href=page::drawing("art", "empty-paper")></use></svg>
            <h2>{t!(safe.empty.title)}</h2>
            <p>{t!(safe.empty.text)}</p>
            <div class="btn-row">
                <button class="btn btn--big" type="button" on:click=move |_| add.run(())>
                    <Svg icon=Icon::Plus/>
                    {t!(safe.add)}
                </button>
            </div>
            <p class="muted small">{t!(safe.empty.drop)}</p>
        </section>
    }
}

#[component]
fn NoneFound(query: RwSignal<String>) -> impl IntoView {
    let lang = app().lang;
    view! {
        <section class="empty" data-testid="safe-none">
            <p>{move || text::safe::none(lang.get(), &query.get())}</p>
            <div class="btn-row">
                <button class="btn" type="button" on:click=move |_| query.set(String::new())>{t!(safe.clear)}</button>
            </div>
        </section>
    }
}

/// What a device that never opened this safe found: the person recognises it, or does not (stage S0).
#[component]
fn NoticeBand(notice: Notice) -> impl IntoView {
    let app = app();
    let words = move || {
        let lang = app.lang.get();
        text::safe::notice::found(lang, notice.documents, &local::date(notice.last_change, lang))
    };
    view! {
        <div class="band band--hint" role="status" data-testid="notice">
            <Svg icon=Icon::Monitor/>
            <p><strong>{t!(safe.notice.title)}</strong>{" "}{words}{" "}{t!(safe.notice.doubt)}</p>
            <button class="btn" type="button" data-testid="notice-close" on:click=move |_| app.notice.set(None)>
                {t!(safe.notice.recognised)}
            </button>
        </div>
    }
}

#[component]
fn TrashLink() -> impl IntoView {
    let app = app();
    let count = Memo::new(move |_| app.listing.with(|listing| in_trash(listing.items.as_slice())));
    move || {
        (count.get() > 0).then(|| {
            view! {
                <p>
                    <A href="/corbeille" attr:class="btn btn--quiet btn--flush" attr:data-testid="safe-trash-link">
                        <Svg icon=Icon::Trash/>
                        {move || text::safe::in_trash(app.lang.get(), count.get())}
                    </A>
                </p>
            }
        })
    }
}

/// While files hang over the window, the whole page takes them.
#[component]
fn DropArea() -> impl IntoView {
    let app = app();
    let over = RwSignal::new(false);
    let handles = [
        window_event_listener(ev::dragover, move |event| {
            if carries_files(&event) {
                event.prevent_default();
                over.set(true);
            }
        }),
        window_event_listener(ev::dragleave, move |event| {
            // Leaving the window, not an element inside it.
            if event.related_target().is_none() {
                over.set(false);
            }
        }),
        window_event_listener(ev::drop, move |event| drop_files(app, over, &event)),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
    move || {
        over.get().then(|| {
            view! { <div class="drop" data-testid="safe-drop"><p>{t!(safe.drop)}</p></div> }
        })
    }
}

fn drop_files(app: App, over: RwSignal<bool>, event: &DragEvent) {
    if carries_files(event) {
        event.prevent_default();
        over.set(false);
        app.upload(page::files(
            event.data_transfer().and_then(|transfer| transfer.files()),
        ));
    }
}

fn carries_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|transfer| transfer.types().iter().any(|kind| kind == "Files"))
}

fn matching(items: &[Item], query: &str) -> Vec<Item> {
    let query = query.trim().to_lowercase();
    let mut found: Vec<Item> = items
        .iter()
        .filter(|item| is_here(item) && item.name.to_lowercase().contains(&query))
        .cloned()
        .collect();
    found.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.name.cmp(&b.name)));
    found
}

fn is_here(item: &Item) -> bool {
    item.kind == Kind::Document && !item.in_trash
}

fn in_trash(items: &[Item]) -> u64 {
    items.iter().filter(|item| item.trashed_at.is_some()).count() as u64
}
