//! What a refusal keeps: enough for an outsider to judge, never a secret, nothing lost, and nothing said to the server.
//! spec/evidence.md.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use async_trait::async_trait;
use cli::canary::needle::{Canary, Haystacks};
use crypto::collection::charter::{Charter, VerifiedCharter};
use crypto::collection::head::{Head, SignedHead};
use sdk::error::LocalError;
use sdk::evidence::{self, About, Evidence, EvidenceError, EvidenceId, Export, KEPT_BYTES, KEPT_PIECES};
use sdk::evidence::{Known, Names, Route};
use sdk::fault::Fault;
use sdk::flows::collection::SyncError;
use sdk::flows::login::{self, OpenError};
use sdk::flows::{Device, Method, Watch};
use sdk::native::{SystemClock, SystemRandom};
use sdk::{Check, LocalStore};
use shared::collection::Collection;
use shared::document::Body;
use shared::session::SessionOpened;
use tests::adversary::{Fate, Line, OverLine, flip, pretend_stored};
use tests::person::{Desk, Drawer, Person, Safe};
use tests::sample;

use crate::world;

/// The words of the file; those of the page stand in its locale files.
pub(crate) fn about() -> About {
    About {
        fr: "Ce que ce fichier contient.".to_owned(),
        en: "What this file holds.".to_owned(),
    }
}

/// Answers to exactly this path, altered.
pub(crate) fn alter<T: serde::Serialize + serde::de::DeserializeOwned>(
    desk: &Desk,
    is: impl Fn(&str) -> bool + 'static,
    mut change: impl FnMut(&mut T) + 'static,
) {
    desk.line.after(move |request, response| {
        if is(&request.path) && response.status < 300 {
            let mut value: T = serde_json::from_slice(&response.body).unwrap();
            change(&mut value);
            response.body = serde_json::to_vec(&value).unwrap().into();
        }
        Fate::Pass
    });
}

/// The path of charters and newest head.
pub(crate) fn is_list(path: &str) -> bool {
    path.strip_prefix("/api/v1/collections/")
        .is_some_and(|id| !id.contains(['/', '?']))
}

/// The last refusal on this desk, as it is kept.
async fn newest(desk: &Desk, safe: &Safe) -> Evidence {
    let (id, piece) = evidence::recent(&desk.device()).pop().unwrap();
    let kept = safe.evidence().await.unwrap();
    let (_, found) = kept
        .into_iter()
        .find(|(kept, _)| Some(kept) == id.as_ref())
        .unwrap();
    assert_eq!(found, piece);
    found
}

