//! A server that lies about who was first: conflicts merge, never silently, and an invented one changes nothing.

use sdk::Fault;
use sdk::flows::commit::MergeKind;
use sdk::flows::{Method, Request, Response};
use shared::collection::Committed;
use tests::adversary::Fate;
use tests::evil::Attack;

use crate::behind::{Behind, lost_race};
use crate::verdict::noticed;
use crate::world;

/// Conflicts merge, and never silently: whatever the server says of who was first.
#[tokio::test(flavor = "multi_thread")]
async fn n30_a_lost_race_is_merged_and_told_and_an_invented_one_changes_nothing() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    let object = it.first.saves("scan.pdf", b"x").await.object;
    it.second.sync().await.unwrap();
    // A true one: the other device was faster. The name that lost is told now and kept.
    it.first.rename(&object, "bail 2024.pdf").await.unwrap();
    let done = it.second.rename(&object, "bail 2025.pdf").await.unwrap();
    let told: Vec<_> = done
        .merged
        .iter()
        .map(|note| (note.what, note.lost.clone()))
        .collect();
    let lost = Some("bail 2024.pdf".to_owned());
    assert_eq!(told, [(MergeKind::NameOverwritten, lost)]);
    assert_eq!(it.second.lost().await.unwrap(), done.merged);

    // Stored, and denied: it is found in the chain, once, and nothing counts as a conflict.
    it.evil.begin(race(|response| response.status < 300));
    let done = it.second.rename(&object, "bail.pdf").await.unwrap();
    assert_eq!((it.evil.lies(), done.merged.len()), (1, 0));
    it.evil.end();
    it.first.sync().await.unwrap();
    assert_eq!(it.first.names(), ["bail.pdf"]);

    // Stored, and acknowledged as something else: no answer, and the next look finds it.
    let put = |request: &Request| request.method == Method::Put && request.path.ends_with("/head");
    let attack = Attack::json::<Committed>("another head", put, |stored| stored.head_hash.0[0] ^= 1);
    let renaming = async || it.second.rename(&object, "le bail.pdf").await;
    let verdict = noticed(&it.desk, &it.evil, attack, renaming).await;
    assert_eq!(verdict.code, "hostile");
    it.second.sync().await.unwrap();
    assert_eq!(it.second.names(), ["le bail.pdf"]);

    // Denied without end, and never stored: the person is told, the list stays what it was.
    let shown = it.second.list();
    it.desk.line.before(|request| {
        if request.path.ends_with("/head") {
            Fate::Answer(lost_race())
        } else {
            Fate::Pass
        }
    });
    let error = it.second.rename(&object, "autre.pdf").await.unwrap_err();
    assert_eq!(error.code(), "busy");
    it.desk.line.before(|_| Fate::Pass);
    assert_eq!(it.second.list(), shown);
    it.first.sync().await.unwrap();
    it.goes_on().await;
    assert_eq!(it.second.names(), ["le bail.pdf"]);
}

/// Says of commits that somebody else was faster, where `fits` says so.
fn race(fits: impl Fn(&Response) -> bool + 'static) -> Attack {
    Attack::new("a race that was not", move |_, request, response| {
        if request.method == Method::Put && request.path.ends_with("/head") && fits(response) {
            *response = lost_race();
        }
        Fate::Pass
    })
}
