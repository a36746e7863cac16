//! What the service is, how it protects, what it cannot do: read before any key is made, and at any time at `/service`.
//! law.md, R.55-1 (five items); every sentence is held against protocol.md 3 and SECURITY.md.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::{Icon, Svg};
use crate::components::site::Site;
use crate::t;

/// The facts at an address of their own.
#[component]
pub fn ServicePage() -> impl IntoView {
    view! {
        <Site>
            <div class="form-page stack-6" data-testid="service">
                <div class="stack-2">
                    <h1>{t!(service.page_title)}</h1>
                    <p class="lead">{t!(service.page_lead)}</p>
                </div>
                <ServiceFacts/>
                <div class="form-foot">
                    <A href="/" attr:class="btn btn--quiet">{t!(service.home)}</A>
                    <A href="/creer" attr:class="btn btn--primary btn--big">{t!(home.hero.create)}</A>
                </div>
            </div>
        </Site>
    }
}

/// Five things that the law wants said first, then what nobody can do.
#[component]
pub fn ServiceFacts() -> impl IntoView {
    view! {
        <ul class="service-facts">
            <Fact icon=Icon::Archive title=t!(service.space) text=t!(service.space_text)/>
            <Fact icon=Icon::Lock title=t!(service.means) text=t!(service.means_text)/>
            <Fact icon=Icon::Eye title=t!(service.privacy) text=t!(service.privacy_text)/>
            <Fact icon=Icon::CircleCheck title=t!(service.works) text=t!(service.works_text)/>
            <Fact icon=Icon::FileText title=t!(service.law) text=t!(service.law_text)/>
        </ul>
        <section class="card card-pad stack-4 limits" aria-labelledby="limits">
            <h2 id="limits">{t!(service.limits)}</h2>
            <ul class="service-facts">
                <Fact icon=Icon::Key title=t!(service.lost) text=t!(service.lost_text)/>
                <Fact icon=Icon::Monitor title=t!(service.device) text=t!(service.device_text)/>
                <Fact icon=Icon::Triangle title=t!(service.first) text=t!(service.first_text)/>
            </ul>
        </section>
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
            <div>
                <p><strong>{title}</strong></p>
                <p class="muted">{text}</p>
            </div>
        </li>
    }
}
