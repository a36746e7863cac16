//! Small pictures: made from a chosen photo by the browser's own decoder, and shown from the worker's bytes. They live
//! for the session only, and nothing needs them.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, Url};

use crate::preview::{self, HEAD_BYTES, Shown};

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

thread_local! {
    /// Addresses of the pictures of this session.
    static KEPT: RefCell<HashMap<String, String>> = RefCell::default();
}

/// A small picture of a photo: a JPEG of at most 256 pixels a side, upright and without the photo's notes. `None` for
/// everything else, and for what this browser cannot decode.
pub async fn of(file: &File) -> Option<Vec<u8>> {
    let planned = preview::plan(Some(&file.type_()), "", file.size() as u64).ok()?;
    if !matches!(planned, Shown::Image(_)) {
        return None;
    }
    let begin = file.slice_with_f64_and_f64(0.0, f64::from(HEAD_BYTES)).ok()?;
    preview::verify(planned, &bytes(&begin).await?).ok()?;
    let options = Object::new();
    // The browser keeps the proportions, and never holds the whole photo where it can scale while it decodes.
    Reflect::set(&options, &"resizeWidth".into(), &SIDE.into()).ok()?;
    Reflect::set(&options, &"resizeQuality".into(), &"medium".into()).ok()?;
    let bitmap: ImageBitmap = JsFuture::from(decode(file, &options).ok()?)
        .await
        .ok()?
        .unchecked_into();
    let small = shrink(&bitmap);
    bitmap.close();
    let small: Blob = JsFuture::from(small?).await.ok()?.unchecked_into();
    let small = bytes(&small).await?;
    (small.len() <= sdk::flows::thumbnail::THUMBNAIL_BYTES).then_some(small)
}

/// The address of a picture that was kept in this session.
#[must_use]
pub fn kept(object: &str) -> Option<String> {
    KEPT.with_borrow(|kept| kept.get(object).cloned())
}

/// Keeps a picture for this session; returns its address.
#[must_use]
pub fn keep(object: &str, picture: &Blob) -> Option<String> {
    let address = Url::create_object_url_with_blob(picture).ok()?;
    let before = KEPT.with_borrow_mut(|kept| kept.insert(object.to_owned(), address.clone()));
    if let Some(before) = before {
        let _ = Url::revoke_object_url(&before);
    }
    Some(address)
}

/// Forgets every picture: the safe is locked.
pub fn forget() {
    for (_, address) in KEPT.take() {
        let _ = Url::revoke_object_url(&address);
    }
}

fn shrink(bitmap: &ImageBitmap) -> Option<Promise> {
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let scale = (f64::from(SIDE) / width.max(height)).min(1.0);
    let (width, height) = (
        (width * scale).round().max(1.0),
        (height * scale).round().max(1.0),
    );
    let canvas = OffscreenCanvas::new(width as u32, height as u32).ok()?;
    let context = canvas.context("2d").ok()?;
    context.set_fill("#fff");
    context.fill(0.0, 0.0, width, height);
    context.draw(bitmap, 0.0, 0.0, width, height).ok()?;
    let options = Object::new();
    Reflect::set(&options, &"type".into(), &"image/jpeg".into()).ok()?;
    Reflect::set(&options, &"quality".into(), &0.8.into()).ok()?;
    canvas.to_blob(&options).ok()
}

async fn bytes(blob: &Blob) -> Option<Vec<u8>> {
    let content: ArrayBuffer = JsFuture::from(blob.array_buffer()).await.ok()?.unchecked_into();
    Some(Uint8Array::new(&content).to_vec())
}

/// Longest side of a small picture, in pixels.
const SIDE: u32 = 256;
