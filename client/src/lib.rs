//! The Civis page: Leptos screens over the headless client, and the worker that holds every key.
//!
//! Three programs are built from this library. The door (`src/bin/door.rs`) draws the screens before a safe is open, and is
//! small; the safe (`src/bin/safe.rs`) draws every screen, comes after it and takes over the page ([`entry`]). Neither
//! holds a key. The worker (`src/bin/worker.rs`) runs the sdk: login, encryption, network, local store. Page and worker
//! speak by [`message`], and `platform` is the only place that names a browser API. `client/loader.js` starts all of them
//! under the strict Content-Security-Policy of `spec/wire.md`.
//!
//! Rules of the page: texts live in `locales/*.json` ([`t!`]); no `style` attribute; and **no static subtree in a
//! `view!`**: Leptos would build it with `innerHTML`, which the loader's Trusted Types policy refuses. An element whose
//! attributes are all literals therefore needs something computed in it, or stands at the top of its `view!`.
//!
//! # `data-testid`s that the browser stories may rest on
//!
//! - everywhere: `lang-switch`, `lock`, `toast`, `toast-undo`, `toast-hold`, `form-error`
//! - home: `home-create`, `home-open`
//! - create: `create-start`, `create-handle`, `create-handle-next`, `create-phrase-word` (8), `create-phrase-other`,
//!   `create-phrase-own`, `create-phrase-input`, `create-phrase-repeat`, `create-phrase-next`, `create-back`,
//!   `create-phrase-proposed`, `sheet-word` (12), `sheet-square`, `sheet-print`, `sheet-retype` (3, with `data-number`),
//!   `create-submit`, `sheet-later`
//! - open: `open-handle`, `open-phrase`, `open-submit`, `open-sheet`, `open-create`, `open-lost`; where twelve words are
//!   typed: `open-wrong-door`, `open-with-sheet` (in place of `open-submit`), `open-clear`, `open-mine`
//! - words as one types: `word-offer`, `words-count`
//! - recover: `recover-words`, `recover-submit`, `recover-lost`; then `new-phrase` with the parts of `create-phrase-...`
//!   and `new-phrase-later`
//! - lost: `lost`, `lost-sheet`, `lost-open`, `lost-create`; service: `service`, `home-service`
//! - band of the safe: `kit-band` with `kit-try`, `kit-again`; `phrase-band` with `phrase-choose`
//! - test of the sheet: `sheet-test-words`, `sheet-test-submit`, `sheet-test-ours`, `sheet-test-other`
//! - document: `document` with `data-name`, `document-gone`, `back`, `document-download`, `document-rename`,
//!   `document-move` (then the parts of the list's `move`), `document-renew` with the chooser `document-file`, `document-trash`, `document-print-make`,
//!   `document-print`; `versions`, each a `version` with `version-download`, `version-restore`; `preview` with `data-state`
//!   (`coming`, `shown`, or why not: `unshown`, `heic`, `too_large`, `otherwise`, `unreadable`, `locked`, `too_slow`, `failed`),
//!   in it `preview-frame`, `preview-place`, `preview-zoom`, `preview-larger`, `preview-smaller`, `preview-back`,
//!   `preview-next`, `preview-coming`, `preview-not`
//! - over every screen of the safe: `way-changes`, in it `way-change`, `way-changes-read`
//! - safe: `safe`, `safe-add`, `safe-photograph`, `dock-add` and `dock-photograph` (on a phone), `safe-file` and
//!   `safe-camera` (the choosers), `safe-drop` (while files are dragged), `safe-empty`, `safe-search`, `safe-none`,
//!   `safe-clear`, `safe-trash-link`, `quota`, `notice`, `notice-close`, `reminder`, `reminder-show`, `reminder-close`
//! - safe, adding: `add-submit`, `add-cancel`, `category-choice` with `data-name`, `end-always`, `end-until`, `end-day`;
//!   of photographs `gather-apart`, `gather-joined`, `gather-more`, `gather-name`, and a `gather-page` with `data-name`
//!   each, in it `gather-earlier`, `gather-remove`
//! - safe, over the list: `chip` with `data-name`, `crumbs`, `crumb`, `found`, `order`, `sort-name`, `sort-date`,
//!   `sort-size`, `folder-new`, `pick-start`; then `picked`, `pick-all`, `pick-move`, `pick-category`, `pick-trash`,
//!   `pick-end`
//! - safe, the list: each document is a `doc-row`, each folder a `folder-row`, with `data-name` and `data-row`, and in it
//!   `doc-name`, `doc-size`, `doc-pick`, `doc-menu`; in the menu `doc-download`, `doc-details`, `doc-rename`, `doc-move`,
//!   `doc-category`, `doc-trash`
//! - safe, its questions: `rename-input`, `folder-input`, `tags-input`, `move-place` with `data-name`, and for each of
//!   `rename`, `folder`, `move`, `category`, `tags`, `end` a `-submit` and a `-cancel`
//! - safe, details: `details`, `details-close`, `details-added`, `details-category`, `details-end`, `details-tags`,
//!   `details-open`, `details-download`, `details-rename`, `details-move`, `details-set-category`, `details-set-tags`,
//!   `details-set-end`, `details-trash`
//! - trash: `trash`, `trash-empty`, `trash-back`, `trash-purge-all`; each a `trash-row` with `data-name`,
//!   `trash-restore`, `trash-purge`; then `purge-submit`, `purge-cancel`
//! - tray: `tray`, `tray-close`; each transfer a `tray-item` with `data-name` and `data-state` (`waiting`, `encrypting`,
//!   `sending`, `saved`, `failed`, `cancelled`), and in it `tray-step`, `tray-cancel`, `tray-retry`, `tray-dismiss`
//! - the log: `log-band` with `data-state` (`stopped`, `stale`), `log-evidence`
//! - alert: `alert` with `data-check`, `alert-subject`, `alert-check`, `alert-names`, `alert-save`, `alert-saved`,
//!   `alert-unkept`, `alert-close`
//! - settings: `settings`, `settings-lock`, `settings-handle`, `settings-deployment`, `settings-version`, `settings-watched`,
//!   `settings-secrets` with `secrets-sheet-state`, `secrets-test`, `secrets-new-sheet`, `secrets-change-phrase`; in its
//!   dialogs `step-phrase`, `step-submit`, `step-cancel`; then
//!   `new-phrase`, or `new-sheet` with the parts of the sheet; `settings-devices` with a `device-row` each, in it `device-name`,
//!   `device-here` or `device-close`, then `devices-close-all`; `settings-leave` with `leave-close`;
//!   `theme-system`, `theme-light`, `theme-dark`, `lang-fr`, `lang-en`; `evidence` with `evidence-empty`,
//!   `evidence-names`, `evidence-save-all`, `evidence-older`; each piece an `evidence-row` with `data-check`, and in it
//!   `evidence-check`, `evidence-subject`, `evidence-open`, then `evidence-facts`, `evidence-name`, `evidence-save`, `evidence-delete`;
//!   then `evidence-delete-submit`, `evidence-delete-cancel`
//! - settings, the journal: `journal` with `journal-read`, `journal-reading`, `journal-failed`, `journal-doubts` or
//!   `journal-holds`, `journal-filter` and `journal-none`, `journal-older`, `journal-save`; each line a `journal-line` with `data-kind` and
//!   `data-verdict` (`signed`, `server`, `logged`, `contradiction`), in it `journal-verdict`, `journal-doubt`
//! - presence: `resuming` (while an open safe is gone on with), `offline`, `offline-retry`, `leaving`, `leaving-stay`; in the
//!   settings `idle-5`, `idle-15`, `idle-60`
//!   and `carry` with `carry-load`, `carry-heavy`, `carry-trash`,
//!   `carry-out`, `carry-archive`, `carry-folder`, `carry-archive-file` and `carry-folder-files` (the choosers), and what came
//!   of it: `carry-outcome` with `carry-close`; each document that is missing a `carry-missing` with `data-name`

// Leptos' component macro makes a public builder for each component; its parts cannot carry documentation of ours.
pub mod app;
pub mod components;
pub mod door;
pub mod entry;
pub mod format;
pub mod message;
pub mod pages;
pub mod platform;
pub mod presence;
pub mod preview;
pub mod qr;
pub mod scan;
pub mod state;
pub mod strength;
#[expect(
    missing_docs,
    reason = "one function per text, named after its key in the locale files"
)]
pub mod text;
pub mod transfer;
pub mod wording;
pub mod words;
pub mod worker;
