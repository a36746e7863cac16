//! Adding: chooser, camera, and a drop over the whole window, folders included. One question for the whole batch, which
//! nobody has to answer.

use std::collections::HashMap;

use leptos::ev::{self, DragEvent};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::item::{Item, Kind, ObjectId};

use super::ask::{Categories, Until};
use super::gather::{Chosen, Gather, Gathering};
use super::model::Filter;
use super::view::{View, view};
use crate::components::dialog::Dialog;
use crate::components::field::on_submit;
use crate::components::icon::{Icon, Svg};
use crate::format;
use crate::message::{Failure, UploadOptions};
use crate::platform::dropped::{self, Dropped};
use crate::platform::{format as local, page, screen};
use crate::t;
use crate::text;

/// The two choosers of files; a screen's buttons press them.
#[derive(Clone, Copy)]
pub struct Choosers {
    files: NodeRef<html::Input>,
    camera: NodeRef<html::Input>,
}

impl Choosers {
    /// None chosen.
    #[must_use]
    pub fn new() -> Self {
        Self {
            files: NodeRef::new(),
            camera: NodeRef::new(),
        }
    }

    /// Files of this device.
    pub fn choose(self) {
        if let Some(chooser) = self.files.get_untracked() {
            chooser.click();
        }
    }

    /// A photograph, where the device has a camera; else a picture of this device.
    pub fn photograph(self) {
        if let Some(chooser) = self.camera.get_untracked() {
            chooser.click();
        }
    }
}

impl Default for Choosers {
    fn default() -> Self {
        Self::new()
    }
}

/// The choosers, the drop area and the question.
#[component]
pub fn Adding(
    /// Which the screen's buttons press.
    choosers: Choosers,
) -> impl IntoView {
    let view = view();
    let asking = Memo::new(move |_| view.adding.with(Option::is_some));
    let take = move |node: NodeRef<html::Input>| {
        if let Some(chooser) = node.get_untracked() {
            ask(view, dropped::alone(page::take_files(&chooser)));
        }
    };
    view! {
        <DropArea/>
        <input class="vh" type="file" multiple tabindex="-1" data-testid="safe-file" aria-label=t!(safe.add)
            node_ref=choosers.files on:change=move |_| take(choosers.files)/>
        <input class="vh" type="file" accept="image/*" capture="environment" tabindex="-1" data-testid="safe-camera"
            aria-label=t!(safe.photograph) node_ref=choosers.camera on:change=move |_| take(choosers.camera)/>
        {move || asking.get().then(|| view! { <Batch choosers/> })}
    }
}

/// Asks about files before they are added, together with those that are being asked about; says at once where they do not
/// fit.
fn ask(view: View, files: Vec<Dropped>) {
    if files.is_empty() {
        return;
    }
    let mut chosen = view.adding.get_untracked().unwrap_or_default();
    let next = chosen.iter().map(|(key, _)| key + 1).max().unwrap_or_default();
    chosen.extend((next..).zip(files));
    let fill = view.app.listing.with_untracked(|listing| listing.fill);
    if fill.is_some_and(|fill| weight(&chosen) > fill.limit.saturating_sub(fill.used)) {
        view.app.say_failure(&Failure::code("quota_exceeded"));
        return;
    }
    view.adding.set(Some(chosen));
}

fn weight(files: &[Chosen]) -> u64 {
    files.iter().map(|(_, dropped)| dropped.file.size() as u64).sum()
}

/// One question for the whole batch: what it is about, and until when it is kept; of photographs, whether they are one
/// document. Enter adds without an answer.
#[component]
fn Batch(choosers: Choosers) -> impl IntoView {
    let view = view();
    let lang = view.app.lang;
    let gather = Gather::new(view);
    let chosen = RwSignal::new(match view.filter.get_untracked() {
        Filter::Category(category) => Some(category),
        _ => None,
    });
    let end = RwSignal::new(None::<String>);
    let submit = move || {
        let options = UploadOptions {
            category: chosen.get_untracked(),
            retention_end: end.get_untracked().and_then(|day| local::end_of_day(&day)),
            ..UploadOptions::default()
        };
        let parent = view.folder.get_untracked();
        if gather.at.get_untracked().is_some() {
            return;
        }
        if gather.joined.get_untracked() {
            gather.join(move |file| {
                view.adding.set(None);
                view.app
                    .upload_with(vec![(file, UploadOptions { parent, ..options })]);
            });
        } else {
            let files = view.adding.get_untracked().unwrap_or_default();
            let files = files.into_iter().map(|(_, dropped)| dropped).collect();
            view.adding.set(None);
            spawn_local(add(view, files, parent, options));
        }
    };
    let count = Memo::new(move |_| view.adding.with(|files| files.as_ref().map_or(0, Vec::len)));
    let title = move || {
        let count = count.get() as u64;
        if gather.joined.get() {
            text::safe::batch::title_joined(lang.get(), count)
        } else {
            text::safe::batch::title(lang.get(), count)
        }
    };
    let label = t!(safe.batch.submit);
    let words = move || match gather.at.get() {
        Some(page) => text::safe::batch::joining(lang.get(), &page.to_string(), &count.get().to_string()),
        None => label().to_owned(),
    };
    // A camera gives one photograph at a time.
    let has_more = move || gather.pictures.get() && screen::is_touched();
    let photograph = move || {
        gather.want();
        choosers.photograph();
    };
    screen::focus_still("[data-testid='add-submit']".to_owned());
    view! {
        <Dialog title on_close=move || view.adding.set(None)>
            <form class="stack-4" on:submit=on_submit(submit)>
                {move || (!gather.joined.get()).then(|| view! { <Names/> })}
                <Gathering gather/>
                {move || has_more().then(|| view! {
                    <button class="btn" type="button" data-testid="gather-more" on:click=move |_| photograph()>
                        <Svg icon=Icon::Camera/>
                        {t!(safe.batch.photograph_more)}
                    </button>
                })}
                <p class="legend">{t!(safe.batch.category)}</p>
                <Categories chosen/>
                <p class="legend">{t!(safe.batch.end)}</p>
                <Until end/>
                <div class="btn-row">
                    <button class="btn" type="button" data-testid="add-cancel" on:click=move |_| view.adding.set(None)>{t!(common.cancel)}</button>
                    <button class="btn btn--primary" type="submit" data-testid="add-submit" disabled=move || gather.at.get().is_some()>{words}</button>
                </div>
            </form>
        </Dialog>
    }
}

