//! The preview of a document: fetched, checked, decrypted, then handed to the framed page `/viewer`, which can reach
//! nothing. Where it cannot be shown, says why. design.md, screen 6; `spec/wire.md`, section 8.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::item::Item;
use web_sys::Blob;

use crate::components::icon::{Icon, Svg};
use crate::format;
use crate::message::{Call, Failure, Progress};
use crate::platform::page;
use crate::platform::viewer::{self, Said, Sheet, Viewer};
use crate::preview::{self, HEAD_BYTES, Shown, Why};
use crate::state::{App, app};
use crate::t;
use crate::text;
use crate::wording::failure_text;

/// What the document page learns from its preview.
#[derive(Clone, Copy)]
pub struct Opened {
    /// The decrypted content, once it was fetched.
    pub content: RwSignal<Option<Blob>, LocalStorage>,
    /// Pages of a PDF.
    pub pages: RwSignal<Option<u32>>,
}

impl Opened {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            content: RwSignal::new_local(None),
            pages: RwSignal::new(None),
        }
    }
}

impl Default for Opened {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a preview is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// Being fetched or laid out. After 300 ms a skeleton, after two seconds what happens.
    Coming,
    /// In the frame.
    Shown,
    /// Not shown, for this reason.
    Not(Why),
    /// The content did not come.
    Failed(Failure),
}

/// One preview, from its fetch to its end.
#[derive(Clone, Copy)]
struct Act {
    app: App,
    item: StoredValue<Item>,
    opened: Opened,
    stage: RwSignal<Stage>,
    progress: RwSignal<Option<Progress>>,
    pages: RwSignal<(u32, u32)>,
    page: RwSignal<u32>,
    zoom: RwSignal<u32>,
    frame: NodeRef<html::Iframe>,
    line: RwSignal<Option<Viewer>, LocalStorage>,
}

/// The preview of one document.
#[component]
pub fn Preview(
    /// Which.
    item: Item,
    /// What the page around it learns.
    opened: Opened,
) -> impl IntoView {
    let app = app();
    let planned = preview::plan(item.media.as_deref(), &item.name, item.len);
    let act = Act {
        app,
        item: StoredValue::new(item),
        opened,
        stage: RwSignal::new(planned.err().map_or(Stage::Coming, Stage::Not)),
        progress: RwSignal::new(None),
        pages: RwSignal::new((0, 0)),
        page: RwSignal::new(1),
        zoom: RwSignal::new(100),
        frame: NodeRef::new(),
        line: RwSignal::new_local(None),
    };
    let theme = app.theme;
    Effect::new(move |_| {
        let theme = theme.get();
        act.line.with(|line| {
            if let Some(line) = line {
                line.dress(theme);
            }
        });
    });
    let loaded = RwSignal::new(false);
    if let Ok(planned) = planned {
        let object = act.item.with_value(|item| item.id.clone());
        let (id, coming) = app.fetch(Call::Download { object }, move |now| {
            act.progress.try_set(Some(now));
        });
        // Whoever leaves the page does not wait for it any more.
        on_cleanup(move || {
            if act.stage.try_get_untracked() == Some(Stage::Coming) {
                app.cancel(id);
            }
        });
        spawn_local(async move {
            let came = coming.await;
            act.take(planned, came, loaded).await;
        });
    }
    // The frame must live on when its document is there.
    let framed = Memo::new(move |_| matches!(act.stage.get(), Stage::Coming | Stage::Shown));
    view! {
        <section class="preview" aria-label=t!(preview.label) data-testid="preview"
            data-state=move || state_name(&act.stage.get())>
            {move || (act.stage.get() == Stage::Shown).then(|| view! { <Bar act/> })}
            {move || matches!(act.stage.get(), Stage::Coming).then(|| view! { <Coming progress=act.progress/> })}
            {move || framed.get().then(|| {
                let name = act.item.with_value(|item| item.name.clone());
                view! {
                    <iframe class="preview-frame" sandbox="allow-scripts" src="/viewer" {..leptos::attr::csp(viewer::policy())}
                        title=move || text::preview::frame(app.lang.get(), &name)
                        class:preview-frame--coming=move || act.stage.get() == Stage::Coming
                        node_ref=act.frame data-testid="preview-frame"
                        on:load=move |_| loaded.set(true)></iframe>
                }
            })}
            {move || act.said().map(|said| view! { <Unshown said/> })}
        </section>
    }
}

