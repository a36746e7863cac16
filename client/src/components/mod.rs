//! Parts that several screens share. A part shows what it is given; what happens is decided in `state` and `pages`.

pub mod band;
pub mod bands;
pub mod changes;
pub mod dialog;
pub mod field;
pub mod frame;
pub mod icon;
pub mod menu;
pub mod name_dialog;
pub mod presence;
pub mod preview;
pub mod restored;
pub mod row;
pub mod site;
pub mod stepper;
pub mod thumbnail;
pub mod toast;
pub mod tray;
pub mod words_field;
