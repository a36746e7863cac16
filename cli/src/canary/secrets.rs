//! What only the canary knows: made anew for each audit, so that no server can look for it first.

use crypto::document::content::{content_root, part_content_root};
use crypto::hash::sha256;
use crypto::random::{Random, RandomError, make_bytes};
use sdk::flows::document::Category;

use super::needle::Canary;

/// Handle, phrase and document of one canary.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// What it is called; the one of these that a server is told.
    pub handle: String,
    /// What it signs in with.
    pub phrase: String,
    /// Name of the document.
    pub name: String,
    /// Its name later on.
    pub renamed: String,
    /// The folder that it comes to lie in.
    pub folder: String,
    /// A tag of its own.
    pub tag: String,
    /// Words that each chunk of it holds.
    pub words: [String; 2],
    /// Its size: seven digits, odd, so nothing that padding could make.
    pub size: u64,
    marks: [String; 6],
}

impl Secrets {
    /// New ones.
    ///
    /// # Errors
    /// No randomness.
    pub fn make(random: &mut dyn Random) -> Result<Self, RandomError> {
        let mut mark = || letters(random);
        let (handle, phrase) = (mark()?, [mark()?, mark()?].join(" "));
        let marks = [mark()?, mark()?, mark()?, mark()?, mark()?, mark()?];
        let [name, renamed, folder, tag, one, two] = marks.clone();
        let [low, high] = make_bytes::<2>(random)?;
        Ok(Self {
            handle: format!("canari-{handle}"),
            phrase,
            name: format!("Pièce {name}.pdf"),
            renamed: format!("Relevé {renamed} (copie).pdf"),
            folder: format!("Dossier d’{folder}"),
            tag: format!("étiquette {tag}"),
            words: [format!("Maître {one}"), format!("revenu de {two} euros")],
            size: SMALLEST + 2 * u64::from(u16::from_be_bytes([low, high])),
            marks,
        })
    }

    /// The document: its words stand in every chunk.
    #[must_use]
    pub fn content(&self) -> Vec<u8> {
        let size = usize::try_from(self.size).unwrap_or_default();
        let mut text = b"%PDF-1.4\n".to_vec();
        let mut line = 0_u32;
        while text.len() < size {
            line += 1;
            let [one, two] = &self.words;
            text.extend_from_slice(format!("{one}, ligne {line}, {two}\n").as_bytes());
        }
        text.truncate(size);
        text
    }

    /// What the document is about.
    pub(super) const CATEGORY: Category = Category::Health;
    /// Its media type.
    pub(super) const MEDIA: &'static str = "application/pdf";

    /// Everything that is looked for; `sheet` are the twelve words.
    #[must_use]
    pub fn needles(&self, sheet: &[String]) -> Canary {
        let content = self.content();
        let [name, renamed, folder, tag, one, two] = &self.marks;
        let part = content.get(..content.len().min(PART)).unwrap_or_default();
        let mut canary = Canary::new()
            .text("phrase", &self.phrase)
            .text("name", name)
            .text("later name", renamed)
            .text("folder", folder)
            .text("tag", tag)
            .text("category", &format!("civis:{}", Self::CATEGORY.id()))
            .text("media type", Self::MEDIA)
            .text("words", one)
            .text("words", two)
            .size("size", self.size)
            .bytes("digest", &sha256(&content))
            .bytes("content root", &content_root(&content))
            .bytes("root of a part", &part_content_root(part));
        // Each word alone is a word of a language; two in a row are the sheet.
        for pair in sheet.windows(2) {
            canary = canary.text("twelve words", &pair.join(" "));
        }
        canary
    }
}

/// Fourteen letters, which no chance finds.
fn letters(random: &mut dyn Random) -> Result<String, RandomError> {
    let bytes = make_bytes::<14>(random)?;
    Ok(bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}

/// Bytes of the smallest canary.
const SMALLEST: u64 = 1_100_001;
/// Plaintext of one part.
const PART: usize = 1 << 20;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use sdk::native::SystemRandom;

    use super::super::needle::Haystacks;
    use super::*;

    #[test]
    fn each_canary_is_another_and_each_chunk_of_it_is_found() {
        let [one, other] = [(); 2].map(|()| Secrets::make(&mut SystemRandom).unwrap());
        assert_ne!(one.handle, other.handle);
        assert_ne!(one.name, other.name);
        let content = one.content();
        assert_eq!(content.len() as u64, one.size);
        let sheet: Vec<String> = ["abaisser", "abandon"].map(str::to_owned).to_vec();
        let needles = one.needles(&sheet).needles();
        for chunk in content.chunks(16 << 10).filter(|chunk| chunk.len() > 100) {
            let mut stacks = Haystacks::default();
            stacks.add("chunk", chunk);
            assert!(!stacks.search(&needles).is_empty());
        }
        let mut stacks = Haystacks::default();
        stacks.add("other", other.content());
        assert!(stacks.search(&needles).is_empty());
    }
}
