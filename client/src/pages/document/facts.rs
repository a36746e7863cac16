//! What is known of a document: type, origin, dates, size, category, and its fingerprint when asked.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::item::{Item, ObjectId};

use crate::components::icon::{Icon, Svg};
use crate::components::preview::Opened;
use crate::components::row::{category_text, kind_of};
use crate::format;
use crate::message::Call;
use crate::platform::{format as local, viewer};
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};

/// The list beside the preview.
#[component]
pub fn Facts(
    /// Which document.
    item: Item,
    /// What its preview learned.
    opened: Opened,
) -> impl IntoView {
    let lang = app().lang;
    let (kind, len) = (kind_of(&item), item.len);
    let (added, modified, end) = (item.added, item.modified, item.retention_end);
    let category = item.category;
    let size = move || {
        let size = format::size(len, lang.get());
        match opened.pages.get() {
            Some(pages) => text::document::size_pages(lang.get(), pages.into(), &size),
            None => size,
        }
    };
    view! {
        <dl class="doc-facts">
            <Fact name=t!(document.kind)>{move || kind.1(lang.get())}</Fact>
            <Fact name=t!(document.origin)>{t!(document.origin_own)}</Fact>
            <Fact name=t!(document.added)>{move || moment(added, lang.get())}</Fact>
            {(modified > added).then(|| view! {
                <Fact name=t!(document.changed)>{move || moment(modified, lang.get())}</Fact>
            })}
            <Fact name=t!(document.size)>{size}</Fact>
            <Fact name=t!(document.category)>{move || match category {
                Some(category) => category_text(category, lang.get()),
                None => text::document::no_category(lang.get()),
            }}</Fact>
            <Fact name=t!(document.kept)>{move || match end {
                Some(end) => text::document::until(lang.get(), &local::date(end, lang.get())),
                None => text::safe::details::always(lang.get()).to_owned(),
            }}</Fact>
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
    move || {
        match made.get() {
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
}

async fn print(app: App, object: ObjectId, opened: Opened) -> Option<String> {
    let content = match opened.content.try_get_untracked().flatten() {
        Some(content) => content,
        None => app.fetch(Call::Download { object }, |_| ()).1.await.ok()?,
    };
    viewer::print_of(&content).await
}

/// `12 mars 2026 à 14 h 05`.
pub(super) fn moment(seconds: u64, lang: Locale) -> String {
    let (hour, minute) = local::clock(seconds);
    text::document::when(lang, &local::date(seconds, lang), &hour, &minute)
}
