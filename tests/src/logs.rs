//! Everything that the program and its libraries log, down to DEBUG: far more than a server ever writes. Below that the
//! engine only tells of its own pages, which are searched on the disk.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tracing::Level;
use tracing_subscriber::{
    Layer, filter::filter_fn, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

/// The log of this process so far.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Vec<u8>>>);

/// Begins to keep; once in a process, so that each such test is a process of its own (nextest).
///
/// # Panics
/// Something else keeps the log already: what is searched would be empty.
#[must_use]
pub fn keep() -> Logs {
    let logs = Logs::default();
    // What the driver is told to type is the person's, and never the server's.
    let told = filter_fn(|of| of.level() <= &Level::DEBUG && !of.target().starts_with("thirtyfour"));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(logs.clone())
        .with_filter(told);
    tracing_subscriber::registry()
        .with(lines)
        .try_init()
        .unwrap_or_else(|_| panic!("each of these tests is a process of its own: run them with nextest"));
    logs
}

impl Logs {
    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
