//! "J'ai perdu les deux": what is lost, what nobody can do, what still helps. design.md, screen 4; SECURITY.md.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::icon::{Icon, Svg};
use crate::components::site::Site;
use crate::t;

/// Plain and honest: the places to look first, then what is so.
#[component]
pub fn LostPage() -> impl IntoView {
    view! {
        <Site>
            <div class="form-page stack-6" data-testid="lost">
                <div class="stack-2">
                    <h1>{t!(lost.title)}</h1>
                    <p class="lead">{t!(lost.lead)}</p>
                </div>
                <section class="stack-4" aria-labelledby="lost-look">
                    <h2 id="lost-look">{t!(lost.look)}</h2>
                    <ol class="how">
                        <li>{t!(lost.device)}</li>
                        <li>{t!(lost.browser)}</li>
                        <li>{t!(lost.paper)}</li>
                        <li>{t!(lost.near)}</li>
                    </ol>
                    <div class="btn-row btn-row--fill">
                        <A href="/secours" attr:class="btn btn--primary" attr:data-testid="lost-sheet">
                            <Svg icon=Icon::LifeBuoy/>
                            {t!(lost.found_sheet)}
                        </A>
                        <A href="/ouvrir" attr:class="btn" attr:data-testid="lost-open">
                            <Svg icon=Icon::Key/>
                            {t!(lost.found_phrase)}
                        </A>
                    </div>
                </section>
                <section class="stack-2" aria-labelledby="lost-so">
                    <h2 id="lost-so">{t!(lost.nothing)}</h2>
                    <p>{t!(lost.nothing_text)}</p>
                    <p>{t!(lost.nobody)}</p>
                </section>
                <section class="stack-2" aria-labelledby="lost-new">
                    <h2 id="lost-new">{t!(lost.again)}</h2>
                    <p>{t!(lost.again_text)}</p>
                    <A href="/creer" attr:class="btn btn--quiet btn--flush" attr:data-testid="lost-create">{t!(lost.create)}</A>
                </section>
            </div>
        </Site>
    }
}
