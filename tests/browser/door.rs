//! The public screens: three words retyped or put off, the sheet on one page of paper, the sheet tested, the wrong door,
//! the sheet alone in a new browser, and the page for whoever has lost both.

use tests::browser::{Account, Browser, BrowserError, Stage};
use thirtyfour::{By, Key};

#[tokio::test(flavor = "multi_thread")]
async fn three_retyped_words_confirm_the_sheet_and_wrong_ones_do_not() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let (_, words) = to_the_sheet(&browser, "trois.mots").await?;
    // Reversed, no three words stand where they were.
    let wrong: Vec<String> = words.iter().rev().cloned().collect();
    browser.retypes(&wrong).await?;
    browser.click("create-submit").await?;
    browser.see_css(".retype .error").await?;
    assert_eq!(
        browser.texts("safe").await?,
        Vec::<String>::new(),
        "nothing was created"
    );

    // Without accents, in capitals, four letters each.
    for field in browser
        .driver()
        .find_all(By::Css("[data-testid='sheet-retype']"))
        .await?
    {
        field.clear().await?;
    }
    let plain: Vec<String> = words.iter().map(|word| four_letters(word)).collect();
    browser.retypes(&plain).await?;
    browser.click("create-submit").await?;
    browser.see("safe").await?;
    browser.gone("kit-band").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_put_off_is_asked_for_until_its_words_are_shown() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let (phrase, words) = to_the_sheet(&browser, "plus.tard").await?;
    browser.click("sheet-later").await?;
    browser.see("safe").await?;
    browser.see("kit-band").await?;

    // The band is the account's, not the page's: it is there at the next opening.
    browser.reloads().await?;
    let account = Account {
        handle: "plus.tard".to_owned(),
        phrase,
        words: words.clone(),
    };
    browser.opens(&account).await?;
    browser.click("kit-try").await?;

    // Words of another sheet: said, and the band stays.
    browser.types("sheet-test-words", OTHER_SHEET).await?;
    browser.click("sheet-test-submit").await?;
    browser.see("sheet-test-other").await?;
    // Too few of them: said before anything is compared.
    let field = browser.see("sheet-test-words").await?;
    field.clear().await?;
    field.send_keys("abaisser abandon").await?;
    browser.click("sheet-test-submit").await?;
    browser.see_css("#words-error").await?;

    let field = browser.see("sheet-test-words").await?;
    field.clear().await?;
    field.send_keys(words.join(" ").to_uppercase()).await?;
    browser.click("sheet-test-submit").await?;
    browser.see("sheet-test-ours").await?;
    browser.goes_to("/reglages").await?;
    browser.see("settings").await?;
    browser.gone("kit-band").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_words_at_the_wrong_door_are_carried_to_the_right_one() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let first = stage.browser("first").await?;
    let account = first.creates_account("mauvaise.porte").await?;
    first.quit().await?;

    let browser = stage.browser("second").await?;
    browser.click("home-open").await?;
    browser.types("open-handle", &account.handle).await?;
    let logins = logins(&stage);
    browser.types("open-phrase", &account.words.join(" ")).await?;
    browser.see("open-wrong-door").await?;
    browser.see("open-phrase").await?.send_keys(Key::Enter).await?;
    browser.see("recover-words").await?;
    assert_eq!(
        logins,
        self::logins(&stage),
        "the words were not sent as a phrase"
    );
    browser.click("recover-submit").await?;

    // Read at once; the new phrase is offered at once, and replaces the old one.
    browser.see("new-phrase").await?;
    browser.click("new-phrase-later").await?;
    browser.see("safe").await?;
    browser.click("phrase-choose").await?;
    browser.see("create-phrase-word").await?;
    let phrase = browser.texts("create-phrase-word").await?.join(" ");
    browser.click("create-phrase-next").await?;
    browser.see("safe").await?;
    browser.gone("phrase-band").await?;
    browser.reloads().await?;
    browser
        .opens(&Account {
            phrase,
            ..account.clone()
        })
        .await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_completed_from_the_keyboard_once_they_are_shown() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    browser.click("home-open").await?;
    browser.click("open-sheet").await?;
    let field = browser.see("recover-words").await?;
    field.send_keys("aba").await?;
    browser.see("word-offer").await?;
    field.send_keys(Key::Down + Key::Enter).await?;
    browser.gone("word-offer").await?;
    assert_eq!(field.prop("value").await?.as_deref(), Some("abaisser "));
    // A word that no sheet has is named as soon as it is whole.
    field.send_keys("xylophage ").await?;
    browser
        .wait("the unknown word", async || {
            let said = browser
                .driver()
                .find(By::Css("[data-testid='words-count']"))
                .await?;
            Ok(said.text().await?.contains("xylophage").then_some(()))
        })
        .await?;

    // At the other door a hidden phrase shows nothing.
    browser.go("/ouvrir").await?;
    let phrase = browser.see("open-phrase").await?;
    phrase.send_keys("aba").await?;
    assert_eq!(phrase.attr("role").await?, None);
    assert_eq!(browser.texts("word-offer").await?, Vec::<String>::new());
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheet_is_one_page_of_paper() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    to_the_sheet(&browser, "une.page").await?;
    browser.see("sheet-square").await?;
    let paper = browser.prints().await?;
    assert_eq!(pages_of(&paper), 1, "a PDF of {} bytes", paper.len());
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_sheet_is_printed_shown_and_opens_in_place_of_the_old_one() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("feuille.neuve").await?;
    browser.goes_to("/reglages").await?;
    browser.click("secrets-new-sheet").await?;
    browser.types("step-phrase", &account.phrase).await?;
    browser.click("step-submit").await?;
    browser.see("new-sheet").await?;
    let words = browser.texts("sheet-word").await?;
    assert_eq!(words.len(), 12);
    assert_ne!(words, account.words);
    let paper = browser.prints().await?;
    assert_eq!(pages_of(&paper), 1, "one page, and no screen around it");

    browser.retypes(&account.words).await?;
    browser.click("create-submit").await?;
    browser.see_css(".retype .error").await?;
    for field in browser
        .driver()
        .find_all(By::Css("[data-testid='sheet-retype']"))
        .await?
    {
        field.clear().await?;
    }
    browser.retypes(&words).await?;
    browser.click("create-submit").await?;
    browser.see("settings").await?;
    browser.gone("kit-band").await?;
    // The words are shown once.
    browser.go("/feuille").await?;
    browser.see("settings").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());

    let other = stage.browser("second").await?;
    other.go("/secours").await?;
    other.types("recover-words", &account.words.join(" ")).await?;
    other.click("recover-submit").await?;
    other.see("form-error").await?;
    let field = other.see("recover-words").await?;
    field.clear().await?;
    field.send_keys(words.join(" ")).await?;
    other.click("recover-submit").await?;
    other.see("new-phrase").await?;
    assert_eq!(other.complaints().await?, Vec::<String>::new());
    other.quit().await?;
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_lost_both_is_told_so_and_shown_the_ways_that_are_left() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    browser.click("home-open").await?;
    browser.click("open-lost").await?;
    browser.see("lost").await?;
    browser.click("lost-sheet").await?;
    browser.see("recover-words").await?;
    browser.click("recover-lost").await?;
    browser.click("lost-create").await?;
    // The facts stand before any key is made.
    browser.see("create-start").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

