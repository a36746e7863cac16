//! Order in the safe: folders, categories, tags, several at once, search and sort, the bin; by pointer and by keyboard.

use std::path::PathBuf;

use tests::browser::{Browser, BrowserError, Stage};
use thirtyfour::{By, Key};

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_filled_walked_and_thrown_away() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("dossiers.ranges").await?;
    adds(&stage, &browser, &["Bail.pdf", "Quittance.pdf", "Passeport.pdf"]).await?;

    makes_folder(&browser, "Maison").await?;
    moves(&browser, "Bail.pdf", "Maison").await?;
    moves(&browser, "Quittance.pdf", "Maison").await?;
    browser.lists(&["Passeport.pdf"]).await?;
    browser.presses_name("Maison").await?;
    browser.see("crumbs").await?;
    browser.lists(&["Bail.pdf", "Quittance.pdf"]).await?;

    // What is made and added here lies here.
    makes_folder(&browser, "Travaux").await?;
    browser.presses_name("Travaux").await?;
    adds(&stage, &browser, &["Devis.pdf"]).await?;
    browser.lists(&["Devis.pdf"]).await?;
    assert_eq!(browser.texts("crumb").await?, ["Coffre", "Maison"]);
    browser.click("crumb").await?;
    browser.lists(&["Passeport.pdf"]).await?;

    // The same on another day, and the way back of a move.
    browser.reloads().await?;
    browser.opens(&account).await?;
    moves(&browser, "Passeport.pdf", "Travaux").await?;
    browser.lists(&[]).await?;
    browser.click("toast-undo").await?;
    browser.lists(&["Passeport.pdf"]).await?;

    // A folder takes what is in it along, there and back.
    browser.opens_menu("Maison").await?;
    browser.click("doc-trash").await?;
    browser.types("safe-search", "bail").await?;
    browser.see("safe-none").await?;
    browser.click("toast-undo").await?;
    browser.lists(&["Bail.pdf"]).await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_picked_filed_found_by_chip_and_thrown_away() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    browser.creates_account("plusieurs.papiers").await?;
    adds(&stage, &browser, &["a.pdf", "b.pdf", "c.pdf", "d.pdf"]).await?;
    browser.click("sort-name").await?;

    browser.click("pick-start").await?;
    browser.presses_name("a.pdf").await?;
    browser.presses_name("c.pdf").await?;
    browser.click("pick-category").await?;
    browser
        .see_css("[data-testid='category-choice'][data-name='tax']")
        .await?
        .click()
        .await?;
    browser.click("category-submit").await?;
    browser.gone("picked").await?;
    chip(&browser, "Impôts").await?;
    browser.lists(&["a.pdf", "c.pdf"]).await?;
    browser.click("toast-undo").await?;
    browser.see("safe-none").await?;
    browser.click("safe-clear").await?;
    browser.lists(&["a.pdf", "b.pdf", "c.pdf", "d.pdf"]).await?;

    browser.click("pick-start").await?;
    browser.click("pick-all").await?;
    browser.presses_name("b.pdf").await?;
    browser.click("pick-trash").await?;
    browser.lists(&["b.pdf"]).await?;
    browser.goes_to("/corbeille").await?;
    assert_eq!(
        browser
            .driver()
            .find_all(By::Css("[data-testid='trash-row']"))
            .await?
            .len(),
        3
    );
    browser.click("trash-restore").await?;
    browser
        .wait("two in the bin", async || {
            let rows = browser
                .driver()
                .find_all(By::Css("[data-testid='trash-row']"))
                .await?;
            Ok((rows.len() == 2).then_some(()))
        })
        .await?;
    browser.click("trash-purge-all").await?;
    browser.click("purge-submit").await?;
    browser.see("trash-empty").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_forgives_and_the_order_is_remembered() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("ordre.garde").await?;
    let names = [
        "Été à la mer.jpg",
        "page 10.pdf",
        "page 2.pdf",
        "Avis d’impôt.pdf",
    ];
    adds(&stage, &browser, &names).await?;

    browser.types("safe-search", "ETE mer").await?;
    browser.lists(&["Été à la mer.jpg"]).await?;
    browser.types("safe-search", "d'impot").await?;
    browser.lists(&["Avis d’impôt.pdf"]).await?;
    browser.types("safe-search", "rien de tel").await?;
    browser.see("safe-none").await?;
    browser.click("safe-clear").await?;

    browser.click("sort-name").await?;
    let by_name = [
        "Avis d’impôt.pdf",
        "Été à la mer.jpg",
        "page 2.pdf",
        "page 10.pdf",
    ];
    sees_order(&browser, &by_name).await?;
    browser
        .see_css("th[aria-sort='ascending'] [data-testid='sort-name']")
        .await?;
    browser.reloads().await?;
    browser.opens(&account).await?;
    sees_order(&browser, &by_name).await?;
    browser.click("sort-name").await?;
    browser
        .see_css("th[aria-sort='descending'] [data-testid='sort-name']")
        .await?;
    sees_order(
        &browser,
        &[
            "page 10.pdf",
            "page 2.pdf",
            "Été à la mer.jpg",
            "Avis d’impôt.pdf",
        ],
    )
    .await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn list_and_menu_obey_the_keyboard() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    browser.creates_account("clavier.seul").await?;
    adds(&stage, &browser, &["abricot.pdf", "banane.pdf", "cerise.pdf"]).await?;
    browser.click("tray-close").await?;
    browser.click("sort-name").await?;
    sees_order(&browser, &["abricot.pdf", "banane.pdf", "cerise.pdf"]).await?;

    // Arrows, End and typed letters move; the focus is what the person sees.
    let name = browser.see_css("tr[data-name='abricot.pdf'] .doc-name").await?;
    name.focus().await?;
    presses(&browser, Key::Down).await?;
    focused(&browser, "banane.pdf").await?;
    presses(&browser, Key::End).await?;
    focused(&browser, "cerise.pdf").await?;
    presses(&browser, "b").await?;
    focused(&browser, "banane.pdf").await?;

    // The menu: opened by its button, closed by Escape, which gives the focus back.
    presses(&browser, Key::Tab).await?;
    presses(&browser, Key::Down).await?;
    browser.see_css("[data-testid='doc-open']:focus").await?;
    presses(&browser, Key::Up).await?;
    browser.see_css("[data-testid='doc-trash']:focus").await?;
    presses(&browser, Key::Escape).await?;
    browser
        .see_css("tr[data-name='banane.pdf'] [data-testid='doc-menu']:focus")
        .await?;
    presses(&browser, Key::Up).await?;
    browser.see_css("[data-testid='doc-trash']:focus").await?;
    presses(&browser, Key::Enter).await?;
    browser.lists(&["abricot.pdf", "cerise.pdf"]).await?;
    // The row that stands there now has the focus.
    focused(&browser, "cerise.pdf").await?;

    // Details: Enter opens and goes there, Escape comes back.
    presses(&browser, Key::Enter).await?;
    browser.see_css("#details-name:focus").await?;
    presses(&browser, Key::Escape).await?;
    browser.gone("details").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

