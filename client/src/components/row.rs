//! What a document looks like in a list: tile by kind, name with its extension in sight, date and size.

use leptos::prelude::*;
use sdk::flows::document::Item;

use crate::components::icon::Icon;
use crate::components::thumbnail::Thumbnail;
use crate::format;
use crate::platform::format as local;
use crate::state::lang;
use crate::text;

/// The tile, name and second line of a document. `on_open` makes the name a button.
#[component]
pub fn DocumentCell(
    /// Which.
    item: Item,
    /// What the name does.
    #[prop(optional)]
    on_open: Option<Callback<()>>,
) -> impl IntoView {
    let lang = lang();
    let (stem, extension) = format::split_name(&item.name);
    let name = view! { {format::shorten(stem)}<span class="ext">{extension.to_owned()}</span> };
    let (kind, modified, len) = (kind_of(&item), item.modified, item.len);
    let label = item.name.clone();
    let shown = item.clone();
    let meta = move || {
        let lang = lang.get();
        text::safe::row::meta(lang, &local::short_date(modified, lang), &format::size(len, lang))
    };
    view! {
        <div class="doc">
            <Thumbnail item=shown icon=kind.0/>
            <div class="doc-text">
                {match on_open {
                    Some(open) => view! {
                        <button class="doc-name" type="button" data-testid="doc-name"
                            title=move || text::safe::row::download(lang.get(), &label)
                            on:click=move |_| open.run(())>{name}</button>
                    }.into_any(),
                    None => view! { <span class="doc-name" title=label>{name}</span> }.into_any(),
                }}
                <span class="doc-meta">
                    {move || kind.1(lang.get())}
                    <span class="meta-more">{meta}</span>
                </span>
            </div>
        </div>
    }
}

/// The icon and the word for a media type.
pub(crate) fn kind_of(item: &Item) -> (Icon, fn(text::Locale) -> &'static str) {
    match item.media.as_deref() {
        Some("application/pdf") => (Icon::FileText, text::safe::kind::pdf),
        Some(media) if media.starts_with("image/") => (Icon::Image, text::safe::kind::image),
        Some(media) if media.starts_with("text/") => (Icon::FileText, text::safe::kind::text),
        _ => (Icon::File, text::safe::kind::other),
    }
}
