//! Bodies and uploads that nobody here wrote, made to look like own ones.

use sdk::flows::{Method, Request, Watch};
use sdk::{Check, Subject};
use shared::collection::Collection;
use tests::adversary::flip;
use tests::evil::{Attack, Switch};
use tests::person::{Desk, Person, document};
use tests::sample;

use crate::behind::Behind;
use crate::verdict::noticed;
use crate::world;

/// Bodies and uploads that the server adds to its answers: none is shown as an own upload, none as a document.
#[tokio::test(flavor = "multi_thread")]
async fn n31_a_body_that_looks_like_an_own_upload_is_not_shown() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    it.first.saves("bail.pdf", &sample::noise(5_000, 1)).await;
    let bobs_desk = Desk::new(&world);
    it.evil.listens_to(&bobs_desk.line);
    let (_bob, bobs) = Person::creates_account("bob", &bobs_desk).await;
    bobs.saves("le sien.pdf", &sample::noise(5_000, 2)).await;
    it.second.sync().await.unwrap();
    let shown = it.second.list();
    let attacks = Switch::N31.attacks();
    let genuine = attacks
        .iter()
        .filter(|attack| attack.name().contains("of the list"))
        .count();
    let planted = attacks.len() - genuine;
    for attack in attacks {
        let name = attack.name().to_owned();
        it.evil.begin(attack);
        assert_eq!(it.second.unfinished().await.unwrap(), [], "{name}");
        // Asked to go on with it, the client does not: nothing is sent under a record that is not its own.
        assert_eq!(it.evil.lies(), 1, "{name}");
        it.second.sync().await.unwrap();
        assert_eq!(it.second.list(), shown, "{name}");
        let sent = it.evil.sent_since_the_lie();
        assert!(!sent.iter().any(tests::evil::writes), "{name}");
        it.evil.end();
    }
    // What does not open is evidence.
    let kept = it.second.evidence().await.unwrap();
    let kept = kept.iter().filter(|(_, kept)| kept.check == Check::UploadRecord);
    assert_eq!(kept.count(), planted);
    it.goes_on().await;
}

/// A list of nothing but bad records is one piece of evidence: it must not push out what was kept before.
#[tokio::test(flavor = "multi_thread")]
async fn n31_planted_uploads_do_not_wash_evidence_away() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    let head = Attack::json::<Collection>(
        "a head",
        |request| request.path.contains("/collections/"),
        // In its box: two checks stand before it.
        |stored| flip(&mut stored.head.0, 2_560),
    );
    assert_eq!(it.refuses(head).await, Check::Head);
    let uploads = |request: &Request| request.method == Method::Get && request.path.ends_with("/uploads");
    it.evil.begin(Attack::json::<shared::document::Uploads>(
        "256 planted",
        uploads,
        |uploads| {
            uploads
                .items
                .extend((0..=255).map(|number| shared::document::Upload {
                    body_id: shared::BodyId([number; 16]),
                    ct_len: 4_111,
                    record: vec![number; 412].into(),
                    parts: vec![0; 1_000],
                }));
        },
    ));
    assert_eq!(it.second.unfinished().await.unwrap(), []);
    it.evil.end();
    let kept = it.second.evidence().await.unwrap();
    let of = |check| kept.iter().filter(|(_, kept)| kept.check == check).count();
    assert_eq!((kept.len(), of(Check::Head), of(Check::UploadRecord)), (2, 1, 1));
}

/// The same bodies, named to the client as uploads to go on with.
#[tokio::test(flavor = "multi_thread")]
async fn n31_a_planted_upload_is_not_continued() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    let content = sample::noise(5_000, 1);
    it.first.saves("bail.pdf", &content).await;
    it.second.sync().await.unwrap();
    let own_record = |attack: &Attack| attack.name().ends_with("record of an own upload");
    for attack in Switch::N31.attacks().into_iter().filter(own_record) {
        let (new, watch) = (document("copie.pdf"), Watch::none());
        let planted = shared::BodyId([0xaa; 16]);
        let going_on = async || it.second.resume(planted, &content, &new, &watch).await;
        let verdict = noticed(&it.desk, &it.evil, attack, going_on).await;
        assert_eq!(verdict.check(), Check::UploadRecord);
        assert_eq!(verdict.subject, Some(Subject::Upload));
    }
    it.goes_on().await;
}
