//! Files that a person chose, read by slices, and decrypted content gathered into a Blob, one piece at a time.
//! May not keep a file in the program's memory: a slice or a piece is all there ever is of it.

use async_trait::async_trait;
use js_sys::{Array, Uint8Array};
use sdk::error::FileError;
use sdk::flows::{Sink, Source};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File};

/// A chosen file.
pub struct FileSource(pub File);

#[async_trait(?Send)]
impl Source for FileSource {
    fn len(&self) -> u64 {
        // Sizes are whole numbers below 2^53.
        self.0.size() as u64
    }

    async fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FileError> {
        let (start, end) = (offset as f64, (offset + len as u64) as f64);
        let slice = self.0.slice_with_f64_and_f64(start, end).map_err(|_| FileError)?;
        // Fails where the file changed on the disk since it was chosen.
        let buffer = JsFuture::from(slice.array_buffer())
            .await
            .map_err(|_| FileError)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        if bytes.len() == len {
            Ok(bytes)
        } else {
            Err(FileError)
        }
    }
}

/// A text as a file that no browser shows by itself.
///
/// # Errors
/// Where the browser has no room left.
pub fn text_blob(text: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type("application/json");
    Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(text)), &options)
}

/// Gathers verified plaintext. Each piece becomes a Blob of its own, which the browser may keep on the disk.
#[derive(Default)]
pub struct BlobSink {
    pieces: Array,
}

impl BlobSink {
    /// The whole, as a file that no browser shows by itself.
    ///
    /// # Errors
    /// [`FileError`] where the browser has no room left.
    pub fn finish(self, media_type: &str) -> Result<Blob, FileError> {
        let options = BlobPropertyBag::new();
        options.set_type(media_type);
        Blob::new_with_blob_sequence_and_options(&self.pieces, &options).map_err(|_| FileError)
    }
}

#[async_trait(?Send)]
impl Sink for BlobSink {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let piece = Array::of1(&Uint8Array::from(bytes));
        let blob = Blob::new_with_u8_array_sequence(&piece).map_err(|_| FileError)?;
        self.pieces.push(blob.unchecked_ref());
        Ok(())
    }
}
