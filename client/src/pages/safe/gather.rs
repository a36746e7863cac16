//! Several photographs become one PDF: whether they do, its name, its pages in their order. They are joined on this device,
//! before anything is encrypted.

use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::File;

use super::view::{View, view};
use crate::components::field::{self, Field};
use crate::components::icon::{Icon, Svg};
use crate::components::thumbnail::Tile;
use crate::platform::dropped::Dropped;
use crate::platform::picture::{self, Form};
use crate::platform::{format as local, thumbnail};
use crate::scan;
use crate::t;
use crate::text;

/// A chosen file, and a number that stays its own while others come and go.
pub type Chosen = (usize, Dropped);

/// What is decided about the photographs of a batch; copies share it.
#[derive(Clone, Copy)]
pub struct Gather {
    view: View,
    /// Whether all that was chosen are photographs.
    pub pictures: Memo<bool>,
    /// Whether they become one document.
    pub joined: Memo<bool>,
    wanted: RwSignal<bool>,
    name: RwSignal<String>,
    /// The page that is being read.
    pub at: RwSignal<Option<usize>>,
    wrong: RwSignal<Option<String>>,
}

impl Gather {
    /// Nothing decided: each becomes a document of its own.
    #[must_use]
    pub fn new(view: View) -> Self {
        let wanted = RwSignal::new(false);
        let pictures = Memo::new(move |_| with_chosen(view, |chosen| chosen.iter().all(is_picture)));
        let several = Memo::new(move |_| with_chosen(view, |chosen| chosen.len() > 1));
        let today = local::date(local::now(), view.app.lang.get_untracked());
        Self {
            view,
            pictures,
            joined: Memo::new(move |_| wanted.get() && pictures.get() && several.get()),
            wanted,
            name: RwSignal::new(text::safe::batch::name_proposed(
                view.app.lang.get_untracked(),
                &today,
            )),
            at: RwSignal::new(None),
            wrong: RwSignal::new(None),
        }
    }

    /// Another page is on its way.
    pub fn want(self) {
        self.wanted.set(true);
    }

    /// Reads every photograph in its order, then hands over the one document. Nothing is added where one cannot be read,
    /// or where the person left meanwhile.
    pub fn join(self, then: impl FnOnce(File) + 'static) {
        let name = self.name.get_untracked().trim().to_owned();
        let lang = self.view.app.lang;
        if name.is_empty() {
            self.wrong
                .set(Some(text::safe::batch::nameless(lang.get_untracked()).to_owned()));
            return;
        }
        self.wrong.set(None);
        self.at.set(Some(1));
        spawn_local(async move {
            let read = self.read_all().await;
            if self.at.try_set(None).is_some() || with_chosen(self.view, |chosen| chosen.is_empty()) {
                return;
            }
            let made = read.map(|pages| picture::pdf_file(&scan::to_pdf(&pages), &with_ending(name)));
            match made {
                Ok(Some(file)) => then(file),
                Ok(None) => self
                    .wrong
                    .set(Some(text::error::internal(lang.get_untracked()).to_owned())),
                Err(unread) => self
                    .wrong
                    .set(Some(text::safe::batch::unreadable(lang.get_untracked(), &unread))),
            }
        });
    }

    /// The pages, or the name of the first that this browser cannot read.
    async fn read_all(self) -> Result<Vec<scan::Picture>, String> {
        let chosen = self.view.adding.get_untracked().unwrap_or_default();
        let mut pages = Vec::with_capacity(chosen.len());
        for (number, (_, dropped)) in chosen.into_iter().enumerate() {
            // The dialog may be gone.
            if self.at.try_set(Some(number + 1)).is_some() {
                break;
            }
            let page = picture::read(&dropped.file, PAGE).await;
            pages.push(page.ok_or_else(|| dropped.file.name())?);
        }
        Ok(pages)
    }
}

fn with_chosen<T>(view: View, look: impl FnOnce(&[Chosen]) -> T) -> T {
    view.adding
        .with(|chosen| look(chosen.as_deref().unwrap_or_default()))
}

fn is_picture((_, dropped): &Chosen) -> bool {
    dropped.folders.is_empty() && dropped.file.type_().starts_with("image/")
}

