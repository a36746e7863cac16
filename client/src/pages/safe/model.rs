//! What of the list is shown, and in which order. Pure: knows items, not signals, and no text of the page.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use sdk::flows::item::{Category, Item, Kind, ObjectId};
use sdk::search::{Query, fold, fold_item};

/// Which documents a chip lets through.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Filter {
    /// Every one.
    #[default]
    All,
    /// Those of one category.
    Category(Category),
    /// Those with one tag.
    Tag(String),
}

/// The column of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// As in a dictionary: accents and case do not count.
    Name,
    /// When it came into the safe.
    Added,
    /// Bytes.
    Size,
}

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// Column.
    pub by: By,
    /// From the largest down.
    pub down: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            by: By::Added,
            down: true,
        }
    }
}

impl Sort {
    /// Every order with its name, as it is remembered on the device.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::of(By::Added, true), "added-down"),
        (Self::of(By::Added, false), "added-up"),
        (Self::of(By::Name, false), "name-up"),
        (Self::of(By::Name, true), "name-down"),
        (Self::of(By::Size, true), "size-down"),
        (Self::of(By::Size, false), "size-up"),
    ];

    const fn of(by: By, down: bool) -> Self {
        Self { by, down }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(sort, _)| *sort == self);
        found.map_or("added-down", |(_, name)| name)
    }

    /// The order of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == name);
        found.map(|(sort, _)| *sort)
    }

    /// What a press on a column's head makes of it: the other way round, or that column in its usual direction.
    #[must_use]
    pub fn pressed(self, by: By) -> Self {
        Self {
            by,
            down: if self.by == by { !self.down } else { by != By::Name },
        }
    }
}

/// What is asked of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// As typed into the search.
    pub query: String,
    /// The chip.
    pub filter: Filter,
    /// The folder that is open.
    pub folder: Option<ObjectId>,
    /// The order.
    pub sort: Sort,
}

impl Asked {
    /// Whether documents of every folder are shown: a search and a chip look everywhere.
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        !self.query.trim().is_empty() || self.filter != Filter::All
    }
}

/// The items to show, in order: folders first. `words` tells what an item can be found by
/// beside its name and tags.
#[must_use]
pub fn shown(items: &[Item], asked: &Asked, words: impl Fn(&Item) -> String) -> Vec<Item> {
    let query = Query::of(&asked.query);
    let everywhere = asked.is_everywhere();
    let passes = |item: &Item| match &asked.filter {
        Filter::All => true,
        Filter::Category(category) => item.category == Some(*category),
        Filter::Tag(tag) => item.tags.contains(tag),
    };
    let found = |item: &Item| query.is_empty() || query.finds(&fold_item(item, &words(item)));
    let mut shown: Vec<Item> = items
        .iter()
        .filter(|item| !item.in_trash && (everywhere || item.parent == asked.folder))
        .filter(|item| passes(item) && found(item))
        .cloned()
        .collect();
    sort(&mut shown, asked.sort);
    shown
}

fn sort(items: &mut [Item], sort: Sort) {
    items.sort_by_cached_key(|item| name_key(&item.name));
    // Each step keeps the order of the one before: what is equal stays in the order of the names.
    match (sort.by, sort.down) {
        (By::Name, false) => {}
        (By::Name, true) => items.reverse(),
        (By::Added, false) => items.sort_by_key(|item| item.added),
        (By::Added, true) => items.sort_by_key(|item| Reverse(item.added)),
        (By::Size, false) => items.sort_by_key(|item| item.len),
        (By::Size, true) => items.sort_by_key(|item| Reverse(item.len)),
    }
    items.sort_by_key(|item| item.kind != Kind::Folder);
}

/// Numbers in a name count as numbers: `page 2` stands before `page 10`.
fn name_key(name: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for letter in fold(name).chars() {
        match (parts.last_mut(), letter.to_digit(10)) {
            (Some(Part::Number(number)), Some(digit)) => {
                *number = number.saturating_mul(10).saturating_add(u64::from(digit));
            }
            (_, Some(digit)) => parts.push(Part::Number(u64::from(digit))),
            (Some(Part::Text(text)), None) => text.push(letter),
            (_, None) => parts.push(Part::Text(letter.to_string())),
        }
    }
    parts
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Text(String),
}

