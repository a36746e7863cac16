//! Where a document lies in an archive: names that every system takes, each different from every other even where case
//! or normal form does not count. The true name stands in the list. spec/archive.md section 3.

use std::collections::HashSet;

use crypto::collection::name::Name;

/// Gives out paths, none of them twice.
#[derive(Default)]
pub(crate) struct Places {
    taken: HashSet<String>,
}

impl Places {
    /// The path for `name` in `folder` (a path given out before, or the top).
    pub(crate) fn give(&mut self, folder: &str, name: &str) -> String {
        // What lies too deep for some system is put at the top, where its name alone says where it belongs.
        let folder = if folder.len() > FOLDER_BYTES { TOP } else { folder };
        let safe = safe(name);
        let (stem, extension) = split(&safe);
        let mut path = format!("{folder}/{safe}");
        let mut number = 2_u32;
        while !self.taken.insert(fold(&path)) {
            path = format!("{folder}/{stem} ({number}){extension}");
            number = number.saturating_add(1);
        }
        path
    }
}

/// Paths that are the same on some system give the same text.
pub(crate) fn fold(path: &str) -> String {
    path.to_uppercase().to_lowercase()
}

/// In normal form C: some systems take names apart when they write them.
pub(crate) fn compose(path: &str) -> String {
    let steps: Vec<_> = path
        .split('/')
        .map(|step| Name::normalised(step).map_or_else(|_| step.to_owned(), |name| name.as_str().to_owned()))
        .collect();
    steps.join("/")
}

/// Whether every step of this path is one that every system takes as it stands; a folder ends with `/`.
pub(crate) fn is_safe(path: &str) -> bool {
    path.len() <= PATH_BYTES
        && path
            .strip_suffix('/')
            .unwrap_or(path)
            .split('/')
            .all(|step| Name::new(step).is_ok() && is_portable(step))
}

/// This name, with what some system refuses replaced.
fn safe(name: &str) -> String {
    let (stem, extension) = split(name);
    let mut text: String = shorten(stem, NAME_BYTES.saturating_sub(extension.len())).to_owned();
    text.push_str(extension);
    let mut text: String = text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    if text.ends_with(['.', ' ']) {
        text.pop();
        text.push('_');
    }
    if !is_portable(&text) {
        text.insert(0, '_');
    }
    text
}

fn is_portable(step: &str) -> bool {
    let device = fold(step.split('.').next().unwrap_or_default().trim_end());
    let numbered = ["com", "lpt"].iter().any(|name| {
        device.strip_prefix(name).is_some_and(|number| {
            number.chars().count() == 1 && number.chars().all(|c| "0123456789¹²³".contains(c))
        })
    });
    let reserved = numbered || DEVICES.contains(&device.as_str());
    !reserved && !step.starts_with(['.', ' ']) && !step.ends_with(['.', ' ']) && step.chars().all(is_plain)
}

fn is_plain(c: char) -> bool {
    !c.is_control() && !"<>:\"/\\|?*".contains(c)
}

/// Stem and extension with its dot; a leading dot or a long tail is part of the stem.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= EXTENSION_BYTES => name.split_at(at),
        _ => (name, ""),
    }
}

fn shorten(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The folder of the archive in which every document lies.
pub(crate) const TOP: &str = "documents";
/// Bytes of one step, before a number that tells it from another.
const NAME_BYTES: usize = 96;
/// Bytes of a folder's path, at most, for something to be put into it: with a name, a number and the place where
/// somebody unpacks it, the whole stays below the 260 characters of older systems.
const FOLDER_BYTES: usize = 72;
/// Bytes of any path.
const PATH_BYTES: usize = 255;
const EXTENSION_BYTES: usize = 16;
/// Names of devices on one system, whatever follows after a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_one_that_every_system_takes() {
        let mut places = Places::default();
        for (name, expected) in [
            ("bail.pdf", "documents/bail.pdf"),
            ("Bail.PDF", "documents/Bail (2).PDF"),
            ("bail.pdf", "documents/bail (3).pdf"),
            ("bail (2).pdf", "documents/bail (2) (2).pdf"),
            ("CON", "documents/_CON"),
            ("nul.txt", "documents/_nul.txt"),
            ("com¹.txt", "documents/_com¹.txt"),
            ("COM10.txt", "documents/COM10.txt"),
            ("console.txt", "documents/console.txt"),
            ("fin. ", "documents/fin._"),
            (".caché", "documents/_.caché"),
            ("a:b?.txt", "documents/a_b_.txt"),
            ("straße.txt", "documents/straße.txt"),
            ("STRASSE.txt", "documents/STRASSE (2).txt"),
            ("הסכם.pdf", "documents/הסכם.pdf"),
        ] {
            let path = places.give(TOP, name);
            assert_eq!(path, expected);
            assert!(is_safe(&path), "{path}");
        }
    }

    #[test]
    fn long_names_and_deep_folders_stay_within_every_limit() {
        let mut places = Places::default();
        let long = format!("{}.pdf", "é".repeat(120));
        let mut folder = TOP.to_owned();
        for _ in 0..40 {
            folder = places.give(&folder, &long);
            assert!(is_safe(&folder) && folder.len() < 190, "{folder}");
            assert!(folder.ends_with(".pdf") || folder.contains(" ("));
        }
    }

    #[test]
    fn no_path_leads_out() {
        for path in [
            "/a",
            "../a",
            "a/../b",
            "a//b",
            "",
            "/",
            "a\\b",
            "c:a",
            "a/.",
            "a\u{202e}b",
            "e\u{301}",
        ] {
            assert!(!is_safe(path), "{path:?}");
        }
        assert!(is_safe("documents/Impôts/"));
    }
}
