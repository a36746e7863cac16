//! The tile of a document: its small picture where it has one, else the sign of its kind. The picture is fetched when the
//! tile is drawn, kept for the session, and never waited for.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::item::Item;

use crate::components::icon::{Icon, Svg};
use crate::message::{Call, SafeCall};
use crate::platform::thumbnail;
use crate::state::app;

/// The tile of one document.
#[component]
pub fn Thumbnail(
    /// Which.
    item: Item,
    /// What stands there until the picture is, or where there is none.
    icon: Icon,
) -> impl IntoView {
    let app = app();
    let picture = RwSignal::new(thumbnail::kept(&item.id.0));
    if item.thumbnail && picture.get_untracked().is_none() {
        let object = item.id;
        let (_, coming) = app.fetch(
            Call::Safe(SafeCall::Thumbnail {
                object: object.clone(),
            }),
            |_| (),
        );
        spawn_local(async move {
            // Without it the sign of its kind stays; a refusal is the alert's to say.
            if let Ok(content) = coming.await {
                picture.try_set(thumbnail::keep(&object.0, &content));
            }
        });
    }
    view! { <Tile picture icon/> }
}

/// A small picture, or the sign in its place.
#[component]
pub fn Tile(
    /// Where the picture is, once it is there.
    picture: RwSignal<Option<String>>,
    /// The sign.
    icon: Icon,
) -> impl IntoView {
    view! {
        <span class="tile">
            {move || match picture.get() {
                Some(address) => view! {
                    <img class="tile-picture" src=address alt="" on:error=move |_| picture.set(None)/>
                }.into_any(),
                None => view! { <Svg icon/> }.into_any(),
            }}
        </span>
    }
}
