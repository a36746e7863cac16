//! What the document page asks before it acts: another name, another folder.

use leptos::prelude::*;
use sdk::flows::item::{Item, Kind, ObjectId};

use super::Asked;
use crate::components::dialog::Dialog;
use crate::components::field::on_submit;
use crate::components::name_dialog::NameDialog;
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
    let (object, first) = (item.id, item.name);
    let rename = Callback::new(move |name| {
        let object = object.clone();
        app.change(Call::Rename { object, name }, |_| None);
    });
    view! {
        <NameDialog title=text::safe::rename::title label=text::safe::rename::label done=text::document::rename
            id="rename" testid="rename-input" first on_name=rename on_close=Callback::new(move |()| asked.set(None))/>
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
