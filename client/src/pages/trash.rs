//! Corbeille: what stays how long, take back, or destroy for good after one question. design.md; protocol.md 7.6.

use leptos::prelude::*;
use sdk::flows::item::{Item, ObjectId};

use crate::components::dialog::Dialog;
use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::components::row::{DocumentCell, kind_text};
use crate::message::{Call, SafeCall};
use crate::platform::format as local;
use crate::state::app;
use crate::t;
use crate::text::{self, Locale};

/// What was put away.
#[component]
pub fn TrashPage() -> impl IntoView {
    let app = app();
    let purging = RwSignal::new(Vec::<Item>::new());
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
    let tools = move || {
        let full = move || (!shown.with(Vec::is_empty)).then(|| view! { <PurgeAll shown purging/> });
        view! { {full} }
    };
    view! {
        <Frame title=t!(frame.trash) tools=tools>
            <div class="stack-4" data-testid="trash">
                {move || if shown.with(Vec::is_empty) {
                    view! { <Empty/> }.into_any()
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
            {move || (!purging.with(Vec::is_empty)).then(|| view! { <Purge items=purging.get() purging/> })}
        </Frame>
    }
}

#[component]
fn PurgeAll(shown: Memo<Vec<Item>>, purging: RwSignal<Vec<Item>>) -> impl IntoView {
    view! {
        <button class="btn btn--danger-quiet end" type="button" data-testid="trash-purge-all"
            on:click=move |_| purging.set(shown.get_untracked())>
            <Svg icon=Icon::Trash/>
            {t!(trash.empty_all)}
        </button>
    }
}

#[component]
fn Empty() -> impl IntoView {
    view! {
        <section class="empty" data-testid="trash-empty">
            <p>{t!(trash.empty)}</p>
            <div class="btn-row"><a class="btn" href="/coffre" data-testid="trash-back">{t!(trash.back)}</a></div>
        </section>
    }
}

#[component]
fn Row(item: Item, purging: RwSignal<Vec<Item>>) -> impl IntoView {
    let app = app();
    let name = item.name.clone();
    let stored = StoredValue::new(item.clone());
    let restore = move || {
        let item = stored.get_value();
        let objects = vec![item.id.clone()];
        let back = vec![SafeCall::Trash {
            objects: objects.clone(),
        }];
        app.change(Call::Safe(SafeCall::Restore { objects }), move |lang| {
            Some((text::trash::restored(lang, &item.name), Some(back)))
        });
    };
    let about = Callback::new(move |item: Item| {
        let lang = app.lang.get();
        format!("{}, {}", kind_text(&item, lang), left(item.purge_at, lang))
    });
    view! {
        <li data-testid="trash-row" data-name=name>
            <div class="grow"><DocumentCell item=Signal::derive(move || item.clone()) about/></div>
            <div class="set-ctrl">
                <button class="btn" type="button" data-testid="trash-restore" on:click=move |_| restore()>
                    <Svg icon=Icon::Restore/>
                    {t!(trash.restore)}
                </button>
                <button
                    class="btn btn--danger-quiet"
                    type="button"
                    data-testid="trash-purge"
                    on:click=move |_| purging.set(vec![stored.get_value()])
                >
                    {t!(trash.purge)}
                </button>
            </div>
        </li>
    }
}

/// How long it stays: the days are counted up, so that the last one is still one.
fn left(purge_at: Option<u64>, lang: Locale) -> String {
    let seconds = purge_at.unwrap_or_default().saturating_sub(local::now());
    match seconds.div_ceil(DAY) {
        0 => text::trash::today(lang).to_owned(),
        days => text::trash::left(lang, days),
    }
}

#[component]
fn Purge(items: Vec<Item>, purging: RwSignal<Vec<Item>>) -> impl IntoView {
    let app = app();
    let lang = app.lang;
    let (count, name) = (
        items.len() as u64,
        items.first().map(|item| item.name.clone()).unwrap_or_default(),
    );
    let title_name = name.clone();
    let title = move || match count {
        1 => text::trash::question(lang.get(), &title_name),
        count => text::trash::question_all(lang.get(), count),
    };
    let (one, all) = (t!(trash.consequence), t!(trash.consequence_all));
    let destroy = move || {
        let objects: Vec<ObjectId> = items.iter().map(|item| item.id.clone()).collect();
        let name = name.clone();
        purging.set(Vec::new());
        app.change(Call::Safe(SafeCall::Purge { objects }), move |lang| {
            let said = match count {
                1 => text::trash::purged(lang, &name),
                count => text::trash::purged_all(lang, count),
            };
            Some((said, None))
        });
    };
    view! {
        <Dialog title on_close=move || purging.set(Vec::new())>
            <p>{move || if count == 1 { one() } else { all() }}</p>
            <div class="btn-row">
                <button class="btn" type="button" data-testid="purge-cancel" on:click=move |_| purging.set(Vec::new())>{t!(trash.keep)}</button>
                <button class="btn btn--danger" type="button" data-testid="purge-submit" on:click=move |_| destroy()>{t!(trash.purge)}</button>
            </div>
        </Dialog>
    }
}

/// Seconds.
const DAY: u64 = 24 * 3_600;
