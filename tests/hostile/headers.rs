//! The headers of the real server, on every route and every kind of answer: exactly these, whatever was asked.

use std::collections::BTreeSet;

use base64::BASE64;
use sha2::{Digest, Sha256};
use shared::path;
use tests::world::{World, plain};

use crate::contract::{a_life, watched_world};

/// On every answer.
const EVERYWHERE: [(&str, &str); 6] = [
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

/// The policy without what images and requests may reach, which is number 35's to say. `SCRIPTS` is for hashes.
const POLICY: [&str; 13] = [
    "base-uri 'none'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "media-src blob:",
    "require-trusted-types-for 'script'",
    "script-src 'self' 'wasm-unsafe-eval'SCRIPTS",
    "style-src 'self'",
    "trusted-types default",
    "worker-src 'self'",
];

/// The policy of the one framed page, likewise without what number 35 says.
const VIEWER: [&str; 10] = [
    "base-uri 'none'",
    "default-src 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "require-trusted-types-for 'script'",
    "sandbox allow-scripts",
    "script-src'SCRIPTS 'wasm-unsafe-eval'",
    "style-src'STYLES",
    "trusted-types viewer",
    "worker-src blob:",
];

/// What an answer may have beside them. No cookie, no permission for other origins, no word on the program.
const OTHERS: [&str; 14] = [
    "accept-ranges",
    "allow",
    "cache-control",
    "civis-request",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "retry-after",
    "transfer-encoding",
    "vary",
];

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];

#[track_caller]
fn assert_headers(what: &str, headers: &[(String, String)], scripts: &str, https: bool) {
    let wanted: Vec<String> = POLICY
        .iter()
        .map(|rule| rule.replace("SCRIPTS", scripts))
        .collect();
    assert_headers_with(what, headers, &wanted, https);
}

#[track_caller]
fn assert_headers_with(what: &str, headers: &[(String, String)], wanted: &[String], https: bool) {
    let values = |name: &str| -> Vec<&str> {
        let found = headers.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).collect()
    };
    for (name, value) in EVERYWHERE {
        assert_eq!(values(name), [value], "{what}: {name}");
    }
    let policies = values("content-security-policy");
    assert_eq!(policies.len(), 1, "{what}: one policy");
    let rules: BTreeSet<&str> = policies[0]
        .split(';')
        .map(str::trim)
        .filter(|rule| !["connect-src", "img-src"].contains(&rule.split(' ').next().unwrap()))
        .collect();
    assert_eq!(rules, wanted.iter().map(String::as_str).collect(), "{what}");
    let secure = values("strict-transport-security");
    if https {
        assert_eq!(secure, ["max-age=63072000; includeSubDomains"], "{what}");
    } else {
        assert!(secure.is_empty(), "{what}");
    }
    assert_eq!(values(path::REQUEST_ID)[0].len(), 22, "{what}");
    for (name, _) in headers {
        let known = EVERYWHERE.iter().any(|(known, _)| known == name)
            || OTHERS.contains(&name.as_str())
            || ["content-security-policy", "strict-transport-security"].contains(&name.as_str());
        assert!(known, "{what}: {name} says too much");
    }
}

/// Every path of the API, with ids that name nothing.
fn routes() -> Vec<String> {
    let texts = include_str!("../../shared/src/path.rs")
        .split('"')
        .skip(1)
        .step_by(2);
    texts
        .filter(|text| text.starts_with('/'))
        .map(|route| {
            let steps: Vec<&str> = route
                .split('/')
                .map(|step| match step {
                    "{part}" => "0",
                    step if step.starts_with('{') => "AAAAAAAAAAAAAAAAAAAAAA",
                    step => step,
                })
                .collect();
            steps.join("/")
        })
        .collect()
}

