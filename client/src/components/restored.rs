//! A backup that was put back: what is known of it, and the one question, before the safe opens. design.md, screen 11;
//! spec/flows.md, section 11.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::evidence::Names;

use crate::components::icon::{Icon, Svg};
use crate::message::Asked;
use crate::platform::page;
use crate::state::app;
use crate::t;
use crate::text;

/// Stands in the place of the door's form until it is answered.
#[component]
pub fn RestoredQuestion(
    /// What is asked about.
    asked: Asked,
    /// Go on from it.
    agree: Callback<()>,
    /// Not now: the safe stays closed.
    leave: Callback<()>,
    /// The yes is on its way.
    busy: RwSignal<bool>,
) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let (told, pieces) = (asked.told, asked.evidence.pieces());
    let (before, kept, changes) = (told.before, told.kept, told.changes);
    let account = told.account_changes > 0;
    let mut gone = told.gone;
    let more = gone.len().saturating_sub(NAMED) as u64;
    gone.truncate(NAMED);
    let none_known = changes == 0 && !account;
    let saved = RwSignal::new(None::<bool>);
    let save = move |_| {
        let pieces = pieces.clone();
        spawn_local(async move {
            let result = app.save_evidence(pieces, Names::LeftOut).await;
            let _ = saved.try_set(Some(result.is_ok()));
        });
    };
    page::focus("restored");
    view! {
        <section
            id="restored"
            class="card card-pad stack-5"
            tabindex="-1"
            aria-labelledby="restored-title"
            data-testid="restored"
        >
            <div class="stack-2">
                <h1 id="restored-title">{t!(restored.title)}</h1>
                <p>{t!(restored.lead)}</p>
            </div>
            <dl class="alert-list">
                <div>
                    <dt>{t!(restored.reason)}</dt>
                    <dd data-testid="restored-reason">{told.reason}</dd>
                </div>
                <div>
                    <dt>{t!(restored.log)}</dt>
                    <dd data-testid="restored-log">
                        {move || text::restored::sizes(lang.get(), &before.to_string(), &kept.to_string())}
                    </dd>
                </div>
                <div>
                    <dt>{t!(restored.missing)}</dt>
                    <dd class="stack-2" data-testid="restored-missing">
                        {(changes > 0).then(|| view! {
                            <p>{move || text::restored::changes(lang.get(), changes)}</p>
                        })}
                        {account.then(|| view! { <p>{t!(restored.account)}</p> })}
                        {none_known.then(|| view! { <p>{t!(restored.nothing)}</p> })}
                        {(!gone.is_empty()).then(|| view! {
                            <p>{t!(restored.gone)}</p>
                            <ul class="stack-1">
                                {gone.into_iter().map(|name| view! { <li class="name">{name}</li> }).collect_view()}
                            </ul>
                            {(more > 0).then(|| view! { <p>{move || text::restored::more(lang.get(), more)}</p> })}
                        })}
                    </dd>
                </div>
                <div><dt>{t!(restored.meaning)}</dt><dd>{t!(restored.meaning_text)}</dd></div>
            </dl>
            <div class="btn-row btn-row--fill">
                <button
                    class="btn btn--primary btn--big"
                    type="button"
                    data-testid="restored-agree"
                    disabled=move || busy.get()
                    on:click=move |_| agree.run(())
                >
                    {t!(restored.agree)}
                </button>
                <button class="btn btn--big" type="button" data-testid="restored-leave" on:click=move |_| leave.run(())>
                    {t!(restored.leave)}
                </button>
            </div>
            <div>
                <button class="btn btn--quiet btn--flush" type="button" data-testid="restored-save" on:click=save>
                    <Svg icon=Icon::Download/>
                    {t!(alert.save)}
                </button>
                <div role="status">
                    {move || saved.get().map(|done| view! {
                        <p class="small" data-testid="restored-saved">
                            {move || if done { text::alert::saved(lang.get()) } else { text::alert::not_saved(lang.get()) }}
                        </p>
                    })}
                </div>
            </div>
        </section>
    }
}

/// Names that are shown; the others are counted.
const NAMED: usize = 20;
