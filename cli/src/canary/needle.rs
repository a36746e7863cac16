//! Looks for what the server must not know in everything it stores, logs, receives and sends.
//!
//! A [`Canary`] is a document with known words, name, category and size; [`Canary::needles`] are the forms in which
//! any of them could leak; [`Haystacks::search`] finds them. It proves presence well and absence only for these forms.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

/// Something that no byte outside the person's device may tell.
pub struct Canary {
    texts: Vec<(&'static str, String)>,
    bytes: Vec<(&'static str, Vec<u8>)>,
    sizes: Vec<(&'static str, u64)>,
}

/// One form of one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// What leaks, and in which form: `name as UTF-16LE in base64, alignment 2`.
    pub what: String,
    /// The bytes to look for.
    pub bytes: Vec<u8>,
}

/// A needle found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// The file, stream or message.
    pub place: String,
    /// Offset in bytes.
    pub at: usize,
    /// What leaks, and in which form.
    pub what: String,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of {}", self.what, self.at, self.place)
    }
}

impl Canary {
    /// Nothing to look for yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            texts: Vec::new(),
            bytes: Vec::new(),
            sizes: Vec::new(),
        }
    }

    /// A text: looked for as it stands, in lower and in upper case. At least eight bytes, so that chance finds none.
    #[must_use]
    pub fn text(mut self, what: &'static str, text: &str) -> Self {
        assert!(text.len() >= 8, "too short to be told from chance");
        self.texts.push((what, text.to_owned()));
        self
    }

    /// Bytes, such as a digest.
    #[must_use]
    pub fn bytes(mut self, what: &'static str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 8, "too short to be told from chance");
        self.bytes.push((what, bytes.to_owned()));
        self
    }

    /// A number of seven digits, odd.
    #[must_use]
    pub fn size(mut self, what: &'static str, size: u64) -> Self {
        assert!(
            (1_000_000..10_000_000).contains(&size) && size % 2 == 1,
            "seven digits, odd"
        );
        self.sizes.push((what, size));
        self
    }

    /// Every form of every secret.
    #[must_use]
    pub fn needles(&self) -> Vec<Needle> {
        let mut all = Vec::new();
        for (what, text) in &self.texts {
            for (case, text) in cases(text) {
                written(&format!("{what}{case}"), &text, &mut all);
            }
        }
        for (what, bytes) in &self.bytes {
            carried(what, bytes, &mut all);
        }
        for (what, size) in &self.sizes {
            written(&format!("{what} as decimal"), &size.to_string(), &mut all);
            carried(
                &format!("{what} as 8 bytes, big end first"),
                &size.to_be_bytes(),
                &mut all,
            );
            carried(
                &format!("{what} as 8 bytes, little end first"),
                &size.to_le_bytes(),
                &mut all,
            );
        }
        all
    }
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that is searched, by place.
#[derive(Default)]
pub struct Haystacks {
    places: Vec<(String, Vec<u8>)>,
}

impl Haystacks {
    /// Adds bytes under the name of their place.
    pub fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.places.push((place.into(), bytes.into()));
    }

    /// Adds every file below a folder, and their names.
    ///
    /// # Errors
    /// A file that cannot be read: an unread file proves nothing.
    pub fn add_folder(&mut self, folder: &Path) -> io::Result<()> {
        for file in files_below(folder)? {
            let name = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
            self.places
                .push((format!("name of {name}"), name.clone().into_bytes()));
            self.places.push((name, fs::read(file)?));
        }
        Ok(())
    }

    /// Bytes in all.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Whether there is nothing to search.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Places in all.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Every place with its bytes, names of files left out.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        let places = self
            .places
            .iter()
            .filter(|(place, _)| !place.starts_with("name of "));
        places.map(|(place, bytes)| (place.as_str(), bytes.len()))
    }

    /// Every needle in every place.
    #[must_use]
    pub fn search(&self, needles: &[Needle]) -> Vec<Leak> {
        let searcher = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(needles.iter().map(|needle| &needle.bytes));
        let mut leaks = Vec::new();
        let Ok(searcher) = searcher else {
            // A search that was not made must not look like one that found nothing.
            leaks.push(Leak {
                place: "the search itself".to_owned(),
                at: 0,
                what: "more needles than fit".to_owned(),
            });
            return leaks;
        };
        for (place, bytes) in &self.places {
            for found in searcher.find_overlapping_iter(bytes) {
                let needle = needles.get(found.pattern().as_usize());
                let what = needle.map(|needle| needle.what.clone()).unwrap_or_default();
                leaks.push(Leak {
                    place: place.clone(),
                    at: found.start(),
                    what,
                });
            }
        }
        leaks
    }
}

/// Every file below a folder.
///
/// # Errors
/// A folder that cannot be read.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A text as it stands, and in lower and upper case where those differ.
fn cases(text: &str) -> Vec<(&'static str, String)> {
    let mut all = vec![("", text.to_owned())];
    for (case, changed) in [
        (", lower case", text.to_lowercase()),
        (", upper case", text.to_uppercase()),
    ] {
        if all.iter().all(|(_, known)| *known != changed) {
            all.push((case, changed));
        }
    }
    all
}

/// A text in the character sets that a program may write.
fn written(what: &str, text: &str, into: &mut Vec<Needle>) {
    carried(&format!("{what} as UTF-8"), text.as_bytes(), into);
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    carried(&format!("{what} as UTF-16LE"), &little, into);
    carried(&format!("{what} as UTF-16BE"), &big, into);
    let escaped: String = text.chars().map(json_escape).collect();
    if escaped != text {
        into.push(Needle {
            what: format!("{what} with JSON escapes"),
            bytes: escaped.into_bytes(),
        });
    }
}

