//! The band that recalls end dates. They are compared here, in the browser: the server knows none of them.

use leptos::prelude::*;
use sdk::flows::item::Item;

use super::model;
use super::view::View;
use crate::components::icon::{Icon, Svg};
use crate::platform::format as local;
use crate::platform::page;
use crate::t;
use crate::text::{self, Locale};

/// Documents whose end date is past or near, until the person has read it.
#[component]
pub fn Reminder(
    /// The screen: the frame draws the band outside of it.
    view: View,
) -> impl IntoView {
    let lang = view.app.lang;
    let read = RwSignal::new(page::stored(READ).unwrap_or_default());
    let due = Memo::new(move |_| {
        view.app
            .listing
            .with(|listing| model::due(&listing.items, local::now()))
    });
    move || {
        let due = due.get();
        let first = due.first().cloned()?;
        let mark = mark(&due);
        if read.get() == mark {
            return None;
        }
        let words = {
            let first = first.clone();
            move || sentence(&first, due.len() as u64, lang.get())
        };
        let dismiss = move || {
            page::store(READ, &mark);
            read.set(mark.clone());
        };
        Some(view! {
            <div class="band" role="status" data-testid="reminder">
                <Svg icon=Icon::Calendar/>
                <p>{words}</p>
                <div class="band-buttons">
                    <button class="btn" type="button" data-testid="reminder-show" on:click=move |_| view.details.set(Some(first.id.clone()))>
                        {t!(safe.reminder.show)}
                    </button>
                    <button class="btn btn--icon" type="button" data-testid="reminder-close" aria-label=t!(safe.reminder.close) on:click=move |_| dismiss()>
                        <Svg icon=Icon::X/>
                    </button>
                </div>
            </div>
        })
    }
}

fn sentence(first: &Item, count: u64, lang: Locale) -> String {
    let end = first.retention_end.unwrap_or_default();
    let day = local::date(end, lang);
    let said = if end < local::now() {
        text::safe::reminder::past(lang, &day, &first.name)
    } else {
        text::safe::reminder::near(lang, &day, &first.name)
    };
    match count {
        0 | 1 => said,
        more => text::safe::reminder::more(lang, more - 1, &said),
    }
}

/// What was read: a number that changes with the documents and their dates, and says nothing of either.
fn mark(due: &[Item]) -> String {
    let mut sum: u64 = 17;
    for byte in due.iter().flat_map(|item| item.id.0.bytes()) {
        sum = sum.wrapping_mul(31).wrapping_add(u64::from(byte));
    }
    for end in due.iter().filter_map(|item| item.retention_end) {
        sum = sum.wrapping_mul(31).wrapping_add(end);
    }
    sum.to_string()
}

/// Where it is remembered what was read.
const READ: &str = "civis.reminded";