/// How many documents each chip shows: all, by category, by tag.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Every document.
    pub all: u64,
    /// By category; one that is not there has none.
    pub categories: BTreeMap<Category, u64>,
    /// By tag.
    pub tags: BTreeMap<String, u64>,
}

/// Counts what is not in the bin.
#[must_use]
pub fn counts(items: &[Item]) -> Counts {
    let mut counts = Counts::default();
    for item in documents(items) {
        counts.all += 1;
        if let Some(category) = item.category {
            *counts.categories.entry(category).or_default() += 1;
        }
        for tag in &item.tags {
            *counts.tags.entry(tag.clone()).or_default() += 1;
        }
    }
    counts
}

/// The documents that are not in the bin.
pub fn documents(items: &[Item]) -> impl Iterator<Item = &Item> {
    items
        .iter()
        .filter(|item| item.kind == Kind::Document && !item.in_trash)
}

/// The folders from the root down to this one, itself included.
#[must_use]
pub fn path(items: &[Item], folder: Option<&ObjectId>) -> Vec<Item> {
    let by_id: HashMap<&ObjectId, &Item> = items.iter().map(|item| (&item.id, item)).collect();
    let mut path = Vec::new();
    let mut next = folder;
    while let Some(item) = next.and_then(|id| by_id.get(id)) {
        path.push((*item).clone());
        next = item.parent.as_ref();
    }
    path.reverse();
    path
}

/// How many things lie in a folder itself.
#[must_use]
pub fn inside(items: &[Item], folder: &ObjectId) -> u64 {
    let inside = items
        .iter()
        .filter(|item| !item.in_trash && item.parent.as_ref() == Some(folder));
    inside.count() as u64
}

/// A place to move to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which folder.
    pub folder: Item,
    /// Folders around it.
    pub depth: usize,
}

/// The tree of folders in the order of their names, without those that would go inside themselves.
#[must_use]
pub fn places(items: &[Item], moving: &[ObjectId]) -> Vec<Place> {
    let mut folders: Vec<&Item> = items
        .iter()
        .filter(|item| item.kind == Kind::Folder && !item.in_trash)
        .collect();
    // From the last name to the first: they are taken from the end.
    folders.sort_by_cached_key(|folder| Reverse(name_key(&folder.name)));
    let mut places = Vec::new();
    let mut open: Vec<(&Item, usize)> = children(&folders, None, 0).collect();
    while let Some((folder, depth)) = open.pop() {
        if moving.contains(&folder.id) {
            continue;
        }
        places.push(Place {
            folder: folder.clone(),
            depth,
        });
        open.extend(children(&folders, Some(&folder.id), depth + 1));
    }
    places
}

fn children<'a>(
    folders: &[&'a Item],
    parent: Option<&ObjectId>,
    depth: usize,
) -> impl Iterator<Item = (&'a Item, usize)> {
    folders
        .iter()
        .filter(move |folder| folder.parent.as_ref() == parent)
        .map(move |folder| (*folder, depth))
}

/// The documents whose end date is past or within thirty days, the nearest first.
#[must_use]
pub fn due(items: &[Item], now: u64) -> Vec<Item> {
    let mut due: Vec<Item> = documents(items)
        .filter(|item| {
            item.retention_end
                .is_some_and(|end| end <= now.saturating_add(SOON))
        })
        .cloned()
        .collect();
    due.sort_by_key(|item| item.retention_end);
    due
}

