//! Preuves, a section of Réglages: what was refused on this device; see one, save one or all, delete one.
//! spec/evidence.md.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::evidence::{Names, Subject};

use crate::components::dialog::Dialog;
use crate::components::icon::{Icon, Svg};
use crate::format;
use crate::message::{Answer, Call, Piece, Pieces};
use crate::pages::alert::{NamesChoice, check_text, subject_text};
use crate::platform::format as local;
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};

/// What the section holds, shared by its rows.
#[derive(Clone, Copy)]
struct Shelf {
    app: App,
    /// The newest first; `None` until they are read.
    pieces: RwSignal<Option<Vec<Piece>>>,
    /// They could not be read.
    failed: RwSignal<bool>,
    names: RwSignal<Names>,
    /// The one that is seen whole.
    open: RwSignal<Option<String>>,
    deleting: RwSignal<Option<Piece>>,
    all: RwSignal<bool>,
}

impl Shelf {
    fn read(self) {
        spawn_local(async move {
            // The person may leave this screen meanwhile.
            match self.app.ask(Call::ListEvidence).await {
                Ok(Answer::Evidence(pieces)) => drop(self.pieces.try_set(Some(pieces))),
                Ok(_) => {}
                Err(_) => drop(self.failed.try_set(true)),
            }
        });
    }

    fn save(self, ids: Vec<String>) {
        let names = self.names.get_untracked();
        spawn_local(async move {
            match self.app.save_evidence(Pieces::Kept(ids), names).await {
                Ok(()) => self
                    .app
                    .say(text::alert::saved(self.app.lang.get_untracked()).to_owned(), None),
                Err(failure) => self.app.say_failure(&failure),
            }
        });
    }

    fn delete(self, id: String) {
        spawn_local(async move {
            match self.app.ask(Call::DeleteEvidence { id }).await {
                Ok(Answer::Evidence(pieces)) => {
                    let _ = self.pieces.try_set(Some(pieces));
                    self.app.say(
                        text::evidence::deleted(self.app.lang.get_untracked()).to_owned(),
                        None,
                    );
                }
                Ok(_) => {}
                Err(failure) => self.app.say_failure(&failure),
            }
        });
    }
}

/// The section.
#[component]
pub fn EvidenceSection() -> impl IntoView {
    let app = app();
    let shelf = Shelf {
        app,
        pieces: RwSignal::new(None),
        failed: RwSignal::new(false),
        names: RwSignal::new(Names::LeftOut),
        open: RwSignal::new(None),
        deleting: RwSignal::new(None),
        all: RwSignal::new(false),
    };
    shelf.read();
    view! {
        <section class="set" data-testid="evidence">
            <h2>{t!(evidence.title)}</h2>
            <div class="card">
                {move || match shelf.pieces.get() {
                    Some(pieces) if pieces.is_empty() => {
                        view! { <p class="set-note muted" data-testid="evidence-empty">{t!(evidence.empty)}</p> }.into_any()
                    }
                    Some(pieces) => view! { <Rows shelf pieces/> }.into_any(),
                    None if shelf.failed.get() => {
                        view! { <p class="set-note">{t!(evidence.unreadable)}</p> }.into_any()
                    }
                    None => ().into_any(),
                }}
            </div>
            {move || shelf.deleting.get().map(|piece| view! { <Delete shelf piece/> })}
        </section>
    }
}

#[component]
fn Rows(shelf: Shelf, pieces: Vec<Piece>) -> impl IntoView {
    let lang = shelf.app.lang;
    let ids: Vec<String> = pieces.iter().map(|piece| piece.id.clone()).collect();
    let named = pieces
        .iter()
        .any(|piece| matches!(piece.subject, Subject::Document { .. }));
    let older = pieces.len().saturating_sub(SHOWN);
    let shown = move || {
        let count = if shelf.all.get() { pieces.len() } else { SHOWN };
        pieces.iter().take(count).cloned().collect::<Vec<_>>()
    };
    view! {
        <p class="set-note small muted">{t!(evidence.lead)}</p>
        <ul class="set-rows">
            <For each=shown key=|piece| piece.id.clone() let:piece>
                <Row shelf piece/>
            </For>
            {move || (older > 0 && !shelf.all.get()).then(|| view! {
                <li class="set-more">
                    <button class="btn btn--quiet" type="button" data-testid="evidence-older" on:click=move |_| shelf.all.set(true)>
                        {move || text::evidence::older(lang.get(), older as u64)}
                    </button>
                </li>
            })}
            <li>
                <div class="grow">
                    {named.then(|| view! {
                        <NamesChoice testid="evidence-names" names=shelf.names label=t!(evidence.names)/>
                        <span class="small muted tick-hint">{t!(evidence.names_hint)}</span>
                    })}
                </div>
                <div class="set-ctrl">
                    <button class="btn" type="button" data-testid="evidence-save-all" on:click=move |_| shelf.save(ids.clone())>
                        <Svg icon=Icon::Download/>
                        {t!(evidence.save_all)}
                    </button>
                </div>
            </li>
        </ul>
    }
}

