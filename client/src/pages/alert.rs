//! Alerte: what was refused, that the rest is safe, what to do. No way to click past it into what was refused.
//! design.md, screen 11; the checks are those of the sdk.

use leptos::prelude::*;
use sdk::evidence::{Check, Subject};

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
    let check = check_name(refused.check);
    let (subject, of_document) = (
        refused.subject.clone(),
        matches!(refused.subject, Subject::Document { .. } | Subject::Upload),
    );
    let name = move || subject_text(lang.get(), &subject);
    let happened = move || text::check::by_key(lang.get(), &check).unwrap_or(text::check::other(lang.get()));
    let safe = move || {
        if of_document {
            text::alert::safe_document(lang.get())
        } else {
            text::alert::safe_account(lang.get())
        }
    };
    let data_check = check_name(refused.check);
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
                    aria-describedby="alert-subject"
                    data-testid="alert"
                    data-check=data_check
                >
                    <div class="alert-head">
                        <span class="seal seal--cracked seal--lg"><Svg icon=Icon::SealCracked/></span>
                        <div class="stack-2">
                            <h1 id="alert-title">{move || if of_document { text::alert::title(lang.get()) } else { text::alert::title_account(lang.get()) }}</h1>
                            <p class="muted" id="alert-subject" data-testid="alert-subject">{name}</p>
                        </div>
                    </div>
                    <dl class="alert-list">
                        <div><dt>{t!(alert.happened)}</dt><dd data-testid="alert-check">{happened}</dd></div>
                        <div><dt>{t!(alert.safe)}</dt><dd>{safe}</dd></div>
                        <div><dt>{t!(alert.act)}</dt><dd>{t!(alert.act_text)}</dd></div>
                    </dl>
                    <div class="btn-row btn-row--fill">
                        {refused.evidence.clone().map(|id| view! {
                            <button class="btn btn--primary btn--big" type="button" data-testid="alert-save" on:click=move |_| app.save_evidence(id.clone())>
                                <Svg icon=Icon::Download/>
                                {t!(alert.save)}
                            </button>
                        })}
                        <button class="btn btn--quiet btn--big" type="button" data-testid="alert-close" on:click=move |_| app.alert.set(None)>
                            {t!(alert.close)}
                        </button>
                    </div>
                    <p class="small muted alert-note">{t!(alert.note)}</p>
                </div>
            </div>
        </main>
    }
}

fn subject_text(lang: Locale, subject: &Subject) -> String {
    match subject {
        Subject::Document { name } => name.clone(),
        Subject::Account => text::alert::subject_account(lang).to_owned(),
        Subject::Collection => text::alert::subject_collection(lang).to_owned(),
        Subject::Upload => text::alert::subject_upload(lang).to_owned(),
    }
}

/// The check's own stable name, as it stands in JSON.
fn check_name(check: Check) -> String {
    serde_json::to_value(check)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
