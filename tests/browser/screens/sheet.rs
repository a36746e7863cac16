//! The contact sheet: every picture as a file, and one page that shows them by screen.

use std::{fmt::Write as _, fs, path::PathBuf};

use tests::browser::{BrowserError, Look};

use crate::screens::walk::Place;

/// The sheet in the making.
pub(crate) struct Sheet {
    folder: PathBuf,
    html: String,
    /// Screen and state of the last picture.
    at: (&'static str, &'static str),
    pictures: usize,
}

impl Sheet {
    /// An empty folder.
    pub(crate) fn begin(folder: PathBuf) -> Result<Self, BrowserError> {
        if folder.is_dir() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self {
            folder,
            html: HEAD.to_owned(),
            at: ("", ""),
            pictures: 0,
        })
    }

    /// One more picture.
    pub(crate) fn add(&mut self, place: Place, look: Look, png: &[u8]) -> Result<(), BrowserError> {
        if self.at != (place.screen, place.state) {
            self.close();
            if self.at.0 != place.screen {
                let _ = write!(self.html, "<h2 id=\"{0}\">{0}</h2>", place.screen);
            }
            let _ = write!(self.html, "<h3>{}</h3><div>", place.state);
            self.at = (place.screen, place.state);
        }
        let name = format!(
            "{}-{}-{}-{}-{}.png",
            slug(place.screen),
            slug(place.state),
            look.language,
            look.theme,
            look.width
        );
        fs::write(self.folder.join(&name), png)?;
        let _ = write!(
            self.html,
            "<figure class=\"w{}\"><a href=\"{name}\"><img loading=\"lazy\" src=\"{name}\" alt=\"{}, {}, {look}\"></a>\
             <figcaption>{look}</figcaption></figure>",
            look.width, place.screen, place.state
        );
        self.pictures += 1;
        Ok(())
    }

    /// Writes the page; how many pictures it shows.
    pub(crate) fn end(mut self) -> Result<usize, BrowserError> {
        self.close();
        fs::write(self.folder.join("index.html"), self.html)?;
        Ok(self.pictures)
    }

    fn close(&mut self) {
        if !self.at.0.is_empty() {
            self.html.push_str("</div>\n");
        }
    }
}

fn slug(name: &str) -> String {
    let words: Vec<&str> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Civis: every screen and state</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 24px; background: #eee; color: #222; }
h2 { margin: 48px 0 0; border-top: 2px solid #999; padding-top: 12px; text-transform: capitalize; }
h3 { margin: 24px 0 8px; font-weight: 600; }
div { display: flex; flex-wrap: wrap; gap: 12px; align-items: flex-start; }
figure { margin: 0; } figcaption { font-size: 12px; color: #555; }
img { display: block; width: 100%; max-height: 420px; object-fit: cover; object-position: top; border: 1px solid #bbb; background: #fff; }
.w1280 { width: 300px; } .w360 { width: 120px; }
</style><h1>Civis: every screen and state</h1>
";
