//! Where an archive is written: a file that the person chose, or a Blob in pieces; and what travels beside such a call.
//! May not keep an archive in the program's memory.

use async_trait::async_trait;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use sdk::error::FileError;
use sdk::flows::Sink;
use sdk::flows::archive::write::Target;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File};

#[wasm_bindgen]
extern "C" {
    // The File System Access API, which not every browser has: told by its methods alone.
    /// A file that the person chose to write to.
    #[derive(Clone)]
    pub type Chosen;
    #[wasm_bindgen(structural, method, catch, js_name = createWritable)]
    fn create_writable(this: &Chosen) -> Result<Promise, JsValue>;

    type Writable;
    #[wasm_bindgen(structural, method, catch)]
    fn write(this: &Writable, what: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(structural, method, catch)]
    fn seek(this: &Writable, to: f64) -> Result<Promise, JsValue>;
    #[wasm_bindgen(structural, method, catch)]
    fn truncate(this: &Writable, to: f64) -> Result<Promise, JsValue>;
    #[wasm_bindgen(structural, method, catch)]
    fn close(this: &Writable) -> Result<Promise, JsValue>;
    #[wasm_bindgen(structural, method, catch)]
    fn abort(this: &Writable) -> Result<Promise, JsValue>;
}

/// What travels beside a message: nothing, one object, or several.
#[derive(Clone)]
pub struct Beside(JsValue);

impl Beside {
    /// As it came.
    #[must_use]
    pub fn new(value: JsValue) -> Self {
        Self(value)
    }

    /// One file.
    #[must_use]
    pub fn of_file(file: &File) -> Self {
        Self(file.clone().into())
    }

    /// A file to write to.
    #[must_use]
    pub fn of_chosen(chosen: &Chosen) -> Self {
        Self(chosen.clone().into())
    }

    /// Several files.
    #[must_use]
    pub fn of_files(files: &[File]) -> Self {
        Self(files.iter().collect::<Array>().into())
    }

    /// The value, for the way.
    #[must_use]
    pub fn value(&self) -> &JsValue {
        &self.0
    }

    /// The one file.
    #[must_use]
    pub fn file(&self) -> Option<File> {
        self.0.clone().dyn_into().ok()
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let array: Option<Array> = self.0.clone().dyn_into().ok();
        let values = array.iter().flat_map(Array::iter);
        values.filter_map(|value| value.dyn_into().ok()).collect()
    }

    /// The chosen file, if that is what it is.
    #[must_use]
    pub fn chosen(&self) -> Option<Chosen> {
        let method = Reflect::get(&self.0, &JsValue::from_str("createWritable")).ok()?;
        method.is_function().then(|| self.0.clone().unchecked_into())
    }
}

/// Whether this browser lets the person choose a file that is then written piece by piece.
#[must_use]
pub fn can_choose() -> bool {
    picker().is_some()
}

/// Asks the person where to put a file of this name. To be called in answer to a press. `None` where she changes her mind.
pub async fn choose(name: &str) -> Option<Chosen> {
    let options = Object::new();
    Reflect::set(
        &options,
        &JsValue::from_str("suggestedName"),
        &JsValue::from_str(name),
    )
    .ok()?;
    let promise: Promise = picker()?
        .call1(&js_sys::global(), &options)
        .ok()?
        .dyn_into()
        .ok()?;
    let chosen = JsFuture::from(promise).await.ok()?;
    Some(chosen.unchecked_into())
}

fn picker() -> Option<Function> {
    Reflect::get(&js_sys::global(), &JsValue::from_str("showSaveFilePicker"))
        .ok()?
        .dyn_into()
        .ok()
}

/// Writes into a chosen file. What was there before is there until [`FileTarget::finish`].
pub struct FileTarget {
    to: Writable,
    at: u64,
}

impl FileTarget {
    /// Begins.
    ///
    /// # Errors
    /// [`FileError`] where the browser or the person does not allow it.
    pub async fn begin(chosen: &Chosen) -> Result<Self, FileError> {
        let to = done(chosen.create_writable()).await?.unchecked_into();
        Ok(Self { to, at: 0 })
    }

    /// The file is whole: it takes its place.
    ///
    /// # Errors
    /// [`FileError`] where the disk is full.
    pub async fn finish(self) -> Result<(), FileError> {
        done(self.to.close()).await.map(drop)
    }

    /// Leaves no file behind, or the one that was there.
    pub async fn give_up(self) {
        // There is nothing left that it could be told to.
        let _ = done(self.to.abort()).await;
    }
}

#[async_trait(?Send)]
impl Sink for FileTarget {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        done(self.to.write(&Uint8Array::from(bytes))).await?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

#[async_trait(?Send)]
impl Target for FileTarget {
    async fn rewind(&mut self, to: u64) -> Result<(), FileError> {
        done(self.to.truncate(to as f64)).await?;
        done(self.to.seek(to as f64)).await?;
        self.at = to;
        Ok(())
    }

    async fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<(), FileError> {
        done(self.to.seek(at as f64)).await?;
        done(self.to.write(&Uint8Array::from(bytes))).await?;
        done(self.to.seek(self.at as f64)).await?;
        Ok(())
    }
}

/// Gathers pieces, each a Blob of its own, which the browser may keep on the disk.
#[derive(Default)]
pub struct PieceTarget {
    pieces: Vec<(u64, Blob)>,
    at: u64,
}

impl PieceTarget {
    /// The whole.
    ///
    /// # Errors
    /// [`FileError`] where the browser has no room left.
    pub fn finish(self) -> Result<Blob, FileError> {
        let options = BlobPropertyBag::new();
        options.set_type("application/zip");
        let pieces: Array = self.pieces.iter().map(|(_, blob)| blob).collect();
        Blob::new_with_blob_sequence_and_options(&pieces, &options).map_err(|_| FileError)
    }
}

#[async_trait(?Send)]
impl Sink for PieceTarget {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.pieces.push((self.at, piece(bytes)?));
        self.at += bytes.len() as u64;
        Ok(())
    }
}

#[async_trait(?Send)]
impl Target for PieceTarget {
    async fn rewind(&mut self, to: u64) -> Result<(), FileError> {
        self.pieces.retain(|(at, _)| *at < to);
        self.at = to;
        Ok(())
    }

    async fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<(), FileError> {
        let found = self.pieces.binary_search_by_key(&at, |(at, _)| *at);
        let place = found.ok().and_then(|index| self.pieces.get_mut(index));
        let (_, old) = place.ok_or(FileError)?;
        if old.size() as usize != bytes.len() {
            return Err(FileError);
        }
        *old = piece(bytes)?;
        Ok(())
    }
}

fn piece(bytes: &[u8]) -> Result<Blob, FileError> {
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).map_err(|_| FileError)
}

async fn done(promise: Result<Promise, JsValue>) -> Result<JsValue, FileError> {
    let promise = promise.map_err(|_| FileError)?;
    JsFuture::from(promise).await.map_err(|_| FileError)
}
