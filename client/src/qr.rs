//! The square of the recovery sheet: what stands in it, and its drawing as one path. Pure. spec/account.md, 7.

use qrcodegen::{QrCode, QrCodeEcc};

use crate::message::Sheet;

/// The square as a drawing: the path of its dark modules, and the side of the whole, quiet zone included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Data of one SVG path.
    pub path: String,
    /// Modules a side.
    pub side: usize,
}

/// The lines of the square: a name for readers of later days, the words, account, deployment, address.
#[must_use]
pub fn content(sheet: &Sheet, address: &str) -> String {
    [
        "CIVIS1",
        &sheet.words.join(" "),
        &sheet.account,
        &sheet.deployment,
        address,
    ]
    .join("\n")
}

/// Draws a text. `None` where it is longer than any square, which no sheet is.
#[must_use]
pub fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let start = x;
            while x < size && code.get_module(x, y) {
                x += 1;
            }
            if x > start {
                path.push_str(&format!(
                    "M{} {}h{}v1h-{}z",
                    start + QUIET,
                    y + QUIET,
                    x - start,
                    x - start
                ));
            } else {
                x += 1;
            }
        }
    }
    let side = usize::try_from(size + 2 * QUIET).ok()?;
    Some(Drawing { path, side })
}

/// Light modules around, so that a camera finds the square.
const QUIET: i32 = 2;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn sheet() -> Sheet {
        Sheet {
            handle: "camille.arnaud".to_owned(),
            words: vec!["académie".to_owned(); 12],
            account: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            deployment: "BBBBBBBBBBBBBBBBBBBBBB".to_owned(),
        }
    }

    #[test]
    fn it_says_words_account_deployment_and_address_a_line_each() {
        let text = content(&sheet(), "coffre.valombre.fr");
        let lines: Vec<&str> = text.lines().collect();
        let words = ["académie"; 12].join(" ");
        assert_eq!(
            lines,
            [
                "CIVIS1",
                words.as_str(),
                "AAAAAAAAAAAAAAAAAAAAAA",
                "BBBBBBBBBBBBBBBBBBBBBB",
                "coffre.valombre.fr"
            ]
        );
        assert!(
            !text.contains("camille"),
            "the handle stands beside the square, not in it"
        );
    }

    #[test]
    fn the_longest_sheet_is_drawn_inside_its_quiet_zone() {
        let longest = "h".repeat(253);
        let drawing = draw(&content(&sheet(), &longest)).unwrap();
        // The corner of the finder: seven dark modules.
        assert!(drawing.path.starts_with("M2 2h7v1h-7z"), "{}", drawing.path);
        assert!(
            drawing.side <= 85,
            "{} modules are still read from paper",
            drawing.side
        );
    }

    #[test]
    fn a_text_that_fits_no_square_has_no_drawing() {
        assert_eq!(draw(&"x".repeat(4000)), None);
    }
}
