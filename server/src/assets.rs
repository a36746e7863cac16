//! The client's bundle: read from a folder when the server starts, or embedded, or absent and said so.
//!
//! Everything is in memory before the first request: no path of a request ever reaches the file system.

use std::collections::BTreeMap;

use axum::extract::{Request, State as Extract};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::{BASE64, BASE64URL_NOPAD};
use bytes::Bytes;
use crypto::hash::sha256;
use shared::ErrorCode;

use crate::config::Config;
use crate::error::Failure;
use crate::headers;
use crate::state::State;

/// The bundle and the policy that fits it.
pub(crate) struct Assets {
    files: BTreeMap<String, Asset>,
    policy: HeaderValue,
}

struct Asset {
    bytes: Bytes,
    /// The same, compressed when the bundle was built.
    brotli: Option<Bytes>,
    media_type: &'static str,
    immutable: bool,
    tag: String,
    /// Of the framed page: its own policy.
    policy: Option<HeaderValue>,
}

impl Assets {
    /// Reads the bundle.
    pub(crate) fn load(config: &Config) -> Self {
        let Some(folder) = &config.assets_dir else {
            return Self::of(embedded());
        };
        let mut raw = BTreeMap::new();
        if let Err(error) = read_folder(folder, "", &mut raw) {
            tracing::error!(error = %error.kind(), "the client's bundle cannot be read");
        }
        Self::of(raw)
    }

    pub(crate) fn policy(&self) -> &HeaderValue {
        &self.policy
    }

    fn of(mut raw: BTreeMap<String, Bytes>) -> Self {
        let names: Vec<String> = raw
            .keys()
            .filter(|name| !name.ends_with(".br"))
            .cloned()
            .collect();
        let mut files = BTreeMap::new();
        for name in names {
            let brotli = raw.remove(&format!("{name}.br"));
            let Some(bytes) = raw.remove(&name) else { continue };
            let asset = Asset {
                media_type: media_type(&name),
                immutable: is_hashed(&name),
                tag: format!("\"{}\"", BASE64URL_NOPAD.encode(&sha256(&bytes))),
                policy: (name == VIEWER).then(|| viewer_policy(&String::from_utf8_lossy(&bytes))),
                bytes,
                brotli,
            };
            files.insert(name, asset);
        }
        let page = files
            .get(INDEX)
            .map(|asset| String::from_utf8_lossy(&asset.bytes).into_owned());
        let policy = headers::policy(&inline(page.as_deref().unwrap_or_default(), "script"));
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { files, policy }
    }

    fn answer(&self, name: &str, headers: &HeaderMap) -> Result<Response, Failure> {
        if self.files.is_empty() {
            return Ok(NO_CLIENT.into_response());
        }
        let name = if name == "viewer" { VIEWER } else { name };
        // Routes of the client have no dot; every one of them is the page.
        let is_route = !name.rsplit('/').next().unwrap_or_default().contains('.');
        let asset = self
            .files
            .get(name)
            .or_else(|| self.files.get(INDEX).filter(|_| is_route));
        asset
            .map(|asset| asset.answer(headers))
            .ok_or_else(|| ErrorCode::NotFound.into())
    }
}

impl Asset {
    fn answer(&self, request: &HeaderMap) -> Response {
        let known = request
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tag| tag.as_bytes() == self.tag.as_bytes());
        let brotli = self.brotli.as_ref().filter(|_| takes_brotli(request));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            brotli.unwrap_or(&self.bytes).clone().into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if brotli.is_some() && !known {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        if self.brotli.is_some() {
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        let cache = if self.immutable {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(header::ETAG, tag);
        }
        if let Some(policy) = &self.policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        response
    }
}

/// What the API does not know: a file of the bundle, or the page.
pub(crate) async fn serve(Extract(state): Extract<State>, request: Request) -> Result<Response, Failure> {
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        return Err(ErrorCode::NotFound.into());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ErrorCode::MethodNotAllowed.into());
    }
    state
        .assets
        .answer(path.trim_start_matches('/'), request.headers())
}

#[cfg(feature = "embed")]
fn embedded() -> BTreeMap<String, Bytes> {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "../dist"]
    struct Bundle;
    // Another bundle is another program: whoever builds one says so in this variable, and the compiler looks again.
    const _: Option<&str> = option_env!("CIVIS_BUNDLE");

    Bundle::iter()
        .filter_map(|name| {
            Some((
                name.to_string(),
                Bytes::from(Bundle::get(&name)?.data.into_owned()),
            ))
        })
        .collect()
}

#[cfg(not(feature = "embed"))]
fn embedded() -> BTreeMap<String, Bytes> {
    BTreeMap::new()
}

fn read_folder(
    folder: &std::path::Path,
    prefix: &str,
    out: &mut BTreeMap<String, Bytes>,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let name = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), out)?;
        } else if kind.is_file() {
            out.insert(name, std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}

/// Whether the name holds a hash of the content: hexadecimal digits after a hyphen, eight at least.
fn is_hashed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    file.split('-').skip(1).any(|piece| {
        let digits = piece
            .bytes()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        digits >= 8 && matches!(piece.as_bytes().get(digits), Some(b'.' | b'_'))
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Brotli, and not at weight zero.
fn takes_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value.split(',').any(|coding| {
                let mut parts = coding.split(';').map(str::trim);
                let zero = |weight: &str| {
                    weight
                        .strip_prefix("q=0")
                        .is_some_and(|rest| rest.trim_matches(['.', '0']).is_empty())
                };
                parts.next() == Some("br") && !parts.next().is_some_and(zero)
            })
        })
}

