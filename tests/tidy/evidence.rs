//! Every check has its row in `spec/evidence.md` and its sentence in both languages; every route is the wire's.

use sdk::Check;
use sdk::evidence::{Evidence, Route};
use serde_json::Value;
use shared::path;

use crate::tree::{none, text};

#[test]
fn every_check_is_specified_with_its_numbers() {
    let spec = text("spec/evidence.md");
    let specified: Vec<&str> = spec.lines().filter(|line| line.contains("| `check.")).collect();
    let written: Vec<String> = Check::ALL
        .iter()
        .map(|check| {
            let (name, numbers) = (check.name(), check.numbers().iter().map(u8::to_string));
            let numbers = numbers.collect::<Vec<_>>().join(", ");
            format!("| `{name}` | `check.{name}` | {numbers} |")
        })
        .collect();
    assert_eq!(specified, written, "the table of spec/evidence.md, row by row");
}

#[test]
fn every_check_is_in_the_list_of_all() {
    let source = text("sdk/src/evidence.rs");
    let (_, rest) = source.split_once("pub enum Check {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let variants: Vec<&str> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        .collect();
    let all: Vec<String> = Check::ALL.iter().map(|check| format!("{check:?}")).collect();
    assert_eq!(variants, all);
    for check in Check::ALL {
        assert_eq!(serde_json::to_value(check).unwrap(), check.name());
        let numbers = check.numbers();
        assert!(!numbers.is_empty() && numbers.is_sorted() && numbers.iter().all(|n| (1..=54).contains(n)));
    }
}

#[test]
fn the_example_is_a_piece() {
    let spec = text("spec/evidence.md");
    let (_, rest) = spec.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("\n```").unwrap();
    let piece = Evidence::parse(example.as_bytes()).unwrap();
    assert_eq!(
        (piece.check, piece.route, piece.known.len()),
        (Check::PageMissing, Route::Pages, 2)
    );
}

#[test]
fn every_route_is_one_of_the_wire() {
    let routes = [
        (Route::Deployment, "GET", path::DEPLOYMENT),
        (Route::SessionsFinish, "POST", path::SESSIONS_FINISH),
        (Route::RecoveriesFinish, "POST", path::RECOVERIES_FINISH),
        (Route::Account, "GET", path::ACCOUNT),
        (Route::Password, "PUT", path::PASSWORD),
        (Route::Collection, "GET", path::COLLECTION),
        (Route::Heads, "GET", path::HEADS),
        (Route::Pages, "POST", path::PAGES),
        (Route::Uploads, "GET", path::UPLOADS),
        (Route::UploadCommit, "POST", path::UPLOAD_COMMIT),
        (Route::Body, "GET", path::BODY),
        (Route::Content, "GET", path::BODY_CONTENT),
    ];
    for (route, method, path) in routes {
        assert_eq!(serde_json::to_value(route).unwrap(), format!("{method} {path}"));
    }
}

#[test]
fn every_check_has_its_sentence() {
    for language in ["fr", "en"] {
        let words: Value = serde_json::from_str(&text(&format!("client/locales/{language}.json"))).unwrap();
        let sentence = |name: &str| {
            words["check"][name]
                .as_str()
                .is_some_and(|text| text.ends_with('.'))
        };
        let missing: Vec<_> = Check::ALL
            .iter()
            .map(|check| check.name().to_owned())
            .filter(|name| !sentence(name))
            .collect();
        none(language, &missing);
        // And none for a check that is not there: `other` is for one that this client does not know yet.
        let known = words["check"].as_object().unwrap().len();
        assert_eq!(known, Check::ALL.len() + 1, "{language}");
    }
}
