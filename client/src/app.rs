//! The root of each program of the page: shared state, addresses, and what stands over every screen (alert, tray, short
//! messages).

use leptos::ev;
use leptos::mount::{mount_to, mount_to_body};
use leptos::prelude::*;
use leptos::tachys::dom::body;
use leptos_router::components::{Redirect, Route, Router, Routes};
use leptos_router::hooks::use_location;
use leptos_router::path;

use crate::components::presence::{LeavingNotice, Resuming};
use crate::components::toast::ToastArea;
use crate::components::tray::AddButton;
use crate::components::tray::Tray;
use crate::entry::{Program, on_leave};
use crate::pages::alert::AlertPage;
use crate::pages::create::CreatePage;
use crate::pages::document::DocumentPage;
use crate::pages::home::HomePage;
use crate::pages::lost::LostPage;
use crate::pages::new_phrase::NewPhrasePage;
use crate::pages::new_sheet::NewSheetPage;
use crate::pages::open::OpenPage;
use crate::pages::recover::RecoverPage;
use crate::pages::safe::SafePage;
use crate::pages::service::ServicePage;
use crate::pages::settings::SettingsPage;
use crate::pages::sheet_test::SheetTestPage;
use crate::pages::trash::TrashPage;
use crate::platform::{page, screen};
use crate::state::{App, app};
use crate::text::{self, Locale};

/// Draws every screen. Called once, by the safe's program.
pub fn start_safe() {
    console_error_panic_hook::set_once();
    mount_to_body(SafeRoot);
}

/// Draws the screens before a safe is open, until the safe's program takes over. Called once, by the door's program.
pub fn start_door() {
    console_error_panic_hook::set_once();
    let owner = Owner::new();
    let drawn = owner.with(|| mount_to(body(), DoorRoot));
    on_leave(move || {
        drop(drawn);
        // Whoever else holds it: no listener of this program may hear what is pressed in the other.
        owner.cleanup();
    });
}

/// The shared state, and what follows it whatever is shown.
fn begin(program: Program) -> App {
    let app = App::new(program);
    provide_context(app);
    Effect::new(move |_| page::apply_locale(app.lang.get()));
    Effect::new(move |_| page::apply_theme(app.theme.get()));
    // What is chosen in one tab is shown in the others.
    let heard = window_event_listener(ev::storage, move |_| {
        app.lang.set(page::stored_locale());
        app.theme.set(page::stored_theme());
    });
    let focused = window_event_listener(ev::focusin, |event| screen::bring_into_sight(&event));
    on_cleanup(move || {
        heard.remove();
        focused.remove();
    });
    app
}

#[component]
fn DoorRoot() -> impl IntoView {
    let app = begin(Program::Door);
    view! {
        <Router>
            <Titles/>
            {move || match app.alert.get() {
                Some(refused) => view! { <AlertPage refused/> }.into_any(),
                None => view! { <Doors/> }.into_any(),
            }}
        </Router>
    }
}

#[component]
fn Doors() -> impl IntoView {
    view! {
        <Routes fallback=|| ()>
            <Route path=path!("/") view=HomePage/>
            <Route path=path!("/creer") view=CreatePage/>
            <Route path=path!("/ouvrir") view=OpenPage/>
            <Route path=path!("/secours") view=RecoverPage/>
            <Route path=path!("/perdu") view=LostPage/>
            <Route path=path!("/service") view=ServicePage/>
            <Route path=path!("/*elsewhere") view=Elsewhere/>
        </Routes>
    }
}

/// At an address of the safe: its door. Anywhere else: the first screen.
#[component]
fn Elsewhere() -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let inside = INSIDE.iter().any(|begin| path.starts_with(begin));
    view! { <Redirect path=if inside { "/ouvrir" } else { "/" }/> }
}

#[component]
fn SafeRoot() -> impl IntoView {
    let app = begin(Program::Safe);
    app.attend();
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
        <Routes fallback=|| ()>
            <Route path=path!("/") view=HomePage/>
            <Route path=path!("/creer") view=CreatePage/>
            <Route path=path!("/ouvrir") view=DoorPage/>
            <Route path=path!("/secours") view=RecoverPage/>
            <Route path=path!("/perdu") view=LostPage/>
            <Route path=path!("/service") view=ServicePage/>
            <Route path=path!("/phrase") view=|| view! { <Opened page=NewPhrasePage/> }/>
            <Route path=path!("/feuille") view=|| view! { <Opened page=NewSheetPage/> }/>
            <Route path=path!("/feuille/essayer") view=|| view! { <Opened page=SheetTestPage/> }/>
            <Route path=path!("/coffre") view=|| view! { <Opened page=SafePage/> }/>
            <Route path=path!("/document/:id") view=|| view! { <Opened page=DocumentPage/> }/>
            <Route path=path!("/corbeille") view=|| view! { <Opened page=TrashPage/> }/>
            <Route path=path!("/reglages") view=|| view! { <Opened page=SettingsPage/> }/>
            <Route path=path!("/*elsewhere") view=|| view! { <Redirect path="/"/> }/>
        </Routes>
    }
}

/// How the addresses of the safe's own screens begin.
const INSIDE: [&str; 6] = [
    "/coffre",
    "/document/",
    "/corbeille",
    "/reglages",
    "/phrase",
    "/feuille",
];

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
            "/feuille" => text::new_sheet::title,
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
