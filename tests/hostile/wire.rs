//! What the server may hear: never a name, a type, a size or a digest; never which check failed.

use std::collections::{BTreeMap, BTreeSet};

use cli::canary::needle::{Canary, Haystacks};
use cli::canary::{grammar, wire};
use crypto::document::content::{content_root, part_content_root};
use crypto::document::padding::Shape;
use sdk::flows::document::ObjectId;
use sdk::flows::login;
use sdk::flows::{Request, Watch};
use sha2::{Digest, Sha256};
use shared::{ErrorCode, path};
use tests::evil::{Attack, Evil, LogKeeper, Switch, is_of, logged, refusing, writes};
use tests::person::{Desk, Person, Safe, document};
use tests::sample;

use crate::contract::{a_life, watched_world};
use crate::verdict::noticed;
use crate::world;

const NAME: &str = "Avis d’imposition Zyrkoléane.pdf";
const RENAMED: &str = "Vélubrane d’Ostrogoule (copie).pdf";
const FOLDER: &str = "Allocations krumvoliennes";
/// Seven digits, odd, and not what padding would make of it.
const SIZE: u64 = 1_357_913;

fn content() -> Vec<u8> {
    sample::pdf(&["Maître Quorvandine Esperluze"], usize::try_from(SIZE).unwrap())
}

fn canary() -> Canary {
    let content = content();
    Canary::new()
        .text("name", NAME)
        .text("later name", RENAMED)
        .text("folder", FOLDER)
        .text("media type", "application/pdf")
        .text("words", "Maître Quorvandine Esperluze")
        .size("size", SIZE)
        .bytes("digest", &Sha256::digest(&content))
        .bytes("content root", &content_root(&content))
        .bytes("root of a part", &part_content_root(&content[..1 << 20]))
        .bytes("first bytes", &content[..16])
        .bytes("inner bytes", &content[1_000_000..1_000_016])
}

/// Everything that a person does with documents, of which `kept` stays; what fails, fails.
async fn lives(safe: &Safe, kept: &ObjectId) {
    let (file, nothing) = (content(), Watch::none());
    let _ = safe.upload(&file, &document(NAME), &nothing).await;
    for begun in safe.unfinished().await.unwrap_or_default() {
        let _ = safe.resume(begun.body, &file, &document(NAME), &nothing).await;
    }
    let _ = safe.make_folder(FOLDER, None).await;
    let _ = safe.sync().await;
    for item in safe.list() {
        let _ = safe.rename(&item.id, RENAMED).await;
        let _ = safe.move_to(&item.id, None).await;
        let _ = safe.trash(&item.id).await;
        let _ = safe.restore(&item.id).await;
        let _ = safe.download(&item.id, &mut Vec::new(), &nothing).await;
        let _ = safe.read_range(&item.id, 1_000_001, 17).await;
    }
    let _ = safe.card().await;
    for begun in safe.unfinished().await.unwrap_or_default() {
        let _ = safe.abandon(begun.body).await;
    }
    let _ = safe.evidence().await;
    for item in safe.list().into_iter().filter(|item| item.id != *kept) {
        let _ = safe.purge(&[item.id]).await;
    }
}

/// Every place of these requests where something is said.
fn places(requests: &[Request]) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for request in requests.iter().map(wire::Request::from) {
        for (place, _) in request.values() {
            places.insert(format!("{}: {place}", request.title()));
        }
    }
    places
}

