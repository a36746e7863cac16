//! The calm band about the sheet on every screen of the safe: until a new phrase is chosen after the sheet opened it, and until the sheet
//! is confirmed. At most one. design.md, screens 3 and 5; protocol.md 5.4 N1 ("unsafe until the kit is confirmed").
//!
//! The words are nowhere any more once a safe is created: it can only offer to try the sheet, or to make another.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;

use crate::components::icon::{Icon, Svg};
use crate::state::app;
use crate::t;

/// What stands in the band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The sheet opened the safe and the forgotten phrase is still the one.
    BySheet,
    /// The sheet is not confirmed.
    Missing,
}

/// What there is to say; nothing where all is well, or on the screen that the way leads to.
#[must_use]
pub fn said() -> Memo<Option<Said>> {
    let (app, location) = (app(), use_location());
    Memo::new(move |_| {
        let at = location.pathname.get();
        if matches!(at.as_str(), "/phrase" | "/feuille" | "/feuille/essayer") {
            None
        } else if app.doors.by_sheet.get() {
            Some(Said::BySheet)
        } else {
            app.kit
                .with(|kit| kit.confirmed.is_none())
                .then_some(Said::Missing)
        }
    })
}

/// One sentence and the way on.
#[component]
pub fn Band(
    /// What it says.
    said: Said,
) -> impl IntoView {
    match said {
        Said::BySheet => view! { <BySheet/> }.into_any(),
        Said::Missing => view! { <Missing/> }.into_any(),
    }
}

#[component]
fn Missing() -> impl IntoView {
    view! {
        <section class="band band--kit" data-testid="kit-band" aria-label=t!(band.label)>
            <Svg icon=Icon::LifeBuoy/>
            <p>{t!(band.missing)}</p>
            <div class="btn-row">
                <A href="/feuille/essayer" attr:class="btn" attr:data-testid="kit-try">{t!(band.try_it)}</A>
                <A href="/reglages" attr:class="btn btn--quiet" attr:data-testid="kit-again">{t!(band.again)}</A>
            </div>
        </section>
    }
}

#[component]
fn BySheet() -> impl IntoView {
    view! {
        <section class="band band--kit" data-testid="phrase-band" aria-label=t!(common.phrase)>
            <Svg icon=Icon::Key/>
            <p>{t!(band.by_sheet)}</p>
            <div class="btn-row">
                <A href="/phrase" attr:class="btn" attr:data-testid="phrase-choose">{t!(band.choose)}</A>
            </div>
        </section>
    }
}
