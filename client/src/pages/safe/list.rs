//! The list: a table from 720 px, cards below. Only the rows near the screen are drawn; arrows, Home, End and typed
//! letters move the focus, and the row that has it is always drawn.

use std::collections::HashMap;

use leptos::ev::{self, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use sdk::flows::item::{Item, ObjectId};
use sdk::search::fold;

use super::line::Row;
use super::model::By;
use super::view::{View, view};
use super::window::{Drawn, Heights, Piece};
use crate::components::icon::{Icon, Svg};
use crate::platform::{page, screen};
use crate::t;
use crate::text::Locale;

/// What the rows share.
#[derive(Clone, Copy)]
pub struct Rows {
    /// The screen.
    pub view: View,
    /// Where each item stands.
    pub positions: Memo<HashMap<ObjectId, usize>>,
    /// The row that had the focus last.
    active: RwSignal<Option<ObjectId>>,
    body: NodeRef<html::Tbody>,
    drawn: RwSignal<Drawn>,
    heights: StoredValue<Heights>,
    last: StoredValue<usize>,
    typed: StoredValue<(String, u32)>,
}

/// The list of what is shown.
#[component]
pub fn List() -> impl IntoView {
    let rows = Rows::new(view());
    let view = rows.view;
    let slots = move || {
        let pieces = rows.drawn.with(|drawn| drawn.pieces.clone());
        view.shown.with(|shown| {
            let slot = |piece: Piece| match piece {
                Piece::Row(row) => shown.get(row).cloned().map(Slot::Row),
                Piece::Gap(number) => Some(Slot::Gap(number)),
            };
            pieces.into_iter().filter_map(slot).collect::<Vec<_>>()
        })
    };
    let narrow = move || view.wide.get() && view.details.with(Option::is_some);
    view! {
        <div class="card">
            <table
                class="table"
                class:table--narrow=narrow
                role="table"
                aria-label=t!(safe.list)
                aria-rowcount=move || (view.shown.with(Vec::len) + 1).to_string()
            >
                <thead role="rowgroup">
                    <tr role="row" aria-rowindex=1>
                        <Head by=By::Name label=crate::text::safe::column::document class=""/>
                        <Head by=By::Added label=crate::text::safe::column::date class="c-wide"/>
                        <Head by=By::Size label=crate::text::safe::column::size class="c-wide c-end"/>
                        <th role="columnheader" scope="col">{t!(safe.column.state)}</th>
                        <th role="columnheader" scope="col"><span class="vh">{t!(safe.column.actions)}</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup" node_ref=rows.body on:keydown=move |event| rows.on_key(&event)>
                    <For each=slots key=Slot::key let:slot>
                        {match slot {
                            Slot::Row(item) => view! { <Row first=item rows/> }.into_any(),
                            Slot::Gap(number) => view! { <Gap number rows/> }.into_any(),
                        }}
                    </For>
                </tbody>
            </table>
        </div>
    }
}

#[derive(Clone)]
enum Slot {
    Row(Item),
    Gap(usize),
}

impl Slot {
    fn key(&self) -> String {
        match self {
            Self::Row(item) => item.id.0.clone(),
            Self::Gap(number) => number.to_string(),
        }
    }
}

/// The head of a column that can be sorted by.
#[component]
fn Head(by: By, label: fn(Locale) -> &'static str, class: &'static str) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let direction = move || {
        let sort = view.sort.get();
        (sort.by == by).then_some(if sort.down { "descending" } else { "ascending" })
    };
    let testid = match by {
        By::Name => "sort-name",
        By::Added => "sort-date",
        By::Size => "sort-size",
    };
    view! {
        <th role="columnheader" scope="col" class=class aria-sort=direction>
            <button class="sort" type="button" data-testid=testid
                on:click=move |_| view.sort.update(|sort| *sort = sort.pressed(by))>
                {move || label(lang.get())}
                {move || direction().map(|direction| view! {
                    <Svg icon=if direction == "descending" { Icon::ArrowDown } else { Icon::ArrowUp }/>
                })}
            </button>
        </th>
    }
}

/// Rows that are not drawn.
#[component]
fn Gap(number: usize, rows: Rows) -> impl IntoView {
    let node = NodeRef::<html::Tr>::new();
    let height = Memo::new(move |_| {
        rows.drawn
            .with(|drawn| drawn.gaps.get(number).copied().unwrap_or(0.0))
    });
    Effect::new(move |_| {
        if let Some(node) = node.get() {
            screen::set_height(&node, height.get());
        }
    });
    view! {
        <tr class="gap" aria-hidden="true" node_ref=node hidden=move || height.get() <= 0.0><td colspan=COLUMNS></td></tr>
    }
}