/// From the first page to the sheet; the phrase and the words.
async fn to_the_sheet(browser: &Browser, handle: &str) -> Result<(String, Vec<String>), BrowserError> {
    browser.click("home-create").await?;
    browser.click("create-start").await?;
    browser.types("create-handle", handle).await?;
    browser.click("create-handle-next").await?;
    browser.see("create-phrase-word").await?;
    let phrase = browser.texts("create-phrase-word").await?.join(" ");
    browser.click("create-phrase-next").await?;
    browser.see("sheet-word").await?;
    Ok((phrase, browser.texts("sheet-word").await?))
}

/// The first four letters, in capitals without accents.
fn four_letters(word: &str) -> String {
    let letters = word.chars().take(4).map(|letter| match letter {
        'é' | 'è' | 'ê' => 'e',
        'à' | 'â' => 'a',
        'î' => 'i',
        'ô' => 'o',
        'û' => 'u',
        'ç' => 'c',
        other => other,
    });
    letters.collect::<String>().to_uppercase()
}

/// How many logins by phrase the server was asked for.
fn logins(stage: &Stage) -> usize {
    let said = stage.recorder().streams();
    said.iter()
        .map(|stream| {
            let bytes = String::from_utf8_lossy(&stream.bytes);
            bytes
                .matches(&format!("POST {}", shared::path::SESSIONS_START))
                .count()
        })
        .sum()
}

/// Pages of a PDF: Chromium writes the objects of pages in the open.
fn pages_of(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.match_indices("/Type /Page")
        .filter(|(at, _)| !text[at + 11..].starts_with('s'))
        .count()
}

/// Twelve words that fit together and belong to nobody: sixteen bytes of nought.
const OTHER_SHEET: &str = "abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abaisser abeille";