/// What was chosen: a few names, how many more, and their weight.
#[component]
fn Names() -> impl IntoView {
    let view = view();
    let words = move || {
        let lang = view.app.lang.get();
        let files = view.adding.get().unwrap_or_default();
        let names: Vec<String> = files
            .iter()
            .take(NAMED)
            .map(|(_, dropped)| dropped.file.name())
            .collect();
        let more = (files.len() - names.len()) as u64;
        let more = if more > 0 {
            text::safe::batch::more(lang, more)
        } else {
            String::new()
        };
        let size = text::safe::batch::size(lang, &format::size(weight(&files), lang));
        names.join(", ") + &more + &size
    };
    view! { <p class="muted batch-names">{words}</p> }
}

/// Makes the folders that are not there yet, then sends the files, each into its own.
async fn add(view: View, files: Vec<Dropped>, root: Option<ObjectId>, options: UploadOptions) {
    let mut made: HashMap<Vec<String>, ObjectId> = HashMap::new();
    let mut batch = Vec::with_capacity(files.len());
    for Dropped { file, folders } in files {
        let mut parent = root.clone();
        for depth in 1..=folders.len() {
            let path = folders.get(..depth).unwrap_or_default().to_vec();
            let folder = match made.get(&path) {
                Some(folder) => folder.clone(),
                None => match folder_of(view, path.last().cloned().unwrap_or_default(), parent).await {
                    Ok(folder) => folder,
                    Err(failure) => {
                        view.app.say_failure(&failure);
                        return;
                    }
                },
            };
            made.insert(path, folder.clone());
            parent = Some(folder);
        }
        let options = UploadOptions {
            parent,
            ..options.clone()
        };
        batch.push((file, options));
    }
    view.app.upload_with(batch);
}

/// The folder of this name in that place; a new one where there is none.
async fn folder_of(view: View, name: String, parent: Option<ObjectId>) -> Result<ObjectId, Failure> {
    let there = view.app.listing.with_untracked(|listing| {
        let mut items = listing.items.iter();
        let is_it = |item: &&Item| {
            item.kind == Kind::Folder && !item.in_trash && item.parent == parent && item.name == name
        };
        items.find(is_it).map(|folder| folder.id.clone())
    });
    match there {
        Some(folder) => Ok(folder),
        None => view.folder_in(name, parent).await,
    }
}

/// While files hang over the window, the whole page takes them.
#[component]
fn DropArea() -> impl IntoView {
    let view = view();
    let over = RwSignal::new(false);
    let handles = [
        window_event_listener(ev::dragover, move |event| {
            if carries_files(&event) {
                event.prevent_default();
                over.set(true);
            }
        }),
        window_event_listener(ev::dragleave, move |event| {
            // Leaving the window, not an element inside it.
            if event.related_target().is_none() {
                over.set(false);
            }
        }),
        window_event_listener(ev::drop, move |event| drop_files(view, over, &event)),
    ];
    on_cleanup(move || handles.into_iter().for_each(WindowListenerHandle::remove));
    let lang = view.app.lang;
    let words = move || match view.folder.get().and_then(|id| view.item(&id)) {
        Some(folder) => text::safe::drop_in(lang.get(), &folder.name),
        None => text::safe::drop(lang.get()).to_owned(),
    };
    move || {
        over.get()
            .then(|| view! { <div class="drop" data-testid="safe-drop"><p>{words}</p></div> })
    }
}

fn drop_files(view: View, over: RwSignal<bool>, event: &DragEvent) {
    if !carries_files(event) {
        return;
    }
    event.prevent_default();
    over.set(false);
    let Some(transfer) = event.data_transfer() else {
        return;
    };
    let entries = dropped::entries(&transfer);
    if entries.is_empty() {
        ask(view, dropped::alone(page::files(transfer.files())));
    } else {
        spawn_local(async move { ask(view, entries.files().await) });
    }
}

fn carries_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|transfer| transfer.types().iter().any(|kind| kind == "Files"))
}

/// Names that the question repeats, at most.
const NAMED: usize = 3;
