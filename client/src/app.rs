//! The page's root: shared state, addresses, and what stands over every screen (alert, tray, short messages).

use leptos::prelude::*;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::components::toast::ToastArea;
use crate::components::tray::AddButton;
use crate::components::tray::Tray;
use crate::pages::alert::AlertPage;
use crate::pages::create::CreatePage;
use crate::pages::home::HomePage;
use crate::pages::open::OpenPage;
use crate::pages::recover::RecoverPage;
use crate::pages::safe::SafePage;
use crate::pages::settings::SettingsPage;
use crate::pages::trash::TrashPage;
use crate::platform::page;
use crate::state::{App, app};
use crate::text::{self, Locale};

/// Draws the page. Called once, by the page's program.
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(Root);
}

#[component]
fn Root() -> impl IntoView {
    let app = App::new();
    provide_context(app);
    Effect::new(move |_| page::apply_locale(app.lang.get()));
    Effect::new(move |_| page::apply_theme(app.theme.get()));
    view! {
        <Router>
            <Titles/>
            {move || match app.alert.get() {
                Some(refused) => view! { <AlertPage refused/> }.into_any(),
                None => view! { <Screens/> }.into_any(),
            }}
            // Under the alert nothing else speaks; transfers go on.
            <div class="dock" hidden=move || app.alert.with(Option::is_some)>
                <AddButton/>
                <Tray/>
                <ToastArea/>
            </div>
        </Router>
    }
}

#[component]
fn Screens() -> impl IntoView {
    view! {
        <Routes fallback=|| view! { <Redirect path="/"/> }>
            <Route path=path!("/") view=HomePage/>
            <Route path=path!("/creer") view=CreatePage/>
            <Route path=path!("/ouvrir") view=OpenPage/>
            <Route path=path!("/secours") view=RecoverPage/>
            <Route path=path!("/coffre") view=|| view! { <Opened page=SafePage/> }/>
            <Route path=path!("/corbeille") view=|| view! { <Opened page=TrashPage/> }/>
            <Route path=path!("/reglages") view=|| view! { <Opened page=SettingsPage/> }/>
        </Routes>
    }
}

/// A screen of the open safe; the door where it is locked.
#[component]
fn Opened<F, V>(page: F) -> impl IntoView
where
    F: Fn() -> V + Send + Sync + Copy + 'static,
    V: IntoView + 'static,
{
    let app = app();
    let open = Memo::new(move |_| app.handle.with(Option::is_some));
    move || {
        if open.get() {
            page().into_any()
        } else {
            view! { <Redirect path="/ouvrir"/> }.into_any()
        }
    }
}

/// Names the tab after the screen.
#[component]
fn Titles() -> impl IntoView {
    let (app, location) = (app(), use_location());
    Effect::new(move |_| {
        let lang = app.lang.get();
        let screen: fn(Locale) -> &'static str = match location.pathname.get().as_str() {
            "/creer" => text::title::create,
            "/ouvrir" => text::open::title,
            "/secours" => text::recover::title,
            "/coffre" => text::frame::safe,
            "/corbeille" => text::frame::trash,
            "/reglages" => text::frame::settings,
            _ => text::home::hero::title,
        };
        let screen = if app.alert.with(Option::is_some) {
            text::alert::title(lang)
        } else {
            screen(lang)
        };
        page::set_title(&text::title::tab(lang, screen));
    });
}
