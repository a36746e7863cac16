//! The Civis page: Leptos screens over the headless client, and the worker that holds every key.
//!
//! Two programs are built from this library. The page (`src/main.rs`) draws, and holds no key. The worker
//! (`src/bin/worker.rs`) runs the sdk: login, encryption, network, local store. They speak by [`message`], and
//! `platform` is the only place that names a browser API. `client/loader.js` starts both under the strict
//! Content-Security-Policy of `spec/wire.md`.
//!
//! Rules of the page: texts live in `locales/*.json` ([`t!`]); no `style` attribute; and **no static subtree in a
//! `view!`**: Leptos would build it with `innerHTML`, which the loader's Trusted Types policy refuses. An element whose
//! attributes are all literals therefore needs something computed in it, or stands at the top of its `view!`.
//!
//! # `data-testid`s that the browser stories may rest on
//!
//! - everywhere: `lang-switch`, `lock`, `toast`, `toast-undo`, `form-error`
//! - home: `home-create`, `home-open`
//! - create: `create-start`, `create-handle`, `create-handle-next`, `create-phrase-word` (8), `create-phrase-other`,
//!   `create-phrase-own`, `create-phrase-input`, `create-phrase-repeat`, `create-phrase-next`, `create-back`,
//!   `sheet-word` (12), `sheet-print`, `sheet-confirm`, `create-submit`
//! - open: `open-handle`, `open-phrase`, `open-submit`, `open-sheet`, `open-create`
//! - recover: `recover-words`, `recover-phrase`, `recover-repeat`, `recover-submit`
//! - safe: `safe`, `safe-add`, `safe-file` (the chooser), `safe-drop` (while files are dragged), `safe-empty`,
//!   `safe-search`, `safe-none`, `safe-trash-link`, `quota`, `notice`, `notice-close`; each document is a `doc-row` with
//!   `data-name`, and in it `doc-name` (saves the file), `doc-size`, `doc-menu`, `doc-download`, `doc-rename`,
//!   `doc-trash`; then `rename-input`, `rename-submit`, `rename-cancel`
//! - over every screen of the safe: `way-changes`, in it `way-change`, `way-changes-read`
//! - trash: `trash`, `trash-empty`; each a `trash-row` with `data-name`, `trash-restore`, `trash-purge`; then
//!   `purge-submit`, `purge-cancel`
//! - tray: `tray`, `tray-close`; each transfer a `tray-item` with `data-name` and `data-state` (`waiting`, `encrypting`,
//!   `sending`, `saved`, `failed`, `cancelled`), and in it `tray-step`, `tray-cancel`, `tray-retry`, `tray-dismiss`
//! - alert: `alert` with `data-check`, `alert-subject`, `alert-check`, `alert-names`, `alert-save`, `alert-saved`,
//!   `alert-unkept`, `alert-close`
//! - settings: `settings`, `settings-lock`, `settings-handle`, `settings-deployment`, `settings-version`,
//!   `settings-secrets` with `secrets-sheet-state`, `secrets-test`, `secrets-new-sheet`, `secrets-change-phrase`; in its
//!   dialogs `step-phrase`, `step-submit`, `step-cancel`, `secrets-new-phrase`, `secrets-repeat`, `secrets-words`,
//!   `secrets-word` (12), `secrets-words-done`; `settings-devices` with a `device-row` each, in it `device-name`,
//!   `device-here` or `device-close`, then `devices-close-all`; `settings-leave` with `leave-close`;
//!   `theme-system`, `theme-light`, `theme-dark`, `lang-fr`, `lang-en`; `evidence` with `evidence-empty`,
//!   `evidence-names`, `evidence-save-all`, `evidence-older`; each piece an `evidence-row` with `data-check`, and in it
//!   `evidence-check`, `evidence-subject`, `evidence-open`, then `evidence-facts`, `evidence-name`, `evidence-save`, `evidence-delete`;
//!   then `evidence-delete-submit`, `evidence-delete-cancel`

// Leptos' component macro makes a public builder for each component; its parts cannot carry documentation of ours.
pub mod app;
pub mod components;
pub mod format;
pub mod message;
pub mod pages;
pub mod platform;
pub mod state;
pub mod strength;
#[expect(
    missing_docs,
    reason = "one function per text, named after its key in the locale files"
)]
pub mod text;
pub mod worker;
