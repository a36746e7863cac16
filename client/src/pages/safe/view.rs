//! What the parts of the screen share: what is asked of the list, what is shown, what is picked, which dialog is open.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use sdk::flows::item::{Item, Kind, ObjectId};

use super::gather::Chosen;
use super::model::{self, Asked, Counts, Filter, Sort};
use crate::components::row;
use crate::platform::{page, screen};
use crate::state::{App, app};

/// The state of the screen; copies share it.
#[derive(Clone, Copy)]
pub struct View {
    /// The shared state of the page.
    pub app: App,
    /// What is typed into the search.
    pub query: RwSignal<String>,
    /// The chip.
    pub filter: RwSignal<Filter>,
    /// The order.
    pub sort: RwSignal<Sort>,
    /// The folder that is open: the address says it after `#`, which no server ever sees.
    pub folder: Memo<Option<ObjectId>>,
    /// The items to show.
    pub shown: Memo<Vec<Item>>,
    /// What each chip shows.
    pub counts: Memo<Counts>,
    /// The item whose details are shown.
    pub details: RwSignal<Option<ObjectId>>,
    /// Whether the panel stands beside the list.
    pub wide: RwSignal<bool>,
    /// Whether several are being picked.
    pub picking: RwSignal<bool>,
    /// Those that are picked.
    pub picked: RwSignal<BTreeSet<ObjectId>>,
    /// Where a pick with Shift begins.
    pub anchor: RwSignal<Option<ObjectId>>,
    /// The open dialog.
    pub dialog: RwSignal<Option<Ask>>,
    /// Files that were chosen and not yet added, in their order.
    pub adding: RwSignal<Option<Vec<Chosen>>, LocalStorage>,
}

/// A question of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Another name.
    Rename(Item),
    /// A new folder here.
    NewFolder,
    /// Another folder.
    Move(Vec<ObjectId>),
    /// What they are about.
    Category(Vec<ObjectId>),
    /// One's own words.
    Tags(Item),
    /// Until when.
    End(Item),
}

/// The state of the screen around this part.
#[must_use]
pub fn view() -> View {
    expect_context::<View>()
}

impl View {
    /// A screen as it was left: the order is remembered on the device.
    #[must_use]
    pub fn new() -> Self {
        let (app, location) = (app(), use_location());
        let query = RwSignal::new(String::new());
        let filter = RwSignal::new(Filter::All);
        let sort = RwSignal::new(
            page::stored(SORT)
                .and_then(|name| Sort::parse(&name))
                .unwrap_or_default(),
        );
        let folder = Memo::new(move |_| {
            let id = ObjectId(location.hash.get().trim_start_matches('#').to_owned());
            let is_open = |item: &Item| item.id == id && item.kind == Kind::Folder && !item.in_trash;
            app.listing
                .with(|listing| listing.items.iter().any(is_open))
                .then_some(id)
        });
        let shown = Memo::new(move |_| {
            let asked = Asked {
                query: query.get(),
                filter: filter.get(),
                folder: folder.get(),
                sort: sort.get(),
            };
            let lang = app.lang.get();
            app.listing.with(|listing| {
                model::shown(&listing.items, &asked, |item| {
                    row::kind_text(item, lang).to_owned()
                })
            })
        });
        let view = Self {
            app,
            query,
            filter,
            sort,
            folder,
            shown,
            counts: Memo::new(move |_| app.listing.with(|listing| model::counts(&listing.items))),
            details: RwSignal::new(None),
            wide: RwSignal::new(screen::has_room_for_panel()),
            picking: RwSignal::new(false),
            picked: RwSignal::new(BTreeSet::new()),
            anchor: RwSignal::new(None),
            dialog: RwSignal::new(None),
            adding: RwSignal::new_local(None),
        };
        view.follow();
        view
    }

    fn follow(self) {
        Effect::new(move |_| page::store(SORT, self.sort.get().name()));
        // What is not there any more is neither picked nor detailed.
        Effect::new(move |_| {
            self.app.listing.with(|listing| {
                let there = |id: &ObjectId| listing.items.iter().any(|item| item.id == *id && !item.in_trash);
                if self.details.get_untracked().is_some_and(|id| !there(&id)) {
                    self.details.set(None);
                }
                if self.picked.with_untracked(|picked| !picked.iter().all(there)) {
                    self.picked.update(|picked| picked.retain(there));
                }
            });
        });
        let measure = move || {
            let wide = screen::has_room_for_panel();
            if wide != self.wide.get_untracked() {
                self.wide.set(wide);
            }
        };
        // While a question is open, details stay where they are: they would come to lie over it.
        let resized = window_event_listener(leptos::ev::resize, move |_| {
            if self.dialog.with_untracked(Option::is_none) {
                measure();
            }
        });
        Effect::new(move |_| {
            if self.dialog.with(Option::is_none) {
                measure();
            }
        });
        on_cleanup(move || resized.remove());
    }

    /// Whether documents of every folder are shown.
    #[must_use]
    pub fn is_everywhere(self) -> bool {
        !self.query.with(|query| query.trim().is_empty()) || self.filter.with(|filter| *filter != Filter::All)
    }

    /// The item of this id, wherever it lies.
    #[must_use]
    pub fn item(self, id: &ObjectId) -> Option<Item> {
        self.app.item(id)
    }

    /// Ends the picking of several.
    pub fn stop_picking(self) {
        self.picking.set(false);
        self.picked.set(BTreeSet::new());
        self.anchor.set(None);
        screen::focus_if_lost("[data-testid='pick-start']".to_owned());
    }

    /// Picks an item or lets it go; with Shift everything between it and the one before.
    pub fn pick(self, id: &ObjectId, range: bool) {
        let between = self.anchor.get_untracked().filter(|_| range).and_then(|anchor| {
            self.shown.with_untracked(|shown| {
                let at = |id: &ObjectId| shown.iter().position(|item| item.id == *id);
                let (a, b) = (at(&anchor)?, at(id)?);
                let span = shown.get(a.min(b)..=a.max(b))?;
                Some(span.iter().map(|item| item.id.clone()).collect::<Vec<_>>())
            })
        });
        self.picked.update(|picked| match between {
            Some(between) => picked.extend(between),
            None if !picked.remove(id) => {
                picked.insert(id.clone());
            }
            None => {}
        });
        self.anchor.set(Some(id.clone()));
    }
}

impl Default for View {
    fn default() -> Self {
        Self::new()
    }
}

/// The address of a folder; `None` is the root.
#[must_use]
pub fn folder_href(folder: Option<&ObjectId>) -> String {
    folder.map_or_else(|| "/coffre".to_owned(), |id| format!("/coffre#{id}"))
}

/// The address of a document.
#[must_use]
pub fn document_href(id: &ObjectId) -> String {
    format!("/document/{id}")
}

/// Where the order is remembered.
const SORT: &str = "civis.sort";
