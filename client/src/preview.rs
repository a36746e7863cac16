//! What may be shown of a document, and why not: by the type it was stored with, its size, and at last its own bytes. Pure.
//!
//! Nothing here shows anything: what passes goes to the framed page `/viewer` (`spec/wire.md`, section 8). Whatever is
//! active, or is not what it says, is left to the person's own programs.

/// How the framed page shows a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Page by page.
    Pdf,
    /// As a picture of this type, which is one of four.
    Image(&'static str),
    /// As plain words.
    Text,
}

impl Shown {
    /// The word by which the framed page knows it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Image(_) => "image",
            Self::Text => "text",
        }
    }

    /// The type of an image; nothing else needs one.
    #[must_use]
    pub const fn media(self) -> &'static str {
        match self {
            Self::Image(media) => media,
            Self::Pdf | Self::Text => "",
        }
    }

    const fn limit(self) -> u64 {
        match self {
            Self::Pdf => PDF_BYTES,
            Self::Image(_) => IMAGE_BYTES,
            Self::Text => TEXT_BYTES,
        }
    }
}

/// Why a document is not shown. Each is worded from `preview.why.<key>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A type that only the person's own programs should open.
    Unshown,
    /// A photo format that browsers cannot be relied on to decode.
    Heic,
    /// More bytes, or more pixels, than a device should unfold.
    TooLarge,
    /// Its bytes are not what its type says.
    Otherwise,
    /// Damaged, or of a form that cannot be read.
    Unreadable,
    /// Asks for a password of its own.
    Locked,
    /// Took longer than any document should.
    TooSlow,
}

impl Why {
    /// The key of its words.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unshown => "unshown",
            Self::Heic => "heic",
            Self::TooLarge => "too_large",
            Self::Otherwise => "otherwise",
            Self::Unreadable => "unreadable",
            Self::Locked => "locked",
            Self::TooSlow => "too_slow",
        }
    }

    /// The reason that the framed page gave.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        match word {
            "locked" => Self::Locked,
            _ => Self::Unreadable,
        }
    }
}

/// Whether a document could be shown at all, before any byte of it is fetched. `media` is its stored type; a name counts
/// only where the type says nothing.
///
/// # Errors
/// Why not.
pub fn plan(media: Option<&str>, name: &str, len: u64) -> Result<Shown, Why> {
    let shown = match media.unwrap_or(OTHER) {
        "application/pdf" => Shown::Pdf,
        "text/plain" | "text/csv" => Shown::Text,
        "image/heic" => return Err(Why::Heic),
        OTHER => by_name(name)?,
        media => Shown::Image(
            IMAGES
                .into_iter()
                .find(|known| *known == media)
                .ok_or(Why::Unshown)?,
        ),
    };
    if len > shown.limit() {
        return Err(Why::TooLarge);
    }
    Ok(shown)
}

/// Whether the bytes are what was planned. `head` is the beginning, [`HEAD_BYTES`] of them or all there are.
///
/// # Errors
/// Why they are not shown.
pub fn verify(planned: Shown, head: &[u8]) -> Result<Shown, Why> {
    match (planned, content(head)) {
        (Shown::Pdf, Some(Shown::Pdf)) => Ok(planned),
        (Shown::Image(_), Some(Shown::Image(media))) => {
            let size = imagesize::blob_size(head).map_err(|_| Why::Unreadable)?;
            if (size.width as u64).saturating_mul(size.height as u64) > PIXELS {
                return Err(Why::TooLarge);
            }
            Ok(Shown::Image(media))
        }
        // The framed page reads it strictly; here only what no text holds.
        (Shown::Text, None) if !head.contains(&0) => Ok(planned),
        _ => Err(Why::Otherwise),
    }
}

fn by_name(name: &str) -> Result<Shown, Why> {
    let extension = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase());
    match extension.as_deref() {
        Some("pdf") => Ok(Shown::Pdf),
        Some("jpg" | "jpeg" | "png" | "webp" | "gif") => Ok(Shown::Image(IMAGES[0])),
        Some("heic" | "heif") => Err(Why::Heic),
        Some("txt" | "md" | "csv") => Ok(Shown::Text),
        _ => Err(Why::Unshown),
    }
}

