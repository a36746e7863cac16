//! A safe that stays open over a reload and in a second tab, and that locks everywhere: by hand, elsewhere, by itself;
//! and the list without a server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tests::{
    browser::{Browser, BrowserError, Stage},
    sample,
};
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_and_a_second_tab_ask_for_nothing_and_a_lock_reaches_both() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let file = stage.file("bail.bin", &sample::noise(3_000, 5))?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("reste.ouvert").await?;
    browser.uploads(&[&file]).await?;

    browser.driver().refresh().await?;
    browser.lists(&["bail.bin"]).await?;
    assert!(browser.downloads("bail.bin").await? == sample::noise(3_000, 5));
    // The address stays: a reload on the bin is the bin.
    browser.goes_to("/corbeille").await?;
    browser.see("trash").await?;
    browser.driver().refresh().await?;
    browser.see("trash").await?;

    let first = browser.driver().window().await?;
    let second = browser.driver().new_tab().await?;
    browser.driver().switch_to_window(second.clone()).await?;
    browser.go("/ouvrir").await?;
    browser.lists(&["bail.bin"]).await?;

    // Another word of this browser's store: the key is there, and no script gets it out.
    assert_eq!(kept(&browser, "k.extractable").await?, "false");

    browser.driver().switch_to_window(first.clone()).await?;
    browser.click("lock").await?;
    browser.see("open-submit").await?;
    browser.driver().switch_to_window(second).await?;
    browser.see("open-submit").await?;
    assert!(
        browser
            .texts("form-error")
            .await?
            .concat()
            .contains("un autre onglet")
    );
    assert_eq!(kept(&browser, "true").await?, "nothing");
    browser.driver().refresh().await?;
    browser.see("open-submit").await?;
    browser.opens(&account).await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_changed_in_one_tab_closes_no_other_of_this_browser() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let file = stage.file("bail.bin", &sample::noise(3_000, 8))?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("deux.onglets").await?;
    browser.uploads(&[&file]).await?;
    let elsewhere = stage.browser("second").await?;
    elsewhere.opens(&account).await?;

    let first = browser.driver().window().await?;
    let second = browser.driver().new_tab().await?;
    browser.driver().switch_to_window(second.clone()).await?;
    browser.go("/coffre").await?;
    browser.lists(&["bail.bin"]).await?;

    browser.driver().switch_to_window(first.clone()).await?;
    browser.goes_to("/reglages").await?;
    browser.click("secrets-change-phrase").await?;
    browser.types("step-phrase", &account.phrase).await?;
    browser.click("step-submit").await?;
    browser.see("new-phrase").await?;
    browser.click("create-phrase-own").await?;
    browser.types("create-phrase-input", NEW_PHRASE).await?;
    browser.types("create-phrase-repeat", NEW_PHRASE).await?;
    browser.click("create-phrase-next").await?;
    browser.see("settings").await?;

    // The session that both tabs began with is over. The other tab does at once what it is asked to.
    browser.driver().switch_to_window(second).await?;
    assert!(browser.downloads("bail.bin").await? == sample::noise(3_000, 8));
    browser.goes_to("/corbeille").await?;
    browser.see("trash").await?;
    browser.driver().switch_to_window(first).await?;
    browser.driver().refresh().await?;
    browser.see("settings").await?;

    // Another device is closed, and told.
    elsewhere
        .wait("the end of the other device's session", async || {
            elsewhere
                .driver()
                .execute("window.dispatchEvent(new Event('focus'))", vec![])
                .await?;
            let door = By::Css("[data-testid='open-submit']");
            Ok((!elsewhere.driver().find_all(door).await?.is_empty()).then_some(()))
        })
        .await?;
    let said = elsewhere.texts("form-error").await?.concat();
    assert!(said.contains("phrase secrète vient d’être changée"), "{said}");
    elsewhere.quit().await?;
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_touched_opens_nothing_and_is_removed() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("pas.touche").await?;
    for touch in [
        "v.sealed[40] ^= 1",
        "v.nonce[0] ^= 1",
        "v.account = v.deployment",
        "v.deployment = v.account",
        "v.key = {}",
        "v.sealed = 'x'",
    ] {
        script(
            &browser,
            &with_record(&format!("{touch}; s.put(v, 'resume'); done('touched')")),
        )
        .await?;
        browser.go("/coffre").await?;
        browser.see("open-submit").await?;
        assert_eq!(kept(&browser, "true").await?, "nothing", "{touch}");
        browser.opens(&account).await?;
    }
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_locks_the_safe_after_a_warning_whatever_the_machine_did_meanwhile()
-> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let browser = stage.browser("first").await?;
    let account = browser.creates_account("parti.dejeuner").await?;
    browser.goes_to("/reglages").await?;
    browser.see("settings").await?;
    // The choice itself is not to be seen: its label is.
    browser.click_css("label:has([data-testid='idle-5'])").await?;
    // As if the last gesture had been four minutes and a half ago.
    script(&browser, &quiet_for(270)).await?;
    browser.see("leaving").await?;
    browser.click("leaving-stay").await?;
    browser.gone("leaving").await?;
    browser.see("settings").await?;
    // As if the machine had slept for an hour.
    script(&browser, &quiet_for(3_600)).await?;
    browser.see("open-submit").await?;
    assert!(
        browser
            .texts("form-error")
            .await?
            .concat()
            .contains("personne ne s’en servait")
    );
    assert_eq!(kept(&browser, "true").await?, "nothing");

    // A page that was closed meanwhile does not open either, and removes what was kept.
    browser.opens(&account).await?;
    // A file of this origin that runs nothing.
    browser.go("/logo.svg").await?;
    script(&browser, &quiet_for(3_600)).await?;
    browser.go("/coffre").await?;
    browser.see("open-submit").await?;
    assert_eq!(kept(&browser, "true").await?, "nothing");
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_the_last_list_is_shown_and_comes_back_to_life_by_itself() -> Result<(), BrowserError>
{
    let stage = Stage::evil().await?;
    let file = stage.file("diplome.bin", &sample::noise(3_000, 6))?;
    let browser = stage.browser("first").await?;
    browser.creates_account("hors.ligne").await?;
    browser.uploads(&[&file]).await?;

    let (cut, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (is_cut, count) = (Arc::clone(&cut), Arc::clone(&asked));
    stage.proxy().alter(move |request, answer| {
        if request.contains("/api/") && is_cut.load(Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
            // No answer of HTTP: the browser has it as a failed request.
            answer.status = 204;
            answer
                .headers
                .push(("location".to_owned(), "https://ailleurs.invalid".to_owned()));
            answer.status = 302;
        }
    });
    browser.driver().refresh().await?;
    browser.lists(&["diplome.bin"]).await?;
    let said = browser.see("offline").await?.text().await?;
    assert!(
        said.contains("Hors ligne") && said.contains("Voici votre liste du"),
        "{said}"
    );
    // What cannot be done is said, and nothing breaks.
    browser.asks_for("diplome.bin").await?;
    browser.see("tray-retry").await?;
    let before = asked.load(Ordering::SeqCst);
    cut.store(false, Ordering::SeqCst);
    browser.gone("offline").await?;
    assert!(before > 0);
    assert!(browser.downloads("diplome.bin").await? == sample::noise(3_000, 6));

    // A server that answers nonsense is there: what it says is refused, and no list is shown.
    stage.proxy().alter(|request, answer| {
        if request.contains("/api/") {
            answer.body = b"<h1>hors ligne</h1>".to_vec();
        }
    });
    browser.driver().refresh().await?;
    browser.see("open-submit").await?;
    assert!(browser.texts("form-error").await?.concat().contains("de travers"));
    assert_eq!(kept(&browser, "true").await?, "nothing");
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_device_did_appears_on_coming_back() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let file = stage.file("acte.bin", &sample::noise(3_000, 7))?;
    let here = stage.browser("first").await?;
    let account = here.creates_account("deux.appareils").await?;
    let there = stage.browser("second").await?;
    there.opens(&account).await?;
    there.uploads(&[&file]).await?;
    // As if the tab came in sight again, after more than the seconds that a list stays fresh.
    here.wait("the other device's document", async || {
        here.driver()
            .execute("window.dispatchEvent(new Event('focus'))", vec![])
            .await?;
        Ok((here.names().await.unwrap_or_default() == ["acte.bin"]).then_some(()))
    })
    .await?;
    there.quit().await?;
    here.quit().await?;
    Ok(())
}

/// Sets the last gesture back.
fn quiet_for(seconds: u32) -> String {
    format!("localStorage.setItem('civis.active', String(Date.now() - {seconds}000)); done('set')")
}

/// What `expression` says of the kept record's key `k`, or `nothing`.
async fn kept(browser: &Browser, expression: &str) -> Result<String, BrowserError> {
    let look = format!("const k = v && v.key; done(v ? String({expression}) : 'nothing')");
    script(browser, &with_record(&look)).await
}

/// Opens the store of the page, and runs `act` with the kept record as `v`.
fn with_record(act: &str) -> String {
    format!(
        "const o = indexedDB.open('civis'); o.onsuccess = () => {{ \
         const s = o.result.transaction('local', 'readwrite').objectStore('local'); \
         const g = s.get('resume'); g.onsuccess = () => {{ const v = g.result; {act}; o.result.close(); }}; }};"
    )
}

/// Runs a script that ends by `done(text)`.
async fn script(browser: &Browser, text: &str) -> Result<String, BrowserError> {
    let text = format!("const done = arguments[arguments.length - 1]; {text}");
    let value = browser.driver().execute_async(text, vec![]).await?;
    Ok(value.json().as_str().unwrap_or_default().to_owned())
}

const NEW_PHRASE: &str = "verger cuivre lundi harpe colline brume tabouret renard";
