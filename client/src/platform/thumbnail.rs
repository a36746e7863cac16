//! Small pictures: made from a chosen photo, and shown from the worker's bytes. They live for the session only, and
//! nothing needs them.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Array, Uint8Array};
use web_sys::{Blob, BlobPropertyBag, File, Url};

use crate::platform::picture::{self, Form};

thread_local! {
    /// Addresses of the pictures of this session.
    static KEPT: RefCell<HashMap<String, String>> = RefCell::default();
}

/// A small picture of a photo: a JPEG of at most 256 pixels a side. `None` for everything else, and for what this browser
/// cannot decode.
pub async fn of(file: &File) -> Option<Vec<u8>> {
    let small = picture::read(file, SMALL).await?.jpeg;
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

/// The address of a picture that is on the screen and nowhere else.
#[must_use]
pub fn address(jpeg: &[u8]) -> Option<String> {
    let part = Array::of1(&Uint8Array::from(jpeg));
    let options = BlobPropertyBag::new();
    options.set_type("image/jpeg");
    let picture = Blob::new_with_u8_array_sequence_and_options(&part, &options).ok()?;
    Url::create_object_url_with_blob(&picture).ok()
}

/// Lets go of such an address.
pub fn let_go(address: &str) {
    let _ = Url::revoke_object_url(address);
}

/// Forgets every picture: the safe is locked.
pub fn forget() {
    for (_, address) in KEPT.take() {
        let _ = Url::revoke_object_url(&address);
    }
}

const SMALL: Form = Form {
    side: 256,
    quality: 0.8,
    is_rough: true,
};
