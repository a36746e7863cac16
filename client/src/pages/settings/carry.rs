//! Emporter et importer, a section of Réglages: everything into one archive, an archive or a folder into the safe, and
//! what came of the last time. May not leave out a document that is missing. spec/archive.md.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::archive::import::{self, Imported};
use sdk::flows::archive::list::{Missing, Why};
use sdk::flows::document::Kind;

use crate::components::icon::{Icon, Svg};
use crate::format;
use crate::platform::{archive, page};
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};
use crate::transfer::Carried;

/// The section.
#[component]
pub fn CarrySection() -> impl IntoView {
    let app = app();
    view! {
        <section class="set" data-testid="carry">
            <h2>{t!(carry.title)}</h2>
            <div>
                <ul class="card set-rows">
                    <Out/>
                    <In/>
                </ul>
                {move || app.carried.get().map(|carried| view! { <Outcome carried/> })}
            </div>
        </section>
    }
}

/// A document by its name, and the words for what became of it.
type Named = (String, fn(Locale) -> &'static str);

/// What there is to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Load {
    documents: u64,
    bytes: u64,
    /// Documents in the trash, which are not among these.
    trash: u64,
}

fn load(app: App, with_trash: bool) -> Load {
    app.listing.with(|listing| {
        let documents = || listing.items.iter().filter(|item| item.kind == Kind::Document);
        let taken = || documents().filter(|item| with_trash || !item.in_trash);
        Load {
            documents: taken().count() as u64,
            bytes: taken().map(|item| item.len).sum(),
            trash: documents().filter(|item| item.in_trash).count() as u64,
        }
    })
}

#[component]
fn Out() -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let with_trash = RwSignal::new(false);
    let load = Memo::new(move |_| load(app, with_trash.get()));
    let what = move || {
        let load = load.get();
        text::carry::load(lang.get(), load.documents, &format::size(load.bytes, lang.get()))
    };
    let take = move |_| {
        let load = load.get_untracked();
        spawn_local(take_away(app, load.bytes, with_trash.get_untracked()));
    };
    view! {
        <li>
            <div class="grow with-icon">
                <Svg icon=Icon::Download/>
                <div>
                    <span class="name">{t!(carry.out_name)}</span>
                    <span class="small muted" data-testid="carry-load">{what}</span>
                    {move || is_heavy(load.get().bytes).then(|| view! {
                        <span class="small carry-line" data-testid="carry-heavy">{t!(carry.heavy)}</span>
                    })}
                </div>
            </div>
            <div class="set-ctrl">
                <button
                    class="btn"
                    type="button"
                    data-testid="carry-out"
                    disabled=move || load.get().documents == 0
                    on:click=take
                >
                    {t!(carry.out)}
                </button>
            </div>
            {move || (load.get().trash > 0).then(|| view! {
                <label class="carry-trash">
                    <input
                        type="checkbox"
                        data-testid="carry-trash"
                        prop:checked=move || with_trash.get()
                        on:change=move |event| with_trash.set(event_target_checked(&event))
                    />
                    <span>{move || text::carry::trash(lang.get(), load.get().trash)}</span>
                </label>
            })}
        </li>
    }
}

/// Where the browser lets the person choose a file, a large archive is written into it piece by piece.
async fn take_away(app: App, bytes: u64, trash: bool) {
    let name = text::carry::file_name(app.lang.get_untracked(), &page::today());
    let to = if bytes > LARGE && archive::can_choose() {
        match archive::choose(&name).await {
            Some(chosen) => Some(chosen),
            // She changed her mind.
            None => return,
        }
    } else {
        None
    };
    app.carry_out(name, bytes, trash, to);
}

