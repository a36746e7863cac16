//! The one band on top of a screen of the safe: the first that has something to say, the weightiest first.

use leptos::prelude::*;
use leptos_router::components::A;
use sdk::flows::barred::LogState;

use crate::components::band::{self, Band, Said};
use crate::components::changes::Changes;
use crate::components::icon::{Icon, Svg};
use crate::components::presence::OfflineBand;
use crate::message::Notice;
use crate::platform::format as local;
use crate::state::app;
use crate::t;
use crate::text;

/// At most one band: no network, a log that contradicted itself, a changed way in, a phrase to choose, a first visit, a
/// log that nobody confirmed for long, the sheet, then the screen's own.
#[component]
pub fn Bands(
    /// What the screen says where nothing weightier is to be said.
    last: Option<ViewFn>,
) -> impl IntoView {
    let app = app();
    let sheet = band::said();
    let offline = Memo::new(move |_| app.presence.offline.with(Option::is_some));
    let changed = Memo::new(move |_| app.changes.with(|changes| !changes.is_empty()));
    let log = Memo::new(move |_| {
        app.listing
            .with(|listing| listing.log.clone().and_then(LogSaid::of))
    });
    let shown = move || {
        let log = log.get();
        if offline.get() {
            return ().into_any();
        }
        if log == Some(LogSaid::Stopped) {
            return view! { <LogBand said=LogSaid::Stopped/> }.into_any();
        }
        if changed.get() {
            return view! { <Changes/> }.into_any();
        }
        match (app.notice.get(), sheet.get()) {
            (_, Some(Said::BySheet)) => view! { <Band said=Said::BySheet/> }.into_any(),
            (Some(notice), _) => view! { <NoticeBand notice/> }.into_any(),
            (None, sheet) => match (log, sheet) {
                (Some(said), _) => view! { <LogBand said/> }.into_any(),
                (None, Some(said)) => view! { <Band said/> }.into_any(),
                (None, None) => last.as_ref().map(ViewFn::run).into_any(),
            },
        }
    };
    view! { <OfflineBand/>{shown} }
}

/// What a device that never opened this safe found: the person recognises it, or does not (stage S0).
#[component]
fn NoticeBand(notice: Notice) -> impl IntoView {
    let app = app();
    let (documents, last_change) = (notice.documents, notice.last_change);
    let words = move || {
        let lang = app.lang.get();
        text::safe::notice::found(lang, documents, &local::date(last_change, lang))
    };
    let restored = notice
        .restored
        .map(|told| move || text::safe::notice::restored(app.lang.get(), &told.reason));
    view! {
        <div class="band band--hint" role="status" data-testid="notice">
            <Svg icon=Icon::Monitor/>
            <p><strong>{t!(safe.notice.title)}</strong>{" "}{words}{" "}{restored}{" "}{t!(safe.notice.doubt)}</p>
            <button class="btn" type="button" data-testid="notice-close" on:click=move |_| app.notice.set(None)>
                {t!(safe.notice.recognised)}
            </button>
        </div>
    }
}

/// What is to be said of the service's log; nothing where it is as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LogSaid {
    /// It contradicted itself: this device writes nothing.
    Stopped,
    /// Its witnesses signed last at this time.
    Stale { since: u64, strict: bool },
}

impl LogSaid {
    fn of(log: LogState) -> Option<Self> {
        if log.stopped.is_some() {
            return Some(Self::Stopped);
        }
        let since = log.witnessed.filter(|_| log.stale)?;
        Some(Self::Stale {
            since,
            strict: log.strict,
        })
    }
}

/// The log of the service: one sentence, and for a contradiction the way to its evidence. design.md, screen 11.
#[component]
fn LogBand(said: LogSaid) -> impl IntoView {
    let app = app();
    let words = move || {
        let lang = app.lang.get();
        match said {
            LogSaid::Stopped => text::log::stopped(lang).to_owned(),
            LogSaid::Stale { since, strict: true } => text::log::strict(lang, &local::date(since, lang)),
            LogSaid::Stale { since, .. } => text::log::stale(lang, &local::date(since, lang)),
        }
    };
    let state = match said {
        LogSaid::Stopped => "stopped",
        LogSaid::Stale { .. } => "stale",
    };
    view! {
        <div class="band" role="status" data-testid="log-band" data-state=state>
            <Svg icon=Icon::Triangle/>
            <p>{words}</p>
            {(said == LogSaid::Stopped).then(|| view! {
                <A href="/reglages" attr:class="btn" attr:data-testid="log-evidence">{t!(log.see)}</A>
            })}
        </div>
    }
}
