//! Pictures through the browser's own decoder and encoder. What comes out is a plain JPEG: upright, on white, and without
//! the notes of a camera, such as where a photograph was taken.

use js_sys::{Array, ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FilePropertyBag};

use crate::preview::{self, HEAD_BYTES, Shown};
use crate::scan::Picture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = createImageBitmap)]
    fn decode(photo: &Blob, options: &Object) -> Result<Promise, JsValue>;

    type ImageBitmap;
    #[wasm_bindgen(method, getter)]
    fn width(this: &ImageBitmap) -> u32;
    #[wasm_bindgen(method, getter)]
    fn height(this: &ImageBitmap) -> u32;
    #[wasm_bindgen(method)]
    fn close(this: &ImageBitmap);

    type OffscreenCanvas;
    #[wasm_bindgen(constructor, catch)]
    fn new(width: u32, height: u32) -> Result<OffscreenCanvas, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getContext)]
    fn context(this: &OffscreenCanvas, kind: &str) -> Result<Context, JsValue>;
    #[wasm_bindgen(method, catch, js_name = convertToBlob)]
    fn to_blob(this: &OffscreenCanvas, options: &Object) -> Result<Promise, JsValue>;

    type Context;
    #[wasm_bindgen(method, setter, js_name = fillStyle)]
    fn set_fill(this: &Context, colour: &str);
    #[wasm_bindgen(method, setter, js_name = imageSmoothingQuality)]
    fn set_smoothing(this: &Context, quality: &str);
    #[wasm_bindgen(method, js_name = fillRect)]
    fn fill(this: &Context, x: f64, y: f64, width: f64, height: f64);
    #[wasm_bindgen(method, catch, js_name = drawImage)]
    fn draw(
        this: &Context,
        image: &ImageBitmap,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    ) -> Result<(), JsValue>;
}

/// How large a picture becomes, and how good.
#[derive(Clone, Copy)]
pub struct Form {
    /// Longest side, in pixels; a smaller picture stays as it is.
    pub side: u32,
    /// From 0 to 1.
    pub quality: f64,
    /// Small from the first: a browser that can scale while it decodes never holds the whole photo.
    pub is_rough: bool,
}

/// The picture of a file in this form. `None` for what is no picture, or one that this browser cannot decode.
pub async fn read(file: &File, form: Form) -> Option<Picture> {
    let planned = preview::plan(Some(&file.type_()), "", file.size() as u64).ok()?;
    if !matches!(planned, Shown::Image(_)) {
        return None;
    }
    let begin = file.slice_with_f64_and_f64(0.0, f64::from(HEAD_BYTES)).ok()?;
    preview::verify(planned, &bytes(&begin).await?).ok()?;
    let options = Object::new();
    if form.is_rough {
        Reflect::set(&options, &"resizeWidth".into(), &form.side.into()).ok()?;
        Reflect::set(&options, &"resizeQuality".into(), &"medium".into()).ok()?;
    }
    let bitmap: ImageBitmap = JsFuture::from(decode(file, &options).ok()?)
        .await
        .ok()?
        .unchecked_into();
    let (width, height) = shrunk(&bitmap, form.side);
    let encoded = encode(&bitmap, width, height, form.quality);
    bitmap.close();
    let encoded: Blob = JsFuture::from(encoded?).await.ok()?.unchecked_into();
    Some(Picture {
        jpeg: bytes(&encoded).await?,
        width,
        height,
    })
}

fn shrunk(bitmap: &ImageBitmap, side: u32) -> (u32, u32) {
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let scale = (f64::from(side) / width.max(height)).min(1.0);
    let scaled = |length: f64| (length * scale).round().max(1.0) as u32;
    (scaled(width), scaled(height))
}

fn encode(bitmap: &ImageBitmap, width: u32, height: u32, quality: f64) -> Option<Promise> {
    let canvas = OffscreenCanvas::new(width, height).ok()?;
    let context = canvas.context("2d").ok()?;
    let (width, height) = (f64::from(width), f64::from(height));
    context.set_fill("#fff");
    context.fill(0.0, 0.0, width, height);
    context.set_smoothing("high");
    context.draw(bitmap, 0.0, 0.0, width, height).ok()?;
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &"image/jpeg".into()).ok()?;
    Reflect::set(&options, &"quality".into(), &quality.into()).ok()?;
    canvas.to_blob(&options).ok()
}

async fn bytes(blob: &Blob) -> Option<Vec<u8>> {
    let content: ArrayBuffer = JsFuture::from(blob.array_buffer()).await.ok()?.unchecked_into();
    Some(Uint8Array::new(&content).to_vec())
}

/// Bytes of a PDF as a file of this name, to be added like any other.
#[must_use]
pub fn pdf_file(bytes: &[u8], name: &str) -> Option<File> {
    let part = Array::of1(&Uint8Array::from(bytes));
    let options = FilePropertyBag::new();
    options.set_type("application/pdf");
    File::new_with_u8_array_sequence_and_options(&part, name, &options).ok()
}
