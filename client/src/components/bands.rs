//! The one band on top of a screen of the safe: the first that has something to say, the weightiest first.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::message::Notice;
use crate::platform::format as local;
use crate::state::app;
use crate::t;
use crate::text;

/// At most one band. `last` is the screen's own, after all others.
#[component]
pub fn Bands(
    /// What the screen says where nothing weightier is to be said.
    last: Option<ViewFn>,
) -> impl IntoView {
    let app = app();
    move || match app.notice.get() {
        Some(notice) => view! { <NoticeBand notice/> }.into_any(),
        None => last.as_ref().map(ViewFn::run).into_any(),
    }
}

/// What a device that never opened this safe found: the person recognises it, or does not (stage S0).
#[component]
fn NoticeBand(notice: Notice) -> impl IntoView {
    let app = app();
    let words = move || {
        let lang = app.lang.get();
        text::safe::notice::found(lang, notice.documents, &local::date(notice.last_change, lang))
    };
    view! {
        <div class="band band--hint" role="status" data-testid="notice">
            <Svg icon=Icon::Monitor/>
            <p><strong>{t!(safe.notice.title)}</strong>{" "}{words}{" "}{t!(safe.notice.doubt)}</p>
            <button class="btn" type="button" data-testid="notice-close" on:click=move |_| app.notice.set(None)>
                {t!(safe.notice.recognised)}
            </button>
        </div>
    }
}
