//! What hostile content and a hostile name may do in the real page: nothing. And that what the page runs has its hash.

use base64::BASE64;
use sha2::{Digest, Sha384};
use tests::{
    browser::{BrowserError, Sent, Stage},
    world::plain_get,
};

#[tokio::test(flavor = "multi_thread")]
async fn n36_active_content_is_saved_and_never_shown() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let script = "<script>document.title='pris';fetch('/pris')</script>";
    let papers = [
        ("page.html", format!("<!doctype html><title>x</title>{script}")),
        (
            "dessin.svg",
            format!("<svg xmlns='http://www.w3.org/2000/svg' onload='fetch(\"/pris\")'>{script}</svg>"),
        ),
        (
            "note.xml",
            "<?xml version='1.0'?><?xml-stylesheet href='/pris' type='text/xsl'?><a/>".to_owned(),
        ),
    ];
    let mut files = Vec::new();
    for (name, content) in &papers {
        files.push(stage.file(name, content.as_bytes())?);
    }
    let browser = stage.browser("first").await?;
    browser.creates_account("contenu.actif").await?;
    browser.uploads(&files.iter().collect::<Vec<_>>()).await?;
    let (address, title) = (
        browser.driver().current_url().await?,
        browser.driver().title().await?,
    );
    for (name, content) in &papers {
        assert!(browser.downloads(name).await? == content.as_bytes(), "{name}");
        assert_eq!(browser.driver().windows().await?.len(), 1, "{name}");
        assert_eq!(browser.driver().current_url().await?, address, "{name}");
        assert_eq!(browser.driver().title().await?, title, "{name}");
    }
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    let sent = Sent::all(&browser.quit().await?)?;
    assert!(sent.iter().any(|request| request.url.contains("/api/v1/bodies/")));
    let taken: Vec<&Sent> = sent
        .iter()
        .filter(|request| request.url.ends_with("/pris"))
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn n35_a_name_that_looks_like_markup_or_an_address_fetches_nothing() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let names = [
        "<img src=pris onerror=fetch(1)>.png",
        "<svg onload=fetch(1)>.svg",
        "http:ailleurs.example.png",
        "url(pris).png",
        "{{pris}}.png",
    ];
    let mut files = Vec::new();
    for name in names {
        files.push(stage.file(name, b"x")?);
    }
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("noms.actifs").await?;
    browser.uploads(&files.iter().collect::<Vec<_>>()).await?;
    browser.reloads().await?;
    browser.opens(&account).await?;
    browser.lists(&names).await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    let origin = browser.origin().to_owned();
    let sent = Sent::all(&browser.quit().await?)?;
    let ours: Vec<&Sent> = sent
        .iter()
        .filter(|request| request.initiator == origin)
        .collect();
    assert!(
        ours.iter()
            .any(|request| request.url.contains("/api/v1/collections/"))
    );
    let strange: Vec<&&Sent> = ours
        .iter()
        .filter(|request| !request.url.starts_with(&format!("{origin}/")) || request.url.contains("pris"))
        .collect();
    assert!(strange.is_empty(), "{strange:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn n49_everything_that_the_page_runs_stands_in_it_with_its_hash() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let address = stage.world().address();
    let page = plain_get(address, "/", "").await?;
    let html = String::from_utf8(page.body).unwrap();
    let (mut styles, mut programs) = (0, 0);
    for tag in html.split('<').filter_map(|rest| rest.split('>').next()) {
        let attribute = |name: &str| {
            let found = tag
                .split(' ')
                .find_map(|word| word.strip_prefix(&format!("{name}=")));
            found.map(|value| match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap(),
                // The tag may end right behind the value, and a hash may end like a tag.
                None if value.starts_with("sha384-") => &value[.."sha384-".len() + 64],
                None => value.trim_end_matches('/'),
            })
        };
        let kind = tag.split(' ').next().unwrap();
        let named: &[(&str, &str)] = match kind {
            "script" => &[("src", "integrity")],
            "link" => &[("href", "integrity")],
            "meta" => &[
                ("data-js", "data-js-integrity"),
                ("data-wasm", "data-wasm-integrity"),
            ],
            _ => continue,
        };
        assert!(kind != "script" || attribute("src").is_some(), "an inline script");
        for (place, hash) in named {
            let runs = |path: &&str| [".js", ".wasm", ".css"].iter().any(|end| path.ends_with(end));
            let Some(path) = attribute(place).filter(runs) else {
                continue;
            };
            assert!(path.starts_with('/') && !path.starts_with("//"), "{path}");
            let file = plain_get(address, path, "").await?;
            let expected = format!("sha384-{}", BASE64.encode(&Sha384::digest(&file.body)));
            assert_eq!(attribute(hash), Some(expected.as_str()), "{path}");
            if path.ends_with(".css") {
                styles += 1;
            } else {
                programs += 1;
            }
        }
    }
    let sheets = include_str!("../../index.html").matches("rel=\"css\"").count();
    assert_eq!(styles, sheets, "every style sheet");
    assert_eq!(programs, 7, "loader, and three programs of two files");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn n49_another_program_of_the_safe_or_of_the_worker_is_not_run() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let honest = stage.browser("honest").await?;
    let account = honest.creates_account("programme.change").await?;
    honest.quit().await?;
    for (profile, name, end) in [
        ("safe", "/safe-", ".js"),
        ("module", "/safe-", ".wasm"),
        ("worker", "/worker-", ".js"),
    ] {
        stage.proxy().alter(move |asked, answer| {
            if asked.contains(name) && asked.ends_with(end) {
                // Of the same form, with something more in it.
                answer.headers.retain(|(name, _)| name != "content-encoding");
                answer.body = b"fetch('/pris');document.title='pris';export default async () => {};".to_vec();
            }
        });
        let browser = stage.browser(profile).await?;
        browser.knocks(&account).await?;
        browser.see("form-error").await?;
        assert!(browser.texts("safe").await?.is_empty());
        // Nothing of it is left: the same browser opens at an honest server, once the page is loaded again.
        stage.proxy().mend();
        browser.reloads().await?;
        browser.knocks(&account).await?;
        browser.see("safe").await?;
        let sent = Sent::all(&browser.quit().await?)?;
        assert!(sent.iter().any(|request| request.url.contains(name)));
        let taken: Vec<&Sent> = sent
            .iter()
            .filter(|request| request.url.ends_with("/pris"))
            .collect();
        assert!(taken.is_empty(), "{taken:#?}");
    }
    Ok(())
}
