//! "Tout télécharger" and the way back: one archive out of the page, opened here without it, and brought into another
//! account.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use tests::{
    browser::{Browser, BrowserError, Stage},
    sample,
};
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread")]
async fn everything_leaves_in_one_archive_and_comes_back_in_another_account() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let papers = [
        ("Bail été.pdf", sample::noise(40_000, 1)),
        ("CON.txt", b"une note".to_vec()),
        ("photo.jpg", sample::noise(1_500_000, 2)),
    ];
    let files: Vec<PathBuf> = (papers.iter())
        .map(|(name, content)| stage.file(name, content))
        .collect::<Result<_, _>>()?;
    let names: Vec<&str> = papers.iter().map(|(name, _)| *name).collect();

    let browser = stage.browser("first").await?;
    browser.creates_account("emporte.tout").await?;
    browser.uploads(&files.iter().collect::<Vec<_>>()).await?;
    browser.goes_to("/reglages").await?;
    assert!(
        browser
            .see("carry-load")
            .await?
            .text()
            .await?
            .starts_with("3 documents")
    );
    browser.click("carry-out").await?;
    browser.see("carry-outcome").await?;
    let name = archive_name(&browser).await?;
    let file = browser.finds_download(&name).await?;
    let mut zip = zip::ZipArchive::new(Cursor::new(&file[..])).expect("a ZIP file");
    let mut sums = String::new();
    let listed = zip.by_name("civis/SHA256SUMS").expect("the sums");
    let _ = { listed }.read_to_string(&mut sums)?;
    assert_eq!(sums.lines().count(), 3);
    for line in sums.lines() {
        let (sum, path) = line.split_once("  ").expect("a sum and a path");
        let mut content = Vec::new();
        let _ = zip.by_name(path).expect("a document").read_to_end(&mut content)?;
        let hash: String = crypto::hash::sha256(&content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hash, sum, "{path}");
        assert!(papers.iter().any(|(_, paper)| *paper == content), "{path}");
    }
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;

    let second = stage.browser("second").await?;
    second.creates_account("reprend.tout").await?;
    second.goes_to("/reglages").await?;
    let archive = stage.file("archive.zip", &file)?;
    for expected in [
        "3 documents sont ajoutés.",
        "3 documents étaient déjà dans le coffre.",
    ] {
        chooses(&second, "carry-archive-file", &archive).await?;
        let said = second.see("carry-outcome").await?.text().await?;
        assert!(said.contains(expected), "{said}");
        second.click("carry-close").await?;
        second.gone("carry-outcome").await?;
    }
    second.goes_to("/coffre").await?;
    second.lists(&names).await?;
    for (name, content) in &papers {
        assert!(second.downloads(name).await? == *content, "{name}");
    }
    assert_eq!(second.complaints().await?, Vec::<String>::new());
    second.quit().await?;
    Ok(())
}

/// The name that the tray gives the archive.
async fn archive_name(browser: &Browser) -> Result<String, BrowserError> {
    let css = "[data-testid='tray-item'][data-state='saved'][data-name$='.zip']";
    let line = browser.see_css(css).await?;
    Ok(line.attr("data-name").await?.unwrap_or_default())
}

/// Gives a hidden chooser a file, as the system's dialog would.
async fn chooses(browser: &Browser, chooser: &str, file: &Path) -> Result<(), BrowserError> {
    let css = format!("input[data-testid='{chooser}']");
    let input = browser.driver().find(By::Css(css)).await?;
    Ok(input.send_keys(file.display().to_string()).await?)
}
