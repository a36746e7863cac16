//! One document: large preview, facts beside it, what can be done with it. design.md, screen 6.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_params_map};
use sdk::flows::document::{Item, Kind, ObjectId};

use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::components::preview::{Opened, Preview};
use crate::components::row::kind_of;
use crate::format;
use crate::message::Call;
use crate::pages::safe::Rename;
use crate::platform::{format as local, page, viewer};
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};

/// The document of the address.
#[component]
pub fn DocumentPage() -> impl IntoView {
    let app = app();
    let params = use_params_map();
    let wanted = Memo::new(move |_| params.read().get("id").map(ObjectId));
    let item = Memo::new(move |_| {
        let wanted = wanted.get()?;
        app.listing.with(|listing| find(&listing.items, &wanted))
    });
    let renaming = RwSignal::new(None::<Item>);
    let heading = move || {
        item.get().map(|item| {
            let (stem, extension) = format::split_name(&item.name);
            view! { {format::shorten(stem)}<span class="ext">{extension.to_owned()}</span> }
        })
    };
    // A new name is the same preview; other content is another one.
    let content = Memo::new(move |_| item.get().map(|item| (item.id, item.media, item.len)));
    view! {
        <Frame title=t!(document.title) back="/coffre" heading=heading tools=|| view! { <Sealed/> }>
            {move || {
                content.track();
                match item.get_untracked() {
                    None => view! { <Gone/> }.into_any(),
                    Some(first) => view! { <Sheet first item renaming/> }.into_any(),
                }
            }}
            {move || renaming.get().map(|item| view! { <Rename item renaming/> })}
        </Frame>
    }
}

#[component]
fn Sealed() -> impl IntoView {
    view! { <p class="seal-line"><span class="seal seal--closed"><Svg icon=Icon::SealClosed/>{t!(safe.sealed)}</span></p> }
}

#[component]
fn Gone() -> impl IntoView {
    view! {
        <section class="empty" data-testid="document-gone">
            <p>{t!(document.gone)}</p>
        </section>
    }
}

#[component]
fn Sheet(first: Item, item: Memo<Option<Item>>, renaming: RwSignal<Option<Item>>) -> impl IntoView {
    let opened = Opened::new();
    let name = first.name.clone();
    view! {
        <div data-testid="document" data-name=move || item.get().map_or_else(|| name.clone(), |item| item.name)>
            <Actions item renaming opened/>
            <div class="docpage">
                <Preview item=first opened/>
                <aside class="card card-pad" aria-label=t!(document.about)>
                    {move || item.get().map(|item| view! { <Facts item opened/> })}
                </aside>
            </div>
        </div>
    }
}

#[component]
fn Actions(item: Memo<Option<Item>>, renaming: RwSignal<Option<Item>>, opened: Opened) -> impl IntoView {
    let app = app();
    let leave = use_navigate();
    let save = move || {
        let Some(item) = item.get_untracked() else { return };
        match opened.content.get_untracked() {
            // It was fetched and checked for the preview.
            Some(content) => page::save(&content, &item.name),
            None => app.download(item.id, item.name, item.len),
        }
    };
    let trash = move || {
        let Some(item) = item.get_untracked() else { return };
        let object = item.id.clone();
        app.change(Call::Trash { object }, move |lang| {
            Some((text::safe::trashed(lang, &item.name), Some(item.id)))
        });
        leave("/coffre", Default::default());
    };
    view! {
        <div class="actions">
            <button class="btn btn--primary" type="button" data-testid="document-download" on:click=move |_| save()>
                <Svg icon=Icon::Download/>{t!(document.download)}
            </button>
            <button class="btn" type="button" data-testid="document-rename" on:click=move |_| renaming.set(item.get_untracked())>
                <Svg icon=Icon::Pencil/>{t!(document.rename)}
            </button>
            <button class="btn btn--danger-quiet push" type="button" data-testid="document-trash" on:click=move |_| trash()>
                <Svg icon=Icon::Trash/>{t!(document.trash)}
            </button>
        </div>
    }
}

#[component]
fn Facts(item: Item, opened: Opened) -> impl IntoView {
    let lang = app().lang;
    let (kind, modified, len) = (kind_of(&item), item.modified, item.len);
    let size = move || {
        let size = format::size(len, lang.get());
        match opened.pages.get() {
            Some(pages) => text::document::size_pages(lang.get(), pages.into(), &size),
            None => size,
        }
    };
    view! {
        <dl class="facts">
            <Fact name=t!(document.kind)>{move || kind.1(lang.get())}</Fact>
            <Fact name=t!(document.origin)>{t!(document.origin_own)}</Fact>
            <Fact name=t!(document.changed)>{move || moment(modified, lang.get())}</Fact>
            <Fact name=t!(document.size)>{size}</Fact>
            <Fact name=t!(document.print)><Print item opened/></Fact>
        </dl>
    }
}

#[component]
fn Fact(name: impl Fn() -> &'static str + Send + Sync + 'static, children: Children) -> impl IntoView {
    view! { <div><dt>{name}</dt><dd class="num">{children()}</dd></div> }
}

/// The ordinary SHA-256 of the content, when asked.
#[component]
fn Print(item: Item, opened: Opened) -> impl IntoView {
    let app = app();
    let (made, making) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let make = move |_| {
        making.set(true);
        let object = item.id.clone();
        spawn_local(async move {
            let print = print(app, object, opened).await;
            if print.is_none() {
                app.say(
                    text::document::print_failed(app.lang.get_untracked()).to_owned(),
                    None,
                );
            }
            made.try_set(print);
            making.try_set(false);
        });
    };
    let make = StoredValue::new_local(make);
    move || match made.get() {
        Some(print) => view! {
            <code class="print" data-testid="document-print">{print}</code>
            <span class="hint">{t!(document.print_hint)}</span>
        }
        .into_any(),
        None => view! {
            <button class="btn btn--quiet btn--flush" type="button" data-testid="document-print-make"
                disabled=move || making.get() on:click=move |event| make.with_value(|make| make(event))>
                <Svg icon=Icon::Fingerprint/>
                {move || if making.get() { text::document::print_making(app.lang.get()) } else { text::document::print_make(app.lang.get()) }}
            </button>
        }
        .into_any(),
    }
}

async fn print(app: App, object: ObjectId, opened: Opened) -> Option<String> {
    let content = match opened.content.try_get_untracked().flatten() {
        Some(content) => content,
        None => app.fetch(object, |_| ()).1.await.ok()?,
    };
    viewer::print_of(&content).await
}

fn moment(seconds: u64, lang: Locale) -> String {
    let (hour, minute) = local::clock(seconds);
    text::document::when(lang, &local::date(seconds, lang), &hour, &minute)
}

fn find(items: &[Item], wanted: &ObjectId) -> Option<Item> {
    items
        .iter()
        .find(|item| item.id == *wanted && item.kind == Kind::Document && !item.in_trash)
        .cloned()
}