fn with_ending(name: String) -> String {
    if name.to_lowercase().ends_with(".pdf") {
        name
    } else {
        name + ".pdf"
    }
}

/// Apart or joined; then the name and the pages of the one document. Nothing where there is nothing to join.
#[component]
pub fn Gathering(
    /// What is decided.
    gather: Gather,
) -> impl IntoView {
    let view = gather.view;
    let several = move || gather.pictures.get() && with_chosen(view, |chosen| chosen.len() > 1);
    let wrong = Signal::derive(move || gather.wrong.get());
    view! {
        {move || several().then(|| view! {
            <div class="stack-2">
                <p class="legend">{t!(safe.batch.how)}</p>
                <div class="segment" role="radiogroup" aria-label=t!(safe.batch.how)>
                    <label>
                        <input type="radio" name="gather" data-testid="gather-apart"
                            prop:checked=move || !gather.joined.get() on:change=move |_| gather.wanted.set(false)/>
                        {t!(safe.batch.apart)}
                    </label>
                    <label>
                        <input type="radio" name="gather" data-testid="gather-joined"
                            prop:checked=move || gather.joined.get() on:change=move |_| gather.wanted.set(true)/>
                        {t!(safe.batch.joined)}
                    </label>
                </div>
            </div>
        })}
        {move || gather.joined.get().then(|| view! {
            <Field id="gather-name" testid="gather-name" label=t!(safe.batch.name) kind=field::Kind::Text autocomplete="off"
                value=gather.name error=wrong/>
            <Pages/>
        })}
    }
}

/// The pages in their order; each can go a place up, or away.
#[component]
fn Pages() -> impl IntoView {
    let view = view();
    let pages = move || view.adding.get().unwrap_or_default();
    view! {
        <ol class="pages" aria-label=t!(safe.batch.pages)>
            <For each=pages key=|(key, _)| *key let:page>
                <Page page/>
            </For>
        </ol>
    }
}

#[component]
fn Page(page: Chosen) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let (key, Dropped { file, .. }) = page;
    let place =
        Memo::new(move |_| with_chosen(view, |pages| pages.iter().position(|(other, _)| *other == key)));
    let title = move || {
        let number = place.get().unwrap_or_default() + 1;
        text::safe::batch::page(lang.get(), &number.to_string())
    };
    let earlier = move || {
        view.adding.update(|pages| {
            if let (Some(pages), Some(at)) = (pages, place.get_untracked())
                && at > 0
            {
                pages.swap(at - 1, at);
            }
        });
    };
    let remove = move || {
        view.adding.update(|pages| {
            if let Some(pages) = pages {
                pages.retain(|(other, _)| *other != key);
            }
        });
    };
    let is_first = move || place.get() == Some(0);
    let name = file.name();
    view! {
        <li data-testid="gather-page" data-name=name.clone()>
            <Small file/>
            <span class="grow">{title}</span>
            <button class="btn btn--quiet btn--icon" type="button" data-testid="gather-earlier" disabled=is_first
                aria-label=move || text::safe::batch::earlier(lang.get(), &title()) on:click=move |_| earlier()>
                <Svg icon=Icon::ArrowUp/>
            </button>
            <button class="btn btn--quiet btn--icon" type="button" data-testid="gather-remove"
                aria-label=move || text::safe::batch::remove(lang.get(), &title()) on:click=move |_| remove()>
                <Svg icon=Icon::X/>
            </button>
        </li>
    }
}

/// A small picture of a page; the sign of a picture until it is there.
#[component]
fn Small(file: File) -> impl IntoView {
    let picture = RwSignal::new(None::<String>);
    spawn_local(async move {
        let Some(made) = thumbnail::of(&file)
            .await
            .and_then(|small| thumbnail::address(&small))
        else {
            return;
        };
        // The page of it may be gone.
        if let Some(Some(late)) = picture.try_set(Some(made)) {
            thumbnail::let_go(&late);
        }
    });
    on_cleanup(move || {
        if let Some(Some(address)) = picture.try_get_untracked() {
            thumbnail::let_go(&address);
        }
    });
    view! { <Tile picture icon=Icon::Image/> }
}

/// A4 at 210 points an inch: small print stays legible, and a page weighs less than a megabyte.
const PAGE: Form = Form {
    side: 2_480,
    quality: 0.85,
    is_rough: false,
};
