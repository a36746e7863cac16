//! A button that opens a menu: arrows, Home, End and first letters move, Escape closes and gives the focus back.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::components::icon::{Icon, Svg};
use crate::platform::{page, screen};
use crate::state::lang;
use crate::text::Locale;

/// One line of a menu.
#[derive(Clone)]
pub struct Entry {
    /// For the browser stories.
    pub testid: &'static str,
    /// Icon.
    pub icon: Icon,
    /// Words.
    pub label: fn(Locale) -> &'static str,
    /// What it does.
    pub act: Callback<()>,
}

/// The button and, while it is open, the menu.
#[component]
pub fn Menu(
    /// For the browser stories.
    testid: &'static str,
    /// What it is about, for readers; the button shows three dots.
    #[prop(into)]
    label: Signal<String>,
    /// The lines, asked for at each opening.
    entries: Callback<(), Vec<Entry>>,
) -> impl IntoView {
    let open = RwSignal::new(None::<Start>);
    let upward = RwSignal::new(false);
    let (button, list) = (NodeRef::<html::Button>::new(), NodeRef::<html::Ul>::new());
    let show = move |start: Start| {
        let (scrolled, height) = screen::viewport();
        let below = button
            .get_untracked()
            .map_or(0.0, |button| screen::top_of(&button) - scrolled);
        upward.set(below > height * UPWARD_FROM);
        open.set(Some(start));
    };
    let close = move || {
        open.set(None);
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    Effect::new(move |_| {
        if let (Some(list), Some(start)) = (list.get(), open.get()) {
            page::later(0, move || {
                focus_at(&list, if start == Start::First { 0 } else { -1 })
            });
        }
    });
    let on_button = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowDown" => {
            event.prevent_default();
            show(Start::First);
        }
        "ArrowUp" => {
            event.prevent_default();
            show(Start::Last);
        }
        _ => {}
    };
    view! {
        <div class="menu" class:menu--up=move || upward.get()>
            <button
                class="btn btn--icon"
                type="button"
                node_ref=button
                data-testid=testid
                aria-haspopup="menu"
                aria-expanded=move || open.get().is_some().to_string()
                aria-label=label
                on:click=move |_| if open.get_untracked().is_some() { close() } else { show(Start::First) }
                on:keydown=on_button
            >
                <Svg icon=Icon::More/>
            </button>
            {move || open.get().is_some().then(|| view! {
                <button class="menu-away" type="button" tabindex="-1" aria-hidden="true" on:click=move |_| close()></button>
                <ul class="menu-list" role="menu" aria-label=label node_ref=list
                    on:keydown=move |event| on_list(&event, list, close)>
                    {entries.run(()).into_iter().map(|entry| view! { <Line entry close=Callback::new(move |()| close())/> }).collect_view()}
                </ul>
            })}
        </div>
    }
}

#[component]
fn Line(entry: Entry, close: Callback<()>) -> impl IntoView {
    let lang = lang();
    let act = move || {
        close.run(());
        entry.act.run(());
    };
    view! {
        <li role="none">
            <button class="menu-item" type="button" role="menuitem" tabindex="-1" data-testid=entry.testid on:click=move |_| act()>
                <Svg icon=entry.icon/>
                {move || (entry.label)(lang.get())}
            </button>
        </li>
    }
}

/// Where the focus begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    First,
    Last,
}

fn on_list(event: &KeyboardEvent, list: NodeRef<html::Ul>, close: impl Fn()) {
    let Some(list) = list.get_untracked() else { return };
    let items = items_of(&list);
    let count = i32::try_from(items.len()).unwrap_or(i32::MAX);
    let here = focused(&items).map_or(-1, |here| i32::try_from(here).unwrap_or(-1));
    match event.key().as_str() {
        "ArrowDown" => focus_at(&list, (here + 1) % count.max(1)),
        "ArrowUp" => focus_at(&list, if here <= 0 { -1 } else { here - 1 }),
        "Home" => focus_at(&list, 0),
        "End" => focus_at(&list, -1),
        "Escape" => {
            // Not also the dialog or the selection behind it.
            event.stop_propagation();
            close();
        }
        "Tab" => close(),
        key if key.chars().count() == 1 && key != " " => {
            let from = usize::try_from(here + 1).unwrap_or(0);
            let key = key.to_lowercase();
            let fits = |item: &&HtmlElement| item.inner_text().trim().to_lowercase().starts_with(&key);
            let next = items.iter().skip(from).chain(items.iter().take(from)).find(fits);
            if let Some(item) = next {
                let _ = item.focus();
            }
        }
        _ => return,
    }
    if event.key() != "Tab" {
        event.prevent_default();
    }
}

fn items_of(list: &HtmlElement) -> Vec<HtmlElement> {
    let lines = list.children();
    (0..lines.length())
        .filter_map(|index| lines.item(index)?.first_element_child()?.dyn_into().ok())
        .collect()
}

fn focused(items: &[HtmlElement]) -> Option<usize> {
    items
        .iter()
        .position(|item| item.matches(":focus").unwrap_or(false))
}

/// Gives the focus to the item of this number; -1 is the last.
fn focus_at(list: &HtmlElement, number: i32) {
    let items = items_of(list);
    let item = match usize::try_from(number) {
        Ok(number) => items.get(number),
        Err(_) => items.last(),
    };
    if let Some(item) = item {
        let _ = item.focus();
    }
}

/// Below this share of the window a menu opens upward.
const UPWARD_FROM: f64 = 0.55;
