//! What the document page asks before it acts: another name, another folder.

use leptos::prelude::*;
use sdk::flows::item::{Item, Kind, ObjectId};

use super::Asked;
use crate::components::dialog::Dialog;
use crate::components::field::{self, Field, on_submit};
use crate::message::{Call, SafeCall};
use crate::state::app;
use crate::t;
use crate::text;

/// Another name.
#[component]
pub fn Rename(
    /// Of which document.
    item: Item,
    /// Emptied at the end.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let app = app();
    let name = RwSignal::new(item.name.clone());
    let object = item.id;
    let submit = move || {
        let name = name.get_untracked().trim().to_owned();
        if !name.is_empty() {
            let object = object.clone();
            app.change(Call::Rename { object, name }, |_| None);
            asked.set(None);
        }
    };
    let title = t!(safe.rename.title);
    view! {
        <Dialog title=move || title().to_owned() on_close=move || asked.set(None)>
            <form on:submit=on_submit(submit)>
                <Field id="rename" testid="rename-input" label=t!(safe.rename.label) kind=field::Kind::Text autocomplete="off" value=name/>
                <div class="btn-row">
                    <button class="btn" type="button" data-testid="rename-cancel" on:click=move |_| asked.set(None)>{t!(common.cancel)}</button>
                    <button class="btn btn--primary" type="submit" data-testid="rename-submit">{t!(document.rename)}</button>
                </div>
            </form>
        </Dialog>
    }
}

/// Another folder, out of those that there are.
#[component]
pub fn Move(
    /// Which document.
    item: Item,
    /// Emptied at the end.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let app = app();
    let place = RwSignal::new(item.parent.clone());
    let folders = app.listing.with_untracked(|listing| {
        let folders = listing
            .items
            .iter()
            .filter(|item| item.kind == Kind::Folder && !item.in_trash);
        folders
            .map(|folder| (folder.id.clone(), folder.name.clone()))
            .collect::<Vec<_>>()
    });
    let object = item.id;
    let submit = move || {
        let (objects, folder) = (vec![object.clone()], place.get_untracked());
        app.change(Call::Safe(SafeCall::Move { objects, folder }), |lang| {
            Some((text::document::moved(lang).to_owned(), None))
        });
        asked.set(None);
    };
    let (title, root) = (t!(document.place), t!(document.root));
    view! {
        <Dialog title=move || title().to_owned() on_close=move || asked.set(None)>
            <form class="stack-4" on:submit=on_submit(submit)>
                <fieldset class="places" data-testid="move-places">
                    <legend class="vh">{title}</legend>
                    <Place place id=None name=move || root().to_owned()/>
                    {folders.into_iter().map(|(id, name)| view! { <Place place id=Some(id) name=move || name.clone()/> }).collect_view()}
                </fieldset>
                <div class="btn-row">
                    <button class="btn" type="button" data-testid="move-cancel" on:click=move |_| asked.set(None)>{t!(common.cancel)}</button>
                    <button class="btn btn--primary" type="submit" data-testid="move-submit">{t!(document.displace)}</button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn Place(
    place: RwSignal<Option<ObjectId>>,
    id: Option<ObjectId>,
    name: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    let (mine, chosen) = (id.clone(), id);
    view! {
        <label class="tick">
            <input type="radio" name="place" prop:checked=move || place.get() == mine
                on:change=move |_| place.set(chosen.clone())/>
            <span>{name}</span>
        </label>
    }
}
