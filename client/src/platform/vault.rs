//! An open session between a reload and the next, or for a second tab: one record in IndexedDB, which holds the bytes of
//! `spec/account.md`, 9, and the WebCrypto key that wraps them. The key is not extractable: it can be used here, and no
//! script can read it out. One key, one sealing; both are written and removed together.
//!
//! Whatever is missing, altered or of another account or deployment counts as nothing kept. May not look into the bytes.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use sdk::error::LocalError;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

use crate::platform::store::IndexedDb;

#[wasm_bindgen]
extern "C" {
    // WebCrypto, as much of it as is used here; keys stay objects of the browser.
    type SubtleCrypto;

    #[wasm_bindgen(method, catch, js_name = generateKey)]
    fn generate_key(
        this: &SubtleCrypto,
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn encrypt(
        this: &SubtleCrypto,
        algorithm: &Object,
        key: &JsValue,
        data: &[u8],
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn decrypt(
        this: &SubtleCrypto,
        algorithm: &Object,
        key: &JsValue,
        data: &[u8],
    ) -> Result<Promise, JsValue>;
}

/// What was kept, and of which session.
pub struct Kept {
    /// As given to [`keep`].
    pub bytes: Zeroizing<Vec<u8>>,
    /// As given to [`keep`]; it was bound to the bytes.
    pub owner: Owner,
}

/// Whose session, and where: bound to the bytes as associated data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Account id, as text.
    pub account: String,
    /// Deployment id, as text.
    pub deployment: String,
}

/// Keeps `bytes` under a key made for them. For the worker.
///
/// # Errors
/// Where this browser has no WebCrypto or no store for its keys (a private window): nothing is kept then.
pub async fn keep(owner: &Owner, bytes: &[u8]) -> Result<(), LocalError> {
    let subtle = subtle()?;
    let algorithm = object(&[("name", &"AES-GCM".into()), ("length", &256.into())])?;
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    let made = subtle.generate_key(&algorithm, false, &usages).map_err(failed)?;
    let key = JsFuture::from(made).await.map_err(failed)?;
    let mut nonce = [0; 12];
    getrandom::fill(&mut nonce).map_err(|_| LocalError)?;
    let sealing = subtle
        .encrypt(&parameters(owner, &nonce)?, &key, bytes)
        .map_err(failed)?;
    let sealed = Uint8Array::new(&JsFuture::from(sealing).await.map_err(failed)?);
    let record = object(&[
        ("account", &owner.account.as_str().into()),
        ("deployment", &owner.deployment.as_str().into()),
        ("key", &key),
        ("nonce", &Uint8Array::from(nonce.as_slice())),
        ("sealed", &sealed),
    ])?;
    IndexedDb::default().put_value(RECORD, &record).await
}

/// What was kept; `None` where there is nothing, or nothing that opens. For the worker.
pub async fn read() -> Option<Kept> {
    let record = IndexedDb::default().get_value(RECORD).await.ok()??;
    let field = |name: &str| Reflect::get(&record, &name.into()).ok();
    let owner = Owner {
        account: field("account")?.as_string()?,
        deployment: field("deployment")?.as_string()?,
    };
    let key = field("key")?;
    let nonce: [u8; 12] = field("nonce")?
        .dyn_into::<Uint8Array>()
        .ok()?
        .to_vec()
        .try_into()
        .ok()?;
    let sealed = field("sealed")?.dyn_into::<Uint8Array>().ok()?.to_vec();
    let opening = subtle()
        .ok()?
        .decrypt(&parameters(&owner, &nonce).ok()?, &key, &sealed)
        .ok()?;
    let opened = Uint8Array::new(&JsFuture::from(opening).await.ok()?);
    let bytes = Zeroizing::new(opened.to_vec());
    // The copy in the browser's memory.
    opened.fill(0, 0, opened.length());
    Some(Kept { bytes, owner })
}

/// Removes key and bytes. For worker and page; nothing there is fine.
pub async fn forget() {
    // A browser that keeps nothing has nothing to remove.
    let _ = IndexedDb::default().remove(RECORD).await;
}

fn parameters(owner: &Owner, nonce: &[u8; 12]) -> Result<Object, LocalError> {
    let bound = format!("civis/v1/resume{}{}", owner.deployment, owner.account);
    object(&[
        ("name", &"AES-GCM".into()),
        ("iv", &Uint8Array::from(nonce.as_slice())),
        ("additionalData", &Uint8Array::from(bound.as_bytes())),
    ])
}

/// Absent where the page was not served securely.
fn subtle() -> Result<SubtleCrypto, LocalError> {
    let part = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).map_err(failed);
    let subtle = part(&part(&js_sys::global(), "crypto")?, "subtle")?;
    if subtle.is_object() {
        Ok(subtle.unchecked_into())
    } else {
        Err(LocalError)
    }
}

fn object(fields: &[(&str, &JsValue)]) -> Result<Object, LocalError> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &JsValue::from_str(name), value).map_err(failed)?;
    }
    Ok(object)
}

fn failed(_: JsValue) -> LocalError {
    LocalError
}

/// Where the record stands; no key of the sdk is named so.
const RECORD: &str = "resume";
