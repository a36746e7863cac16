//! Uploads: cut anywhere and continued, rule R, quota, cancelling.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sdk::error::ApiError;
use sdk::flows::upload::UploadError;
use sdk::flows::{Cancel, Progress, Request, Step, Watch};
use tests::adversary::Fate;
use tests::person::{Desk, Person, Safe, document};
use tests::sample;
use tests::world::World;

use crate::world;

const MIB: usize = 1 << 20;

/// Cuts the line for good at the n-th request whose path holds `part`.
fn cut_at(desk: &Desk, part: &'static str, n: u32, answered: bool) {
    let seen = Cell::new(0);
    let decide = move |request: &Request| {
        seen.set(seen.get() + u32::from(request.path.contains(part)));
        if seen.get() >= n { Fate::Lose } else { Fate::Pass }
    };
    if answered {
        desk.line.after(move |request, _| decide(request));
    } else {
        desk.line.before(decide);
    }
}

/// The only unfinished upload, and the content it was of.
async fn resume_only(safe: &Safe, content: &[u8]) -> sdk::flows::upload::Uploaded {
    let unfinished = safe.unfinished().await.unwrap();
    assert_eq!(unfinished.len(), 1);
    let content = content.to_vec();
    safe.resume(
        unfinished[0].body,
        &content,
        &document("autre nom.pdf"),
        &Watch::none(),
    )
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_cut_at_any_part_goes_on() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(3 * MIB + 5, 3);
    for (n, answered) in (1..=4).flat_map(|n| [(n, false), (n, true)]) {
        let safe = alice.opens(&desk).await;
        let name = format!("coupé {n} {answered}.pdf");
        cut_at(&desk, "/parts/", n, answered);
        let cut = safe.upload(&content, &document(&name), &Watch::none()).await;
        assert!(matches!(cut, Err(UploadError::Api(ApiError::Offline))));
        desk.line.mend();
        // The same device after a restart: its journal knows the name.
        let safe = alice.opens(&desk).await;
        assert_eq!(
            safe.unfinished().await.unwrap()[0].name.as_deref(),
            Some(name.as_str())
        );
        let uploaded = resume_only(&safe, &content).await;
        assert!(uploaded.continued);
        assert!(safe.reads(&name).await == content);
        assert!(safe.unfinished().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_device_goes_on_from_the_record() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(2 * MIB, 4);
    cut_at(&desk, "/parts/", 2, false);
    assert!(
        safe.upload(&content, &document("ici.pdf"), &Watch::none())
            .await
            .is_err()
    );
    let other = alice.opens(&Desk::new(&world)).await;
    let unfinished = other.unfinished().await.unwrap();
    assert_eq!(
        (unfinished[0].name.as_deref(), unfinished[0].len),
        (None, 2 * MIB as u64)
    );
    assert!(resume_only(&other, &content).await.continued);
    assert!(other.reads("autre nom.pdf").await == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_commit_is_finished_and_makes_one_document() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(30_000, 5);
    // Cut at the begin, at the commit of the body, at that of the list; each before and after the server acted.
    let places = ["/uploads", "/commit", "/head"]
        .into_iter()
        .flat_map(|part| [(part, false), (part, true)]);
    for (number, (part, answered)) in places.enumerate() {
        let safe = alice.opens(&desk).await;
        cut_at(&desk, part, 1, answered);
        let name = format!("{number}.pdf");
        assert!(
            safe.upload(&content, &document(&name), &Watch::none())
                .await
                .is_err(),
            "{part} {answered}"
        );
        desk.line.mend();
        let safe = alice.opens(&desk).await;
        let uploaded = resume_only(&safe, &content).await;
        // What the server never heard of begins anew.
        assert_eq!(
            uploaded.continued,
            (part, answered) != ("/uploads", false),
            "{part} {answered}"
        );
        assert_eq!(safe.names().len(), number + 1);
        assert!(safe.reads(&name).await == content);
        assert!(safe.unfinished().await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_quota_is_said_before_anything_is_sent() {
    let world = World::start(|config| config.account_bytes = 200_000)
        .await
        .unwrap();
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("petit.pdf", &sample::noise(100_000, 1)).await;
    desk.line.take_sent();
    let full = safe
        .upload(&sample::noise(150_000, 2), &document("grand.pdf"), &Watch::none())
        .await;
    assert!(matches!(full, Err(UploadError::Quota { missing: 1.. })));
    let sent = desk.line.take_sent();
    assert!(
        sent.iter().all(|request| request.path.ends_with("/quota")),
        "{}",
        sent.len()
    );
    // Room again after a purge.
    safe.purge(&[safe.id("petit.pdf")]).await.unwrap();
    safe.saves("grand.pdf", &sample::noise(150_000, 2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_stops_and_can_be_given_up() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(12 * MIB, 10);
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let watch = Watch {
        cancel,
        progress: &move |progress: Progress| {
            if progress.step == Step::Sending && progress.done > 0 {
                stop.cancel();
            }
        },
    };
    let cancelled = safe.upload(&content, &document("a.pdf"), &watch).await;
    assert!(matches!(cancelled, Err(UploadError::Cancelled)));
    assert!(safe.card().await.unwrap().quota.reserved > 0);
    let begun = safe.unfinished().await.unwrap();
    assert!(begun[0].parts < begun[0].parts_total);
    safe.abandon(begun[0].body).await.unwrap();
    assert_eq!(safe.card().await.unwrap().quota.reserved, 0);
    assert!(safe.unfinished().await.unwrap().is_empty());
    assert!(safe.names().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_tells_three_steps_that_only_grow() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let content = sample::noise(3 * MIB + 1, 11);
    let events = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&events);
    let watch = Watch {
        cancel: Cancel::new(),
        progress: &move |progress| seen.borrow_mut().push(progress),
    };
    safe.upload(&content, &document("a.pdf"), &watch).await.unwrap();
    let events = events.take();
    for step in [Step::Encrypting, Step::Sending] {
        let done = events
            .iter()
            .filter(|event| event.step == step)
            .map(|event| event.done)
            .collect::<Vec<_>>();
        assert!(done.is_sorted());
        assert_eq!(done.last(), Some(&(content.len() as u64)));
    }
    assert_eq!(events.last().map(|event| event.step), Some(Step::Saved));
    assert!(events.iter().all(|event| event.total == content.len() as u64));
}
