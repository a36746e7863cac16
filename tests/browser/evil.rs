//! A server that lies to the real page: what the person sees, that nothing false is shown, and the evidence they keep.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sdk::evidence::{Evidence, Export, Known, Names};
use sdk::{Check, Subject};
use serde_json::{Value, json};
use shared::session::SessionOpened;
use tests::{
    adversary::flip,
    browser::{Browser, BrowserError, Stage},
    sample,
    world::Answer,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_document_is_refused_and_its_evidence_kept() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let content = sample::pdf(&["Attestation"], 1_500_000);
    let file = stage.file(NAME, &content)?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("lise.moulin").await?;
    browser.uploads(&[&file]).await?;

    // One bit in the middle of the first part; the end of the document, which is asked for first, is the true one.
    stage.proxy().alter(|asked, answer| {
        if asked.contains("/content") && answer.body.len() > 1_000_000 {
            flip(&mut answer.body, 8 * 500_000);
        }
    });
    browser.asks_for(NAME).await?;
    sees_alert(&browser, Check::Part, NAME).await?;
    assert_eq!(
        browser.downloaded()?,
        Vec::<String>::new(),
        "nothing was handed out"
    );

    // The file, first as it is offered, then with the name.
    browser.click("alert-save").await?;
    browser.see("alert-saved").await?;
    let bytes = browser.finds_download(FILE).await?;
    let piece = the_piece(&bytes, Names::LeftOut);
    assert_eq!(
        (piece.check, &piece.subject),
        (Check::Part, &Subject::UnnamedDocument)
    );
    assert!(!contains(&bytes, NAME.as_bytes()), "the name was not asked for");
    assert_eq!(piece.origin.as_deref(), Some(browser.origin()));
    let part = piece.known.iter().find_map(|known| match known {
        Known::Part { number, len, .. } => Some((*number, *len)),
        _ => None,
    });
    assert_eq!(part, Some((0, piece.len)));
    browser.click("alert-names").await?;
    browser.click("alert-save").await?;
    let bytes = browser.finds_download("preuve-civis (1).json").await?;
    assert!(contains(&bytes, NAME.as_bytes()));
    the_piece(&bytes, Names::Included);

    // Another day: the evidence is still there, and nothing else of the alert is.
    browser.reloads().await?;
    browser.opens(&account).await?;
    browser.goes_to("/reglages").await?;
    browser
        .see_css("[data-testid='evidence-row'][data-check='part']")
        .await?;
    assert_eq!(browser.texts("evidence-check").await?, [sentence(Check::Part)]);
    let line = browser.texts("evidence-subject").await?.concat();
    assert!(line.starts_with(NAME), "{line}");
    browser.click("evidence-open").await?;
    browser.click("evidence-save").await?;
    let again = browser.finds_download("preuve-civis (2).json").await?;
    assert_eq!(the_piece(&again, Names::LeftOut).hash, piece.hash);
    browser.click("evidence-save-all").await?;
    browser.finds_download("preuve-civis (3).json").await?;

    // The server is honest again: the same document opens.
    stage.proxy().mend();
    browser.goes_to("/coffre").await?;
    assert!(browser.downloads(NAME).await? == content);

    // Asked first, then gone for good.
    browser.click("tray-close").await?;
    browser.goes_to("/reglages").await?;
    browser.click("evidence-open").await?;
    browser.click("evidence-delete").await?;
    browser.click("evidence-delete-cancel").await?;
    browser.gone("evidence-delete-submit").await?;
    browser.see("evidence-row").await?;
    browser.click("evidence-delete").await?;
    browser.click("evidence-delete-submit").await?;
    browser.see("evidence-empty").await?;
    browser.reloads().await?;
    browser.opens(&account).await?;
    browser.goes_to("/reglages").await?;
    browser.see("evidence-empty").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_the_past_is_refused_and_not_shown() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let (first, second) = (
        stage.file("Bail.pdf", &[1; 5_000])?,
        stage.file("Avis.pdf", &[2; 5_000])?,
    );
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("omar.benali").await?;
    browser.uploads(&[&first]).await?;

    // Everything about the list as it is now, kept for later.
    let past = Arc::new(Mutex::new(None::<Vec<u8>>));
    let keep = Arc::clone(&past);
    stage.proxy().alter(move |asked, answer| {
        if is_list(asked) {
            *keep.lock().unwrap() = Some(answer.body.clone());
        }
    });
    browser.reloads().await?;
    browser.opens(&account).await?;
    stage.proxy().mend();
    browser.uploads(&[&second]).await?;

    let old = past.lock().unwrap().clone().expect("the list was read");
    stage.proxy().alter(move |asked, answer| {
        if is_list(asked) {
            answer.body.clone_from(&old);
        }
    });
    browser.reloads().await?;
    browser.knocks(&account).await?;
    assert_eq!(browser.see_one_of(&["safe", "alert"]).await?, "alert");
    sees_alert(&browser, Check::HeadRolledBack, "La liste de vos documents").await?;
    assert_eq!(
        browser.names().await?,
        Vec::<String>::new(),
        "the old list is not shown"
    );
    // The safe did not open; its evidence is saved all the same, and shows both heads.
    browser.click("alert-save").await?;
    let piece = the_piece(&browser.finds_download(FILE).await?, Names::LeftOut);
    let known = piece.known.iter().find_map(|known| match known {
        Known::Head { signed, .. } => signed.clone(),
        _ => None,
    });
    let known = known.expect("the head that this device has accepted");
    let number = |head: &[u8]| u64::from_be_bytes(head[32..40].try_into().unwrap());
    assert!(number(piece.bytes.as_slice()) < number(known.as_slice()));
    browser.click("alert-close").await?;
    browser.see("open-handle").await?;

    stage.proxy().mend();
    browser.opens(&account).await?;
    browser.lists(&["Avis.pdf", "Bail.pdf"]).await?;
    browser.goes_to("/reglages").await?;
    browser
        .see_css("[data-testid='evidence-row'][data-check='head_rolled_back']")
        .await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_slot_is_refused_before_the_safe_is_shown() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("awa.diop").await?;
    stage.proxy().alter(|asked, answer| {
        if asked.ends_with("/sessions/finish") {
            let mut opened: SessionOpened = serde_json::from_slice(&answer.body).unwrap();
            flip(&mut opened.slot.0, 8 * 120);
            answer.body = serde_json::to_vec(&opened).unwrap();
        }
    });
    browser.reloads().await?;
    browser.knocks(&account).await?;
    assert_eq!(browser.see_one_of(&["safe", "alert"]).await?, "alert");
    sees_alert(&browser, Check::Slot, "Votre compte").await?;
    browser.click("alert-save").await?;
    let piece = the_piece(&browser.finds_download(FILE).await?, Names::LeftOut);
    assert_eq!((piece.check, piece.len), (Check::Slot, 168));
    browser.click("alert-close").await?;
    stage.proxy().mend();
    browser.opens(&account).await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_full_says_so_and_the_evidence_is_saved_at_once() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let file = stage.file(NAME, &[7; 9_000])?;
    let browser = stage.browser("first").await?;
    browser.creates_account("jean.petit").await?;
    browser.uploads(&[&file]).await?;
    // Each lie is another one: what is kept already is not written again.
    let mut lies = 0;
    stage.proxy().alter(move |asked, answer: &mut Answer| {
        if asked.contains("/content") {
            lies += 1;
            flip(&mut answer.body, lies);
        }
    });
    let quota = async |limit: Value| {
        let (tools, origin) = (browser.driver().cdp(), browser.origin());
        let params = if limit.is_null() {
            json!({ "origin": origin })
        } else {
            json!({ "origin": origin, "quotaSize": limit })
        };
        tools
            .send_raw("Storage.overrideQuotaForOrigin", params)
            .await
            .map(drop)
    };
    quota(json!(1)).await?;
    // Chromium believes its last measure of the room for half a minute.
    let mut patience = 20;
    loop {
        browser.asks_for(NAME).await?;
        sees_alert(&browser, Check::Part, NAME).await?;
        if !browser.texts("alert-unkept").await?.is_empty() {
            break;
        }
        patience -= 1;
        assert!(patience > 0, "the device is never full");
        browser.click("alert-close").await?;
        tokio::time::sleep(Duration::from_secs(4)).await;
    }
    browser.click("alert-save").await?;
    assert_eq!(
        the_piece(&browser.finds_download(FILE).await?, Names::LeftOut).check,
        Check::Part
    );
    browser.click("alert-close").await?;
    // It was refused each time, whatever could be kept of it.
    assert_eq!(browser.downloaded()?, [FILE]);
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

/// The alert of this check: its sentence, what it is about, and nothing of the safe beside it.
async fn sees_alert(browser: &Browser, check: Check, subject: &str) -> Result<(), BrowserError> {
    let alert = browser.see("alert").await?;
    assert_eq!(alert.attr("data-check").await?.as_deref(), Some(check.name()));
    assert_eq!(browser.texts("alert-check").await?, [sentence(check)]);
    assert_eq!(browser.texts("alert-subject").await?, [subject]);
    assert!(browser.texts("safe").await?.is_empty());
    Ok(())
}

/// The sentence of a check in the language of the page.
fn sentence(check: Check) -> String {
    let words: Value = serde_json::from_str(include_str!("../../client/locales/fr.json")).unwrap();
    words["check"][check.name()].as_str().unwrap().to_owned()
}

/// The one piece of a file, which is of the one form.
fn the_piece(file: &[u8], names: Names) -> Evidence {
    let mut export = Export::parse(file).expect("a file of evidence");
    assert_eq!((export.names, export.pieces.len()), (names, 1));
    export.pieces.remove(0)
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// The read of charters and newest head, and of nothing below them.
fn is_list(asked: &str) -> bool {
    asked
        .strip_prefix("GET /api/v1/collections/")
        .is_some_and(|rest| !rest.contains(['/', '?']))
}

const NAME: &str = "Attestation d’assurance habitation.pdf";
const FILE: &str = "preuve-civis.json";
