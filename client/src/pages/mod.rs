//! The screens, one file each; the address of each stands in `app`.

pub mod alert;
pub mod create;
pub mod document;
pub mod evidence;
pub mod home;
pub mod open;
pub mod phrase;
pub mod recover;
pub mod safe;
pub mod settings;
pub mod sheet;
pub mod trash;
