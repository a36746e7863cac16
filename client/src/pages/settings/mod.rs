//! Réglages: theme, language, whose safe this is, where it is kept, evidence, lock. design.md, screen 13 in part.

pub mod carry;
pub mod devices;
pub mod journal;
pub mod leave;
pub mod lock;
pub mod secrets;
pub mod step_up;

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::barred::LogState;

use crate::components::frame::Frame;
use crate::components::icon::{Icon, Svg};
use crate::message::{Answer, Call, Deployment};
use crate::pages::evidence::EvidenceSection;
use crate::pages::settings::carry::CarrySection;
use crate::platform::format;
use crate::platform::page::Theme;
use crate::state::app;
use crate::t;
use crate::text::{self, Locale};

/// The settings.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let app = app();
    let deployment = RwSignal::new(None::<Deployment>);
    spawn_local(async move {
        if let Ok(Answer::Deployment(card)) = app.ask(Call::Deployment).await {
            // The person may have left this screen meanwhile.
            let _ = deployment.try_set(Some(card));
        }
    });
    view! {
        <Frame title=t!(frame.settings)>
            <div data-testid="settings">
                <section class="set">
                    <h2>{t!(settings.safe)}</h2>
                    <ul class="card set-rows">
                        <li>
                            <div class="grow with-icon">
                                <Svg icon=Icon::Archive/>
                                <div>
                                    <span class="name" data-testid="settings-handle">{move || app.handle.get()}</span>
                                    <span class="small muted">{t!(settings.handle_hint)}</span>
                                </div>
                            </div>
                            <div class="set-ctrl">
                                <button class="btn" type="button" data-testid="settings-lock" on:click=move |_| app.lock()>
                                    <Svg icon=Icon::Lock/>
                                    {t!(settings.leave)}
                                </button>
                            </div>
                        </li>
                    </ul>
                </section>
                <secrets::Secrets/>
                <devices::Devices/>
                <lock::LockSection/>
                <Display/>
                {move || deployment.get().map(|card| view! { <Service card/> })}
                <journal::JournalSection/>
                <EvidenceSection/>
                <CarrySection/>
                <leave::Leave/>
            </div>
        </Frame>
    }
}

#[component]
fn Display() -> impl IntoView {
    view! {
        <section class="set">
            <h2>{t!(settings.display)}</h2>
            <ul class="card set-rows">
                <li>
                    <span class="grow name" id="theme">{t!(settings.theme)}</span>
                    <div class="segment" role="radiogroup" aria-labelledby="theme">
                        <ThemeChoice testid="theme-system" theme=Theme::System label=t!(settings.system)/>
                        <ThemeChoice testid="theme-light" theme=Theme::Light icon=Icon::Sun label=t!(settings.light)/>
                        <ThemeChoice testid="theme-dark" theme=Theme::Dark icon=Icon::Moon label=t!(settings.dark)/>
                    </div>
                </li>
                <li>
                    <span class="grow name" id="language">{t!(settings.language)}</span>
                    <div class="segment" role="radiogroup" aria-labelledby="language">
                        <LanguageChoice testid="lang-fr" locale=Locale::Fr/>
                        <LanguageChoice testid="lang-en" locale=Locale::En/>
                    </div>
                </li>
            </ul>
        </section>
    }
}

#[component]
fn ThemeChoice(
    testid: &'static str,
    theme: Theme,
    #[prop(optional)] icon: Option<Icon>,
    label: impl Fn() -> &'static str + Send + Sync + 'static,
) -> impl IntoView {
    let chosen = app().theme;
    view! {
        <label>
            <input
                type="radio"
                name="theme"
                data-testid=testid
                prop:checked=move || chosen.get() == theme
                on:change=move |_| chosen.set(theme)
            />
            {icon.map(|icon| view! { <Svg icon/> })}
            {label}
        </label>
    }
}

#[component]
fn LanguageChoice(testid: &'static str, locale: Locale) -> impl IntoView {
    let chosen = app().lang;
    view! {
        <label lang=locale.tag()>
            <input
                type="radio"
                name="language"
                data-testid=testid
                prop:checked=move || chosen.get() == locale
                on:change=move |_| chosen.set(locale)
            />
            {text::common::language(locale)}
        </label>
    }
}

#[component]
fn Service(card: Deployment) -> impl IntoView {
    let app = app();
    let (lang, version) = (app.lang, card.version);
    let log = Memo::new(move |_| app.listing.with(|listing| listing.log.clone()));
    view! {
        <section class="set">
            <h2>{t!(settings.service)}</h2>
            <ul class="card set-rows">
                <li>
                    <div class="grow">
                        <span class="name">{t!(settings.deployment)}</span>
                        <span class="small muted">{t!(settings.deployment_hint)}</span>
                    </div>
                    <span class="mono small" data-testid="settings-deployment">{card.id}</span>
                </li>
                <li>
                    <div class="grow">
                        <span class="name" data-testid="settings-version">
                            {move || text::settings::version(lang.get(), &version)}
                        </span>
                        <span class="small muted">{t!(settings.version_hint)}</span>
                    </div>
                </li>
                {move || log.get().map(|log| view! {
                    <li>
                        <div class="grow">
                            <span class="name">{t!(log.watched)}</span>
                            <span class="small muted" data-testid="settings-watched">{move || watched(&log, lang.get())}</span>
                        </div>
                    </li>
                })}
            </ul>
        </section>
    }
}

/// Who vouches for the service's log, and what stays unproven where nobody does.
fn watched(log: &LogState, lang: Locale) -> String {
    if log.quorum == 0 {
        return text::log::nobody(lang).to_owned();
    }
    let by = text::log::by(lang, log.quorum.into());
    log.witnessed.map_or(by.clone(), |when| {
        format!("{by} {}", text::log::since(lang, &format::date(when, lang)))
    })
}