/// Bytes as they are, and in the encodings in which bytes travel.
fn carried(what: &str, bytes: &[u8], into: &mut Vec<Needle>) {
    let mut add = |form: String, bytes: Vec<u8>| {
        if bytes.len() >= 5 && into.iter().all(|known| known.bytes != bytes) {
            into.push(Needle { what: form, bytes });
        }
    };
    add(what.to_owned(), bytes.to_owned());
    for alignment in 0..3 {
        for (name, encoding) in [("base64", BASE64), ("base64url", BASE64URL)] {
            for form in base64_forms(&encoding, bytes, alignment) {
                add(format!("{what} in {name}, alignment {alignment}"), form);
            }
        }
    }
    add(format!("{what} in hex"), HEXLOWER.encode(bytes).into_bytes());
    add(
        format!("{what} in upper-case hex"),
        HEXUPPER.encode(bytes).into_bytes(),
    );
    for (name, upper) in [("lower", false), ("upper", true)] {
        for (extent, every) in [("every byte", true), ("where a URL must", false)] {
            let text = percent(bytes, upper, every);
            add(
                format!("{what} percent-encoded ({extent}, {name}-case hex)"),
                text,
            );
        }
    }
}

/// What these bytes are in a base64 text when `alignment` bytes of others come before.
///
/// Of long ones, the characters that depend on them alone. Of short ones those are too few to be no accident (a number of
/// eight bytes may be mostly zeros, and random bytes after a field of zeros then look like it), so both characters that
/// they share with their neighbours are looked for too, in each form that those may give them.
fn base64_forms(encoding: &base64::Encoding, bytes: &[u8], alignment: usize) -> BTreeSet<Vec<u8>> {
    let end = alignment + bytes.len();
    let neighbours = if bytes.len() > SHORT { 0..=0 } else { 0..=u8::MAX };
    let (first, last) = if bytes.len() > SHORT {
        ((8 * alignment).div_ceil(6), 8 * end / 6)
    } else {
        (8 * alignment / 6, (8 * end).div_ceil(6))
    };
    let mut forms = BTreeSet::new();
    for before in neighbours.clone() {
        for after in neighbours.clone().step_by(NEIGHBOUR_STEP) {
            let whole = [&vec![before; alignment], bytes, &[after]].concat();
            let text = encoding.encode(&whole);
            forms.insert(text.as_bytes()[first..last].to_vec());
        }
        if alignment == 0 {
            break;
        }
    }
    forms
}

/// Bytes up to which every bit of a needle is compared.
const SHORT: usize = 8;
/// At most the four upper bits of the byte after a needle share a character with it.
const NEIGHBOUR_STEP: usize = 16;

fn percent(bytes: &[u8], upper: bool, every: bool) -> Vec<u8> {
    let digits = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let mut text = Vec::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if !every && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
            text.push(byte);
        } else {
            text.extend([
                b'%',
                digits[usize::from(byte >> 4)],
                digits[usize::from(byte & 15)],
            ]);
        }
    }
    text
}

fn json_escape(character: char) -> String {
    if character.is_ascii() {
        return character.to_string();
    }
    let mut units = [0; 2];
    character
        .encode_utf16(&mut units)
        .iter()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn sample() -> Canary {
        Canary::new()
            .text("name", "Été à Brocéliande.pdf")
            .size("size", 3_571_913)
    }

    /// A leak in the middle of other bytes, behind `before` of them.
    fn buried(before: usize, leak: &[u8]) -> Haystacks {
        let mut bytes = vec![b'x'; before];
        bytes.extend_from_slice(leak);
        bytes.extend_from_slice(b"yyyy");
        let mut stacks = Haystacks::default();
        stacks.add("here", bytes);
        stacks
    }

    #[test]
    fn finds_every_form_at_every_alignment() {
        let needles = sample().needles();
        let name = "Été à Brocéliande.pdf";
        let utf16: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for before in 0..6 {
            for bytes in [
                name.as_bytes(),
                utf16.as_slice(),
                &3_571_913_u64.to_be_bytes(),
                b"3571913",
            ] {
                let mut plain = vec![b'x'; before];
                plain.extend_from_slice(bytes);
                plain.extend_from_slice(b"yyyy");
                for text in [
                    plain.clone(),
                    BASE64.encode(&plain).into_bytes(),
                    BASE64URL.encode(&plain).into_bytes(),
                    HEXLOWER.encode(&plain).into_bytes(),
                    HEXUPPER.encode(&plain).into_bytes(),
                    percent(&plain, true, true),
                    percent(&plain, false, false),
                ] {
                    assert!(
                        !buried(before, &text).search(&needles).is_empty(),
                        "{before} {text:?}"
                    );
                }
            }
        }
        for case in [name.to_lowercase(), name.to_uppercase()] {
            assert!(!buried(3, case.as_bytes()).search(&needles).is_empty());
        }
        let escaped: String = name.chars().map(json_escape).collect();
        assert!(!buried(0, escaped.as_bytes()).search(&needles).is_empty());
    }

    #[test]
    fn says_what_and_where() {
        let found = buried(7, b"3571913").search(&sample().needles());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "size as decimal as UTF-8 at byte 7 of here");
    }

    #[test]
    fn finds_nothing_in_noise() {
        let needles = sample().needles();
        let mut noise = vec![0; 4 << 20];
        let mut state = 1_u64;
        for byte in &mut noise {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
        assert!(buried(0, &noise).search(&needles).is_empty());
    }

    #[test]
    fn reads_every_file_below_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/3571913"), "nothing").unwrap();
        let mut stacks = Haystacks::default();
        stacks.add_folder(folder.path()).unwrap();
        let found = stacks.search(&sample().needles());
        assert_eq!(found[0].place, "name of a/b/3571913");
    }
}
