//! Appareils ouverts: every open session under the name that it gave itself, and the way to end it. design.md, screen 13.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::device::OpenDevice;

use crate::components::icon::{Icon, Svg};
use crate::message::account::{AccountAnswer, AccountCall};
use crate::message::{Answer, Call};
use crate::platform::format;
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};

/// The section.
#[component]
pub fn Devices() -> impl IntoView {
    let app = app();
    let devices = RwSignal::new(Vec::<OpenDevice>::new());
    ask(app, AccountCall::Devices, devices);
    let others = move || devices.with(|devices| devices.iter().filter(|device| !device.current).count());
    view! {
        <section class="set" data-testid="settings-devices">
            <h2>{t!(devices.title)}</h2>
            <ul class="card set-rows">
                {move || devices.get().into_iter().map(|device| view! { <Row device devices/> }).collect_view()}
                {move || (others() > 1).then(|| view! {
                    <li>
                        <span class="grow small muted">{t!(devices.all_hint)}</span>
                        <div class="set-ctrl">
                            <button
                                class="btn btn--quiet"
                                type="button"
                                data-testid="devices-close-all"
                                on:click=move |_| ask(app, AccountCall::CloseOtherDevices, devices)
                            >
                                {t!(devices.all)}
                            </button>
                        </div>
                    </li>
                })}
            </ul>
        </section>
    }
}

#[component]
fn Row(device: OpenDevice, devices: RwSignal<Vec<OpenDevice>>) -> impl IntoView {
    let app = app();
    let (lang, current, id) = (app.lang, device.current, device.id.to_string());
    let (opened, used) = (device.opened, device.used);
    let name = device.name.clone();
    let name = move || name_of(name.as_deref(), current, lang.get());
    let when = move || {
        let lang = lang.get();
        text::devices::opened(lang, &moment(opened, lang), &moment(used, lang))
    };
    view! {
        <li data-testid="device-row">
            <div class="grow with-icon">
                <Svg icon=Icon::Monitor/>
                <div>
                    <span class="name" data-testid="device-name">{name}</span>
                    <span class="small muted">{when}</span>
                </div>
            </div>
            <div class="set-ctrl">
                {if current {
                    view! {
                        <span class="state state--ok" data-testid="device-here">
                            <Svg icon=Icon::CircleCheck/>
                            {t!(devices.here)}
                        </span>
                    }.into_any()
                } else {
                    view! {
                        <button
                            class="btn"
                            type="button"
                            data-testid="device-close"
                            on:click=move |_| ask(app, AccountCall::CloseDevice { id: id.clone() }, devices)
                        >
                            {t!(devices.close)}
                        </button>
                    }.into_any()
                }}
            </div>
        </li>
    }
}

fn ask(app: App, call: AccountCall, devices: RwSignal<Vec<OpenDevice>>) {
    spawn_local(async move {
        match app.ask(Call::Account(call)).await {
            // The person may have left this screen meanwhile.
            Ok(Answer::Account(AccountAnswer::Devices(open))) => _ = devices.try_set(open),
            Ok(_) => {}
            Err(failure) => app.say_failure(&failure),
        }
    });
}

/// `computer firefox` in the reader's language; what is not understood is a device without a name.
pub(super) fn name_of(name: Option<&str>, current: bool, lang: Locale) -> String {
    let (kind, browser) = name
        .unwrap_or_default()
        .split_once(' ')
        .unwrap_or((name.unwrap_or_default(), ""));
    let kind = match (kind, current) {
        ("computer", true) => text::devices::this_computer(lang),
        ("computer", false) => text::devices::computer(lang),
        ("phone", true) => text::devices::this_phone(lang),
        ("phone", false) => text::devices::phone(lang),
        ("tablet", true) => text::devices::this_tablet(lang),
        ("tablet", false) => text::devices::tablet(lang),
        (_, true) => text::devices::this_device(lang),
        (_, false) => text::devices::device(lang),
    };
    let known = ["firefox", "chrome", "safari", "edge", "opera"].contains(&browser);
    let mut letters = browser.chars();
    match letters.next() {
        Some(first) if known => format!("{kind}, {}{}", first.to_ascii_uppercase(), letters.as_str()),
        _ => kind.to_owned(),
    }
}

/// Today an hour, else a day.
fn moment(at: u64, lang: Locale) -> String {
    let day = format::date(at, lang);
    if day == format::date(format::now(), lang) {
        let (hour, minute) = format::clock(at);
        text::devices::today(lang, &hour, &minute)
    } else {
        text::devices::day(lang, &day)
    }
}
