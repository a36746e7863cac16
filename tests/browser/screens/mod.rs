//! Every screen in every state: judged, or with `CIVIS_SCREENS` (a folder) drawn as pictures and one contact sheet.
//!
//! `table` names the states, `walk` goes from one to the next in one browser. A judged walk takes some of the looks;
//! with `CIVIS_DEEP` it takes all of them.

mod sheet;
mod table;
mod walk;

use std::path::PathBuf;

use sheet::Sheet;
use tests::browser::{Browser, BrowserError, Look, Stage};
use walk::Walk;

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_and_state_holds() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let mut walk = Walk::begin(&stage).await?;
    if let Some(folder) = std::env::var_os("CIVIS_SCREENS") {
        let mut sheet = Sheet::begin(PathBuf::from(folder))?;
        walk.all(async |browser, place| {
            for look in EVERY_LOOK {
                browser.looks(look).await?;
                sheet.add(place, look, &browser.picture().await?)?;
            }
            Ok(Vec::new())
        })
        .await?;
        let pictures = sheet.end()?;
        println!("screens: {pictures} pictures of {} states", walk.seen());
    } else if std::env::var_os("CIVIS_DEEP").is_some() {
        walk.all(async |browser, _| deep(browser).await).await?;
    } else {
        walk.all(async |browser, _| shallow(browser).await).await?;
    }
    println!("screens: {} states", walk.seen());
    let faults = walk.end().await?;
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    Ok(())
}

/// French on a desktop in full, English in the dark on the narrowest telephone, and large letters.
async fn shallow(browser: &Browser) -> Result<Vec<String>, BrowserError> {
    let mut faults = Vec::new();
    for look in [Look::new("fr", "light", 1280), Look::new("en", "dark", 320)] {
        browser.looks(look).await?;
        said(&mut faults, look, browser.layout().await?);
        said(&mut faults, look, browser.axe().await?);
    }
    let large = Look::new("fr", "light", 360).large();
    browser.looks(large).await?;
    said(&mut faults, large, browser.layout().await?);
    let desktop = Look::new("fr", "light", 1280);
    browser.looks(desktop).await?;
    said(&mut faults, desktop, browser.tabs().await?);
    Ok(faults)
}

/// Both languages and themes; every width, every size of letters.
async fn deep(browser: &Browser) -> Result<Vec<String>, BrowserError> {
    let mut faults = Vec::new();
    for look in EVERY_LOOK {
        browser.looks(look).await?;
        said(&mut faults, look, browser.axe().await?);
    }
    for language in ["fr", "en"] {
        for width in [320, 360, 768, 1280] {
            let look = Look::new(language, "light", width);
            browser.looks(look).await?;
            said(&mut faults, look, browser.layout().await?);
        }
        for width in [360, 1280] {
            let look = Look::new(language, "light", width);
            browser.looks(look.large()).await?;
            said(&mut faults, look.large(), browser.layout().await?);
            browser.looks(look).await?;
            said(&mut faults, look, browser.tabs().await?);
        }
    }
    Ok(faults)
}

fn said(faults: &mut Vec<String>, look: Look, found: Vec<String>) {
    faults.extend(found.into_iter().map(|fault| format!("{look}: {fault}")));
}

/// Both languages, both themes, the desktop and the telephone.
const EVERY_LOOK: [Look; 8] = [
    Look::new("fr", "light", 1280),
    Look::new("fr", "light", 360),
    Look::new("fr", "dark", 1280),
    Look::new("fr", "dark", 360),
    Look::new("en", "light", 1280),
    Look::new("en", "light", 360),
    Look::new("en", "dark", 1280),
    Look::new("en", "dark", 360),
];