impl Rows {
    fn new(view: View) -> Self {
        let guess = if screen::is_phone() { CARD } else { ROW };
        let rows = Self {
            view,
            positions: Memo::new(move |_| {
                view.shown.with(|shown| {
                    let ids = shown.iter().map(|item| item.id.clone());
                    ids.zip(0..).collect()
                })
            }),
            active: RwSignal::new(None),
            body: NodeRef::new(),
            drawn: RwSignal::new(Drawn::default()),
            heights: StoredValue::new(Heights::new(0, guess)),
            last: StoredValue::new(0),
            typed: StoredValue::new((String::new(), 0)),
        };
        rows.follow();
        rows
    }

    fn follow(self) {
        Effect::new(move |_| {
            let count = self.view.shown.with(Vec::len);
            self.heights
                .update_value(|heights| *heights = heights.for_count(count));
            self.redraw();
            // Once the rows stand, their true heights are known.
            page::later(0, move || {
                self.redraw();
                self.keep_focus();
            });
        });
        Effect::new(move |_| {
            self.view.folder.track();
            self.last.set_value(0);
        });
        let scrolled = window_event_listener(ev::scroll, move |_| self.redraw());
        let resized = window_event_listener(ev::resize, move |_| self.redraw());
        on_cleanup(move || {
            scrolled.remove();
            resized.remove();
        });
    }

    /// Draws the rows near the screen. It may run after the list is gone.
    fn redraw(self) {
        let Some(body) = self.body.try_get_untracked() else {
            return;
        };
        let (scrolled, height) = screen::viewport();
        let mut top = scrolled;
        if let Some(body) = &body {
            let measured = screen::heights(body, "data-row");
            self.heights.update_value(|heights| {
                for (row, height) in measured {
                    heights.measure(row, height);
                }
            });
            top -= screen::top_of(body);
        }
        let kept = self
            .active
            .with_untracked(|id| id.as_ref().and_then(|id| self.position(id)));
        let next = self
            .heights
            .with_value(|heights| heights.draw(top, top + height, kept));
        if self.drawn.with_untracked(|drawn| *drawn != next) {
            self.drawn.set(next);
        }
    }

    fn position(self, id: &ObjectId) -> Option<usize> {
        self.positions
            .with_untracked(|positions| positions.get(id).copied())
    }

    /// A row has the focus now.
    pub fn focused(self, id: ObjectId) {
        if let Some(row) = self.position(&id) {
            self.last.set_value(row);
        }
        self.active.set(Some(id));
    }

    /// Where the row with the focus went away, the one in its place takes it.
    fn keep_focus(self) {
        let Some(Some(active)) = self.active.try_get_untracked() else {
            return;
        };
        match self.position(&active) {
            Some(row) => self.last.set_value(row),
            None if screen::is_focus_lost() => self.go(self.last.get_value()),
            None => {}
        }
    }

    /// Gives the focus to a row, drawn or not.
    fn go(self, row: usize) {
        let found = self.view.shown.with_untracked(|shown| {
            let row = row.min(shown.len().saturating_sub(1));
            shown.get(row).map(|item| (row, item.id.clone()))
        });
        let Some((row, id)) = found else {
            return;
        };
        self.last.set_value(row);
        self.active.set(Some(id));
        self.redraw();
        screen::focus_on(format!("[data-row='{row}'] .doc-name"));
    }

    fn on_key(self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || screen::is_within(event, ".menu") {
            return;
        }
        let here = screen::attribute_around(event, "data-row").and_then(|row| row.parse::<usize>().ok());
        let Some(here) = here else { return };
        match event.key().as_str() {
            "ArrowDown" => self.go(here + 1),
            "ArrowUp" => self.go(here.saturating_sub(1)),
            "PageDown" => self.go(here + PAGE),
            "PageUp" => self.go(here.saturating_sub(PAGE)),
            "Home" => self.go(0),
            "End" => self.go(usize::MAX),
            key if key.chars().count() == 1 && key != " " => self.find(here, key),
            _ => return,
        }
        event.prevent_default();
    }

    /// Goes to the next name that begins with what was typed.
    fn find(self, here: usize, key: &str) {
        let (mut typed, number) = self.typed.get_value();
        typed.push_str(&fold(key));
        let number = number.wrapping_add(1);
        self.typed.set_value((typed.clone(), number));
        page::later(TYPING, move || {
            let _ = self.typed.try_update_value(|typed| {
                if typed.1 == number {
                    typed.0.clear();
                }
            });
        });
        let from = if typed.chars().count() == 1 {
            here + 1
        } else {
            here
        };
        let found = self.view.shown.with_untracked(|shown| {
            let names = shown.iter().enumerate();
            let mut round = names.clone().skip(from).chain(names.take(from));
            round
                .find(|(_, item)| fold(&item.name).starts_with(&typed))
                .map(|(row, _)| row)
        });
        if let Some(row) = found {
            self.go(row);
        }
    }
}

const COLUMNS: u8 = 5;
/// Pixels of a row and of a card, until one was measured.
const ROW: f64 = 70.0;
const CARD: f64 = 118.0;
/// Rows of a page up or down.
const PAGE: usize = 10;
/// Milliseconds between letters of one word.
const TYPING: i32 = 800;
