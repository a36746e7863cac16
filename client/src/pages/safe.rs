//! Coffre: search and chips over one list, details beside it, one button to add, one drop area over the whole page.
//! design.md, screen 5.

pub mod act;
pub mod add;
pub mod ask;
pub mod bar;
pub mod details;
pub mod gather;
pub mod line;
pub mod list;
pub mod model;
pub mod place;
pub mod quiet;
pub mod reminder;
pub mod view;
pub mod window;

use leptos::prelude::*;
use leptos_router::components::A;

use self::add::{Adding, Choosers};
use self::ask::Asked;
use self::bar::{Bar, Chips};
use self::details::{Panel, Sheet};
use self::list::List;
use self::quiet::{Empty, Nothing};
use self::reminder::Reminder;
use self::view::View;
use crate::components::field::on_submit;
use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::platform::screen;
use crate::state::{Adder, app};
use crate::t;
use crate::text;

/// The documents of the open safe.
#[component]
pub fn SafePage() -> impl IntoView {
    let view = View::new();
    provide_context(view);
    let app = view.app;
    let choosers = Choosers::new();
    let empty = Memo::new(move |_| {
        app.listing
            .with(|listing| !listing.items.iter().any(|item| !item.in_trash))
    });
    // The empty safe has its own two buttons; while several are picked, the list needs the room.
    Effect::new(move |_| {
        app.add.set((!empty.get() && !view.picking.get()).then(|| Adder {
            choose: Callback::new(move |()| choosers.choose()),
            photograph: Callback::new(move |()| choosers.photograph()),
        }));
    });
    on_cleanup(move || app.add.set(None));
    let nothing = Memo::new(move |_| view.shown.with(Vec::is_empty));
    let tools = move || view! { {move || (!empty.get()).then(|| view! { <Tools view choosers/> })} };
    view! {
        <Frame title=t!(frame.safe) tools=tools band=move || view! { <Reminder view/> }>
            <Adding choosers/>
            <div class="stack-4" data-testid="safe">
                {move || if empty.get() {
                    view! { <Empty choosers/> }.into_any()
                } else {
                    view! {
                        <Chips/>
                        <div class="with-panel" class:with-panel--open=move || view.wide.get() && view.details.with(Option::is_some)>
                            <div class="stack-2">
                                <Bar/>
                                {move || if nothing.get() {
                                    view! { <Nothing/> }.into_any()
                                } else {
                                    view! { <List/> }.into_any()
                                }}
                            </div>
                            <Panel/>
                        </div>
                    }.into_any()
                }}
                <TrashLink/>
            </div>
            <Sheet/>
            <Asked/>
        </Frame>
    }
}

#[component]
fn Tools(view: View, choosers: Choosers) -> impl IntoView {
    view! {
        <form class="search" role="search" on:submit=on_submit(|| ())>
            <label class="vh" for="search">{t!(safe.search)}</label>
            <Svg icon=Icon::Search/>
            <input
                class="input"
                id="search"
                type="search"
                data-testid="safe-search"
                autocomplete="off"
                placeholder=t!(safe.search_hint)
                prop:value=move || view.query.get()
                on:input=move |event| view.query.set(event_target_value(&event))
            />
        </form>
        <div class="end btn-row wide-only">
            {screen::is_touched().then(|| view! {
                <button class="btn wide-flex" type="button" data-testid="safe-photograph" on:click=move |_| choosers.photograph()>
                    <Svg icon=Icon::Camera/>
                    {t!(safe.photograph)}
                </button>
            })}
            <button class="btn btn--primary wide-flex" type="button" data-testid="safe-add" on:click=move |_| choosers.choose()>
                <Svg icon=Icon::Plus/>
                {t!(safe.add)}
            </button>
        </div>
    }
}

#[component]
fn TrashLink() -> impl IntoView {
    let app = app();
    let trashed =
        |items: &[sdk::flows::item::Item]| items.iter().filter(|item| item.trashed_at.is_some()).count();
    let count = Memo::new(move |_| app.listing.with(|listing| trashed(&listing.items)) as u64);
    move || {
        (count.get() > 0).then(|| {
            view! {
                <p>
                    <A href="/corbeille" attr:class="btn btn--quiet btn--flush" attr:data-testid="safe-trash-link">
                        <Svg icon=Icon::Trash/>
                        {move || text::safe::in_trash(app.lang.get(), count.get())}
                    </A>
                </p>
            }
        })
    }
}
