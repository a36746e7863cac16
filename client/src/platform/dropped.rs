//! Files and folders that were dropped on the page or chosen as a folder: every file with the folders it lies in.
//! May not read a byte of them.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, File};

/// A file, and the names of the folders around it, the outermost first.
#[derive(Clone)]
pub struct Dropped {
    /// The file.
    pub file: File,
    /// Its folders.
    pub folders: Vec<String>,
}

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Entry;
    #[wasm_bindgen(method, getter, js_name = isDirectory)]
    fn is_directory(this: &Entry) -> bool;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Entry) -> String;
    #[wasm_bindgen(method)]
    fn file(this: &Entry, found: &Function, failed: &Function);
    #[wasm_bindgen(method, js_name = createReader)]
    fn create_reader(this: &Entry) -> Reader;

    type Reader;
    #[wasm_bindgen(method, js_name = readEntries)]
    fn read_entries(this: &Reader, found: &Function, failed: &Function);
}

/// The entries of a drop. They must be taken during the event; what is in them can be read after it.
#[must_use]
pub fn entries(transfer: &DataTransfer) -> Entries {
    let mut found = Vec::new();
    let items = Reflect::get(transfer, &JsValue::from_str("items")).unwrap_or_default();
    for item in Array::from(&items).iter() {
        let ask = Reflect::get(&item, &JsValue::from_str("webkitGetAsEntry"));
        let Some(ask) = ask.ok().and_then(|ask| ask.dyn_into::<Function>().ok()) else {
            continue;
        };
        if let Ok(entry) = ask.call0(&item)
            && entry.is_object()
        {
            found.push(entry.unchecked_into());
        }
    }
    Entries(found)
}

/// What was dropped, not yet looked into.
pub struct Entries(Vec<Entry>);

impl Entries {
    /// Whether the browser gave none: it knows no folders, and the plain list of files is all there is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every file in them, folder by folder. A folder that cannot be read counts as empty; so does what lies deeper or
    /// beyond the bounds.
    pub async fn files(self) -> Vec<Dropped> {
        let mut found = Vec::new();
        let mut open: Vec<(Entry, Vec<String>)> = self
            .0
            .into_iter()
            .rev()
            .map(|entry| (entry, Vec::new()))
            .collect();
        while let Some((entry, folders)) = open.pop() {
            if found.len() >= FILES {
                break;
            }
            if !entry.is_directory() {
                if let Some(file) = file_of(&entry).await {
                    found.push(Dropped { file, folders });
                }
            } else if folders.len() < DEPTH {
                let mut inside = folders;
                inside.push(entry.name());
                let children = children_of(&entry).await;
                open.extend(children.into_iter().rev().map(|child| (child, inside.clone())));
            }
        }
        found
    }
}

/// A file that lies in no folder.
#[must_use]
pub fn alone(files: Vec<File>) -> Vec<Dropped> {
    let at_root = |file| Dropped {
        file,
        folders: Vec::new(),
    };
    files.into_iter().map(at_root).collect()
}

async fn file_of(entry: &Entry) -> Option<File> {
    let wait = Promise::new(&mut |found, failed| entry.file(&found, &failed));
    JsFuture::from(wait).await.ok()?.dyn_into().ok()
}

/// A browser hands out a folder's children in batches; an empty one is the last.
async fn children_of(entry: &Entry) -> Vec<Entry> {
    let reader = entry.create_reader();
    let mut children = Vec::new();
    loop {
        let wait = Promise::new(&mut |found, failed| reader.read_entries(&found, &failed));
        let Ok(batch) = JsFuture::from(wait).await else {
            return children;
        };
        let batch = Array::from(&batch);
        if batch.length() == 0 || children.len() >= FILES {
            return children;
        }
        children.extend(batch.iter().map(|child| child.unchecked_into::<Entry>()));
    }
}

/// Files of one drop, at most.
const FILES: usize = 10_000;
/// Folders inside folders, at most.
const DEPTH: usize = 16;