async fn adds(stage: &Stage, browser: &Browser, names: &[&str]) -> Result<(), BrowserError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for name in names {
        files.push(stage.file(name, name.as_bytes())?);
    }
    browser.uploads(&files.iter().collect::<Vec<_>>()).await
}

async fn makes_folder(browser: &Browser, name: &str) -> Result<(), BrowserError> {
    browser.click("folder-new").await?;
    browser.types("folder-input", name).await?;
    browser.click("folder-submit").await?;
    let row = format!("[data-testid='folder-row'][data-name='{name}']");
    browser.see_css(&row).await?;
    Ok(())
}

async fn moves(browser: &Browser, name: &str, folder: &str) -> Result<(), BrowserError> {
    browser.opens_menu(name).await?;
    browser.click("doc-move").await?;
    let place = format!("[data-testid='move-place'][data-name='{folder}']");
    browser.see_css(&place).await?.click().await?;
    browser.click("move-submit").await?;
    browser
        .wait(&format!("{name} elsewhere"), async || {
            let row = format!("[data-testid='doc-row'][data-name='{name}']");
            let rows = browser.driver().find_all(By::Css(row.as_str())).await?;
            Ok(rows.is_empty().then_some(()))
        })
        .await
}

async fn chip(browser: &Browser, name: &str) -> Result<(), BrowserError> {
    let chip = format!("[data-testid='chip'][data-name='{name}']");
    Ok(browser.see_css(&chip).await?.click().await?)
}

async fn sees_order(browser: &Browser, names: &[&str]) -> Result<(), BrowserError> {
    browser
        .wait(&format!("this order: {names:?}"), async || {
            let mut shown = Vec::new();
            for row in browser
                .driver()
                .find_all(By::Css("[data-testid='doc-row']"))
                .await?
            {
                shown.extend(row.attr("data-name").await?);
            }
            Ok((shown == names).then_some(()))
        })
        .await
}

async fn presses(browser: &Browser, key: impl Into<thirtyfour::TypingData>) -> Result<(), BrowserError> {
    Ok(browser.driver().active_element().await?.send_keys(key).await?)
}

async fn focused(browser: &Browser, name: &str) -> Result<(), BrowserError> {
    let link = format!("tr[data-name='{name}'] .doc-name:focus");
    browser.see_css(&link).await?;
    Ok(())
}
