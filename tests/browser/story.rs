//! The whole story by keyboard alone: French on a desktop, English on a telephone, and the sheet on a new device.

use std::path::PathBuf;

use serde_json::Value;
use tests::{
    browser::{Browser, BrowserError, Stage},
    sample,
};
use thirtyfour::Key;

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_story_in_french_and_the_sheet_on_a_new_device() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let (lease, photograph) = (sample::pdf(&["Bail"], 400_000), sample::jpeg(640, 480).unwrap());
    let papers = [
        stage.file(LEASE, &lease)?,
        stage.file("IMG_2041.jpg", &photograph)?,
    ];

    let browser = stage.browser("desktop").await?;
    let account = browser.keys_create_account("jeanne.martin").await?;
    assert_eq!(account.words.len(), 12);
    adds(&browser, &papers).await?;
    finds(&browser, "bail", &[LEASE]).await?;
    renames(&browser, "IMG_2041.jpg", DIPLOMA).await?;
    browser.lists(&[LEASE, DIPLOMA]).await?;
    files_away_and_takes_back(&browser, LEASE, &[DIPLOMA]).await?;
    throws_away_and_takes_back(&browser, LEASE).await?;

    browser.enters("lock").await?;
    browser.keys_open(&account).await?;
    browser.lists(&[LEASE, DIPLOMA]).await?;

    // Nothing of the first device but the sheet: twelve words, and another phrase.
    let other = stage.browser("new device").await?;
    let renewed = other.keys_recover(&account).await?;
    other.lists(&[LEASE, DIPLOMA]).await?;
    for (name, content) in [(LEASE, &lease), (DIPLOMA, &photograph)] {
        other.keys_choose(name, "doc-download").await?;
        assert!(
            other.finds_download(name).await? == *content,
            "{name} came back otherwise"
        );
    }

    // The first device is told at its next step that its safe was opened anew elsewhere; the old phrase is over.
    browser.keys_choose(LEASE, "doc-download").await?;
    browser.see("open-handle").await?;
    assert_eq!(browser.texts("form-error").await?, [words("phrase_changed")]);
    browser.keys_knock(&account).await?;
    browser
        .wait("the old phrase to be refused", async || {
            let said = browser.texts("form-error").await.unwrap_or_default();
            Ok((said == [words("login_failed")]).then_some(()))
        })
        .await?;
    browser.keys_open(&renewed).await?;
    browser.lists(&[LEASE, DIPLOMA]).await?;
    for browser in [browser, other] {
        assert_eq!(strange(&browser.complaints().await?), Vec::<&String>::new());
        browser.quit().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_short_story_in_english_on_a_telephone() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let paper = stage.file("Lease.pdf", &sample::pdf(&["Lease"], 60_000))?;
    let browser = stage.browser("telephone").await?;
    browser.sized(360).await?;
    browser.enters("lang-switch").await?;
    browser.see_css("html[lang='en']").await?;
    let account = browser.keys_create_account("jane.doe").await?;
    adds(&browser, std::slice::from_ref(&paper)).await?;
    finds(&browser, "LEASE", &["Lease.pdf"]).await?;
    throws_away_and_takes_back(&browser, "Lease.pdf").await?;
    browser.enters("lock-phone").await?;
    browser.keys_open(&account).await?;
    browser.lists(&["Lease.pdf"]).await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

/// Chooses files: Enter opens the chooser of the system, which no driver reaches, and which hands over these.
async fn adds(browser: &Browser, papers: &[PathBuf]) -> Result<(), BrowserError> {
    browser
        .tabs_to("[data-testid='safe-add'], [data-testid='dock-add']")
        .await?;
    for paper in papers {
        browser.chooses(&[paper]).await?;
        browser.enters("add-submit").await?;
    }
    browser.sees_saved(&papers.iter().collect::<Vec<_>>()).await?;
    browser.enters("tray-close").await
}

/// Makes a folder, moves a document there, and takes that back.
async fn files_away_and_takes_back(browser: &Browser, name: &str, rest: &[&str]) -> Result<(), BrowserError> {
    browser.enters("folder-new").await?;
    browser.writes("folder-input", "Logement").await?;
    browser.presses(Key::Enter).await?;
    browser.see("folder-row").await?;
    browser.keys_choose(name, "doc-move").await?;
    browser
        .tabs_to("[data-testid='move-place'][data-name='Logement']")
        .await?;
    browser.enters("move-submit").await?;
    browser.lists(rest).await?;
    browser.enters("toast-undo").await?;
    browser.row(name).await.map(drop)
}

async fn finds(browser: &Browser, word: &str, names: &[&str]) -> Result<(), BrowserError> {
    browser.writes("safe-search", word).await?;
    browser.lists(names).await?;
    browser.writes("safe-search", " ").await
}

async fn renames(browser: &Browser, old: &str, new: &str) -> Result<(), BrowserError> {
    browser.keys_choose(old, "doc-rename").await?;
    browser.writes("rename-input", new).await?;
    browser.presses(Key::Enter).await?;
    browser.row(new).await.map(drop)
}

async fn throws_away_and_takes_back(browser: &Browser, name: &str) -> Result<(), BrowserError> {
    browser.keys_choose(name, "doc-trash").await?;
    browser.see("toast-undo").await?;
    browser.keys_go_to("/corbeille").await?;
    browser.enters("trash-restore").await?;
    browser.see("trash-empty").await?;
    browser.keys_go_to("/coffre").await?;
    browser.row(name).await.map(drop)
}

/// The sentence of a refusal in French.
fn words(code: &str) -> String {
    let words: Value = serde_json::from_str(include_str!("../../client/locales/fr.json")).unwrap();
    words["error"][code].as_str().unwrap().to_owned()
}

/// What the console says beside the answers 401 that this story asks for.
fn strange(complaints: &[String]) -> Vec<&String> {
    complaints
        .iter()
        .filter(|line| !line.contains("status of 401"))
        .collect()
}

const LEASE: &str = "Bail de l’appartement.pdf";
const DIPLOMA: &str = "Diplôme d’infirmière.jpg";
