//! The canary once more, with the real page in a real browser: see `tests/canary` for the controls.

use cli::canary::needle::{Canary, Haystacks};
use sha2::{Digest, Sha256};
use tests::{
    browser::{BrowserError, Stage},
    logs, sample,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_nobody_what_it_sends() -> Result<(), BrowserError> {
    let logs = logs::keep();
    let mut stage = Stage::set().await?;
    let content = sample::pdf(&[WORDS], usize::try_from(SIZE).unwrap());
    let file = stage.file(NAME, &content)?;

    let browser = stage.browser("first").await?;
    let account = browser.creates_account("canari.de.mine").await?;
    browser.uploads(&[&file]).await?;
    browser.reloads().await?;
    browser.opens(&account).await?;
    assert!(browser.downloads(NAME).await? == content);
    browser.quit().await?;
    stage.stop().await;

    let canary = account
        .words
        .windows(2)
        .fold(Canary::new(), |canary, pair| {
            canary.text("twelve words", &pair.join(" "))
        })
        .text("name", NAME)
        .text("words", WORDS)
        .text("phrase", &account.phrase)
        .size("size", SIZE)
        .bytes("digest", &Sha256::digest(&content))
        .bytes("first bytes", &content[..16])
        .bytes("inner bytes", &content[1_000_000..1_000_016]);
    let mut stacks = Haystacks::default();
    stacks.add_folder(stage.world().data())?;
    stacks.add("log", logs.text());
    for stream in stage.recorder().streams() {
        stacks.add(stream.name, stream.bytes);
    }
    println!("canary: {} places with {} bytes", stacks.places(), stacks.len());
    assert!(
        stacks.len() as u64 > 3 * SIZE,
        "the document went up, was stored, and came down"
    );
    let leaks = stacks.search(&canary.needles());
    assert!(leaks.is_empty(), "{leaks:#?}");
    Ok(())
}

const NAME: &str = "Avis Zyrkoléane-Brivoucq.pdf";
const WORDS: &str = "Docteur Quorvandine Esperluze";
const SIZE: u64 = 2_753_917;
