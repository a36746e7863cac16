//! What the screen does to the list: each act is one call, one short message, and a way back where there is one.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::item::{Category, Item, ObjectId};

use super::view::View;
use crate::components::row;
use crate::message::{Answer, Call, Failure, SafeAnswer, SafeCall};
use crate::state::App;
use crate::text;

impl View {
    /// Fetches a document and saves it on this device.
    pub fn download(self, item: Item) {
        self.app.download(item.id, item.name, item.len);
    }

    /// Gives another name.
    pub fn rename(self, item: &Item, name: String) {
        let object = item.id.clone();
        if name != item.name {
            self.app.change(Call::Rename { object, name }, |_| None);
        }
    }

    /// Puts items into the bin; "Annuler" takes them out.
    pub fn trash(self, items: Vec<Item>) {
        let objects = ids(&items);
        let back = vec![SafeCall::Restore {
            objects: objects.clone(),
        }];
        self.stop_picking();
        self.app
            .change(Call::Safe(SafeCall::Trash { objects }), move |lang| {
                let said = match items.as_slice() {
                    [item] => text::safe::trashed(lang, &item.name),
                    items => text::safe::trashed_many(lang, items.len() as u64),
                };
                Some((said, Some(back)))
            });
    }

    /// Puts items into a folder.
    pub fn move_to(self, objects: Vec<ObjectId>, folder: Option<ObjectId>) {
        self.stop_picking();
        self.app.move_to(objects, folder);
    }

    /// Says what documents are about; "Annuler" says again what was said before.
    pub fn categorise(self, objects: Vec<ObjectId>, category: Option<Category>) {
        let back = self.app.back(
            &objects,
            |item| item.category,
            |objects, category| SafeCall::SetCategory { objects, category },
        );
        let count = objects.len() as u64;
        self.stop_picking();
        let call = Call::Safe(SafeCall::SetCategory { objects, category });
        self.app.change(call, move |lang| {
            let said = match category {
                Some(category) => text::safe::categorised(lang, row::category_text(category, lang), count),
                None => text::safe::uncategorised(lang, count),
            };
            Some((said, Some(back)))
        });
    }

    /// Gives a document these tags.
    pub fn tag(self, object: ObjectId, tags: Vec<String>) {
        self.app
            .change(Call::Safe(SafeCall::SetTags { object, tags }), |_| None);
    }

    /// Says until when a document is kept.
    pub fn keep_until(self, object: ObjectId, end: Option<u64>) {
        self.app
            .change(Call::Safe(SafeCall::SetRetention { object, end }), |_| None);
    }

    /// Makes a folder where the list stands.
    pub fn make_folder(self, name: String) {
        let parent = self.folder.get_untracked();
        spawn_local(async move {
            if let Err(failure) = self.folder_in(name, parent).await {
                self.app.say_failure(&failure);
            }
        });
    }

    /// Makes a folder in a folder.
    ///
    /// # Errors
    /// Whatever the worker says.
    pub async fn folder_in(self, name: String, parent: Option<ObjectId>) -> Result<ObjectId, Failure> {
        let call = Call::Safe(SafeCall::MakeFolder { name, parent });
        match self.app.ask(call).await? {
            Answer::Safe(SafeAnswer::Folder { object, listing }) => {
                self.app.show(listing);
                Ok(object)
            }
            _ => Err(Failure::code("internal")),
        }
    }
}

impl App {
    /// Puts items into a folder; "Annuler" puts each back where it lay.
    pub fn move_to(self, objects: Vec<ObjectId>, folder: Option<ObjectId>) {
        let back = self.back(
            &objects,
            |item| item.parent.clone(),
            |objects, folder| SafeCall::Move { objects, folder },
        );
        let count = objects.len() as u64;
        let name = folder
            .as_ref()
            .and_then(|id| self.item(id))
            .map(|folder| folder.name);
        self.change(Call::Safe(SafeCall::Move { objects, folder }), move |lang| {
            let said = match name {
                Some(name) => text::safe::moved(lang, count, &name),
                None => text::safe::moved_out(lang, count),
            };
            Some((said, Some(back)))
        });
    }

    /// The calls that give each item back what it has now: one for each value.
    fn back<T: PartialEq>(
        self,
        objects: &[ObjectId],
        value: impl Fn(&Item) -> T,
        call: impl Fn(Vec<ObjectId>, T) -> SafeCall,
    ) -> Vec<SafeCall> {
        let mut groups: Vec<(T, Vec<ObjectId>)> = Vec::new();
        for item in objects.iter().filter_map(|id| self.item(id)) {
            let now = value(&item);
            match groups.iter_mut().find(|(value, _)| *value == now) {
                Some((_, ids)) => ids.push(item.id),
                None => groups.push((now, vec![item.id])),
            }
        }
        groups.into_iter().map(|(value, ids)| call(ids, value)).collect()
    }
}

fn ids(items: &[Item]) -> Vec<ObjectId> {
    items.iter().map(|item| item.id.clone()).collect()
}