/// The signed head and the charter among what was known.
fn known_head(piece: &Evidence) -> (SignedHead, VerifiedCharter) {
    let charter = piece.known.iter().find_map(|known| match known {
        Known::Charter { signed, .. } => signed.clone(),
        _ => None,
    });
    let head = piece.known.iter().find_map(|known| match known {
        Known::Head { signed, .. } => signed.clone(),
        _ => None,
    });
    let charter = Charter::parse(charter.expect("a charter").as_slice()).unwrap();
    let id = *charter.collection_id();
    let charter = charter.verify_genesis(&id).unwrap();
    let head = Head::parse(head.expect("a signed head").as_slice()).unwrap();
    (head.verify(&charter).unwrap(), charter)
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_the_evidence_of_a_rollback_holds_both_signed_heads() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let past = Rc::<RefCell<Option<Collection>>>::default();
    let keep = Rc::clone(&past);
    alter::<Collection>(&desk, is_list, move |stored| {
        *keep.borrow_mut() = Some(stored.clone());
    });
    safe.sync().await.unwrap();
    desk.line.mend();
    safe.make_folder("Impôts", None).await.unwrap();
    let past = past.take().unwrap();
    alter::<Collection>(&desk, is_list, move |stored| *stored = past.clone());
    desk.line.take_sent();
    // Another visit: nothing is in memory but what the device kept.
    let again = login::open(desk.device(), &alice.handle, &alice.phrase)
        .await
        .unwrap();
    assert!(matches!(again.sync().await, Err(SyncError::Refused(_))));
    // n52: the answer that was refused is the last thing that the server hears of.
    let sent = desk.line.take_sent();
    assert!(is_list(&sent.last().unwrap().path) && sent.last().unwrap().method == Method::Get);

    let piece = newest(&desk, &safe).await;
    assert_eq!(
        (piece.check, piece.route),
        (Check::HeadRolledBack, Route::Collection)
    );
    assert_eq!(piece.checklist, [28, 30]);
    assert_eq!(piece.origin, Some(world.origin()));
    assert_eq!(piece.client, env!("CARGO_PKG_VERSION"));
    let pinned = desk.drawer.0.borrow().get("pin/deployment").cloned();
    assert_eq!(piece.deployment.map(|id| id.0.to_vec()), pinned);
    // Whoever has this file alone sees that both were signed by the same key, and which came later.
    let (seen, charter) = known_head(&piece);
    let served = Head::parse(piece.bytes.as_slice())
        .unwrap()
        .verify(&charter)
        .unwrap();
    assert_eq!((served.head_no(), seen.head_no()), (0, 1));
    assert_eq!(seen.prev_hash(), served.hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_the_evidence_of_a_fork_is_two_signed_heads_of_one_number() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, left) = Person::creates_account("alice", &desk).await;
    let right = alice.opens(&desk).await;
    desk.line.before(|request| {
        if request.path.ends_with("/head") {
            Fate::Answer(pretend_stored(request))
        } else {
            Fate::Pass
        }
    });
    left.make_folder("Gauche", None).await.unwrap();
    desk.line.mend();
    right.make_folder("Droite", None).await.unwrap_err();
    let piece = newest(&desk, &left).await;
    let (seen, charter) = known_head(&piece);
    let served = Head::parse(piece.bytes.as_slice())
        .unwrap()
        .verify(&charter)
        .unwrap();
    assert_eq!(served.head_no(), seen.head_no());
    assert_ne!(served.hash(), seen.hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_thing_keeps_its_beginning_its_length_and_its_hash() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("film.mp4", &sample::noise(1_500_000, 1)).await;
    let served = Rc::<RefCell<Vec<u8>>>::default();
    let keep = Rc::clone(&served);
    desk.line.alter("/content", move |response| {
        if response.body.len() > 1_000_000 {
            let mut bytes = response.body.to_vec();
            flip(&mut bytes, 8 * 700_000);
            keep.borrow_mut().clone_from(&bytes);
            response.body = bytes.into();
        }
    });
    let mut out = Vec::new();
    let error = safe
        .download(&safe.id("film.mp4"), &mut out, &Watch::none())
        .await;
    assert!(error.unwrap_err().refusal().is_some() && out.is_empty());
    let (piece, served) = (newest(&desk, &safe).await, served.take());
    assert_eq!(piece.len, served.len() as u64);
    assert_eq!(piece.bytes.as_slice(), &served[..KEPT_BYTES]);
    assert_eq!(piece.hash.0, crypto::hash::sha256(&served));
    let expected = piece.known.iter().find_map(|known| match known {
        Known::Part { number, len, hash } => Some((*number, *len, hash.0)),
        _ => None,
    });
    let (number, len, hash) = expected.expect("the part as it should be");
    assert_eq!((number, len), (0, served.len() as u64));
    let mut honest = served;
    flip(&mut honest, 8 * 700_000);
    assert_eq!(crypto::document::body::part_hash(&honest).unwrap(), hash);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_and_a_file_have_one_form() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", &sample::noise(5_000, 1)).await;
    desk.line.alter("/content", |response| {
        response.body = response.body.slice(..response.body.len() - 1);
    });
    safe.download(&safe.id("bail.pdf"), &mut Vec::new(), &Watch::none())
        .await
        .unwrap_err();
    alter::<Body>(
        &desk,
        |path| path.contains("/bodies/"),
        |body| flip(&mut body.header.0, 0),
    );
    safe.download(&safe.id("bail.pdf"), &mut Vec::new(), &Watch::none())
        .await
        .unwrap_err();
    let piece = newest(&desk, &safe).await;
    let bytes = piece.to_bytes();
    assert_eq!(Evidence::parse(&bytes), Ok(piece.clone()));
    let text = String::from_utf8(bytes.clone()).unwrap();
    let changes = [
        (r#""civis-evidence-1""#, r#""civis-evidence-2""#),
        (r#"{"format""#, r#"{ "format""#),
        (r#""check":"header""#, r#""check":"part""#),
        (r#""check":"header""#, r#""check":"slot_opened""#),
        (r#""checklist":[9,"#, r#""checklist":["#),
        (r#""len":120"#, r#""len":121"#),
        (r#""len":120"#, r#""len":1.2e2"#),
        (r#""hash":""#, r#""hash":"A"#),
        (r#""known":["#, r#""known":[null,"#),
        (r#"]}"#, r#"],"more":1}"#),
        (r#"]}"#, r#"]} "#),
        (
            r#""GET /api/v1/bodies/{body_id}""#,
            r#""GET /api/v1/bodies/AAAA""#,
        ),
        (r#""name":"bail.pdf""#, r#""name":"bail\u002epdf""#),
        (r#","route""#, r#","when":1,"route""#),
    ];
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        assert!(Evidence::parse(changed.as_bytes()).is_err(), "{to}");
    }
    // Other bytes than those of the hash.
    let mut other = piece.clone();
    flip(&mut other.bytes.0, 3);
    assert!(Evidence::parse(&other.to_bytes()).is_err());
    for end in 0..bytes.len() {
        assert!(Evidence::parse(&bytes[..end]).is_err());
    }
    // Whatever else is read is again the one form of what was read.
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        if let Ok(read) = Evidence::parse(&changed) {
            assert_eq!(read.to_bytes(), changed);
        }
    }
    let both = safe.evidence().await.unwrap().into_iter().map(|(_, piece)| piece);
    let file = Export::new(both, Names::Included, about());
    let bytes = file.to_bytes();
    assert_eq!(Export::parse(&bytes), Ok(file));
    let text = String::from_utf8(bytes).unwrap();
    for (from, to) in [
        (r#""names": "included""#, r#""names": "left_out""#),
        (r#""civis-evidence-file-1""#, r#""civis-evidence-file-0""#),
        (r#""about": {"#, r#""about":  {"#),
        (r#""civis-evidence-1""#, r#""civis-evidence-0""#),
        (r#""pieces": ["#, r#""pieces": [ "#),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(
            Export::parse(text.replacen(from, to, 1).as_bytes()).is_err(),
            "{to}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_leaves_the_device_only_where_it_is_asked_for() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("Ordonnance Zyrkovalente.pdf", &sample::noise(5_000, 1))
        .await;
    // One refusal at the door, one of a document.
    alter::<SessionOpened>(
        &desk,
        |path| path.ends_with("/sessions/finish"),
        |opened| flip(&mut opened.slot.0, 900),
    );
    let door = login::open(desk.device(), &alice.handle, &alice.phrase).await;
    assert!(matches!(door, Err(OpenError::Refused(_))));
    let open = evidence::list_open(&desk.device()).await.unwrap();
    assert_eq!(open.len(), 1, "readable before anything is open");
    desk.line.alter("/content", |response| {
        response.body = response.body.slice(1..);
    });
    let id = safe.id("Ordonnance Zyrkovalente.pdf");
    safe.download(&id, &mut Vec::new(), &Watch::none())
        .await
        .unwrap_err();
    let kept = safe.evidence().await.unwrap();
    let ids: Vec<EvidenceId> = kept.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(ids.len(), 2);
    let named = safe
        .export_evidence(&ids, Names::Included, about())
        .await
        .unwrap();
    let unnamed = safe.export_evidence(&ids, Names::LeftOut, about()).await.unwrap();
    let needles = Canary::new()
        .text("name", "Ordonnance Zyrkovalente.pdf")
        .needles();
    let found = |file: &Export| {
        let mut stacks = Haystacks::default();
        stacks.add("file", file.to_bytes());
        stacks.search(&needles).len()
    };
    assert!(found(&named) > 0);
    assert_eq!(found(&unnamed), 0);
    // All else is the same.
    for (one, other) in named.pieces.iter().zip(&unnamed.pieces) {
        assert_eq!(&one.clone().without_name(), other);
    }
    // Nobody else's, and nothing else of the store, can be named.
    let (_, bob) = Person::creates_account("bob", &desk).await;
    let own = ids
        .iter()
        .find(|id| !id.0.starts_with("evidence/open/"))
        .unwrap()
        .clone();
    let strange = EvidenceId("pin/deployment".to_owned());
    for id in [&own, &strange] {
        let ids = std::slice::from_ref(id);
        let export = bob.export_evidence(ids, Names::Included, about()).await;
        assert_eq!(export, Err(EvidenceError::NotFound));
        assert_eq!(bob.delete_evidence(id).await, Err(EvidenceError::NotFound));
    }
    assert_eq!(safe.evidence().await.unwrap().len(), 2);
    assert!(desk.drawer.0.borrow().contains_key("pin/deployment"));
    safe.delete_evidence(&own).await.unwrap();
    safe.delete_evidence(&own).await.unwrap();
    let left = safe.evidence().await.unwrap();
    assert_eq!((left.len(), left[0].1.check), (1, Check::Slot));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_device_still_refuses_and_the_evidence_is_in_hand() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", &sample::noise(5_000, 1)).await;
    let download = async |safe: &Safe| {
        let mut out = Vec::new();
        let result = safe
            .download(&safe.id("bail.pdf"), &mut out, &Watch::none())
            .await;
        (result.unwrap_err().refusal().cloned(), out)
    };
    desk.line.alter("/content", |response| {
        let mut bytes = response.body.to_vec();
        flip(&mut bytes, 9);
        response.body = bytes.into();
    });
    desk.drawer.1.set(true);
    let before = desk.drawer.0.borrow().clone();
    let (refusal, out) = download(&safe).await;
    let refusal = refusal.expect("a refusal, whatever the device can keep");
    assert_eq!(
        (refusal.check, refusal.evidence, out.len()),
        (Check::Part, None, 0)
    );
    assert_eq!(*desk.drawer.0.borrow(), before);
    let (id, piece) = evidence::recent(&desk.device()).pop().unwrap();
    assert_eq!((id, piece.check), (None, Check::Part));
    let file = Export::new([piece], Names::LeftOut, about()).to_bytes();
    assert!(Export::parse(&file).is_ok());
    // The list and the door as well.
    alter::<Collection>(&desk, is_list, |stored| flip(&mut stored.head.0, 100 * 8));
    let Err(SyncError::Refused(refusal)) = safe.sync().await else {
        panic!("not refused")
    };
    assert_eq!((refusal.check, refusal.evidence), (Check::Head, None));
    alter::<SessionOpened>(
        &desk,
        |path| path.ends_with("/sessions/finish"),
        |opened| flip(&mut opened.slot.0, 900),
    );
    let Err(OpenError::Refused(refusal)) = login::open(desk.device(), &alice.handle, &alice.phrase).await
    else {
        panic!("not refused")
    };
    assert_eq!((refusal.check, refusal.evidence), (Check::Slot, None));
    // Room again, and an honest server: nothing is left of it.
    desk.drawer.1.set(false);
    desk.line.mend();
    assert_eq!(safe.reads("bail.pdf").await.len(), 5_000);
    assert!(safe.evidence().await.unwrap().is_empty());
    alice.opens(&desk).await;
    // A lock forgets what memory held: it names documents.
    let _ = safe.0.lock();
    assert!(evidence::recent(&desk.device()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_device_loses_nothing_that_it_kept_and_a_flood_displaces_itself_alone() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", &sample::noise(5_000, 1)).await;
    desk.line.alter("/content", |response| {
        response.body = response.body.slice(1..);
    });
    safe.download(&safe.id("bail.pdf"), &mut Vec::new(), &Watch::none())
        .await
        .unwrap_err();
    // Names begin with the time: what comes later is younger.
    desk.later.set(10);
    for round in 0..KEPT_PIECES + 6 {
        alter::<Collection>(&desk, is_list, move |stored| {
            flip(&mut stored.head.0, (304 + round) * 8);
        });
        safe.sync().await.unwrap_err();
    }
    let kept = safe.evidence().await.unwrap();
    assert_eq!(kept.len(), KEPT_PIECES);
    let count = |check| kept.iter().filter(|(_, piece)| piece.check == check).count();
    assert_eq!((count(Check::Part), count(Check::Head)), (1, KEPT_PIECES - 1));
    desk.drawer.1.set(true);
    alter::<Collection>(&desk, is_list, |stored| flip(&mut stored.head.0, 500 * 8));
    safe.sync().await.unwrap_err();
    let ids = |kept: &[(EvidenceId, Evidence)]| kept.iter().map(|(id, _)| id.0.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&safe.evidence().await.unwrap()), ids(&kept));
}

/// A store in which every act lets the others go first, as the browser's does.
struct Yielding(Rc<Drawer>);

#[async_trait(?Send)]
impl LocalStore for Yielding {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, LocalError> {
        tokio::task::yield_now().await;
        Ok(self.0.0.borrow().get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), LocalError> {
        tokio::task::yield_now().await;
        self.0.0.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), LocalError> {
        tokio::task::yield_now().await;
        self.0.0.borrow_mut().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, LocalError> {
        tokio::task::yield_now().await;
        let drawer = self.0.0.borrow();
        Ok(drawer
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_that_keep_evidence_at_once_lose_none() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    let mut windows = Vec::new();
    for window in 0..2_usize {
        let line = Line::to(&world.origin());
        let device = Device::new(
            Rc::new(OverLine(Rc::clone(&line))),
            Rc::new(SystemClock),
            Box::new(SystemRandom),
            Rc::new(Yielding(Rc::clone(&desk.drawer))),
        );
        let safe = login::open(device, &alice.handle, &alice.phrase).await.unwrap();
        windows.push((window, line, safe));
    }
    // Each window is answered thirty lies of its own: together they fit.
    let lied = windows.iter().map(|(window, line, safe)| async move {
        for round in 0..30 {
            let at = (304 + window * 100 + round) * 8;
            line.after(move |request, response| {
                if is_list(&request.path) {
                    let mut stored: Collection = serde_json::from_slice(&response.body).unwrap();
                    flip(&mut stored.head.0, at);
                    response.body = serde_json::to_vec(&stored).unwrap().into();
                }
                Fate::Pass
            });
            assert!(matches!(safe.sync().await, Err(SyncError::Refused(_))));
        }
    });
    futures::future::join_all(lied).await;
    let kept = windows[0].2.evidence().await.unwrap();
    let hashes: BTreeSet<_> = kept.iter().map(|(_, piece)| piece.hash.0).collect();
    assert_eq!((kept.len(), hashes.len()), (60, 60));
}
