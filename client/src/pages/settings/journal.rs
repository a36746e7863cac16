//! Journal, a section of Réglages: what happened to the safe, line by line, each with who vouches for it; read when it
//! is asked for, and saved as a file. spec/flows.md, section 11.

use leptos::prelude::*;
use leptos::task::spawn_local;
use sdk::flows::history::{Doubt, History, Line, Verdict, What};

use super::devices::name_of;
use crate::components::icon::{Icon, Svg};
use crate::message::{Answer, Call, Failure};
use crate::platform::format;
use crate::state::{App, app};
use crate::t;
use crate::text::{self, Locale};

/// What the section holds, shared by its parts.
#[derive(Clone, Copy)]
struct Desk {
    app: App,
    state: RwSignal<State>,
    kind: RwSignal<Kind>,
    /// How many lines are in sight, the newest first.
    shown: RwSignal<usize>,
}

#[derive(Clone, PartialEq)]
enum State {
    /// Not asked for.
    Closed,
    Reading,
    Failed,
    Read(History),
}

/// Which lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    All,
    Doubtful,
    Access,
    Content,
    Operator,
}

impl Kind {
    const EVERY: [Self; 5] = [
        Self::All,
        Self::Doubtful,
        Self::Access,
        Self::Content,
        Self::Operator,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Doubtful => "doubtful",
            Self::Access => "access",
            Self::Content => "content",
            Self::Operator => "operator",
        }
    }

    fn label(self, lang: Locale) -> &'static str {
        match self {
            Self::All => text::journal::all(lang),
            Self::Doubtful => text::journal::doubtful(lang),
            Self::Access => text::journal::access(lang),
            Self::Content => text::journal::content(lang),
            Self::Operator => text::journal::operator(lang),
        }
    }

    /// Of a line, among the last three.
    const fn of(line: &Line) -> Self {
        match line.what {
            What::Uploaded { .. } | What::Changed { .. } | What::Erased { .. } => Self::Content,
            What::Said { .. } => Self::Operator,
            _ => Self::Access,
        }
    }

    fn takes(self, line: &Line) -> bool {
        match self {
            Self::All => true,
            Self::Doubtful => line.doubt.is_some() || line.odd_time,
            kind => kind == Self::of(line),
        }
    }
}

impl Desk {
    fn read(self) {
        self.state.set(State::Reading);
        self.shown.set(SHOWN);
        spawn_local(async move {
            let state = match self.app.ask(Call::ReadHistory).await {
                Ok(Answer::History(history)) => State::Read(history),
                Ok(_) => State::Failed,
                Err(failure) => {
                    // A refusal has its own screen; what else went wrong is said in place.
                    if !matches!(failure, Failure::Refused(_)) {
                        self.app.say_failure(&failure);
                    }
                    State::Failed
                }
            };
            // The person may have left this screen meanwhile.
            let _ = self.state.try_set(state);
        });
    }

    fn save(self) {
        spawn_local(async move {
            match self.app.save_history().await {
                Ok(()) => {
                    let said = text::journal::saved(self.app.lang.get_untracked());
                    self.app.say(said.to_owned(), None);
                }
                Err(failure) => self.app.say_failure(&failure),
            }
        });
    }
}

/// The section.
#[component]
pub fn JournalSection() -> impl IntoView {
    let desk = Desk {
        app: app(),
        state: RwSignal::new(State::Closed),
        kind: RwSignal::new(Kind::All),
        shown: RwSignal::new(SHOWN),
    };
    view! {
        <section class="set" data-testid="journal">
            <h2>{t!(journal.title)}</h2>
            <div class="card">
                <p class="set-note small muted">{t!(journal.lead)}</p>
                {move || match desk.state.get() {
                    State::Closed => view! { <Ask desk/> }.into_any(),
                    State::Reading => view! {
                        <p class="set-note" role="status" data-testid="journal-reading">{t!(journal.reading)}</p>
                    }.into_any(),
                    State::Failed => view! {
                        <p class="set-note" role="alert" data-testid="journal-failed">{t!(journal.unreadable)}</p>
                        <Ask desk/>
                    }.into_any(),
                    State::Read(history) => view! { <Read desk history/> }.into_any(),
                }}
            </div>
        </section>
    }
}

#[component]
fn Ask(desk: Desk) -> impl IntoView {
    view! {
        <div class="set-note">
            <button class="btn" type="button" data-testid="journal-read" on:click=move |_| desk.read()>
                <Svg icon=Icon::ListChecks/>
                {t!(journal.read)}
            </button>
        </div>
    }
}

