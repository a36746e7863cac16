//! Accueil: one promise, two doors, three facts about what the server sees. design.md, screen 1.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::{Icon, Svg};
use crate::components::site::Site;
use crate::platform::page;
use crate::t;

/// The first screen.
#[component]
pub fn HomePage() -> impl IntoView {
    view! {
        <Site>
            <div class="hero">
                <div class="hero-text">
                    <h1>{t!(home.hero.title)}</h1>
                    <p class="lead">{t!(home.hero.lead)}</p>
                    <div class="btn-row btn-row--fill">
                        <A href="/creer" attr:class="btn btn--primary btn--big" attr:data-testid="home-create">
                            {t!(home.hero.create)}
                        </A>
                        <A href="/ouvrir" attr:class="btn btn--big" attr:data-testid="home-open">
                            {t!(home.hero.open)}
                        </A>
                    </div>
                    <p class="muted small">{t!(home.hero.free)}</p>
                </div>
                <div class="hero-art"><SealedPaper/></div>
            </div>
            <section class="three" aria-labelledby="server-sees">
                <div class="three-head">
                    <h2 id="server-sees">{t!(home.facts.title)}</h2>
                    <A href="/service" attr:class="btn btn--quiet btn--flush-end" attr:data-testid="home-service">{t!(home.facts.more)}</A>
                </div>
                <ul>
                    <Fact icon=Icon::Box title=t!(home.facts.parcels) text=t!(home.facts.parcels_text)/>
                    <Fact icon=Icon::Clock title=t!(home.facts.date) text=t!(home.facts.date_text)/>
                    <Fact icon=Icon::Key title=t!(home.facts.phrase) text=t!(home.facts.phrase_text)/>
                </ul>
            </section>
        </Site>
    }
}

#[component]
fn Fact(
    icon: Icon,
    title: impl Fn() -> &'static str + Send + Sync + 'static,
    text: impl Fn() -> &'static str + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <li>
            <Svg icon large=true/>
            <h3>{title}</h3>
            <p>{text}</p>
        </li>
    }
}

/// A paper under a seal: above the band it can be read, below it cannot. The drawing is in `assets/art.svg`.
#[component]
fn SealedPaper() -> impl IntoView {
    view! {
        <svg viewBox="0 0 480 452" role="img" aria-label=t!(home.hero.drawing)>
            <use href=page::drawing("art", "sealed-paper")></use>
        </svg>
    }
}