#[tokio::test(flavor = "multi_thread")]
async fn n34_no_error_of_the_server_makes_a_client_say_more() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let other = alice.opens(&desk).await;
    let kept = safe.saves(NAME, &content()).await.object;
    let begun = evil.memory().len();
    let said = |from: usize| -> Vec<Request> {
        evil.memory()
            .into_iter()
            .skip(from)
            .map(|exchange| exchange.request)
            .collect()
    };
    // An honest life in a log that has grown, with an upload that breaks off and one that is given up, read after by another window.
    LogKeeper::of(&world, logged(&evil.memory())).await;
    safe.sync().await.unwrap();
    desk.line.lose("/parts/", 2, false);
    lives(&safe, &kept).await;
    // And in the end the log has all of it.
    LogKeeper::of(&world, logged(&evil.memory())).await;
    other.sync().await.unwrap();
    desk.line.before(|request| {
        if is_of(request, path::UPLOAD_PART) {
            tests::adversary::Fate::Lose
        } else {
            tests::adversary::Fate::Pass
        }
    });
    lives(&safe, &kept).await;
    desk.line.before(|_| tests::adversary::Fate::Pass);
    let honest = places(&said(begun));
    let refused = [
        ErrorCode::NotFound,
        ErrorCode::RangeNotSatisfiable,
        ErrorCode::Internal,
    ];
    let attacks = ErrorCode::ALL
        .into_iter()
        .map(|code| refusing("every write refused", writes, code))
        .chain(refused.map(|code| refusing("every reading refused", |request| !writes(request), code)))
        .chain(Switch::N50.attacks());
    for attack in attacks {
        evil.begin(attack);
        lives(&safe, &kept).await;
        evil.end();
        // What a lie broke off is not left for the next one.
        for left in safe.unfinished().await.unwrap() {
            safe.abandon(left.body).await.unwrap();
        }
        for item in safe.list().into_iter().filter(|item| item.id != kept) {
            safe.purge(&[item.id]).await.unwrap();
        }
    }
    let requests = said(begun);
    let more: Vec<_> = places(&requests).difference(&honest).cloned().collect();
    assert!(more.is_empty(), "said after a lie only: {more:#?}");
    let mut stacks = Haystacks::default();
    for (number, request) in requests.iter().map(wire::Request::from).enumerate() {
        grammar::judge(&request).unwrap();
        stacks.add(
            format!("request {number}"),
            format!("{} {:?}", request.path, request.headers),
        );
        stacks.add(format!("body of request {number}"), request.body);
    }
    assert!(stacks.len() as u64 > 10 * SIZE, "{} bytes", stacks.len());
    let leaks = stacks.search(&canary().needles());
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n34_everything_that_a_person_does_is_of_the_grammar() {
    let world = watched_world().await;
    let said = a_life(&world).await;
    // An auditor and a witness look in; they are no clients.
    let others = [
        path::NEWEST,
        path::COSIGNATURES,
        path::AUDIT_LIST,
        path::AUDIT_CHUNK,
    ];
    let is_other = |request: &&Request| others.iter().any(|route| is_of(request, route));
    let requests = said.iter().map(|exchange| &exchange.request);
    let (others, own): (Vec<_>, Vec<_>) = requests.partition(is_other);
    for request in &own {
        grammar::judge(&wire::Request::from(*request)).unwrap();
    }
    for request in &others {
        grammar::judge(&wire::Request::from(*request)).unwrap_err();
    }
    assert!(
        own.len() > 100 && others.len() > 3,
        "{}, {}",
        own.len(),
        others.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn n34_a_search_that_finds_nothing_would_find_something() {
    let mut stacks = Haystacks::default();
    stacks.add("planted", format!("x-name: {NAME}"));
    stacks.add("planted too", content_root(&content()).to_vec());
    assert_eq!(stacks.search(&canary().needles()).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn n34_padding_is_fetched_like_content() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    // The smallest kind of file that ends in a part of padding alone.
    let content = vec![7; (64 << 20) + 1];
    let shape = Shape::of_plain(content.len() as u64).unwrap();
    assert!(u64::from(shape.parts) > (content.len() as u64).div_ceil(1 << 20));
    safe.saves("film.bin", &content).await;
    desk.line.take_sent();
    assert!(safe.reads("film.bin").await == content);
    let sent = desk.line.take_sent();
    let ranges = sent
        .iter()
        .filter(|request| is_of(request, path::BODY_CONTENT))
        .map(|request| {
            request
                .headers
                .iter()
                .find(|(name, _)| *name == "range")
                .unwrap()
                .1
                .clone()
        })
        .collect::<BTreeSet<_>>();
    let last = shape.ct_len - 1;
    let wanted = (0..shape.ct_len)
        .step_by(1_049_600)
        .map(|at| format!("bytes={at}-{}", (at + 1_049_599).min(last)))
        .chain([format!("bytes={}-{last}", shape.last_chunk_at())])
        .collect::<BTreeSet<_>>();
    assert_eq!(ranges, wanted, "every part, and the last chunk");
}

/// What a server sees of one request without its random bytes: what is asked, and how much is said.
fn seen(requests: &[Request]) -> Vec<String> {
    requests
        .iter()
        .map(|request| {
            let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
            format!(
                "{} {names:?} {} bytes",
                wire::Request::from(request).title(),
                request.body.len()
            )
        })
        .collect()
}

/// One act under one lie, then the same act again with the honest server: what was sent after the lie, and then.
async fn traffic(
    desk: &Desk,
    evil: &Evil,
    attack: Attack,
    alice: &Person,
    safe: &Safe,
) -> (Vec<String>, Vec<String>) {
    let group = attack.name().split(':').next().unwrap().to_owned();
    let id = safe.id("a.bin");
    let after = match group.as_str() {
        "body" | "content" => {
            let read = async || safe.download(&id, &mut Vec::new(), &Watch::none()).await;
            noticed(desk, evil, attack, read).await;
            let after = evil.sent_since_the_lie();
            desk.line.take_sent();
            read().await.unwrap();
            after
        }
        "collection" | "pages" => {
            // A window that knows nothing yet reads all of it.
            let window = alice.opens_without_reading(desk).await;
            let read = async || window.sync().await;
            noticed(desk, evil, attack, read).await;
            let after = evil.sent_since_the_lie();
            desk.line.take_sent();
            read().await.unwrap();
            after
        }
        _ => {
            let open = async || {
                login::open(desk.device(), &alice.handle, &alice.phrase)
                    .await
                    .map(drop)
            };
            noticed(desk, evil, attack, open).await;
            let after = evil.sent_since_the_lie();
            desk.line.take_sent();
            after
        }
    };
    (seen(&after), seen(&desk.line.take_sent()))
}

#[tokio::test(flavor = "multi_thread")]
async fn n52_the_server_cannot_tell_which_check_failed() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("a.bin", &sample::noise(5_000, 1)).await;
    // How far the log has grown is no matter of these lies.
    LogKeeper::of(&world, logged(&evil.memory())).await;
    safe.sync().await.unwrap();
    let mut groups = BTreeMap::<String, Vec<(String, (Vec<String>, Vec<String>))>>::new();
    for attack in Switch::N52.attacks() {
        let name = attack.name().to_owned();
        let group = name.split(':').next().unwrap().to_owned();
        let heard = traffic(&desk, &evil, attack, &alice, &safe).await;
        groups.entry(group).or_default().push((name, heard));
    }
    assert_eq!(groups.len(), 5);
    for members in groups.values() {
        let (first, heard) = &members[0];
        assert!(members.len() >= 3, "{first}: nothing to compare with");
        for (name, other) in members {
            assert_eq!(other, heard, "{name} differs from {first}");
        }
    }
}