impl Act {
    /// Judges what came and hands it to the frame.
    async fn take(self, planned: Shown, came: Result<Blob, Failure>, loaded: RwSignal<bool>) {
        let blob = match came {
            Ok(blob) => blob,
            Err(failure) => {
                self.stage.try_set(Stage::Failed(failure));
                return;
            }
        };
        if self.opened.content.try_set(Some(blob.clone())).is_some() {
            return;
        }
        let Ok(bytes) = viewer::bytes(&blob).await else {
            self.stage.try_set(Stage::Not(Why::TooLarge));
            return;
        };
        match preview::verify(planned, &viewer::head(&bytes, HEAD_BYTES)) {
            Err(why) => {
                self.stage.try_set(Stage::Not(why));
            }
            Ok(shown) => {
                let bytes = StoredValue::new_local(Some(bytes));
                // The frame loads while the content comes; whichever is last begins.
                Effect::new(move |_| {
                    if loaded.get()
                        && let Some(bytes) = bytes.try_update_value(Option::take).flatten()
                    {
                        self.hand_over(shown, &bytes);
                    }
                });
            }
        }
    }

    fn hand_over(self, shown: Shown, bytes: &viewer::Bytes) {
        let lang = self.app.lang.get_untracked();
        let Some(frame) = self.frame.get_untracked() else {
            return;
        };
        let opened = Viewer::open(&frame, move |said| self.hear(shown, said)).and_then(|line| {
            let name = self.item.with_value(|item| item.name.clone());
            let sheet = Sheet {
                show: shown.word(),
                media: shown.media(),
                name: &name,
                page_word: &text::preview::page_word(lang, "{page}"),
                lang: lang.tag(),
            };
            line.show(&sheet, bytes).map(|()| line)
        });
        match opened {
            Ok(line) => self.line.set(Some(line)),
            Err(_) => self.stage.set(Stage::Not(Why::Unreadable)),
        }
        page::later(PATIENCE, move || {
            if self.stage.try_get_untracked() == Some(Stage::Coming) {
                // The frame goes, and whatever runs in it.
                self.stage.try_set(Stage::Not(Why::TooSlow));
            }
        });
    }

    fn hear(self, shown: Shown, said: Said) {
        match said {
            Said::Pages { pages, shown: laid } => {
                self.pages.try_set((pages, laid));
                if shown == Shown::Pdf {
                    self.opened.pages.try_set(Some(pages));
                }
                self.stage.try_set(Stage::Shown);
            }
            Said::Page(page) => {
                self.page.try_set(page);
            }
            Said::Zoom(zoom) => {
                self.zoom.try_set(zoom);
            }
            Said::Failed { locked } => {
                let why = if locked { Why::Locked } else { Why::Unreadable };
                self.stage.try_set(Stage::Not(why));
            }
            Said::Broken(page) => {
                let lang = self.app.lang.get_untracked();
                self.app.say(text::preview::broken(lang, &page.to_string()), None);
            }
        }
    }

    fn tell(self, act: impl Fn(&Viewer)) {
        self.line.with_untracked(|line| {
            if let Some(line) = line {
                act(line);
            }
        });
    }

    /// Why nothing is shown, in words.
    fn said(self) -> Option<String> {
        let lang = self.app.lang.get();
        match self.stage.get() {
            Stage::Coming | Stage::Shown => None,
            Stage::Not(why) => text::preview::why::by_key(lang, why.key()).map(str::to_owned),
            Stage::Failed(failure) => {
                failure_text(&failure, lang).or_else(|| Some(text::preview::stopped(lang).to_owned()))
            }
        }
    }
}

