//! Older contents of a document: when each was current, its size; each can be saved, or made current again.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::item::Item;
use sdk::flows::version::Version;

use super::facts::moment;
use crate::components::icon::{Icon, Svg};
use crate::format;
use crate::message::{Answer, Call, SafeAnswer, SafeCall};
use crate::platform::page;
use crate::state::app;
use crate::t;
use crate::text;

/// The list of older contents, where there are any.
#[component]
pub fn Versions(
    /// Of which document.
    item: Item,
) -> impl IntoView {
    let app = app();
    let versions = RwSignal::new(Vec::<Version>::new());
    if item.versions > 0 {
        let object = item.id.clone();
        spawn_local(async move {
            let answer = app.ask(Call::Safe(SafeCall::Versions { object })).await;
            if let Ok(Answer::Safe(SafeAnswer::Versions(found))) = answer {
                versions.try_set(found);
            }
        });
    }
    let item = StoredValue::new(item);
    move || {
        let found = versions.get();
        (!found.is_empty()).then(|| {
            view! {
                <section class="versions" data-testid="versions">
                    <h2>{t!(document.versions)}</h2>
                    <ul>
                        {found.into_iter().map(|version| view! { <Line version item/> }).collect_view()}
                    </ul>
                </section>
            }
        })
    }
}

#[component]
fn Line(version: Version, item: StoredValue<Item>) -> impl IntoView {
    let app = app();
    let (index, len, since) = (version.index, version.len, version.since);
    let words = move || {
        let lang = app.lang.get();
        let size = format::size(len, lang);
        match since {
            Some(since) => text::document::version(lang, &size, &moment(since, lang)),
            None => size,
        }
    };
    let save = move |_| {
        let (object, name) = item.with_value(|item| (item.id.clone(), item.name.clone()));
        let call = Call::Safe(SafeCall::DownloadVersion { object, index });
        let (_, coming) = app.fetch(call, |_| ());
        spawn_local(async move {
            match coming.await {
                Ok(content) => page::save(&content, &name),
                Err(failure) => app.say_failure(&failure),
            }
        });
    };
    let restore = move |_| {
        let object = item.with_value(|item| item.id.clone());
        let call = Call::Safe(SafeCall::RestoreVersion { object, index });
        app.change(call, |lang| {
            Some((text::document::restored(lang).to_owned(), None))
        });
    };
    view! {
        <li class="version" data-testid="version">
            <span class="num">{words}</span>
            <div class="btn-row btn-row--quiet">
                <button class="btn btn--quiet" type="button" data-testid="version-download" on:click=save>
                    <Svg icon=Icon::Download/>{t!(document.download)}
                </button>
                <button class="btn btn--quiet" type="button" data-testid="version-restore" on:click=restore>
                    <Svg icon=Icon::Restore/>{t!(document.restore)}
                </button>
            </div>
        </li>
    }
}
