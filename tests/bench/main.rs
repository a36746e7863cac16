//! `cargo xtask bench`: first numbers, each beside something known. Prints; judges nothing.
//!
//! Needs `CIVIS_BENCH_PAGE` (the page with its programs) and `CIVIS_SERVER_BIN` (the release server). With the word
//! `login` it measures logins alone, which need no page; with `log` what the log adds, with `audit` what an audit costs,
//! which need neither.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for people who measure"
)]

mod log;
mod login;
mod replay;
mod search;
mod upload;

use std::path::PathBuf;

use tests::browser::Stage;

#[tokio::main]
async fn main() {
    if replay::role().await {
        return;
    }
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    if asked("audit") {
        return tokio::task::block_in_place(replay::all);
    }
    if !asked("login") && !asked("log") {
        search::all();
        encryption().await;
        upload::all().await;
    }
    if !asked("log") {
        login::all().await;
    }
    if !asked("login") {
        log::all();
        tokio::task::block_in_place(replay::all);
    }
}

/// Encryption in the browser.
async fn encryption() {
    let page = PathBuf::from(std::env::var_os("CIVIS_BENCH_PAGE").unwrap());
    let stage = Stage::over(page).await.unwrap();
    let browser = stage.browser("bench").await.unwrap();
    let result = browser
        .wait("the measures", async || {
            let text = browser
                .driver()
                .find(thirtyfour::By::Id("result"))
                .await?
                .text()
                .await?;
            Ok((!text.is_empty()).then_some(text))
        })
        .await;
    let mut complaints = browser.complaints().await.unwrap();
    complaints.retain(|line| !line.contains("favicon"));
    assert!(complaints.is_empty(), "{complaints:#?}");
    let result = result.unwrap();
    println!("encryption in the browser, one thread, 32 MiB, MB/s (median of 5):");
    let speeds: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&result).unwrap();
    for (name, speed) in speeds {
        println!("  {name:<32} {speed:>6}");
    }
    browser.quit().await.unwrap();
}
