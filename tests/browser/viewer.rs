//! Documents that are shown: honest ones are read, hostile ones do nothing. The frame is asked from inside, too.

use tests::{
    browser::{Browser, BrowserError, Sent, Stage},
    sample,
};
use thirtyfour::By;

#[tokio::test(flavor = "multi_thread")]
async fn n36_hostile_documents_are_shown_or_refused_and_run_nothing() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let script = "<script>fetch('/pris')</script>";
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' onload='fetch(\"/pris\")'>{script}</svg>");
    let page = format!("<!doctype html><title>x</title>{script}");
    let papers: [(&str, Vec<u8>, &str); 8] = [
        ("actif.pdf", hostile_pdf(), "shown"),
        ("dessin.png", svg.clone().into_bytes(), "otherwise"),
        ("dessin.svg", svg.into_bytes(), "unshown"),
        ("page.html", page.clone().into_bytes(), "unshown"),
        ("page.pdf", page.clone().into_bytes(), "otherwise"),
        ("page.txt", page.into_bytes(), "shown"),
        ("immense.png", png_of(60_000, 60_000), "too_large"),
        ("abime.pdf", b"%PDF-1.7\nnothing follows".to_vec(), "unreadable"),
    ];
    let mut files = Vec::new();
    for (name, content, _) in &papers {
        files.push(stage.file(name, content)?);
    }
    let browser = stage.browser("first").await?;
    browser.creates_account("apercus.hostiles").await?;
    browser.uploads(&files.iter().collect::<Vec<_>>()).await?;
    // It lies over what the story presses next.
    browser.click("tray-close").await?;
    let address = browser.driver().current_url().await?;
    for (name, _, state) in &papers {
        browser.views(name, state).await?;
        if *state == "shown" {
            assert_eq!(browser.inside("return self.origin").await?, "null", "{name}");
        }
        assert_eq!(browser.driver().windows().await?.len(), 1, "{name}");
        browser.click("back").await?;
        browser.see("safe").await?;
        assert_eq!(browser.driver().current_url().await?, address, "{name}");
    }
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    let origin = browser.origin().to_owned();
    let sent = Sent::all(&browser.quit().await?)?;
    let taken: Vec<&Sent> = sent
        .iter()
        .filter(|request| request.url.contains("pris") || request.initiator == "null")
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
    assert!(
        sent.iter()
            .any(|request| request.url == format!("{origin}/viewer"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_a_picture_and_a_text_are_read_on_their_own_page() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let pdf = stage.file(
        "Attestation.pdf",
        &sample::pdf(&["Attestation de domicile"], 40_000),
    )?;
    let jpeg = stage.file("Photo.jpg", &sample::jpeg(320, 240).unwrap())?;
    let text = stage.file("Note.txt", "Rendez-vous à la mairie, mardi à 9 h.".as_bytes())?;
    let browser = stage.browser("first").await?;
    browser.creates_account("apercus.lus").await?;
    browser.uploads(&[&pdf, &jpeg, &text]).await?;
    // It lies over what the story presses next.
    browser.click("tray-close").await?;

    browser.views("Attestation.pdf", "shown").await?;
    browser.reads_inside("Attestation de domicile").await?;
    let ring =
        "document.body.focus({ focusVisible: true }); return getComputedStyle(document.body).outlineStyle";
    assert_eq!(
        browser.inside(ring).await?,
        "solid",
        "the keyboard is seen in the frame"
    );
    browser.click("preview-larger").await?;
    browser.click("document-print-make").await?;
    assert_eq!(browser.see("document-print").await?.text().await?.len(), 64);
    browser.click("back").await?;
    browser.views("Photo.jpg", "shown").await?;
    assert_eq!(
        browser
            .inside("return String(document.querySelector('img').naturalWidth)")
            .await?,
        "320"
    );
    browser.click("back").await?;
    browser.views("Note.txt", "shown").await?;
    browser.reads_inside("Rendez-vous à la mairie").await?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn photographs_become_one_pdf_in_the_order_that_was_chosen() -> Result<(), BrowserError> {
    let stage = Stage::set().await?;
    let mut photos = Vec::new();
    for (name, width, height) in [
        ("recto.jpg", 900, 1_200),
        ("flou.jpg", 300, 200),
        ("verso.jpg", 1_200, 900),
    ] {
        photos.push(stage.file(name, &with_notes(&sample::jpeg(width, height).unwrap()))?);
    }
    let torn = stage.file("abimee.jpg", &sample::jpeg(64, 64).unwrap()[..40])?;
    let browser = stage.browser("first").await?;
    browser.creates_account("photos.jointes").await?;

    // One that cannot be read is named, and nothing is added.
    browser.chooses(&[&photos[0], &torn]).await?;
    browser
        .click_css("label:has([data-testid='gather-joined'])")
        .await?;
    browser.click("add-submit").await?;
    let error = browser.see_css("#gather-name-error").await?.text().await?;
    assert!(error.contains("abimee.jpg"), "{error}");
    browser.click("add-cancel").await?;
    browser.gone("add-submit").await?;
    browser.see("safe-empty").await?;

    browser.chooses(&photos.iter().collect::<Vec<_>>()).await?;
    browser
        .click_css("label:has([data-testid='gather-joined'])")
        .await?;
    pages(&browser, &["recto.jpg", "flou.jpg", "verso.jpg"]).await?;
    let of = |name: &str, button: &str| format!("[data-name='{name}'] [data-testid='{button}']");
    browser.click_css(&of("flou.jpg", "gather-remove")).await?;
    browser.click_css(&of("verso.jpg", "gather-earlier")).await?;
    pages(&browser, &["verso.jpg", "recto.jpg"]).await?;
    let name = browser.see("gather-name").await?;
    assert!(
        name.prop("value")
            .await?
            .unwrap_or_default()
            .starts_with("Photos du ")
    );
    name.clear().await?;
    name.send_keys("Acte de naissance").await?;
    browser.click("add-submit").await?;
    browser.lists(&["Acte de naissance.pdf"]).await?;
    browser.click("tray-close").await?;

    let pdf = browser.downloads("Acte de naissance.pdf").await?;
    assert!(!contains(&pdf, NOTES), "what the camera noted stays at home");
    // Lying, then upright.
    let at = |form: &str| {
        pdf.windows(form.len())
            .position(|window| window == form.as_bytes())
    };
    assert!(at("[0 0 841.89 595.276]").unwrap() < at("[0 0 595.276 841.89]").unwrap());
    browser.click("tray-close").await?;
    browser.views("Acte de naissance.pdf", "shown").await?;
    let place = browser.see("preview-place").await?.text().await?;
    assert!(place.contains('1') && place.contains('2'), "{place}");
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.quit().await?;
    Ok(())
}

async fn pages(browser: &Browser, names: &[&str]) -> Result<(), BrowserError> {
    browser
        .wait("the pages in their order", async || {
            let mut found = Vec::new();
            for line in browser
                .driver()
                .find_all(By::Css("[data-testid='gather-page']"))
                .await?
            {
                found.push(line.attr("data-name").await?.unwrap_or_default());
            }
            Ok((found == names).then_some(()))
        })
        .await
}

/// The photograph with what a camera writes beside it.
fn with_notes(jpeg: &[u8]) -> Vec<u8> {
    let length = u16::try_from(NOTES.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, NOTES, &jpeg[2..]].concat()
}

fn contains(content: &[u8], words: &[u8]) -> bool {
    content.windows(words.len()).any(|window| window == words)
}

const NOTES: &[u8] = b"Exif\0\0pris au 12 rue des Lilas";

#[tokio::test(flavor = "multi_thread")]
async fn n49_another_program_in_the_framed_page_is_not_run() -> Result<(), BrowserError> {
    let stage = Stage::evil().await?;
    let text = stage.file("Note.txt", b"bonjour")?;
    let browser = stage.browser("first").await?;
    browser.creates_account("cadre.change").await?;
    browser.uploads(&[&text]).await?;
    // It lies over what the story presses next.
    browser.click("tray-close").await?;
    // The server serves another program and a policy that lets it run.
    stage.proxy().alter(|asked, answer| {
        if asked == "GET /viewer" {
            answer.body = b"<!doctype html><script>document.title='pris';fetch('/pris')</script>".to_vec();
            answer
                .headers
                .retain(|(name, _)| name != "content-security-policy" && name != "content-encoding");
        }
    });
    browser.views("Note.txt", "coming").await?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let sent = Sent::all(&browser.quit().await?)?;
    assert!(sent.iter().any(|request| request.url.ends_with("/viewer")));
    let taken: Vec<&Sent> = sent
        .iter()
        .filter(|request| request.url.ends_with("/pris"))
        .collect();
    assert!(taken.is_empty(), "{taken:#?}");
    Ok(())
}

/// What a story asks inside the frame.
trait Inside {
    async fn inside(&self, script: &str) -> Result<String, BrowserError>;
    async fn reads_inside(&self, words: &str) -> Result<(), BrowserError>;
}

impl Inside for Browser {
    async fn inside(&self, script: &str) -> Result<String, BrowserError> {
        let frame = self.driver().find(By::Css("iframe")).await?;
        frame.enter_frame().await?;
        let answer = self.driver().execute(script, Vec::new()).await;
        self.driver().enter_default_frame().await?;
        Ok(answer?.json().as_str().unwrap_or_default().to_owned())
    }

    async fn reads_inside(&self, words: &str) -> Result<(), BrowserError> {
        for _ in 0..100 {
            if self
                .inside("return document.body.innerText")
                .await?
                .contains(words)
            {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{words} is not in the frame");
    }
}

/// A PDF whose opening, page, links and form each try to run or reach something.
fn hostile_pdf() -> Vec<u8> {
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R /OpenAction 6 0 R /Names << /JavaScript << /Names [(a) 6 0 R] >> >> \
         /AcroForm << /Fields [9 0 R] /XFA (<xdp:xdp><script>fetch('/pris')</script></xdp:xdp>) >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> \
         /AA << /O 7 0 R >> /Annots [8 0 R 9 0 R] >>",
        "<< /Length 44 >>\nstream\nBT /F1 24 Tf 20 200 Td (Rien ne court) Tj ET \nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /S /JavaScript /JS (app.launchURL('/pris'); this.submitForm('/pris'); fetch('/pris')) >>",
        "<< /S /Launch /F (/pris) >>",
        "<< /Type /Annot /Subtype /Link /Rect [0 0 300 300] /A << /S /URI /URI (/pris) >> >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (b) /Rect [0 0 300 300] /A << /S /SubmitForm /F (/pris) >> >>",
    ];
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
    }
    let table = file.len();
    let count = objects.len() + 1;
    file.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").into_bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").into_bytes());
    }
    file.extend(
        format!("trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").into_bytes(),
    );
    file
}

/// The beginning of a PNG of this size.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}
