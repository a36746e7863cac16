//! What the document page asks before it acts: another name, another folder.

use leptos::prelude::*;
use sdk::flows::item::Item;

use super::Asked;
use crate::components::name_dialog::NameDialog;
use crate::message::Call;
use crate::pages::safe::place::MoveDialog;
use crate::state::app;
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

/// Another folder.
#[component]
pub fn Move(
    /// Which document.
    item: Item,
    /// Emptied at the end.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let app = app();
    let objects = vec![item.id];
    let moved = objects.clone();
    let place = Callback::new(move |folder| app.move_to(moved.clone(), folder));
    view! { <MoveDialog objects on_place=place on_close=Callback::new(move |()| asked.set(None))/> }
}
