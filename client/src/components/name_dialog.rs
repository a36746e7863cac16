//! A question for one name: of a document, or of a folder. What becomes of it is decided by whoever asks.

use leptos::prelude::*;

use crate::components::dialog::Dialog;
use crate::components::field::{Field, Kind, on_submit};
use crate::state::app;
use crate::t;
use crate::text::Locale;

/// A text, by its language.
type Said = fn(Locale) -> &'static str;

/// The dialog. An empty name, or one of blanks, is no answer.
#[component]
pub fn NameDialog(
    /// The question.
    title: Said,
    /// Over the field.
    label: Said,
    /// On the button that does it.
    done: Said,
    /// Of the field; stories press `<id>-cancel` and `<id>-submit`.
    id: &'static str,
    /// Of the field, for stories.
    testid: &'static str,
    /// What stands in the field at first.
    #[prop(optional)]
    first: String,
    /// Takes the name.
    on_name: Callback<String>,
    /// Takes the dialog away.
    on_close: Callback<()>,
) -> impl IntoView {
    let lang = app().lang;
    let name = RwSignal::new(first);
    let submit = move || {
        let name = name.get_untracked().trim().to_owned();
        if !name.is_empty() {
            on_name.run(name);
            on_close.run(());
        }
    };
    view! {
        <Dialog title=move || title(lang.get()).to_owned() on_close=move || on_close.run(())>
            <form on:submit=on_submit(submit)>
                <Field id testid label=move || label(lang.get()) kind=Kind::Text autocomplete="off" value=name/>
                <div class="btn-row">
                    <button class="btn" type="button" data-testid=format!("{id}-cancel") on:click=move |_| on_close.run(())>
                        {t!(common.cancel)}
                    </button>
                    <button class="btn btn--primary" type="submit" data-testid=format!("{id}-submit")>
                        {move || done(lang.get())}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}