#[component]
fn In() -> impl IntoView {
    let app = app();
    let (archive, folder) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let press = move |chooser: NodeRef<html::Input>| {
        if let Some(chooser) = chooser.get_untracked() {
            chooser.click();
        }
    };
    view! {
        <li>
            <div class="grow with-icon">
                <Svg icon=Icon::Archive/>
                <div>
                    <span class="name">{t!(carry.in_name)}</span>
                    <span class="small muted">{t!(carry.in_hint)}</span>
                </div>
            </div>
            <div class="set-ctrl">
                <button class="btn" type="button" data-testid="carry-archive" on:click=move |_| press(archive)>
                    {t!(carry.in_archive)}
                </button>
                <button class="btn" type="button" data-testid="carry-folder" on:click=move |_| press(folder)>
                    {t!(carry.in_folder)}
                </button>
            </div>
            <input
                class="vh"
                type="file"
                accept=".zip,application/zip"
                tabindex="-1"
                aria-hidden="true"
                data-testid="carry-archive-file"
                node_ref=archive
                on:change=move |_| if let Some(chooser) = archive.get_untracked() {
                    app.carry_in_archive(page::take_files(&chooser));
                }
            />
            <input
                class="vh"
                type="file"
                tabindex="-1"
                aria-hidden="true"
                data-testid="carry-folder-files"
                prop:webkitdirectory=move || true
                node_ref=folder
                on:change=move |_| if let Some(chooser) = folder.get_untracked() {
                    let files = page::take_files(&chooser);
                    let paths = files.iter().map(page::path_in_folder).collect();
                    app.carry_in_folder(files, paths);
                }
            />
        </li>
    }
}

/// What came of the last time, with every document that is missing by its name.
#[component]
fn Outcome(carried: Carried) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let names: Vec<Named> = match &carried {
        Carried::Out { missing, .. } => missing.iter().map(missing_text).collect(),
        Carried::In(done) => left_texts(done),
    };
    let complete = names.is_empty();
    let said = move || carried_text(&carried, lang.get());
    view! {
        <div
            class="band carry-outcome"
            class:band--hint=complete
            role="status"
            data-testid="carry-outcome"
        >
            <Svg icon=if complete { Icon::CircleCheck } else { Icon::Triangle }/>
            <div>
                <p>{said}</p>
                <ul class="carry-missing">
                    {names.into_iter().map(|(name, why)| view! {
                        <li data-testid="carry-missing" data-name=name.clone()>
                            <strong class="break"><bdi>{name.clone()}</bdi></strong>
                            {" "}
                            {move || why(lang.get())}
                        </li>
                    }).collect_view()}
                </ul>
            </div>
            <button class="btn" type="button" data-testid="carry-close" on:click=move |_| app.carried.set(None)>
                {t!(carry.close)}
            </button>
        </div>
    }
}

/// One sentence for what came of it.
#[must_use]
pub fn carried_text(carried: &Carried, lang: Locale) -> String {
    match carried {
        Carried::Out { documents, missing } if missing.is_empty() => text::carry::taken(lang, *documents),
        Carried::Out { documents, missing } => {
            let said = text::carry::taken(lang, *documents);
            format!("{said} {}", text::carry::missing(lang, missing.len() as u64))
        }
        Carried::In(done) => {
            let mut said = Vec::new();
            if done.added > 0 || done.already == 0 {
                said.push(text::carry::added(lang, done.added));
            }
            if done.already > 0 {
                said.push(text::carry::already(lang, done.already));
            }
            if !done.left.is_empty() {
                said.push(text::carry::left(lang, done.left.len() as u64));
            }
            said.join(" ")
        }
    }
}

fn missing_text(missing: &Missing) -> Named {
    let why: fn(Locale) -> &'static str = match missing.why {
        Why::Refused => text::carry::why::refused,
        Why::Gone => text::carry::why::gone,
        Why::Changed => text::carry::why::changed,
    };
    (missing.name.clone(), why)
}

fn left_texts(done: &Imported) -> Vec<Named> {
    let why = |why| -> fn(Locale) -> &'static str {
        match why {
            import::Why::Damaged => text::carry::why::damaged,
            import::Why::Author => text::carry::why::author,
            import::Why::Name => text::carry::why::name,
            import::Why::Unreadable => text::carry::why::unreadable,
            import::Why::TooLarge => text::carry::why::too_large,
        }
    };
    done.left
        .iter()
        .map(|left| (left.name.clone(), why(left.why)))
        .collect()
}

/// More than a browser is sure to hold before it saves.
fn is_heavy(bytes: u64) -> bool {
    bytes > HEAVY && !archive::can_choose()
}

/// From here on the person chooses a file first, where she can.
const LARGE: u64 = 256_000_000;
/// From here on a browser without such files may give up.
const HEAVY: u64 = 1_500_000_000;
