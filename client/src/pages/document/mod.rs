//! One document: large preview, facts beside it, what can be done with it. design.md, screen 6.

pub mod ask;
pub mod facts;
pub mod versions;

use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_params_map};
use sdk::flows::item::{ContentId, Item, Kind, ObjectId};

use self::ask::{Move, Rename};
use self::facts::Facts;
use self::versions::Versions;
use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::components::preview::{Opened, Preview};
use crate::format;
use crate::message::{Call, SafeCall, UploadOptions};
use crate::platform::page;
use crate::state::app;
use crate::t;
use crate::text;

/// What is being asked over the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Another name.
    Name,
    /// Another folder.
    Place,
}

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
    let asked = RwSignal::new(None::<Asked>);
    let there = Memo::new(move |_| item.with(Option::is_some));
    let title = t!(document.title);
    let name = move || match item.get() {
        None => title().into_any(),
        Some(item) => {
            let (stem, extension) = format::split_name(&item.name);
            view! { {format::shorten(stem)}<span class="ext">{extension.to_owned()}</span> }.into_any()
        }
    };
    let heading = move || view! { {name} };
    // A new name is the same preview; other content is another one.
    let content = Memo::new(move |_| item.with(|item| item.as_ref().map(key_of)));
    // Read, not only tracked: a memo that nobody reads follows nothing.
    let shown = move || content.get().and_then(|_| item.get_untracked());
    view! {
        <Frame title=t!(document.title) back="/coffre" heading=heading tools=move || view! { {move || there.get().then(|| view! { <Sealed/> })} }>
            // Keyed: other content is drawn from the beginning, never into the frame of what was there.
            <For each=shown key=key_of let:first>
                <Sheet first item asked/>
            </For>
            {move || (!there.get()).then(|| view! { <Gone/> })}
            {move || asked.get().zip(item.get_untracked()).map(|(what, item)| match what {
                Asked::Name => view! { <Rename item asked/> }.into_any(),
                Asked::Place => view! { <Move item asked/> }.into_any(),
            })}
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
            <A href="/coffre" attr:class="btn btn--primary">{t!(document.back)}</A>
        </section>
    }
}

#[component]
fn Sheet(first: Item, item: Memo<Option<Item>>, asked: RwSignal<Option<Asked>>) -> impl IntoView {
    let opened = Opened::new();
    let name = first.name.clone();
    view! {
        <div data-testid="document" data-name=move || item.get().map_or_else(|| name.clone(), |item| item.name)>
            <Actions item asked opened/>
            <div class="docpage">
                <Preview item=first opened/>
                <aside class="card card-pad" aria-label=t!(document.about)>
                    {move || item.get().map(|item| view! { <Facts item=item.clone() opened/><Versions item/> })}
                </aside>
            </div>
        </div>
    }
}

#[component]
fn Actions(item: Memo<Option<Item>>, asked: RwSignal<Option<Asked>>, opened: Opened) -> impl IntoView {
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
    let chooser = NodeRef::<html::Input>::new();
    // Its name stays, and with it the ending: the same kind of file is asked for.
    let accepted = move || item.get().map(|item| item.media.unwrap_or_default());
    let choose = move || {
        if let Some(chooser) = chooser.get_untracked() {
            chooser.click();
        }
    };
    let renew = move || {
        let chosen = chooser.get_untracked().map(|chooser| page::take_files(&chooser));
        let (Some(item), Some(file)) = (item.get_untracked(), chosen.and_then(|mut files| files.pop()))
        else {
            return;
        };
        let options = UploadOptions {
            replace: Some(item.id),
            ..UploadOptions::default()
        };
        app.upload_with(vec![(file, options)]);
    };
    let trash = move || {
        let Some(item) = item.get_untracked() else { return };
        let objects = vec![item.id];
        let back = SafeCall::Restore {
            objects: objects.clone(),
        };
        app.change(Call::Safe(SafeCall::Trash { objects }), move |lang| {
            Some((text::safe::trashed(lang, &item.name), Some(vec![back])))
        });
        leave("/coffre", Default::default());
    };
    view! {
        <div class="actions">
            <button class="btn btn--primary" type="button" data-testid="document-download" on:click=move |_| save()>
                <Svg icon=Icon::Download/>{t!(document.download)}
            </button>
            <button class="btn" type="button" data-testid="document-rename" on:click=move |_| asked.set(Some(Asked::Name))>
                <Svg icon=Icon::Pencil/>{t!(document.rename)}
            </button>
            <button class="btn" type="button" data-testid="document-move" on:click=move |_| asked.set(Some(Asked::Place))>
                <Svg icon=Icon::FolderInput/>{t!(document.displace)}
            </button>
            <button class="btn" type="button" data-testid="document-renew" on:click=move |_| choose()>
                <Svg icon=Icon::FileUp/>{t!(document.renew)}
            </button>
            <input class="vh" type="file" tabindex="-1" data-testid="document-file" aria-label=t!(document.renew) accept=accepted
                node_ref=chooser on:change=move |_| renew()/>
            <button class="btn btn--danger-quiet push" type="button" data-testid="document-trash" on:click=move |_| trash()>
                <Svg icon=Icon::Trash/>{t!(document.trash)}
            </button>
        </div>
    }
}

/// What makes it another page: another document, or other content of it.
fn key_of(item: &Item) -> (ObjectId, Option<ContentId>) {
    (item.id.clone(), item.content.clone())
}

fn find(items: &[Item], wanted: &ObjectId) -> Option<Item> {
    items
        .iter()
        .find(|item| item.id == *wanted && item.kind == Kind::Document && !item.in_trash)
        .cloned()
}
