//! The question of where to put things: the tree of folders, and none of them. For the list and for the page of a document.

use leptos::prelude::*;
use sdk::flows::item::ObjectId;

use super::model;
use crate::components::dialog::Dialog;
use crate::components::field::on_submit;
use crate::components::icon::{Icon, Svg};
use crate::state::app;
use crate::t;
use crate::text;

/// The dialog. What becomes of the answer is decided by whoever asks.
#[component]
pub fn MoveDialog(
    /// What is to be put somewhere.
    objects: Vec<ObjectId>,
    /// Takes the folder; `None` for the root.
    on_place: Callback<Option<ObjectId>>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let places = app
        .listing
        .with_untracked(|listing| model::places(&listing.items, &objects));
    let from = objects
        .first()
        .and_then(|id| app.item(id))
        .and_then(|item| item.parent);
    let chosen = RwSignal::new(from);
    let count = objects.len() as u64;
    let submit = move || {
        on_place.run(chosen.get_untracked());
        on_close.run(());
    };
    view! {
        <Dialog title=move || text::safe::place::title(lang.get(), count) on_close=move || on_close.run(())>
            <form on:submit=on_submit(submit)>
                <div class="tree" role="radiogroup" aria-label=t!(safe.place.label)>
                    <Place id=None name=Signal::derive(move || text::frame::safe(lang.get()).to_owned()) depth=0 chosen/>
                    {places.into_iter().map(|place| {
                        let name = place.folder.name.clone();
                        view! { <Place id=Some(place.folder.id) name=Signal::derive(move || name.clone()) depth=place.depth + 1 chosen/> }
                    }).collect_view()}
                </div>
                <div class="btn-row">
                    <button class="btn" type="button" data-testid="move-cancel" on:click=move |_| on_close.run(())>{t!(common.cancel)}</button>
                    <button class="btn btn--primary" type="submit" data-testid="move-submit">{t!(safe.place.submit)}</button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Place(
    id: Option<ObjectId>,
    name: Signal<String>,
    depth: usize,
    chosen: RwSignal<Option<ObjectId>>,
) -> impl IntoView {
    let icon = if id.is_some() { Icon::Folder } else { Icon::Archive };
    let id = StoredValue::new(id);
    let class = format!("tree-line tree-line--{}", depth.min(DEEPEST));
    view! {
        <label class=class>
            <input type="radio" name="place" data-testid="move-place" data-name=name
                prop:checked=move || id.with_value(|id| chosen.with(|chosen| chosen == id))
                on:change=move |_| chosen.set(id.get_value())/>
            <Svg icon/>
            <span>{name}</span>
        </label>
    }
}

/// Beyond this depth a line of the tree is not set further in.
const DEEPEST: usize = 6;