async fn assert_everywhere(world: &World, pages: &[&str], scripts: &str, https: bool) -> BTreeSet<u16> {
    let mut statuses = BTreeSet::new();
    let mut targets = routes();
    assert!(targets.len() > 20);
    targets.extend(pages.iter().map(|page| (*page).to_owned()));
    for target in &targets {
        for method in METHODS {
            let answer = plain(world.address(), method, target, "").await.unwrap();
            assert_headers(&format!("{method} {target}"), &answer.headers, scripts, https);
            statuses.insert(answer.status);
            if target.starts_with("/api") {
                assert_eq!(
                    answer.header("cache-control"),
                    Some("no-store"),
                    "{method} {target}"
                );
            }
        }
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn n49_every_answer_of_every_route_has_exactly_these_headers() {
    let world = watched_world().await;
    let pages = [
        "/",
        "/safe",
        "/x.js",
        "/api",
        "/api/v1/nothing",
        "/%2e%2e/x",
        "/api/v2/account",
    ];
    let statuses = assert_everywhere(&world, &pages, "", false).await;
    for status in [200, 401, 404, 405] {
        assert!(statuses.contains(&status), "{status} is among {statuses:?}");
    }
    // Answers that succeed, too.
    for exchange in a_life(&world).await {
        let what = format!("{} {}", exchange.request.method.as_str(), exchange.request.path);
        assert_headers(&what, &exchange.response.headers, "", false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n49_the_page_runs_its_own_inline_script_by_its_hash_alone() {
    let folder = tempfile::tempdir().unwrap();
    let script = "start();";
    let page = format!("<!doctype html><script>{script}</script><script src=\"/a.js\"></script><p>x</p>");
    std::fs::write(folder.path().join("index.html"), page).unwrap();
    std::fs::write(folder.path().join("a-0123456789abcdef.js"), "js").unwrap();
    let world = World::start(|config| {
        config.assets_dir = Some(folder.path().to_owned());
        config.https = true;
    })
    .await
    .unwrap();
    let hash = format!(" 'sha256-{}'", BASE64.encode(&Sha256::digest(script)));
    let pages = ["/", "/safe", "/a-0123456789abcdef.js", "/nothing.js"];
    let statuses = assert_everywhere(&world, &pages, &hash, true).await;
    assert!(statuses.contains(&200) && statuses.contains(&404));
    let tag = plain(world.address(), "GET", "/", "").await.unwrap();
    let tag = format!("if-none-match: {}\r\n", tag.header("etag").unwrap());
    let known = plain(world.address(), "GET", "/", &tag).await.unwrap();
    assert_eq!(known.status, 304);
    assert_headers("304", &known.headers, &hash, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn n49_the_framed_page_is_sandboxed_and_runs_its_own_program_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (script, style) = ("show();", "p { margin: 0; }");
    let page = format!("<!doctype html><style>{style}</style><script type=\"module\">{script}</script>");
    std::fs::write(folder.path().join("index.html"), "<!doctype html><p>x</p>").unwrap();
    std::fs::write(folder.path().join("viewer.html"), page).unwrap();
    let world = World::start(|config| config.assets_dir = Some(folder.path().to_owned()))
        .await
        .unwrap();
    let hash = |text: &str| format!(" 'sha256-{}'", BASE64.encode(&Sha256::digest(text)));
    let wanted: Vec<String> = VIEWER
        .iter()
        .map(|rule| {
            rule.replace("'SCRIPTS", &hash(script))
                .replace("'STYLES", &hash(style))
        })
        .collect();
    for target in ["/viewer", "/viewer.html"] {
        for method in ["GET", "HEAD"] {
            let answer = plain(world.address(), method, target, "").await.unwrap();
            assert_eq!(answer.status, 200, "{method} {target}");
            assert_headers_with(target, &answer.headers, &wanted, false);
        }
        let tag = plain(world.address(), "GET", target, "").await.unwrap();
        let tag = format!("if-none-match: {}\r\n", tag.header("etag").unwrap());
        let known = plain(world.address(), "GET", target, &tag).await.unwrap();
        assert_eq!(known.status, 304);
        assert_headers_with("304", &known.headers, &wanted, false);
        let refused = plain(world.address(), "POST", target, "").await.unwrap();
        assert_headers("POST", &refused.headers, "", false);
    }
    for target in ["/viewer/x", "/viewers", "/viewer.html/", "/"] {
        let answer = plain(world.address(), "GET", target, "").await.unwrap();
        assert_headers(target, &answer.headers, "", false);
    }
}

#[test]
fn n49_what_the_page_loads_is_named_by_its_hash() {
    let page = include_str!("../../index.html");
    let scripts: Vec<&str> = page.split("<script").skip(1).collect();
    assert_eq!(scripts.len(), 1, "one script");
    let tag = scripts[0].split('>').next().unwrap();
    assert!(
        tag.contains("data-trunk") && tag.contains("src=\"client/loader.js\""),
        "{tag}"
    );
    for word in [
        " on",
        "javascript:",
        "http:",
        "https:",
        "style=",
        "<style",
        "<base",
        "<iframe",
    ] {
        let found = page.to_lowercase().contains(word);
        // The one word that begins like a handler's name would be found in prose.
        assert!(!found || word == " on" && !page.contains(" onload"), "{word}");
    }
    let loader = include_str!("../../client/loader.js");
    for line in [
        "if (!integrity) throw new TypeError(\"a file without its hash\");",
        "fetch(url, { integrity, priority, cache, redirect: \"error\", referrerPolicy: \"no-referrer\" });",
        "if (!inWorker && new URL(url, location.href).href === import.meta.url) return url;",
        "if (new URL(data.js).origin !== location.origin) throw new TypeError(\"refused script URL\");",
        "globalThis.trustedTypes?.createPolicy(\"default\", {",
    ] {
        assert_eq!(loader.matches(line).count(), 1, "{line}");
    }
    assert_eq!(loader.matches("fetch(").count(), 1, "one fetch, with its hash");
    let code: Vec<&str> = loader.lines().filter(|line| !line.starts_with("//")).collect();
    for word in [
        "createHTML",
        "createScript(",
        "eval",
        "Function(",
        "importScripts",
    ] {
        assert!(!code.iter().any(|line| line.contains(word)), "{word}");
    }
}
