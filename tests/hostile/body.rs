//! A hostile server against bodies. Each time: nothing of the refused bytes comes out, the evidence names the document.

use bytes::Bytes;
use sdk::flows::Watch;
use sdk::flows::read::ReadError;
use sdk::{Check, Subject};
use shared::document::Body;
use tests::adversary::{Fate, flip};
use tests::person::{Desk, Person, Safe};
use tests::sample;

use crate::world;

const MIB: usize = 1 << 20;
const PART: usize = 1_049_600;

/// Downloads, expects a refusal, and says what came out before it.
async fn refused(safe: &Safe, desk: &Desk, name: &str) -> (Check, Vec<u8>) {
    let mut sink = Vec::new();
    let known = safe.evidence().await.unwrap().len();
    desk.line.take_sent();
    let error = safe
        .download(&safe.id(name), &mut sink, &Watch::none())
        .await
        .unwrap_err();
    let sent = desk.line.take_sent();
    let ReadError::Refused(refusal) = error else {
        panic!("another error: {error:?}")
    };
    assert_eq!(
        refusal.subject,
        Subject::Document {
            name: name.to_owned()
        }
    );
    let evidence = safe.evidence().await.unwrap();
    // The same refusal again is kept once.
    assert!(evidence.len() == known + 1 || evidence.len() == known);
    let (id, kept) = evidence
        .into_iter()
        .find(|(id, _)| Some(id) == refusal.evidence.as_ref())
        .unwrap();
    assert_eq!((kept.check, &kept.subject), (refusal.check, &refusal.subject));
    assert!(kept.when > 1_700_000_000);
    // Sealed on the device: the name is not there to read.
    let stored = desk.drawer.0.borrow().get(&id.0).cloned().unwrap();
    assert!(!stored.windows(name.len()).any(|window| window == name.as_bytes()));
    // n52: the server is told nothing. It sees reads, as in any opening (and of the list, if a body is missing).
    let reads = |path: &str| path.contains("/bodies/") || path.contains("/collections/");
    assert!(
        sent.iter()
            .all(|request| request.method == sdk::flows::Method::Get && reads(&request.path))
    );
    (refusal.check, sink)
}

