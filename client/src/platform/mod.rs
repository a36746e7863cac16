//! The only place that names `web_sys` and `js_sys`: what a browser gives, in the types of the rest of the client.
//! May hold no screen and no decision of the protocol.
//!
//! On the page's side: [`remote`] (talking to the worker), [`page`] (language, theme, files to save, printing),
//! [`format`](mod@format) (dates), [`viewer`] (the framed page), [`thumbnail`]. On the worker's side: [`transport`], [`store`], [`file`], [`device`], [`port`].

pub mod device;
pub mod file;
pub mod format;
pub mod page;
pub mod port;
pub mod remote;
pub mod store;
pub mod thumbnail;
pub mod transport;
pub mod viewer;