/// Page, zoom, next.
#[component]
fn Bar(act: Act) -> impl IntoView {
    let lang = act.app.lang;
    let many = move || act.pages.get().1 > 1;
    let place = move || {
        let (pages, shown) = act.pages.get();
        let (page, pages_text) = (act.page.get().to_string(), pages.to_string());
        if shown < pages {
            text::preview::place_cut(lang.get(), &page, &pages_text, &shown.to_string())
        } else {
            text::preview::place(lang.get(), &page, &pages_text)
        }
    };
    let turn = move |step: i64| {
        let last = i64::from(act.pages.get_untracked().1);
        let page = (i64::from(act.page.get_untracked()) + step).clamp(1, last.max(1));
        act.tell(|line| line.go_to(u32::try_from(page).unwrap_or(1)));
    };
    view! {
        <div class="preview-bar">
            <span class="num" role="status" data-testid="preview-place">{move || many().then(place)}</span>
            <div>
                <span class="num small wide-only" data-testid="preview-zoom">{move || text::preview::zoom(lang.get(), &act.zoom.get().to_string())}</span>
                <BarButton icon=Icon::ZoomOut testid="preview-smaller" label=t!(preview.smaller) press=move || act.tell(|line| line.zoom(-1))/>
                <BarButton icon=Icon::ZoomIn testid="preview-larger" label=t!(preview.larger) press=move || act.tell(|line| line.zoom(1))/>
                {move || many().then(|| view! {
                    <BarButton icon=Icon::ChevronLeft testid="preview-back" label=t!(preview.back) press=move || turn(-1)/>
                    <BarButton icon=Icon::ChevronRight testid="preview-next" label=t!(preview.next) press=move || turn(1)/>
                })}
            </div>
        </div>
    }
}

#[component]
fn BarButton(
    icon: Icon,
    testid: &'static str,
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    press: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button class="btn btn--icon" type="button" data-testid=testid aria-label=label on:click=move |_| press()>
            <Svg icon/>
        </button>
    }
}

/// Nothing, then the shape of a page, then what happens.
#[component]
fn Coming(progress: RwSignal<Option<Progress>>) -> impl IntoView {
    let lang = app().lang;
    let (shape, words) = (RwSignal::new(false), RwSignal::new(false));
    page::later(SHAPE_AFTER, move || {
        shape.try_set(true);
    });
    page::later(WORDS_AFTER, move || {
        words.try_set(true);
    });
    let happens = move || {
        let lang = lang.get();
        match progress.get() {
            None => text::preview::waiting(lang).to_owned(),
            Some(now) if now.moved < now.total => text::preview::coming(
                lang,
                &format::size(now.moved, lang),
                &format::size(now.total, lang),
            ),
            Some(_) => text::preview::opening(lang).to_owned(),
        }
    };
    view! {
        <div class="preview-coming" role="status">
            {move || shape.get().then(|| view! { <div class="preview-shape" class:shown=move || shape.get()></div> })}
            {move || words.get().then(|| view! { <p class="muted small" data-testid="preview-coming">{happens}</p> })}
        </div>
    }
}

/// Why there is no preview. The way out, to save the file, is the page's first button.
#[component]
fn Unshown(said: String) -> impl IntoView {
    view! {
        <div class="preview-not" data-testid="preview-not">
            <span class="tile"><Svg icon=Icon::File/></span>
            <p>{said}</p>
        </div>
    }
}

const fn state_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Coming => "coming",
        Stage::Shown => "shown",
        Stage::Not(why) => why.key(),
        Stage::Failed(_) => "failed",
    }
}

/// Nothing is shown before.
const SHAPE_AFTER: i32 = 300;
/// After that people want to know.
const WORDS_AFTER: i32 = 2_000;
/// No honest document takes longer to open on a slow phone.
const PATIENCE: i32 = 30_000;