#[component]
fn Row(shelf: Shelf, piece: Piece) -> impl IntoView {
    let lang = shelf.app.lang;
    let (check, subject, when) = (piece.check.name(), piece.subject.clone(), piece.when);
    let id = piece.id.clone();
    let open = Memo::new(move |_| shelf.open.with(|open| open.as_ref() == Some(&id)));
    let id = piece.id.clone();
    let toggle = move |_| shelf.open.set((!open.get_untracked()).then(|| id.clone()));
    let label = move || {
        let lang = lang.get();
        let said = if open.get() {
            text::evidence::fold_label
        } else {
            text::evidence::open_label
        };
        said(lang, &moment(lang, when))
    };
    let (see, fold) = (t!(evidence.open), t!(evidence.fold));
    let piece = StoredValue::new(piece);
    view! {
        <li data-testid="evidence-row" data-check=check>
            <div class="grow with-icon">
                <span class="seal seal--cracked"><Svg icon=Icon::SealCracked/></span>
                <div>
                    <span class="name" data-testid="evidence-check">{move || check_text(lang.get(), check)}</span>
                    <span class="small muted break" data-testid="evidence-subject">
                        {move || text::evidence::line(lang.get(), &subject_text(lang.get(), &subject), &moment(lang.get(), when))}
                    </span>
                </div>
            </div>
            <div class="set-ctrl">
                <button class="btn" type="button" data-testid="evidence-open" aria-label=label aria-expanded=move || open.get().to_string() on:click=toggle>
                    {move || if open.get() { fold() } else { see() }}
                </button>
            </div>
            {move || open.get().then(|| view! { <Facts shelf piece=piece.get_value()/> })}
        </li>
    }
}

/// One piece, seen whole.
#[component]
fn Facts(shelf: Shelf, piece: Piece) -> impl IntoView {
    let lang = shelf.app.lang;
    let (len, client) = (piece.len, piece.client.clone());
    let named = matches!(piece.subject, Subject::Document { .. });
    let (id, stored) = (piece.id.clone(), StoredValue::new(piece.clone()));
    let received = move || match len {
        0 => text::evidence::nothing(lang.get()).to_owned(),
        len => format::size(len, lang.get()),
    };
    view! {
        <div class="facts" data-testid="evidence-facts">
            <dl class="facts-list small">
                <div><dt>{t!(evidence.received)}</dt><dd>{received}</dd></div>
                <div><dt>{t!(evidence.print)}</dt><dd class="mono break">{piece.hash}</dd></div>
                <div><dt>{t!(evidence.by)}</dt><dd>{move || text::settings::version(lang.get(), &client)}</dd></div>
            </dl>
            {named.then(|| view! { <NamesChoice testid="evidence-name" names=shelf.names label=t!(evidence.name)/> })}
            <div class="btn-row">
                <button class="btn" type="button" data-testid="evidence-save" on:click=move |_| shelf.save(vec![id.clone()])>
                    <Svg icon=Icon::Download/>
                    {t!(evidence.save)}
                </button>
                <button class="btn btn--danger-quiet" type="button" data-testid="evidence-delete" on:click=move |_| shelf.deleting.set(Some(stored.get_value()))>
                    {t!(evidence.delete)}
                </button>
            </div>
        </div>
    }
}

#[component]
fn Delete(shelf: Shelf, piece: Piece) -> impl IntoView {
    let lang = shelf.app.lang;
    let forget = move |_| {
        shelf.deleting.set(None);
        shelf.delete(piece.id.clone());
    };
    view! {
        <Dialog title=move || text::evidence::question(lang.get()).to_owned() on_close=move || shelf.deleting.set(None)>
            <p>{t!(evidence.consequence)}</p>
            <div class="btn-row">
                <button class="btn" type="button" data-testid="evidence-delete-cancel" on:click=move |_| shelf.deleting.set(None)>{t!(common.cancel)}</button>
                <button class="btn btn--danger" type="button" data-testid="evidence-delete-submit" on:click=forget>{t!(evidence.delete)}</button>
            </div>
        </Dialog>
    }
}

/// A day and a time, as a person says them.
fn moment(lang: Locale, when: u64) -> String {
    let (hour, minute) = local::clock(when);
    text::evidence::when(lang, &local::date(when, lang), &hour, &minute)
}

/// Rows shown before the person asks for the older ones.
const SHOWN: usize = 5;
