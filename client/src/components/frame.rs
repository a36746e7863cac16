//! The frame of the screens inside the safe: rail, lock, room left, content. design.md, "Main screens".

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;

use crate::components::bands::Bands;
use crate::components::icon::{Icon, Svg};
use crate::components::site::SkipLink;
use crate::format;
use crate::message::Fill;
use crate::state::app;
use crate::t;
use crate::text::{self, Locale};

/// A screen inside the safe.
#[component]
pub fn Frame(
    /// The title of the screen.
    title: impl Fn() -> &'static str + Send + Sync + Clone + 'static,
    /// What stands in place of the title where it is no fixed word.
    #[prop(optional, into)]
    heading: Option<ViewFn>,
    /// Where the arrow before the title leads.
    #[prop(optional)]
    back: Option<&'static str>,
    /// What stands beside the title.
    #[prop(optional, into)]
    tools: Option<ViewFn>,
    /// A band of this screen alone, shown where nothing weightier has to be said.
    #[prop(optional, into)]
    band: Option<ViewFn>,
    children: Children,
) -> impl IntoView {
    let app = app();
    view! {
        <div class="frame">
            <SkipLink/>
            <nav class="rail" aria-label=t!(frame.navigation)>
                <div class="rail-top">
                    <A href="/coffre" attr:class="logo"><Svg icon=Icon::Logo/><span>{t!(common.name)}</span></A>
                </div>
                <ul class="rail-list">
                    {ROOMS.map(|(href, icon, label)| view! { <RailLink href icon label/> }).collect_view()}
                </ul>
                <div class="rail-foot">
                    <Room/>
                    <button class="btn rail-lock" type="button" data-testid="lock" on:click=move |_| app.lock()>
                        <Svg icon=Icon::Lock/>
                        {t!(frame.lock)}
                    </button>
                </div>
            </nav>
            <main id="content" class="main main--add" tabindex="-1">
                <div class="inner">
                    <header class="head">
                        <div class="head-bar" class:head-bar--back=back.is_some()>
                            {back.map(|back| view! {
                                <A href=back attr:class="btn btn--icon" attr:aria-label=t!(frame.back) attr:data-testid="back">
                                    <Svg icon=Icon::ArrowLeft/>
                                </A>
                            })}
                            <h1>{match heading { Some(heading) => heading.run(), None => title.clone().into_any() }}</h1>
                            <button
                                class="btn btn--icon lock"
                                type="button"
                                data-testid="lock-phone"
                                aria-label=t!(frame.lock_label)
                                on:click=move |_| app.lock()
                            >
                                <Svg icon=Icon::Lock/>
                            </button>
                        </div>
                        {tools.map(|tools| tools.run())}
                    </header>
                    <Bands last=band/>
                    {children()}
                </div>
            </main>
        </div>
    }
}

#[component]
fn RailLink(href: &'static str, icon: Icon, label: fn(Locale) -> &'static str) -> impl IntoView {
    let (location, lang) = (use_location(), app().lang);
    view! {
        <li>
            <a
                class="rail-link"
                href=href
                aria-current=move || {
                    let at = location.pathname.get();
                    // A document lies in the safe.
                    let here = at == href || href == "/coffre" && at.starts_with("/document/");
                    here.then_some("page")
                }
            >
                <Svg icon/>
                <span>{move || label(lang.get())}</span>
            </a>
        </li>
    }
}

/// How full the safe is, where the server said it.
#[component]
fn Room() -> impl IntoView {
    let app = app();
    let fill = Memo::new(move |_| app.listing.with(|listing| listing.fill));
    let meter = move |Fill { used, limit }: Fill| {
        let lang = app.lang.get();
        let words = text::frame::room(lang, &format::size(limit, lang), &format::size(used, lang));
        view! {
            <div class="rail-space" data-testid="quota">
                <label for="room">{words}</label>
                <meter id="room" min="0" max=limit.max(1).to_string() value=used.to_string()></meter>
            </div>
        }
    };
    view! { {move || fill.get().map(meter)} }
}

/// Address, icon and word.
type Door = (&'static str, Icon, fn(Locale) -> &'static str);

/// The rooms of the safe, in the order of the rail. Each one that is built adds its line.
const ROOMS: [Door; 3] = [
    ("/coffre", Icon::Archive, text::frame::safe),
    ("/corbeille", Icon::Trash, text::frame::trash),
    ("/reglages", Icon::Settings, text::frame::settings),
];
