//! The frame of the screens outside the safe: logo, language, content. design.md, "Main screens".

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::{Icon, Svg};
use crate::state::app;
use crate::t;

/// A screen outside the safe.
#[component]
pub fn Site(children: Children) -> impl IntoView {
    view! {
        <div class="site">
            <SkipLink/>
            <header class="site-head">
                <div class="site-wrap">
                    <A href="/" attr:class="logo">
                        <Svg icon=Icon::Logo/>
                        <span>{t!(common.name)}</span>
                    </A>
                    <div class="site-links">
                        <LanguageSwitch/>
                    </div>
                </div>
            </header>
            <main id="content" class="site-main" tabindex="-1">
                {children()}
            </main>
            <footer class="site-foot">
                <ul>
                    <li><A href="/service">{t!(service.foot)}</A></li>
                </ul>
            </footer>
        </div>
    }
}

/// The first thing a keyboard meets: over the frame, to the content.
#[component]
pub fn SkipLink() -> impl IntoView {
    view! { <a class="skip" href="#content" rel="external">{t!(common.skip)}</a> }
}

/// One button that says the other language in that language.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let lang = app().lang;
    view! {
        <button
            class="btn btn--quiet"
            type="button"
            data-testid="lang-switch"
            lang=move || lang.get().other().tag()
            on:click=move |_| lang.update(|locale| *locale = locale.other())
        >
            {t!(common.other_language)}
        </button>
    }
}
