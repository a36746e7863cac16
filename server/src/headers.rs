//! The security headers of every answer, page and API alike (protocol 10.7, `spec/wire.md`, section 8).

use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Sets them all. What a route chose itself for caching stays, and the policy that the framed page came with.
pub(crate) fn set(headers: &mut HeaderMap, policy: &HeaderValue, https: bool) {
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert_with(|| policy.clone());
    for (name, value) in FIXED {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The Content-Security-Policy, with the hashes of the inline scripts that the page holds (`sha256-...`).
pub(crate) fn policy(script_hashes: &[String]) -> String {
    let mut scripts = "'self' 'wasm-unsafe-eval'".to_owned();
    for hash in script_hashes {
        scripts.push_str(&format!(" '{hash}'"));
    }
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'self'; font-src 'self'; img-src 'self' blob:; \
         media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'; trusted-types default; \
         require-trusted-types-for 'script'"
    )
}

/// The policy of the one framed page, with the hashes of what stands in it: an opaque origin that may run its own program
/// and nothing else, and may ask for nothing at all.
pub(crate) fn viewer_policy(script_hashes: &[String], style_hashes: &[String]) -> String {
    let list = |hashes: &[String]| -> String {
        let quoted: Vec<String> = hashes.iter().map(|hash| format!("'{hash}'")).collect();
        if quoted.is_empty() {
            "'none'".to_owned()
        } else {
            quoted.join(" ")
        }
    };
    format!(
        "default-src 'none'; script-src {} 'wasm-unsafe-eval'; style-src {}; img-src blob:; worker-src blob:; \
         connect-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox allow-scripts; \
         trusted-types viewer; require-trusted-types-for 'script'",
        list(script_hashes),
        list(style_hashes)
    )
}

const FIXED: [(&str, &str); 6] = [
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
         microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Two years, subdomains too.
const HSTS: &str = "max-age=63072000; includeSubDomains";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_the_one_of_the_specification() {
        assert_eq!(
            policy(&[]),
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; img-src \
             'self' blob:; media-src blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src \
             'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; trusted-types default; \
             require-trusted-types-for 'script'"
        );
        assert!(policy(&["sha256-x=".to_owned()]).contains("'wasm-unsafe-eval' 'sha256-x='; style-src"));
    }

    #[test]
    fn the_policy_of_the_framed_page_is_the_one_of_the_specification() {
        assert_eq!(
            viewer_policy(&["sha256-x=".to_owned()], &["sha256-y=".to_owned()]),
            "default-src 'none'; script-src 'sha256-x=' 'wasm-unsafe-eval'; style-src 'sha256-y='; img-src blob:; \
             worker-src blob:; connect-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; \
             sandbox allow-scripts; trusted-types viewer; require-trusted-types-for 'script'"
        );
        assert!(viewer_policy(&[], &[]).contains("style-src 'none'; "));
    }

    #[test]
    fn strict_transport_security_is_for_https_alone() {
        for https in [false, true] {
            let mut headers = HeaderMap::new();
            set(&mut headers, &HeaderValue::from_static("x"), https);
            assert_eq!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY), https);
        }
    }
}
