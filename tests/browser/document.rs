//! A document's way through the page: added, kept, shown on another device, saved byte for byte.

use std::path::PathBuf;

use tests::{
    browser::{BrowserError, Stage},
    sample,
};
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_a_photograph_and_a_large_file_come_back_byte_for_byte() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let papers = papers(&stage)?;
    let files: Vec<&PathBuf> = papers.iter().map(|paper| &paper.file).collect();
    let names: Vec<&str> = papers.iter().map(|paper| paper.name).collect();

    let browser = stage.browser("first").await?;
    let account = browser.creates_account("camille.moreau").await?;
    assert_eq!(account.words.len(), 12);
    browser.uploads(&files).await?;
    browser.lists(&names).await?;

    browser.reloads().await?;
    browser.opens(&account).await?;
    browser.lists(&names).await?;
    for paper in &papers {
        assert!(
            browser.downloads(paper.name).await? == paper.content,
            "{} came back otherwise",
            paper.name
        );
    }
    assert_eq!(browser.complaints().await?, Vec::<String>::new());

    // The same person at another machine: nothing but the identifier and the phrase.
    let second = stage.browser("second").await?;
    second.opens(&account).await?;
    second.lists(&names).await?;
    let photograph = &papers[1];
    assert!(second.downloads(photograph.name).await? == photograph.content);
    assert_eq!(second.complaints().await?, Vec::<String>::new());
    second.quit().await?;
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_content_takes_the_place_and_the_older_one_comes_back() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let (before, after) = (
        sample::pdf(&["Bail de 2024"], 30_000),
        sample::pdf(&["Bail de 2026"], 50_000),
    );
    let first = stage.file("Bail.pdf", &before)?;
    let second = stage.file("bail signé.pdf", &after)?;
    let browser = stage.browser("first").await?;
    browser.creates_account("deux.versions").await?;
    browser.uploads(&[&first]).await?;
    browser.click("tray-close").await?;
    browser.views("Bail.pdf", "shown").await?;

    let chooser = browser
        .driver()
        .find(By::Css("input[data-testid='document-file']"))
        .await?;
    chooser.send_keys(second.display().to_string()).await?;
    browser.see("versions").await?;
    browser.click("tray-close").await?;
    browser
        .see_css("[data-testid='preview'][data-state='shown']")
        .await?;
    browser.click("document-download").await?;
    let saved = browser.finds_download("Bail.pdf").await?;
    assert!(
        saved == after,
        "{} bytes, as before: {}",
        saved.len(),
        saved == before
    );
    browser.click("version-download").await?;
    assert!(browser.finds_download("Bail (1).pdf").await? == before);
    browser.click("version-restore").await?;
    browser.see("toast").await?;
    browser
        .see_css("[data-testid='preview'][data-state='shown']")
        .await?;
    browser.click("document-download").await?;
    assert!(browser.finds_download("Bail (2).pdf").await? == before);
    assert_eq!(
        browser.texts("version").await?.len(),
        1,
        "the newer one is the older one now"
    );
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_upload_at_once_lose_nothing() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let mut files = Vec::new();
    for number in 0..8_u8 {
        let content = sample::noise(300_000 + usize::from(number), u64::from(number) + 1);
        files.push(stage.file(&format!("page-{number}.bin"), &content)?);
    }
    let (left, right): (Vec<&PathBuf>, Vec<&PathBuf>) =
        (files[..4].iter().collect(), files[4..].iter().collect());

    let browser = stage.browser("first").await?;
    let account = browser.creates_account("deux.onglets").await?;
    let first_tab = browser.driver().window().await?;
    let second_tab = browser.driver().new_tab().await?;
    browser.driver().switch_to_window(second_tab.clone()).await?;
    // The safe that is open in the first tab is open in the second one.
    browser.go("/coffre").await?;
    browser.see("safe").await?;

    // Neither waits for the other: both send before either is looked at.
    browser.begins_upload(&right).await?;
    browser.driver().switch_to_window(first_tab.clone()).await?;
    browser.begins_upload(&left).await?;
    browser.sees_saved(&left).await?;
    browser.driver().switch_to_window(second_tab).await?;
    browser.sees_saved(&right).await?;

    browser.reloads().await?;
    browser.opens(&account).await?;
    let names: Vec<String> = (0..8).map(|number| format!("page-{number}.bin")).collect();
    browser
        .lists(&names.iter().map(String::as_str).collect::<Vec<_>>())
        .await?;
    assert!(browser.downloads("page-7.bin").await? == sample::noise(300_007, 8));
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

struct Paper {
    name: &'static str,
    content: Vec<u8>,
    file: PathBuf,
}

/// A PDF and a JPEG of several MB, and a file of 24 MB that ends inside a chunk, inside a part.
fn papers(stage: &Stage) -> Result<Vec<Paper>, BrowserError> {
    let jpeg = sample::jpeg(2_400, 1_800).unwrap();
    assert!(jpeg.len() > 3_000_000, "{}", jpeg.len());
    let contents = [
        (
            "Attestation de domicile.pdf",
            sample::pdf(&["Attestation de domicile"], 2_468_013),
        ),
        ("Diplôme (photo).jpg", jpeg),
        ("Archives de la mairie.bin", sample::noise(24_000_777, 3)),
    ];
    let mut papers = Vec::new();
    for (name, content) in contents {
        let file = stage.file(name, &content)?;
        papers.push(Paper { name, content, file });
    }
    Ok(papers)
}
