//! The screens, one file each; the address of each stands in `app`.

pub mod alert;
pub mod create;
pub mod document;
pub mod evidence;
pub mod home;
pub mod lost;
pub mod new_phrase;
pub mod new_sheet;
pub mod open;
pub mod paper;
pub mod phrase;
pub mod recover;
pub mod retype;
pub mod safe;
pub mod service;
pub mod settings;
pub mod sheet;
pub mod sheet_test;
pub mod trash;