fn range(request: &sdk::flows::Request) -> Option<String> {
    request
        .headers
        .iter()
        .find(|(name, _)| *name == "range")
        .map(|(_, value)| value.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_an_altered_header_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", &sample::noise(5_000, 1)).await;
    let body = safe_body(&desk);
    // Magic, suite, kind, zeros, id, length, salt, commitment, root.
    for byte in [0, 4, 5, 6, 8, 24, 31, 32, 56, 88, 119] {
        desk.line
            .alter_json::<Body>(body, move |body| flip(&mut body.header.0, byte * 8));
        let (check, out) = refused(&safe, &desk, "bail.pdf").await;
        assert_eq!((check, out.len()), (Check::Header, 0), "byte {byte}");
    }
    desk.line.alter_json::<Body>(body, |body| body.header.0.push(0));
    assert_eq!(refused(&safe, &desk, "bail.pdf").await.0, Check::Header);
}

/// The end of the path of the one body that was uploaded over this line.
fn safe_body(desk: &Desk) -> &'static str {
    let sent = desk.line.take_sent();
    let path = sent
        .iter()
        .find_map(|request| request.path.strip_suffix("/commit"))
        .unwrap();
    let id = path.rsplit('/').next().unwrap();
    Box::leak(format!("/bodies/{id}").into_boxed_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_an_altered_list_of_part_hashes_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("film.mp4", &sample::noise(2 * MIB + 9, 2)).await;
    let body = safe_body(&desk);
    let changes: [fn(&mut Vec<u8>); 6] = [
        |hashes| flip(hashes, 0),
        |hashes| flip(hashes, 95 * 8),
        |hashes| hashes.truncate(64),
        |hashes| hashes.truncate(95),
        |hashes| hashes.extend_from_slice(&[0; 32]),
        |hashes| hashes.rotate_left(32),
    ];
    for change in changes {
        desk.line
            .alter_json::<Body>(body, move |body| change(&mut body.part_hashes.0));
        let (check, out) = refused(&safe, &desk, "film.mp4").await;
        assert_eq!((check, out.len()), (Check::PartHashes, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_n25_an_altered_part_is_refused_and_nothing_of_it_comes_out() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(2 * MIB + 9, 3);
    safe.saves("film.mp4", &content).await;
    // The second part: what comes out is the first, verified, and no byte more.
    let changes: [fn(&mut Vec<u8>); 4] = [
        |part| flip(part, 0),
        |part| flip(part, (PART - 1) * 8 + 7),
        |part| part.rotate_left(16_400),
        |part| part.copy_within(0..16_400, 16_400),
    ];
    for change in changes {
        desk.line.after(move |request, response| {
            if range(request).is_some_and(|range| range.starts_with(&format!("bytes={PART}-"))) {
                let mut bytes = response.body.to_vec();
                change(&mut bytes);
                response.body = bytes.into();
            }
            Fate::Pass
        });
        let (check, out) = refused(&safe, &desk, "film.mp4").await;
        assert_eq!(check, Check::Part);
        assert!(out == content[..MIB], "{} bytes came out", out.len());
    }
    // Cut short, extended: the answer has not the length that was asked for.
    let sizes: [fn(Bytes) -> Bytes; 2] = [
        |part| part.slice(..part.len() - 1),
        |part| [&part[..], b"\0"].concat().into(),
    ];
    for change in sizes {
        desk.line.alter("/content", move |response| {
            response.body = change(response.body.clone())
        });
        let (check, out) = refused(&safe, &desk, "film.mp4").await;
        assert_eq!((check, out.len()), (Check::Part, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n25_parts_exchanged_within_a_body_are_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("film.mp4", &sample::noise(3 * MIB + 9, 4)).await;
    // A first, honest reading gives the server's answers to the test; in the second one they change places.
    let parts: std::rc::Rc<std::cell::RefCell<std::collections::BTreeMap<String, Bytes>>> =
        std::rc::Rc::default();
    let keep = std::rc::Rc::clone(&parts);
    desk.line.after(move |request, response| {
        keep.borrow_mut()
            .extend(range(request).map(|range| (range, response.body.clone())));
        Fate::Pass
    });
    safe.reads("film.mp4").await;
    let first = parts
        .borrow()
        .get(&format!("bytes=0-{}", PART - 1))
        .cloned()
        .unwrap();
    desk.line.after(move |request, response| {
        if range(request) == Some(format!("bytes={PART}-{}", 2 * PART - 1)) {
            response.body = first.clone();
        }
        Fate::Pass
    });
    let (check, out) = refused(&safe, &desk, "film.mp4").await;
    assert_eq!((check, out.len()), (Check::Part, MIB));
}

#[tokio::test(flavor = "multi_thread")]
async fn n26_the_body_of_another_document_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", &sample::noise(5_000, 5)).await;
    let bail = safe_body(&desk);
    safe.saves("acte.pdf", &sample::noise(5_000, 6)).await;
    let acte = safe_body(&desk);
    assert_ne!(bail, acte);
    let kept: std::rc::Rc<std::cell::RefCell<Vec<Bytes>>> = std::rc::Rc::default();
    let keep = std::rc::Rc::clone(&kept);
    desk.line.alter(acte, move |response| {
        keep.borrow_mut().push(response.body.clone())
    });
    safe.reads("acte.pdf").await;
    desk.line.take_sent();
    let answers = kept.take();
    let mut next = 0;
    // Header, hashes and chunks, all genuine, of the other document.
    desk.line.alter(bail, move |response| {
        response.body = answers[next].clone();
        next += 1;
    });
    let (check, out) = refused(&safe, &desk, "bail.pdf").await;
    assert_eq!((check, out.len()), (Check::Header, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_withheld_body_is_missing_with_evidence() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", &sample::noise(5_000, 7)).await;
    desk.line.take_sent();
    for withheld in ["/bodies/", "/content"] {
        desk.line.after(move |request, response| {
            if request.path.contains(withheld) {
                let problem = shared::Problem::new(shared::ErrorCode::NotFound, shared::RequestId([0; 16]));
                response.status = 404;
                response.headers = vec![("content-type".to_owned(), shared::error::PROBLEM_JSON.to_owned())];
                response.body = serde_json::to_vec(&problem).unwrap().into();
            }
            Fate::Pass
        });
        let (check, out) = refused(&safe, &desk, "bail.pdf").await;
        assert_eq!((check, out.len()), (Check::BodyMissing, 0));
    }
    desk.line.mend();
    assert_eq!(safe.reads("bail.pdf").await.len(), 5_000);
}
