//! What a document looks like in a list: tile by kind or category, name with its extension in sight, second line.

use leptos::prelude::*;
use sdk::flows::item::{Category, Item, Kind};

use crate::components::icon::Icon;
use crate::components::thumbnail::Thumbnail;
use crate::format;
use crate::platform::format as local;
use crate::state::lang;
use crate::text::{self, Locale};

/// The tile, name and second line of an item. With `on_open` the name is a link to `href`.
#[component]
pub fn DocumentCell(
    /// Which.
    #[prop(into)]
    item: Signal<Item>,
    /// What the second line says before date and size; else what kind of thing it is.
    #[prop(optional)]
    about: Option<Callback<Item, String>>,
    /// Where the name leads.
    #[prop(optional)]
    href: Option<Callback<Item, String>>,
    /// What a press on the name does besides.
    #[prop(optional)]
    on_open: Option<Callback<web_sys::MouseEvent>>,
) -> impl IntoView {
    let lang = lang();
    let name = move || item.with(|item| name_view(&item.name));
    let label = move || item.with(|item| item.name.clone());
    let first = move || {
        let item = item.get();
        about.map_or_else(
            || kind_text(&item, lang.get()).to_owned(),
            |about| about.run(item.clone()),
        )
    };
    let meta = move || {
        item.with(|item| {
            let lang = lang.get();
            let date = local::shortest_date(item.added, lang);
            (item.kind == Kind::Document)
                .then(|| text::safe::row::meta(lang, &date, &format::size(item.len, lang)))
        })
    };
    view! {
        <div class="doc">
            {move || item.with(|item| view! { <Thumbnail item=item.clone() icon=icon_of(item)/> })}
            <div class="doc-text">
                {match href {
                    Some(href) => view! {
                        <a class="doc-name" data-testid="doc-name" title=label
                            href=move || item.with(|item| href.run(item.clone()))
                            on:click=move |event| if let Some(open) = on_open { open.run(event) }>{name}</a>
                    }.into_any(),
                    None => view! { <span class="doc-name" title=label>{name}</span> }.into_any(),
                }}
                <span class="doc-meta">
                    {first}
                    <span class="meta-more">{meta}</span>
                </span>
            </div>
        </div>
    }
}

/// A name of at most two lines, its extension always in sight.
pub fn name_view(name: &str) -> impl IntoView + use<> {
    let (stem, extension) = format::split_name(name);
    view! { <span class="stem">{format::shorten(stem)}</span><span class="ext">{extension.to_owned()}</span> }
}

/// The icon of an item: what it is about, else what kind of file it is.
#[must_use]
pub fn icon_of(item: &Item) -> Icon {
    match (item.kind, item.category) {
        (Kind::Folder, _) => Icon::Folder,
        (Kind::Document, Some(category)) if category != Category::Other => category_icon(category),
        (Kind::Document, _) => kind_of(item).0,
    }
}

/// What an item is, in a word: its category, else the kind of file.
#[must_use]
pub fn kind_text(item: &Item, locale: Locale) -> &'static str {
    match (item.kind, item.category) {
        (Kind::Folder, _) => text::safe::kind::folder(locale),
        (Kind::Document, Some(category)) => category_text(category, locale),
        (Kind::Document, None) => kind_of(item).1(locale),
    }
}

/// The word for a kind of file.
#[must_use]
pub fn file_text(item: &Item, locale: Locale) -> &'static str {
    kind_of(item).1(locale)
}

/// The word for a category.
#[must_use]
pub fn category_text(category: Category, locale: Locale) -> &'static str {
    text::category::by_key(locale, category.id()).unwrap_or_default()
}

/// The icon of a category.
#[must_use]
pub const fn category_icon(category: Category) -> Icon {
    match category {
        Category::Identity => Icon::IdCard,
        Category::Housing => Icon::House,
        Category::Tax => Icon::Landmark,
        Category::Work => Icon::Briefcase,
        Category::Studies => Icon::GraduationCap,
        Category::Bills => Icon::Receipt,
        Category::Health => Icon::HeartPulse,
        Category::Family => Icon::Users,
        Category::Vehicle => Icon::Car,
        Category::Other => Icon::File,
    }
}

/// The icon and the word for a media type.
pub(crate) fn kind_of(item: &Item) -> (Icon, fn(Locale) -> &'static str) {
    match item.media.as_deref() {
        Some("application/pdf") => (Icon::FileText, text::safe::kind::pdf),
        Some(media) if media.starts_with("image/") => (Icon::Image, text::safe::kind::image),
        Some(media) if media.starts_with("text/") => (Icon::FileText, text::safe::kind::text),
        _ => (Icon::File, text::safe::kind::other),
    }
}
