//! Search in a long list: what folding it once costs, and what one key typed costs then.

use std::time::Instant;

use sdk::flows::item::{Category, Item, Kind, ObjectId};
use sdk::search::{Query, fold_item};

/// 10,000 items.
pub(crate) fn all() {
    let items: Vec<Item> = (0..10_000).map(item).collect();
    let begun = Instant::now();
    let folded: Vec<String> = items.iter().map(|item| fold_item(item, "Logement")).collect();
    let once = begun.elapsed();
    println!("search among 10,000 documents:");
    println!(
        "  {:<32} {:>6.1} ms",
        "folding all of them, once",
        once.as_secs_f64() * 1e3
    );
    for typed in ["q", "quittance", "loyer 2017 quittance", "introuvable"] {
        let begun = Instant::now();
        let query = Query::of(typed);
        let found = folded.iter().filter(|text| query.finds(text)).count();
        let spent = begun.elapsed().as_secs_f64() * 1e3;
        println!("  {:<32} {spent:>6.1} ms, {found} found", format!("« {typed} »"));
    }
}

fn item(n: u64) -> Item {
    Item {
        id: ObjectId(format!("{n:022}")),
        kind: Kind::Document,
        name: format!("Quittance de loyer n°\u{a0}{n} – été {}.pdf", 2000 + n % 25),
        parent: None,
        media: Some("application/pdf".to_owned()),
        len: 100_000,
        tags: vec!["Appartement".to_owned(), "à classer".to_owned()],
        category: Some(Category::Housing),
        retention_end: None,
        added: n,
        modified: n,
        content: None,
        versions: 0,
        thumbnail: false,
        trashed_at: None,
        in_trash: false,
        purge_at: None,
        same_name: false,
    }
}
