//! A [`Device`](crate::flows::Device) for programs that are not a web page: HTTP, the system's clock and randomness,
//! a folder as local store. Feature `native`; https with the feature `tls`.

mod http;
mod store;
mod tls;

use async_trait::async_trait;
use crypto::random::{Random, RandomError};

use crate::error::FileError;
use crate::flows::{Clock, Source};

pub use http::{Http, Patience};
pub use store::Folder;
#[cfg(feature = "tls")]
pub use tls::install_provider;

/// The system's clock; sleeps on tokio.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait(?Send)]
impl Clock for SystemClock {
    fn now(&self) -> u64 {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |since| since.as_secs())
    }

    async fn sleep(&self, milliseconds: u32) {
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds.into())).await;
    }
}

/// The system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(out).map_err(|_| RandomError)
    }
}

/// A file on disk, read where it is asked, never whole.
pub struct DiskFile {
    path: std::path::PathBuf,
    len: u64,
}

impl DiskFile {
    /// Looks at the file's length now; a file that becomes shorter fails to read.
    ///
    /// # Errors
    /// [`FileError`] where it is not there or is no file.
    pub fn open(path: impl Into<std::path::PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let meta = std::fs::metadata(&path).map_err(|_| FileError)?;
        if meta.is_file() {
            Ok(Self {
                path,
                len: meta.len(),
            })
        } else {
            Err(FileError)
        }
    }
}

#[async_trait(?Send)]
impl Source for DiskFile {
    fn len(&self) -> u64 {
        self.len
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        use std::io::{Read, Seek};
        let mut file = std::fs::File::open(&self.path).map_err(|_| FileError)?;
        file.seek(std::io::SeekFrom::Start(offset))
            .map_err(|_| FileError)?;
        let mut out = vec![0; len];
        file.read_exact(&mut out).map_err(|_| FileError)?;
        Ok(out)
    }
}
