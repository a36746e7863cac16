//! Alerte: what was refused, that the rest is safe, what to do. No way to click past it into what was refused.
//! design.md, screen 11; the checks are those of the sdk.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::evidence::{Names, Subject};

use crate::components::icon::{Icon, Svg};
use crate::message::Refused;
use crate::platform::page;
use crate::state::app;
use crate::t;
use crate::text::{self, Locale};

/// Stands in the place of every other screen.
#[component]
pub fn AlertPage(
    /// What was refused.
    refused: Refused,
) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let check = refused.check.name();
    let of_document = matches!(refused.subject, Subject::Document { .. } | Subject::Upload);
    let subject = refused.subject.clone();
    let name = move || subject_text(lang.get(), &subject);
    let happened = move || check_text(lang.get(), check);
    let safe = move || {
        if of_document {
            text::alert::safe_document(lang.get())
        } else {
            text::alert::safe_account(lang.get())
        }
    };
    let close = move || {
        if app.handle.with(Option::is_some) {
            text::alert::close(lang.get())
        } else {
            text::alert::close_locked(lang.get())
        }
    };
    page::focus("alert");
    view! {
        <main id="content" class="alert-page">
            <div class="alert">
                <div
                    id="alert"
                    class="card alert-card"
                    role="alertdialog"
                    tabindex="-1"
                    aria-labelledby="alert-title"
                    aria-describedby="alert-subject alert-check"
                    data-testid="alert"
                    data-check=check
                >
                    <div class="alert-head">
                        <span class="seal seal--cracked seal--lg"><Svg icon=Icon::SealCracked/></span>
                        <div class="stack-2">
                            <h1 id="alert-title">{move || if of_document { text::alert::title(lang.get()) } else { text::alert::title_account(lang.get()) }}</h1>
                            <p class="muted" id="alert-subject" data-testid="alert-subject">{name}</p>
                        </div>
                    </div>
                    <dl class="alert-list">
                        <div>
                            <dt>{t!(alert.happened)}</dt>
                            <dd class="stack-2" id="alert-check">
                                <p data-testid="alert-check">{happened}</p>
                                <p>{t!(alert.meaning)}</p>
                            </dd>
                        </div>
                        <div><dt>{t!(alert.safe)}</dt><dd>{safe}</dd></div>
                        <div><dt>{t!(alert.act)}</dt><dd>{t!(alert.act_text)}</dd></div>
                    </dl>
                    <Keeping refused close/>
                </div>
            </div>
        </main>
    }
}

/// The evidence: saved as a file, and where it is kept besides; then the way back.
#[component]
fn Keeping(refused: Refused, close: impl Fn() -> &'static str + Send + Sync + 'static) -> impl IntoView {
    let app = app();
    let (kept, pieces) = (refused.evidence.is_some(), refused.pieces());
    let named = matches!(refused.subject, Subject::Document { .. });
    let names = RwSignal::new(Names::LeftOut);
    let saved = RwSignal::new(None::<bool>);
    let save = move |_| {
        let pieces = pieces.clone();
        spawn_local(async move {
            let result = app.save_evidence(pieces, names.get_untracked()).await;
            // The person may have gone back meanwhile.
            let _ = saved.try_set(Some(result.is_ok()));
        });
    };
    let note = move || {
        if kept {
            text::alert::kept(app.lang.get())
        } else {
            text::alert::note(app.lang.get())
        }
    };
    view! {
        <div class="stack-4">
            {(!kept).then(|| view! {
                <div class="band" data-testid="alert-unkept">
                    <Svg icon=Icon::Triangle/>
                    <p>{t!(alert.unkept)}</p>
                </div>
            })}
            {named.then(|| view! { <NamesChoice testid="alert-names" names label=t!(evidence.name)/> })}
            <div class="btn-row btn-row--fill">
                <button class="btn btn--primary btn--big" type="button" data-testid="alert-save" on:click=save>
                    <Svg icon=Icon::Download/>
                    {t!(alert.save)}
                </button>
                <button class="btn btn--quiet btn--big" type="button" data-testid="alert-close" on:click=move |_| app.alert.set(None)>
                    {close}
                </button>
            </div>
            <div role="status">
                {move || saved.get().map(|done| view! {
                    <p class="state" class:state--ok=done class:state--danger=!done data-testid="alert-saved">
                        <Svg icon=if done { Icon::CircleCheck } else { Icon::CircleAlert }/>
                        {move || if done { text::alert::saved(app.lang.get()) } else { text::alert::not_saved(app.lang.get()) }}
                    </p>
                })}
            </div>
            <p class="small muted">{note}</p>
        </div>
    }
}

/// Whether the file names documents: only where the person says so.
#[component]
pub fn NamesChoice(
    /// For the browser stories.
    testid: &'static str,
    /// The choice.
    names: RwSignal<Names>,
    /// Of one document or of several.
    label: impl Fn() -> &'static str + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <label class="tick">
            <input
                type="checkbox"
                data-testid=testid
                prop:checked=move || names.get() == Names::Included
                on:change=move |event| names.set(if event_target_checked(&event) { Names::Included } else { Names::LeftOut })
            />
            <span>{label}</span>
        </label>
    }
}

/// The sentence of a check, by its stable name.
#[must_use]
pub fn check_text(lang: Locale, check: &str) -> &'static str {
    text::check::by_key(lang, check).unwrap_or(text::check::other(lang))
}

/// What was refused, in a word or by its name.
#[must_use]
pub fn subject_text(lang: Locale, subject: &Subject) -> String {
    match subject {
        Subject::Document { name } => name.clone(),
        Subject::UnnamedDocument => text::alert::subject_document(lang).to_owned(),
        Subject::Account => text::alert::subject_account(lang).to_owned(),
        Subject::Collection => text::alert::subject_collection(lang).to_owned(),
        Subject::Upload => text::alert::subject_upload(lang).to_owned(),
    }
}