#[component]
fn Read(desk: Desk, history: History) -> impl IntoView {
    let lang = desk.app.lang;
    let doubts = history.lines.iter().filter(|line| line.doubt.is_some()).count();
    let whole = history.whole;
    let lines = StoredValue::new(history.lines);
    let taken = Memo::new(move |_| {
        let kind = desk.kind.get();
        lines.with_value(|lines| {
            let newest_first = (0..lines.len()).rev();
            newest_first
                .filter(|at| lines.get(*at).is_some_and(|line| kind.takes(line)))
                .collect::<Vec<usize>>()
        })
    });
    let shown = move || {
        let count = desk.shown.get();
        taken.with(|taken| taken.iter().take(count).copied().collect::<Vec<_>>())
    };
    let older = move || taken.with(Vec::len).saturating_sub(desk.shown.get());
    view! {
        <Summary doubts whole/>
        <Filter desk/>
        {move || taken.with(Vec::is_empty).then(|| view! {
            <p class="set-note muted" data-testid="journal-none">{t!(journal.none)}</p>
        })}
        <ul class="set-rows">
            <For each=shown key=|at| *at let:at>
                {lines.with_value(|lines| lines.get(at).cloned()).map(|line| view! { <Row line/> })}
            </For>
            {move || (older() > 0).then(|| view! {
                <li class="set-more">
                    <button class="btn btn--quiet" type="button" data-testid="journal-older" on:click=move |_| desk.shown.update(|shown| *shown += MORE)>
                        {move || text::journal::older(lang.get(), older().min(MORE) as u64)}
                    </button>
                </li>
            })}
            <li>
                <div class="set-ctrl">
                    <button class="btn" type="button" data-testid="journal-save" on:click=move |_| desk.save()>
                        <Svg icon=Icon::Download/>
                        {t!(journal.save)}
                    </button>
                </div>
            </li>
        </ul>
    }
}

/// Whether server and devices say the same, before anything else.
#[component]
fn Summary(doubts: usize, whole: bool) -> impl IntoView {
    let lang = app().lang;
    view! {
        <div class="set-note" role="status">
            {if doubts > 0 {
                view! {
                    <p class="state state--danger" data-testid="journal-doubts">
                        <Svg icon=Icon::CircleAlert/>
                        <span>{move || text::journal::doubts(lang.get(), doubts as u64)}</span>
                    </p>
                }.into_any()
            } else {
                view! {
                    <p class="state state--ok" data-testid="journal-holds">
                        <Svg icon=Icon::CircleCheck/>
                        <span>{t!(journal.holds)}</span>
                    </p>
                }.into_any()
            }}
            {(!whole).then(|| view! { <p class="small muted">{t!(journal.partial)}</p> })}
        </div>
    }
}

#[component]
fn Filter(desk: Desk) -> impl IntoView {
    let lang = desk.app.lang;
    let choices = Kind::EVERY.map(|kind| {
        let pressed = move || (desk.kind.get() == kind).to_string();
        let choose = move |_| {
            desk.kind.set(kind);
            desk.shown.set(SHOWN);
        };
        view! {
            <button class="chip" type="button" data-testid="journal-filter" data-name=kind.name() aria-pressed=pressed on:click=choose>
                {move || kind.label(lang.get())}
            </button>
        }
    });
    view! {
        <div class="set-note">
            <div class="chips" role="group" aria-label=t!(journal.show)>{choices.collect_view()}</div>
        </div>
    }
}

#[component]
fn Row(line: Line) -> impl IntoView {
    let lang = app().lang;
    let (icon, kind, verdict) = (icon_of(&line.what), Kind::of(&line).name(), line.verdict);
    let (doubt, odd) = (line.doubt, line.odd_time);
    let said = match &line.what {
        What::Said { text, .. } => Some(text.clone()),
        _ => None,
    };
    let line = StoredValue::new(line);
    view! {
        <li data-testid="journal-line" data-kind=kind data-verdict=name_of_verdict(verdict)>
            <div class="grow with-icon">
                <Svg icon/>
                <div>
                    <span class="name break">{move || line.with_value(|line| what_text(line, lang.get()))}</span>
                    {said.map(|said| view! { <span class="break said">{said}</span> })}
                    <span class="small muted break">{move || line.with_value(|line| detail_text(line, lang.get()))}</span>
                    {doubt.map(|doubt| view! {
                        <span class="small line" data-testid="journal-doubt">{move || doubt_text(doubt, lang.get())}</span>
                    })}
                    {odd.then(|| view! { <span class="small line">{t!(journal.odd_time)}</span> })}
                </div>
            </div>
            <div class="set-ctrl"><Vouches verdict/></div>
        </li>
    }
}

/// Who vouches for a line: in words, with a shape beside them.
#[component]
fn Vouches(verdict: Verdict) -> impl IntoView {
    let lang = app().lang;
    let (class, icon) = match verdict {
        Verdict::Signed => ("state state--ok", Icon::CircleCheck),
        Verdict::Server => ("state", Icon::Info),
        Verdict::Logged => ("state", Icon::Landmark),
        Verdict::Contradiction => ("state state--danger", Icon::CircleAlert),
    };
    view! {
        <span class=class data-testid="journal-verdict">
            <Svg icon/>
            {move || verdict_text(verdict, lang.get())}
        </span>
    }
}

fn verdict_text(verdict: Verdict, lang: Locale) -> &'static str {
    match verdict {
        Verdict::Signed => text::journal::signed(lang),
        Verdict::Server => text::journal::server(lang),
        Verdict::Logged => text::journal::logged(lang),
        Verdict::Contradiction => text::journal::contradiction(lang),
    }
}

