//! Feuille de secours: the sheet as it prints, then three of its words. design.md, screen 3; protocol.md 5.5.

use leptos::prelude::*;

use crate::components::stepper::StepTitle;
use crate::pages::create::{Back, Draft};
use crate::pages::paper::{PaperSheet, PrintSheet};
use crate::pages::retype::Retype;
use crate::t;
use crate::text;

/// The last step: nothing exists at the server until one of its two buttons is pressed.
#[component]
pub fn SheetStep(
    /// The account in the making.
    draft: Draft,
    /// Creates it; told whether the sheet was shown.
    finish: Callback<bool>,
) -> impl IntoView {
    let sheet = draft.sheet.get_untracked();
    let words = sheet
        .as_ref()
        .map(|sheet| sheet.words.clone())
        .unwrap_or_default();
    view! {
        <div class="split split--sheet">
            <div class="stack-4 split-intro">
                <StepTitle step=3 title=text::sheet::title/>
                <p class="lead">{t!(sheet.lead)}</p>
                <PrintSheet/>
            </div>
            <div class="stack-4 split-next">
                <Retype words submit=t!(retype.check) working=t!(sheet.creating) busy=draft.busy finish/>
                <div class="form-foot"><Back draft/></div>
            </div>
            {sheet.map(|sheet| view! { <PaperSheet sheet/> })}
        </div>
    }
}
