//! The page's root: shared state, addresses, and what stands over every screen (alert, tray, short messages).

use leptos::ev;
use leptos::prelude::*;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::components::presence::{LeavingNotice, Resuming};
use crate::components::toast::ToastArea;
use crate::components::tray::AddButton;
use crate::components::tray::Tray;
use crate::pages::alert::AlertPage;
use crate::pages::create::CreatePage;
use crate::pages::document::DocumentPage;
use crate::pages::home::HomePage;
use crate::pages::lost::LostPage;
use crate::pages::new_phrase::NewPhrasePage;
use crate::pages::open::OpenPage;
use crate::pages::recover::RecoverPage;
use crate::pages::safe::SafePage;
use crate::pages::service::ServicePage;
use crate::pages::settings::SettingsPage;
use crate::pages::sheet_test::SheetTestPage;
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
    app.attend();
    Effect::new(move |_| page::apply_locale(app.lang.get()));
    Effect::new(move |_| page::apply_theme(app.theme.get()));
    // What is chosen in one tab is shown in the others.
    let _ = window_event_listener(ev::storage, move |_| {
        app.lang.set(page::stored_locale());
        app.theme.set(page::stored_theme());
    });
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
                <LeavingNotice/>
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
            <Route path=path!("/ouvrir") view=DoorPage/>
            <Route path=path!("/secours") view=RecoverPage/>
            <Route path=path!("/perdu") view=LostPage/>
            <Route path=path!("/service") view=ServicePage/>
            <Route path=path!("/phrase") view=|| view! { <Opened page=NewPhrasePage/> }/>
            <Route path=path!("/feuille/essayer") view=|| view! { <Opened page=SheetTestPage/> }/>
            <Route path=path!("/coffre") view=|| view! { <Opened page=SafePage/> }/>
            <Route path=path!("/document/:id") view=|| view! { <Opened page=DocumentPage/> }/>
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
        } else if app.presence.resuming.get() {
            view! { <Resuming/> }.into_any()
        } else {
            view! { <Redirect path="/ouvrir"/> }.into_any()
        }
    }
}

/// What stands at the door's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Door,
    /// An open safe is being gone on with.
    Wait,
    /// It was open before the door was reached.
    Safe,
}

/// The door; none where the safe is open already, in this tab or as another left it.
#[component]
fn DoorPage() -> impl IntoView {
    let app = app();
    let at = Memo::new(move |before: Option<&At>| {
        let open = app.handle.with(Option::is_some);
        match before {
            _ if app.presence.resuming.get() => At::Wait,
            // A safe that opens at this door leads on by itself.
            Some(At::Door) => At::Door,
            _ if open => At::Safe,
            _ => At::Door,
        }
    });
    move || match at.get() {
        At::Door => view! { <OpenPage/> }.into_any(),
        At::Wait => view! { <Resuming/> }.into_any(),
        At::Safe => view! { <Redirect path="/coffre"/> }.into_any(),
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
            "/perdu" => text::lost::title,
            "/service" => text::service::page_title,
            "/phrase" => text::new_phrase::title,
            "/feuille/essayer" => text::sheet_test::title,
            "/coffre" => text::frame::safe,
            path if path.starts_with("/document/") => text::document::title,
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
