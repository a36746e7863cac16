//! How the page is delivered, and that it speaks to nobody else.

use tests::{
    browser::{BrowserError, Sent, Stage},
    sample,
    world::plain_get,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_final_headers() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let page = plain_get(stage.world().address(), "/", "").await?;
    assert_eq!(page.status, 200);
    let html = String::from_utf8(page.body.clone()).unwrap();
    let script = file_of(&html, ".js");
    for path in [
        "/",
        "/coffre",
        &script,
        "/api/v1/deployment",
        "/api/v1/account",
        "/nothing.js",
    ] {
        let answer = plain_get(stage.world().address(), path, "").await?;
        for (name, value) in EVERYWHERE {
            assert_eq!(answer.header(name), Some(value), "{name} of {path}");
        }
    }
    let policy = page.header("content-security-policy").unwrap();
    let mut rules: Vec<&str> = policy
        .split(';')
        .map(str::trim)
        .filter(|rule| !rule.is_empty())
        .collect();
    rules.sort_unstable();
    assert_eq!(rules, POLICY, "the policy of the page, rule by rule");
    // A cache asks again for what names the bundle, and may keep for ever what is named by its content.
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let script = plain_get(stage.world().address(), &script, "").await?;
    assert_eq!(
        script.header("cache-control"),
        Some("public, max-age=31536000, immutable")
    );
    assert!(!html.contains("<script>") && !html.contains("style="), "{html}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bundle_travels_compressed() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let page = plain_get(stage.world().address(), "/", "").await?;
    let html = String::from_utf8(page.body).unwrap();
    let wasm = file_of(&html, ".wasm");
    let plain = plain_get(stage.world().address(), &wasm, "").await?;
    let packed = plain_get(stage.world().address(), &wasm, "accept-encoding: br\r\n").await?;
    assert_eq!(plain.header("content-type"), Some("application/wasm"));
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(packed.header("content-encoding"), Some("br"));
    assert!(packed.body.len() * 2 < plain.body.len(), "{packed:?} {plain:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_speaks_to_our_server_alone() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let file = stage.file("releve.bin", &sample::noise(1_500_000, 5))?;
    let browser = stage.browser("first").await?;
    browser.creates_account("seule.adresse").await?;
    browser.uploads(&[&file]).await?;
    browser.downloads("releve.bin").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    let origin = browser.origin().to_owned();
    let sent = Sent::all(&browser.quit().await?)?;

    let ours: Vec<&Sent> = sent
        .iter()
        .filter(|request| request.initiator == origin)
        .collect();
    assert!(
        ours.iter().any(|request| request.url.contains("/api/v1/uploads")),
        "workers are in the record"
    );
    let strangers: Vec<&&Sent> = ours
        .iter()
        .filter(|request| !request.url.starts_with(&format!("{origin}/")))
        .collect();
    assert!(strangers.is_empty(), "{strangers:#?}");
    Ok(())
}

/// The first file of the bundle that the page names and that ends like this.
fn file_of(html: &str, end: &str) -> String {
    let words = html.split(['"', '\'', '=', ' ', '>']);
    words
        .filter(|word| word.starts_with('/'))
        .find(|word| word.ends_with(end))
        .unwrap()
        .to_owned()
}

/// On every answer, whatever it is.
const EVERYWHERE: [(&str, &str); 5] = [
    ("cross-origin-embedder-policy", "require-corp"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Of the page, sorted.
const POLICY: [&str; 15] = [
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "frame-src 'self'",
    "img-src 'self' blob:",
    "manifest-src 'self'",
    "media-src blob:",
    "require-trusted-types-for 'script'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "trusted-types default",
    "worker-src 'self'",
];