fn viewer_policy(page: &str) -> HeaderValue {
    let policy = headers::viewer_policy(&inline(page, "script"), &inline(page, "style"));
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Hashes, for the policy, of the scripts or styles that stand in a page itself.
fn inline(page: &str, element: &str) -> Vec<String> {
    let (open, close) = (format!("<{element}"), format!("</{element}>"));
    let mut hashes = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once(&open) {
        let Some((attributes, after)) = after.split_once('>') else {
            break;
        };
        let Some((text, after)) = after.split_once(&close) else {
            break;
        };
        rest = after;
        let has_source = attributes
            .split_ascii_whitespace()
            .any(|attribute| attribute.starts_with("src="));
        if !has_source && !text.is_empty() {
            hashes.push(format!("sha256-{}", BASE64.encode(&sha256(text.as_bytes()))));
        }
    }
    hashes
}

const INDEX: &str = "index.html";
/// The framed page, at `/viewer`.
const VIEWER: &str = "viewer.html";
const NO_CLIENT: &str = "Civis server: no client is built in, and no folder of one is set (assets_dir).\n";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn bundle() -> Assets {
        let files = [
            (
                INDEX,
                "<script src=\"/loader-0123456789abcdef.js\"></script><script>run()</script>",
            ),
            ("client-0123456789abcdef_bg.wasm", "wasm"),
            ("client-0123456789abcdef_bg.wasm.br", "br"),
            ("icons.svg", "<svg/>"),
            (
                "viewer.html",
                "<style>p{}</style><script type=module>show()</script>",
            ),
        ];
        Assets::of(
            files
                .into_iter()
                .map(|(name, text)| (name.to_owned(), Bytes::from(text)))
                .collect(),
        )
    }

    fn accepting(coding: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, coding.parse().unwrap());
        headers
    }

    #[test]
    fn hashed_files_live_for_ever_and_the_page_is_asked_for_again() {
        let bundle = bundle();
        let wasm = bundle
            .answer("client-0123456789abcdef_bg.wasm", &accepting("gzip, br"))
            .unwrap();
        assert_eq!(wasm.headers()[header::CONTENT_TYPE], "application/wasm");
        assert_eq!(wasm.headers()[header::CONTENT_ENCODING], "br");
        assert!(
            wasm.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        let plain = bundle
            .answer("client-0123456789abcdef_bg.wasm", &accepting("gzip, br;q=0.0"))
            .unwrap();
        assert!(!plain.headers().contains_key(header::CONTENT_ENCODING));
        for page in ["", "index.html", "safe", "documents/abc"] {
            let page = bundle.answer(page, &HeaderMap::new()).unwrap();
            assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
            assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
            let mut again = HeaderMap::new();
            again.insert(header::IF_NONE_MATCH, page.headers()[header::ETAG].clone());
            assert_eq!(
                bundle.answer("", &again).unwrap().status(),
                StatusCode::NOT_MODIFIED
            );
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_not_the_page() {
        let bundle = bundle();
        assert!(bundle.answer("favicon.ico", &HeaderMap::new()).is_err());
        assert!(bundle.answer("../keys/opaque.setup", &HeaderMap::new()).is_err());
        // A compressed copy is no file of its own.
        assert!(
            bundle
                .answer("client-0123456789abcdef_bg.wasm.br", &HeaderMap::new())
                .is_err()
        );
    }

    #[test]
    fn the_policy_names_the_scripts_of_the_page() {
        // printf 'run()' | openssl dgst -sha256 -binary | base64
        let expected = format!("sha256-{}", BASE64.encode(&sha256(b"run()")));
        let page = "<script src=x></script><script type=module>run()</script>";
        assert_eq!(inline(page, "script").as_slice(), std::slice::from_ref(&expected));
        assert!(bundle().policy().to_str().unwrap().contains(&expected));
    }

    #[test]
    fn the_framed_page_alone_has_a_policy_of_its_own() {
        let bundle = bundle();
        for name in ["viewer", "viewer.html"] {
            let answer = bundle.answer(name, &HeaderMap::new()).unwrap();
            let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap();
            assert!(policy.contains("sandbox allow-scripts;"), "{policy}");
            for text in ["show()", "p{}"] {
                let hash = BASE64.encode(&sha256(text.as_bytes()));
                assert!(policy.contains(&format!(" 'sha256-{hash}'")), "{policy}");
            }
        }
        for name in ["", "icons.svg", "viewer/x", "viewers"] {
            let answer = bundle.answer(name, &HeaderMap::new()).unwrap();
            assert!(
                !answer.headers().contains_key(header::CONTENT_SECURITY_POLICY),
                "{name}"
            );
        }
    }

    #[test]
    fn only_a_hash_makes_a_name_immutable() {
        assert!(is_hashed("worker-0123456789abcdef.js") && is_hashed("a/b-0123456789abcdef0_bg.wasm"));
        for name in [
            "index.html",
            "snippets/leptos-0123456789abcdef/inline0.js",
            "a-0123456.js",
            "a-b.js",
            "atkinson-hyperlegible-next.txt",
        ] {
            assert!(!is_hashed(name), "{name}");
        }
    }
}