const fn name_of_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Signed => "signed",
        Verdict::Server => "server",
        Verdict::Logged => "logged",
        Verdict::Contradiction => "contradiction",
    }
}

fn doubt_text(doubt: Doubt, lang: Locale) -> &'static str {
    match doubt {
        Doubt::NotSigned => text::journal::not_signed(lang),
        Doubt::NotTold => text::journal::not_told(lang),
        Doubt::Altered => text::journal::altered(lang),
        Doubt::NotErased => text::journal::not_erased(lang),
        Doubt::NotLogged => text::journal::not_logged(lang),
    }
}

const fn icon_of(what: &What) -> Icon {
    match what {
        What::SignedIn { .. } | What::SignedOut { .. } => Icon::Monitor,
        What::Ended { .. } | What::EndedOthers { .. } => Icon::Lock,
        What::Failed { .. } => Icon::Triangle,
        What::NewWayIn { .. } => Icon::Key,
        What::Uploaded { .. } => Icon::FileUp,
        What::Changed { .. } => Icon::Pencil,
        What::Erased { .. } => Icon::Trash,
        What::Said { .. } => Icon::Landmark,
    }
}

fn what_text(line: &Line, lang: Locale) -> String {
    let is_first = line.head.is_some_and(|head| head.number == 0);
    match &line.what {
        What::SignedIn { by_words: true, .. } => text::journal::opened_by_words(lang).to_owned(),
        What::SignedIn { .. } => text::journal::opened(lang).to_owned(),
        What::SignedOut { .. } => text::journal::closed(lang).to_owned(),
        What::Ended { .. } => text::journal::ended(lang).to_owned(),
        What::EndedOthers { count, .. } => text::journal::ended_others(lang, u64::from(*count)),
        What::Failed { by_words, hours } => {
            let count = hours.iter().map(|count| u64::from(*count)).sum();
            if *by_words {
                text::journal::failed_by_words(lang, count)
            } else {
                text::journal::failed(lang, count)
            }
        }
        What::NewWayIn { sheet: true, .. } => text::journal::sheet(lang).to_owned(),
        What::NewWayIn { by_words: true, .. } => text::journal::phrase_by_words(lang).to_owned(),
        What::NewWayIn { .. } => text::journal::phrase(lang).to_owned(),
        What::Uploaded { name, picture, .. } => match (name, picture) {
            (Some(name), true) => text::journal::picture_named(lang, name),
            (Some(name), false) => text::journal::stored_named(lang, name),
            (None, true) => text::journal::picture(lang).to_owned(),
            (None, false) => text::journal::stored(lang).to_owned(),
        },
        What::Changed { .. } if is_first => text::journal::created(lang).to_owned(),
        What::Changed {
            added,
            dropped,
            for_good,
        } => match (*added, *dropped, *for_good) {
            (0, 0, _) => text::journal::changed(lang).to_owned(),
            (0, dropped, true) => text::journal::destroyed(lang, u64::from(dropped)),
            (0, dropped, false) => text::journal::dropped(lang, u64::from(dropped)),
            (added, ..) => text::journal::added(lang, u64::from(added)),
        },
        What::Erased { name: Some(name) } => text::journal::erased_named(lang, name),
        What::Erased { name: None } => text::journal::erased(lang).to_owned(),
        What::Said { .. } => text::journal::said(lang).to_owned(),
    }
}

/// On which device, and when.
fn detail_text(line: &Line, lang: Locale) -> String {
    let device = match &line.what {
        What::SignedIn { device, current, .. } => Some(name_of(device.as_deref(), *current, lang)),
        What::SignedOut { device } | What::Ended { device, .. } => {
            Some(name_of(device.as_deref(), false, lang))
        }
        _ => None,
    };
    let when = match &line.what {
        What::Failed { hours, .. } => hours_text(line.at, hours, lang),
        _ => moment(line.at, lang),
    };
    match device {
        Some(device) => text::journal::detail(lang, &device, &when),
        None => when,
    }
}

fn moment(at: u64, lang: Locale) -> String {
    let (hour, minute) = format::clock(at);
    text::journal::when(lang, &format::date(at, lang), &hour, &minute)
}

/// From the first hour with an attempt to the end of the last one.
fn hours_text(from: u64, hours: &[u32], lang: Locale) -> String {
    let first = hours.iter().position(|count| *count > 0).unwrap_or(0) as u64;
    let last = hours.iter().rposition(|count| *count > 0).unwrap_or(0) as u64;
    let hour = |hour: u64| from.saturating_add(hour * 3_600);
    let (begin, end) = (hour(first), hour(last + 1));
    let (from, until) = (format::clock(begin).0, format::clock(end).0);
    text::journal::between(lang, &format::date(begin, lang), &from, &until)
}

/// Lines in sight at first.
const SHOWN: usize = 20;
/// Lines that one more look brings.
const MORE: usize = 100;
