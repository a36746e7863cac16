//! The tray of uploads and downloads: three named steps for each, cancel, retry. It survives navigation.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::format;
use crate::message::{Failure, Progress, Step};
use crate::platform::{page, screen};
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};
use crate::transfer::{Transfer, Way};
use crate::wording::failure_text;

/// The button that floats over a phone's list, while the screen below adds something.
#[component]
pub fn AddButton() -> impl IntoView {
    let app = app();
    move || {
        app.add.get().map(|add| {
            view! {
                <div class="dock-add phone-only">
                    <button class="btn btn--icon" type="button" data-testid="dock-photograph" aria-label=t!(safe.photograph)
                        on:click=move |_| add.photograph.run(())><Svg icon=Icon::Camera/></button>
                    <button class="btn btn--primary btn--big" type="button" data-testid="dock-add" on:click=move |_| add.choose.run(())>
                        <Svg icon=Icon::Plus/>
                        {t!(safe.add_short)}
                    </button>
                </div>
            }
        })
    }
}

/// The tray, while there is a line in it.
#[component]
pub fn Tray() -> impl IntoView {
    let app = app();
    let any = Memo::new(move |_| app.transfers.with(|lines| !lines.is_empty()));
    move || any.get().then(|| view! { <Lines/> })
}

#[component]
fn Lines() -> impl IntoView {
    let app = app();
    // One line on a phone, where the list needs the room.
    let folded = RwSignal::new(screen::is_phone());
    let running = move || {
        app.transfers
            .get()
            .iter()
            .filter(|line| line.end.get().is_none())
            .count() as u64
    };
    let broken = move || {
        app.transfers
            .get()
            .iter()
            .filter(|line| matches!(line.end.get(), Some(Err(_))))
            .count() as u64
    };
    // What went well does not stand in the way: one line is left of it after a moment, and new lines open it again.
    let calm = Memo::new(move |_| running() == 0 && broken() == 0);
    Effect::new(move |before: Option<bool>| {
        let now = calm.get();
        if now {
            page::later(FOLD_MILLISECONDS, move || {
                if calm.try_get_untracked() == Some(true) {
                    folded.set(true);
                }
            });
        } else if before == Some(true) {
            folded.set(screen::is_phone());
        }
        now
    });
    let head = move || match (running(), broken()) {
        (0, 0) => text::tray::finished(app.lang.get()).to_owned(),
        (0, count) => text::tray::broken(app.lang.get(), count),
        (count, _) => text::tray::running(app.lang.get(), count),
    };
    let seal = Signal::derive(move || match (running(), broken()) {
        (0, 0) => Icon::SealClosed,
        (0, _) => Icon::SealHollow,
        _ => Icon::SealTurning,
    });
    view! {
        <section class="tray" class:tray--folded=move || folded.get() aria-label=t!(tray.label) data-testid="tray">
            <div class="tray-head">
                <h2><span class="seal"><Svg icon=seal/></span>{head}</h2>
                <button
                    class="btn btn--icon tray-fold"
                    type="button"
                    aria-label=t!(tray.fold)
                    aria-expanded=move || (!folded.get()).to_string()
                    on:click=move |_| folded.update(|folded| *folded = !*folded)
                >
                    <Svg icon=Icon::ChevronDown/>
                </button>
                {move || (running() == 0).then(|| view! {
                    <button
                        class="btn btn--icon"
                        type="button"
                        data-testid="tray-close"
                        aria-label=t!(tray.close)
                        on:click=move |_| app.dismiss_finished()
                    >
                        <Svg icon=Icon::X/>
                    </button>
                })}
            </div>
            <ul>
                <For each=move || app.transfers.get() key=|line| line.id let:line>
                    <Line line/>
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Line(line: Transfer) -> impl IntoView {
    let app = app();
    let (progress, end) = (
        RwSignal::from(line.progress.clone()),
        RwSignal::from(line.end.clone()),
    );
    let up = matches!(line.way, Way::Up(..) | Way::Import(..));
    let (stem, extension) = format::split_name(&line.name);
    let (stem, extension) = (format::shorten(stem), extension.to_owned());
    let state = move || match end.get() {
        None => step_name(progress.get().step),
        Some(Ok(())) => "saved",
        Some(Err(Failure::Cancelled)) => "cancelled",
        Some(Err(_)) => "failed",
    };
    let lang = app.lang;
    view! {
        <li class="tray-item" data-testid="tray-item" data-name=line.name.clone() data-state=state>
            <p class="tray-name">{stem}<span class="ext">{extension}</span></p>
            <div class="steps3" aria-hidden="true">
                <progress max="100" value=move || share(progress.get(), Step::Encrypting).to_string()></progress>
                <progress max="100" value=move || share(progress.get(), Step::Sending).to_string()></progress>
                <progress max="100" value=move || share(progress.get(), Step::Saved).to_string()></progress>
            </div>
            <p class="tray-step" role="status" data-testid="tray-step">
                <strong>{move || step_text(lang.get(), up, progress.get().step, end.get().as_ref())}</strong>
                <span class="num">{move || end.get().is_none().then(|| amount(lang.get(), progress.get()))}</span>
            </p>
            {move || end.get().and_then(Result::err).and_then(|failure| failure_text(&failure, lang.get()))
                .map(|text| view! { <p class="error">{text}</p> })}
            <LineButtons app line=line.clone()/>
        </li>
    }
}

#[component]
fn LineButtons(app: App, line: Transfer) -> impl IntoView {
    let (id, end, name) = (line.id, RwSignal::from(line.end.clone()), line.name.clone());
    let lang = app.lang;
    view! {
        <div class="tray-buttons">
            {move || {
                let name = name.clone();
                let line = line.clone();
                match end.get() {
                    None => view! {
                        <button class="btn btn--icon" type="button" data-testid="tray-cancel"
                            aria-label=move || text::tray::cancel(lang.get(), &name)
                            on:click=move |_| app.cancel(id)>
                            <Svg icon=Icon::X/>
                        </button>
                    }.into_any(),
                    Some(Ok(())) => view! {
                        <button class="btn btn--icon" type="button" data-testid="tray-dismiss"
                            aria-label=move || text::tray::dismiss(lang.get(), &name)
                            on:click=move |_| app.dismiss(id)>
                            <Svg icon=Icon::Check/>
                        </button>
                    }.into_any(),
                    Some(Err(_)) => view! {
                        <button class="btn btn--icon" type="button" data-testid="tray-retry"
                            aria-label=move || text::tray::retry(lang.get(), &name)
                            on:click=move |_| app.retry(line.clone())>
                            <Svg icon=Icon::Refresh/>
                        </button>
                    }.into_any(),
                }
            }}
        </div>
    }
}

/// How full the bar of one step is, in percent.
fn share(progress: Progress, step: Step) -> u64 {
    if progress.step == Step::Saved {
        return 100;
    }
    let done = match step {
        Step::Encrypting => progress.sealed,
        Step::Sending => progress.moved,
        Step::Waiting | Step::Saved => 0,
    };
    done.min(progress.total) * 100 / progress.total.max(1)
}

fn amount(lang: Locale, progress: Progress) -> String {
    let done = match progress.step {
        Step::Waiting | Step::Saved => return String::new(),
        Step::Encrypting => progress.sealed,
        Step::Sending => progress.moved,
    };
    text::tray::amount(
        lang,
        &format::size(done, lang),
        &format::size(progress.total, lang),
    )
}

fn step_text(lang: Locale, up: bool, step: Step, end: Option<&Result<(), Failure>>) -> &'static str {
    match (end, step, up) {
        (Some(Err(Failure::Cancelled)), _, _) => text::tray::cancelled(lang),
        (Some(Err(_)), _, _) => text::tray::failed(lang),
        (_, Step::Waiting, _) => text::tray::waiting(lang),
        (_, Step::Encrypting, true) => text::tray::encrypting(lang),
        (_, Step::Sending, true) => text::tray::sending(lang),
        (_, Step::Saved, true) => text::tray::saved(lang),
        (_, Step::Encrypting | Step::Sending, false) => text::tray::receiving(lang),
        (_, Step::Saved, false) => text::tray::received(lang),
    }
}

const fn step_name(step: Step) -> &'static str {
    match step {
        Step::Waiting => "waiting",
        Step::Encrypting => "encrypting",
        Step::Sending => "sending",
        Step::Saved => "saved",
    }
}

/// How long a finished list stays open.
const FOLD_MILLISECONDS: i32 = 4_000;
