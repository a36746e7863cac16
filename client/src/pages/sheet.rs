//! Feuille de secours: the sheet as it prints, then the person's word that they have it. design.md, screen 3.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::message::Sheet;
use crate::pages::create::{Back, Draft};
use crate::platform::{format, page};
use crate::state::lang;
use crate::t;

/// The last step: nothing exists at the server until this is confirmed.
#[component]
pub fn SheetStep(
    /// The account in the making.
    draft: Draft,
    /// Creates it.
    finish: Callback<()>,
) -> impl IntoView {
    let confirmed = RwSignal::new(false);
    let label = (t!(sheet.create), t!(sheet.creating));
    view! {
        <div class="split split--sheet">
            <div class="stack-4 split-intro">
                <h1>{t!(sheet.title)}</h1>
                <p class="lead">{t!(sheet.lead)}</p>
                <div class="btn-row btn-row--fill">
                    <button class="btn btn--big" type="button" data-testid="sheet-print" on:click=move |_| page::print()>
                        <Svg icon=Icon::Printer/>
                        {t!(sheet.print)}
                    </button>
                </div>
            </div>
            <div class="stack-4 split-next">
                <label class="option">
                    <input
                        type="checkbox"
                        data-testid="sheet-confirm"
                        prop:checked=move || confirmed.get()
                        on:change=move |event| confirmed.set(event_target_checked(&event))
                    />
                    <span class="option-name">{t!(sheet.confirm)}</span>
                </label>
                <div class="form-foot">
                    <Back draft/>
                    <button
                        class="btn btn--primary btn--big"
                        type="button"
                        data-testid="create-submit"
                        disabled=move || !confirmed.get() || draft.busy.get()
                        on:click=move |_| finish.run(())
                    >
                        {move || if draft.busy.get() { (label.1)() } else { (label.0)() }}
                    </button>
                </div>
            </div>
            {move || draft.sheet.get().map(|sheet| view! { <PaperSheet sheet/> })}
        </div>
    }
}

/// The sheet itself: paper in both themes.
#[component]
fn PaperSheet(sheet: Sheet) -> impl IntoView {
    let lang = lang();
    view! {
        <article class="paper sheet" aria-label=t!(sheet.as_printed)>
            <div class="sheet-head">
                <div>
                    <span class="logo"><Svg icon=Icon::Logo/><span>{t!(common.name)}</span></span>
                    <h2>{t!(sheet.heading)}</h2>
                </div>
            </div>
            <dl>
                <dt>{t!(common.handle)}</dt>
                <dd>{sheet.handle}</dd>
                <dt>{t!(sheet.address)}</dt>
                <dd>{page::host()}</dd>
                <dt>{t!(sheet.made)}</dt>
                <dd>{move || format::date(format::now(), lang.get())}</dd>
                <dt>{t!(sheet.account)}</dt>
                <dd class="mono">{sheet.account}</dd>
                <dt>{t!(sheet.deployment)}</dt>
                <dd class="mono">{sheet.deployment}</dd>
            </dl>
            <ol class="sheet-words" aria-label=t!(sheet.words)>
                {sheet.words.into_iter().map(|word| view! { <li data-testid="sheet-word">{word}</li> }).collect_view()}
            </ol>
            <ul class="sheet-foot stack-2">
                <li>{t!(sheet.keep)}</li>
                <li>{t!(sheet.tell)}</li>
            </ul>
        </article>
    }
}
