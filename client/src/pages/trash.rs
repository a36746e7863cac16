//! Corbeille: take back, or destroy for good after one question. design.md; protocol.md 7.6.

use leptos::prelude::*;
use sdk::flows::document::Item;

use crate::components::dialog::Dialog;
use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::components::row::DocumentCell;
use crate::message::Call;
use crate::state::app;
use crate::t;
use crate::text;

/// What was put away.
#[component]
pub fn TrashPage() -> impl IntoView {
    let app = app();
    let purging = RwSignal::new(None::<Item>);
    let shown = Memo::new(move |_| {
        let mut found: Vec<Item> = app
            .listing
            .get()
            .items
            .into_iter()
            .filter(|item| item.trashed_at.is_some())
            .collect();
        found.sort_by_key(|item| std::cmp::Reverse(item.trashed_at));
        found
    });
    view! {
        <Frame title=t!(frame.trash)>
            <div class="stack-4" data-testid="trash">
                {move || if shown.get().is_empty() {
                    view! { <section class="empty" data-testid="trash-empty"><p>{t!(trash.empty)}</p></section> }.into_any()
                } else {
                    view! {
                        <p class="muted">{t!(trash.lead)}</p>
                        <ul class="card set-rows">
                            <For each=move || shown.get() key=|item| item.id.clone() let:item>
                                <Row item purging/>
                            </For>
                        </ul>
                    }.into_any()
                }}
            </div>
            {move || purging.get().map(|item| view! { <Purge item purging/> })}
        </Frame>
    }
}

#[component]
fn Row(item: Item, purging: RwSignal<Option<Item>>) -> impl IntoView {
    let app = app();
    let name = item.name.clone();
    let stored = StoredValue::new(item.clone());
    let restore = move || {
        let item = stored.get_value();
        app.change(Call::Restore { object: item.id }, move |lang| {
            Some((text::trash::restored(lang, &item.name), None))
        });
    };
    view! {
        <li data-testid="trash-row" data-name=name>
            <div class="grow"><DocumentCell item/></div>
            <div class="set-ctrl">
                <button class="btn" type="button" data-testid="trash-restore" on:click=move |_| restore()>
                    <Svg icon=Icon::Restore/>
                    {t!(trash.restore)}
                </button>
                <button
                    class="btn btn--danger-quiet"
                    type="button"
                    data-testid="trash-purge"
                    on:click=move |_| purging.set(Some(stored.get_value()))
                >
                    {t!(trash.purge)}
                </button>
            </div>
        </li>
    }
}

#[component]
fn Purge(item: Item, purging: RwSignal<Option<Item>>) -> impl IntoView {
    let app = app();
    let (lang, name) = (app.lang, item.name.clone());
    let destroy = move || {
        let name = item.name.clone();
        purging.set(None);
        app.change(
            Call::Purge {
                object: item.id.clone(),
            },
            move |lang| Some((text::trash::purged(lang, &name), None)),
        );
    };
    view! {
        <Dialog title=move || text::trash::question(lang.get(), &name) on_close=move || purging.set(None)>
            <p>{t!(trash.consequence)}</p>
            <div class="btn-row">
                <button class="btn" type="button" data-testid="purge-cancel" on:click=move |_| purging.set(None)>{t!(common.cancel)}</button>
                <button class="btn btn--danger" type="button" data-testid="purge-submit" on:click=move |_| destroy()>{t!(trash.purge)}</button>
            </div>
        </Dialog>
    }
}