/// Seconds before an end date at which it is recalled.
const SOON: u64 = 30 * 24 * 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_one_types_them() {
        let items = [doc("Été à l’Île d’Œssant.pdf"), doc("Avis d’impôt 2026.pdf")];
        for query in ["ete", "ÎLE", "oessant", "l'ile", "  2026 impot "] {
            assert_eq!(names(&items, &asked(query)).len(), 1, "{query}");
        }
        assert!(names(&items, &asked("impot 2025")).is_empty());
    }

    #[test]
    fn a_search_looks_into_every_folder_and_a_folder_shows_its_own() {
        let mut inner = doc("Bail.pdf");
        inner.parent = Some(ObjectId("f".into()));
        let mut folder = doc("Maison");
        (folder.id, folder.kind) = (ObjectId("f".into()), Kind::Folder);
        let items = [inner, folder, doc("Carte.jpg")];
        assert_eq!(names(&items, &asked("")), ["Maison", "Carte.jpg"]);
        assert_eq!(names(&items, &asked("bail")), ["Bail.pdf"]);
        let open = Asked {
            folder: Some(ObjectId("f".into())),
            ..Asked::default()
        };
        assert_eq!(names(&items, &open), ["Bail.pdf"]);
        assert_eq!(path(&items, open.folder.as_ref()).len(), 1);
        assert_eq!(inside(&items, &ObjectId("f".into())), 1);
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let items = [doc("page 10"), doc("Page 2"), doc("page 1")];
        let asked = Asked {
            sort: Sort::of(By::Name, false),
            ..Asked::default()
        };
        assert_eq!(names(&items, &asked), ["page 1", "Page 2", "page 10"]);
    }

    #[test]
    fn a_column_is_pressed_to_turn_it_round() {
        let first = Sort::default();
        assert_eq!(first.pressed(By::Added), Sort::of(By::Added, false));
        assert_eq!(first.pressed(By::Name), Sort::of(By::Name, false));
        assert_eq!(first.pressed(By::Size), Sort::of(By::Size, true));
        for (sort, name) in Sort::ALL {
            assert_eq!((Sort::parse(name), sort.name()), (Some(sort), name));
        }
    }

    #[test]
    fn a_folder_is_offered_no_place_inside_itself() {
        let folder = |id: &str, parent: Option<&str>| {
            let mut folder = doc(id);
            (folder.id, folder.kind) = (ObjectId(id.into()), Kind::Folder);
            folder.parent = parent.map(|parent| ObjectId(parent.into()));
            folder
        };
        let items = [folder("a", None), folder("b", Some("a")), folder("c", None)];
        let names = |moving: &[ObjectId]| -> Vec<(String, usize)> {
            let places = places(&items, moving);
            places
                .into_iter()
                .map(|place| (place.folder.name, place.depth))
                .collect()
        };
        let all = [("a", 0), ("b", 1), ("c", 0)].map(|(name, depth)| (name.to_owned(), depth));
        assert_eq!(names(&[]), all);
        assert_eq!(names(&[ObjectId("a".into())]), [("c".to_owned(), 0)]);
    }

    #[test]
    fn an_end_date_is_recalled_a_month_before() {
        let mut items = [doc("proche"), doc("loin"), doc("sans")];
        (items[0].retention_end, items[1].retention_end) = (Some(1_000_000), Some(9_000_000));
        let due: Vec<String> = due(&items, 900_000).into_iter().map(|item| item.name).collect();
        assert_eq!(due, ["proche"]);
    }

    fn names(items: &[Item], asked: &Asked) -> Vec<String> {
        let shown = shown(items, asked, |_| String::new());
        shown.into_iter().map(|item| item.name).collect()
    }

    fn asked(query: &str) -> Asked {
        Asked {
            query: query.to_owned(),
            ..Asked::default()
        }
    }

    fn doc(name: &str) -> Item {
        Item {
            id: ObjectId(name.to_owned()),
            kind: Kind::Document,
            name: name.to_owned(),
            parent: None,
            media: Some("application/pdf".to_owned()),
            len: 1,
            tags: Vec::new(),
            category: None,
            retention_end: None,
            added: 0,
            modified: 0,
            content: None,
            versions: 0,
            thumbnail: false,
            trashed_at: None,
            in_trash: false,
            purge_at: None,
            same_name: false,
        }
    }
}
