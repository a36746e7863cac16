//! Every screen in every state: judged, or with `CIVIS_SCREENS` (a folder) drawn as pictures and one contact sheet.
//!
//! `table` names the states, `walk` goes from one to the next in one browser. A judged walk takes some of the looks;
//! with `CIVIS_DEEP` it takes all of them.

mod act;
mod lies;
mod sheet;
mod table;
mod walk;

use std::path::PathBuf;

use sheet::Sheet;
use tests::browser::{Browser, BrowserError, Look, Stage};
use walk::Walk;

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_and_state_holds() -> Result<(), BrowserError> {
    let mut stage = Stage::evil().await?;
    let mut walk = Walk::begin(&mut stage).await?;
    if let Some(folder) = std::env::var_os("CIVIS_SCREENS") {
        let mut sheet = Sheet::begin(PathBuf::from(folder))?;
        walk.all(async |browser, place| {
            for look in EVERY_LOOK {
                browser.looks(look).await?;
                sheet.add(place, look, &browser.picture(look).await?)?;
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

#[tokio::test(flavor = "multi_thread")]
async fn the_judges_find_what_is_wrong() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("judged").await?;
    browser.see("home-create").await?;
    browser.looks(Look::new("fr", "light", 360)).await?;
    let small = letters(&browser).await?;
    for found in [
        browser.layout().await?,
        browser.axe().await?,
        browser.tabs().await?,
    ] {
        assert_eq!(found, Vec::<String>::new(), "the page as it is");
    }
    browser.looks(Look::new("fr", "light", 360).large()).await?;
    assert!(
        (letters(&browser).await? - 2.0 * small).abs() < 0.1,
        "letters of 200 %"
    );
    browser.looks(Look::new("fr", "light", 360)).await?;

    browser.driver().execute(PLANT, vec![]).await?;
    let layout = browser.layout().await?.join("\n");
    for fault in ["2 titles h1", "2 primary actions", "scrolls sideways"] {
        assert!(layout.contains(fault), "{fault}: {layout}");
    }
    let axe = browser.axe().await?.join("\n");
    for fault in ["axe image-alt", "axe color-contrast", "axe button-name"] {
        assert!(axe.contains(fault), "{fault}: {axe}");
    }
    let tabs = browser.tabs().await?.join("\n");
    for fault in [
        "not seen on button[plain]",
        "hidden on button[below]",
        "does not reach button[lost]",
    ] {
        assert!(tabs.contains(fault), "{fault}: {tabs}");
    }
    browser.quit().await?;
    Ok(())
}

/// The size of the letters of the page.
async fn letters(browser: &Browser) -> Result<f64, BrowserError> {
    let size = "return parseFloat(getComputedStyle(document.body).fontSize);";
    Ok(browser.driver().execute(size, vec![]).await?.convert()?)
}

/// One fault for every judge; what is planted is gone with the page.
const PLANT: &str = "const plant = (tag, text, style, id) => {
    const element = document.createElement(tag);
    element.textContent = text;
    element.dataset.testid = id ?? '';
    Object.assign(element.style, style);
    document.querySelector('main').append(element);
    return element;
};
plant('h1', 'Encore', {});
plant('button', 'Encore', {}).className = 'btn btn--primary';
plant('p', 'Loin', { width: '500px' });
plant('p', 'Pâle', { color: '#ccc', background: '#fff' });
plant('img', '', {});
plant('button', '', { width: '50px', height: '50px' });
plant('button', 'Plat', { outline: 'none' }, 'plain');
plant('button', 'Dessous', { position: 'fixed', bottom: '0', left: '0' }, 'below');
plant('div', 'Dessus', { position: 'fixed', bottom: '0', left: '0', width: '200px', height: '80px', background: '#fff' });
plant('button', 'Perdu', {}, 'lost').addEventListener('focus', ({ target }) => target.blur());";

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
