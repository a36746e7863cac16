//! The only place that names `web_sys` and `js_sys`: what a browser gives, in the types of the rest of the client.
//! May hold no screen and no decision of the protocol.
//!
//! On the page's side: [`remote`] (talking to the worker), [`page`] (language, theme, files to save, printing),
//! [`format`](mod@format) (dates), [`screen`] (where things stand), [`dropped`] (files and folders), [`presence`] (gestures,
//! sight, network), [`tabs`] (what tabs tell each other), [`viewer`] (the framed page), [`picture`],
//! [`thumbnail`]. On the worker's side:
//! [`transport`], [`store`], [`vault`] (an open session between reloads), [`file`], [`device`], [`port`]. On both:
//! [`archive`].

pub mod archive;
pub mod device;
pub mod dropped;
pub mod file;
pub mod format;
pub mod page;
pub mod picture;
pub mod port;
pub mod presence;
pub mod remote;
pub mod screen;
pub mod store;
pub mod tabs;
pub mod thumbnail;
pub mod transport;
pub mod vault;
pub mod viewer;
