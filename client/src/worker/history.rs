//! Calls about the journal: read and check it, and one file of what was read. spec/flows.md, section 11.

use sdk::evidence::About;
use sdk::flows::history::Proves;
use wasm_bindgen::JsValue;

use super::{Brought, Desk, failure};
use crate::message::{Answer, Failure};
use crate::platform::file::text_blob;
use crate::text::{self, Locale};

impl Desk {
    /// The lines, and the same kept for the file.
    pub(super) async fn read_history(&self) -> Result<Answer, Failure> {
        let safe = self.safe()?;
        let read = Box::pin(safe.history()).await.map_err(|error| failure(&error))?;
        *self.history.borrow_mut() = Some(read.clone());
        Ok(Answer::History(read))
    }

    /// The file of the lines that the screen shows.
    pub(super) fn save_history(&self) -> Brought {
        let read = self.history.borrow().clone();
        let read = read.ok_or_else(|| Failure::code("not_found"))?;
        let proves = Proves {
            signed: both(text::journal::proves_signed),
            server: both(text::journal::proves_server),
            logged: both(text::journal::proves_logged),
            contradiction: both(text::journal::proves_contradiction),
        };
        let file = read.export(both(text::journal::file_about), proves).to_bytes();
        let text = String::from_utf8(file).map_err(|_| Failure::code("internal"))?;
        let blob = text_blob(&text).map_err(|_: JsValue| Failure::code("device"))?;
        Ok((Answer::Done, Some(blob)))
    }
}

/// In both languages, whatever the screen speaks.
fn both(words: fn(Locale) -> &'static str) -> About {
    About {
        fr: words(Locale::Fr).to_owned(),
        en: words(Locale::En).to_owned(),
    }
}
