//! The recovery sheet as it prints: one A4 page, words numbered in two columns, the same as a square, where to keep it.
//! Paper in both themes. design.md, screen 3; protocol.md 5.5.

use leptos::prelude::*;

use crate::components::icon::{Icon, Svg};
use crate::message::Sheet;
use crate::platform::{format, page};
use crate::qr;
use crate::state::lang;
use crate::t;

/// The sheet. Whatever else is on the screen does not go to paper.
#[component]
pub fn PaperSheet(
    /// What stands on it.
    sheet: Sheet,
) -> impl IntoView {
    let lang = lang();
    let address = page::host();
    let square = qr::draw(&qr::content(&sheet, &address));
    view! {
        <article class="paper sheet" aria-label=t!(sheet.as_printed)>
            <div class="sheet-head">
                <div>
                    <span class="logo"><Svg icon=Icon::Logo/><span>{t!(common.name)}</span></span>
                    <h2>{t!(sheet.heading)}</h2>
                    <p class="sheet-what">{t!(sheet.what)}</p>
                </div>
                {square.map(|square| view! {
                    <svg
                        class="qr"
                        data-testid="sheet-square"
                        viewBox=format!("0 0 {side} {side}", side = square.side)
                        role="img"
                        aria-label=t!(sheet.square)
                        shape-rendering="crispEdges"
                    >
                        <path fill="currentColor" d=square.path></path>
                    </svg>
                })}
            </div>
            <dl>
                <dt>{t!(common.handle)}</dt>
                <dd>{sheet.handle}</dd>
                <dt>{t!(sheet.address)}</dt>
                <dd>{address}</dd>
                <dt>{t!(sheet.made)}</dt>
                <dd>{move || format::date(format::now(), lang.get())}</dd>
            </dl>
            <ol class="sheet-words" aria-label=t!(sheet.words)>
                {sheet.words.into_iter().map(|word| view! { <li data-testid="sheet-word">{word}</li> }).collect_view()}
            </ol>
            <ul class="sheet-foot stack-2">
                <li>{t!(sheet.keep)}</li>
                <li>{t!(sheet.tell)}</li>
                <li>{t!(sheet.how)}</li>
            </ul>
            <p class="sheet-ids">
                {t!(sheet.account)} " " <span class="mono">{sheet.account}</span> " · "
                {t!(sheet.deployment)} " " <span class="mono">{sheet.deployment}</span>
            </p>
        </article>
    }
}

/// The one button that puts the sheet on paper, and what helps where there is no printer.
#[component]
pub fn PrintSheet() -> impl IntoView {
    view! {
        <div class="btn-row btn-row--fill">
            <button class="btn btn--primary btn--big" type="button" data-testid="sheet-print" on:click=move |_| page::print()>
                <Svg icon=Icon::Printer/>
                {t!(sheet.print)}
            </button>
        </div>
        <p class="hint">{t!(sheet.by_hand)}</p>
    }
}