/// What bytes are by their first ones; `None` where they are none of ours.
fn content(head: &[u8]) -> Option<Shown> {
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP".as_slice());
    let image = if head.starts_with(&[0xff, 0xd8, 0xff]) {
        "image/jpeg"
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if webp {
        "image/webp"
    } else if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        "image/gif"
    } else {
        let begin = head.get(..PDF_PREFACE).unwrap_or(head);
        return begin
            .windows(5)
            .any(|window| window == b"%PDF-")
            .then_some(Shown::Pdf);
    };
    Some(Shown::Image(image))
}

/// How much of a document [`verify`] wants to see: a photo's size stands behind its notes and its small picture.
pub const HEAD_BYTES: u32 = 1 << 20;

const OTHER: &str = "application/octet-stream";
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
const PDF_BYTES: u64 = 100_000_000;
const IMAGE_BYTES: u64 = 50_000_000;
const TEXT_BYTES: u64 = 2_000_000;
/// Four bytes each once unfolded.
const PIXELS: u64 = 60_000_000;
/// Within these first bytes a PDF says that it is one.
const PDF_PREFACE: usize = 1_024;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_a_closed_list_is_planned() {
        for (media, name, planned) in [
            ("application/pdf", "bail", Ok(Shown::Pdf)),
            ("image/png", "x", Ok(Shown::Image("image/png"))),
            ("text/csv", "x", Ok(Shown::Text)),
            (OTHER, "Bail.PDF", Ok(Shown::Pdf)),
            (OTHER, "photo.heic", Err(Why::Heic)),
            ("image/heic", "photo.jpg", Err(Why::Heic)),
            (OTHER, "dessin.svg", Err(Why::Unshown)),
            (OTHER, "page.html", Err(Why::Unshown)),
            (OTHER, "pdf", Err(Why::Unshown)),
            ("image/svg+xml", "x.png", Err(Why::Unshown)),
            ("image/tiff", "x.png", Err(Why::Unshown)),
            ("application/zip", "x.pdf", Err(Why::Unshown)),
            ("text/html", "x.txt", Err(Why::Unshown)),
        ] {
            assert_eq!(plan(Some(media), name, 10), planned, "{media} {name}");
        }
        assert_eq!(plan(None, "bail.pdf", 10), Ok(Shown::Pdf));
    }

    #[test]
    fn sizes_are_refused_before_anything_is_fetched() {
        for (media, limit) in [
            ("application/pdf", PDF_BYTES),
            ("image/jpeg", IMAGE_BYTES),
            ("text/plain", TEXT_BYTES),
        ] {
            assert!(plan(Some(media), "x", limit).is_ok());
            assert_eq!(plan(Some(media), "x", limit + 1), Err(Why::TooLarge));
        }
    }

    #[test]
    fn bytes_that_are_something_else_are_not_shown() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".as_slice();
        let png = Shown::Image("image/png");
        assert_eq!(verify(png, svg), Err(Why::Otherwise));
        assert_eq!(verify(Shown::Pdf, svg), Err(Why::Otherwise));
        assert_eq!(verify(Shown::Pdf, &picture(1, 1)), Err(Why::Otherwise));
        assert_eq!(verify(png, b"%PDF-1.7"), Err(Why::Otherwise));
        assert_eq!(verify(Shown::Text, b"a\0b"), Err(Why::Otherwise));
        assert_eq!(verify(Shown::Text, &picture(1, 1)), Err(Why::Otherwise));
        assert_eq!(verify(png, b""), Err(Why::Otherwise));
        assert_eq!(
            verify(Shown::Image("image/jpeg"), &[0xff, 0xd8, 0xff]),
            Err(Why::Unreadable)
        );
        // Markup that is stored as text is words like any other.
        assert_eq!(verify(Shown::Text, svg), Ok(Shown::Text));
        assert_eq!(verify(Shown::Pdf, b"\n%PDF-1.4"), Ok(Shown::Pdf));
        // The type of the bytes counts, not the one of the name.
        assert_eq!(verify(Shown::Image("image/jpeg"), &picture(3, 2)), Ok(png));
    }

    #[test]
    fn a_picture_that_unfolds_into_too_much_is_not_shown() {
        let png = Shown::Image("image/png");
        assert_eq!(verify(png, &picture(10_000, 6_000)), Ok(png));
        assert_eq!(verify(png, &picture(10_000, 6_001)), Err(Why::TooLarge));
        assert_eq!(verify(png, &picture(u32::MAX, u32::MAX)), Err(Why::TooLarge));
    }

    /// The beginning of a PNG of this size.
    fn picture(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0]);
        bytes
    }
}
