//! What a refusal keeps: enough for an outsider to judge, never a secret, nothing lost, and nothing said to the server.
//! spec/evidence.md.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use async_trait::async_trait;
use base64::BASE64URL_NOPAD;
use crypto::account::slot::Slot;
use crypto::collection::charter::{Charter, VerifiedCharter};
use crypto::collection::head::{Head, SignedHead};
use crypto::words::Words;
use sdk::error::LocalError;
use sdk::evidence::{self, About, Evidence, EvidenceError, EvidenceId, Export, KEPT_BYTES, KEPT_PIECES};
use sdk::evidence::{Known, Names, Route};
use sdk::fault::Fault;
use sdk::flows::account::{CreateError, Draft};
use sdk::flows::collection::SyncError;
use sdk::flows::login::{self, OpenError};
use sdk::flows::{Device, Method, Watch};
use sdk::native::{SystemClock, SystemRandom};
use sdk::{Check, LocalStore, Subject};
use shared::account::Account;
use shared::collection::{Collection, Heads, Pages};
use shared::document::{Body, Uploads};
use shared::session::{Deployment, RecoveryOpened, SessionOpened};
use tests::adversary::{Fate, Line, OverLine, flip};
use tests::canary::{Canary, Haystacks};
use tests::person::{Desk, Drawer, Person, Safe, document};
use tests::sample;

use crate::{hostile_windows::pretend, world};

/// The words of the file; those of the page stand in its locale files.
fn about() -> About {
    About {
        fr: "Ce que ce fichier contient.".to_owned(),
        en: "What this file holds.".to_owned(),
    }
}

/// Answers to exactly this path, altered.
fn alter<T: serde::Serialize + serde::de::DeserializeOwned>(
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
fn is_list(path: &str) -> bool {
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
            Fate::Answer(pretend(request))
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

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_evidence() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice.dupond", &desk).await;
    let content = sample::noise(1_200_000, 5);
    safe.saves("bail.pdf", &content).await;
    let mut met = BTreeSet::new();
    provoke_in_documents(&desk, &safe, &mut met).await;
    provoke_in_the_list(&world, &desk, &alice, &safe, &mut met).await;
    provoke_at_the_door(&desk, &alice, &mut met).await;
    let session_secret = provoke_by_words(&desk, &alice, &mut met).await;
    provoke_at_creation(&desk, &mut met).await;
    // The list's own count, the author and the content cannot be falsified without the person's keys.
    let missing: Vec<_> = Check::ALL
        .map(Check::name)
        .into_iter()
        .filter(|name| !met.contains(name))
        .collect();
    assert_eq!(missing, ["entry_count", "author", "content"]);

    let words = Words::parse(&alice.words).unwrap();
    let slots = Rc::<RefCell<Vec<shared::Blob>>>::default();
    let keep = Rc::clone(&slots);
    alter::<Account>(&desk, is_account, move |account| {
        keep.borrow_mut().clone_from(&account.slots);
    });
    alice.opens(&desk).await;
    let id = safe.account_id().0;
    let ark = slots
        .take()
        .iter()
        .filter_map(|slot| Slot::parse(slot.as_slice()).ok())
        .find_map(|slot| {
            let kek = words.derive_kek(&id, &slot.header().slot_id);
            slot.unwrap(&kek).ok()
        })
        .expect("the words open one slot");
    let mut canary = Canary::new()
        .text("phrase", &alice.phrase)
        .bytes("session secret", &session_secret)
        .bytes("ARK", ark.key().expose())
        .bytes("K_account", ark.derive_account_key(&id).key().expose())
        .bytes("K_manifest", ark.derive_manifest_key(&id).key().expose())
        .bytes("K_local", ark.derive_local_key(&id).key().expose())
        .bytes("recovery id", &words.derive_recovery_id())
        .bytes("content", &content[..16])
        .bytes("content later", &content[1_100_000..1_100_016])
        .bytes("content hash", &crypto::hash::sha256(&content));
    for pair in alice.words.split(' ').collect::<Vec<_>>().windows(2) {
        canary = canary.text("two of the words", &pair.join(" "));
    }
    let mut tokens = BTreeSet::new();
    for (_, value) in desk.line.take_sent().iter().flat_map(|request| &request.headers) {
        if let Some((session, mac)) = value
            .strip_prefix("Civis ")
            .and_then(|value| value.split_once('.'))
        {
            tokens.extend([session.to_owned(), mac.to_owned()]);
        }
    }
    assert!(tokens.len() > 20);

    let kept = safe.evidence().await.unwrap();
    let ids: Vec<_> = kept.iter().map(|(id, _)| id.clone()).collect();
    assert!(ids.len() >= 18);
    let file = safe
        .export_evidence(&ids, Names::Included, about())
        .await
        .unwrap();
    let mut stacks = Haystacks::default();
    for (id, piece) in &kept {
        stacks.add(format!("kept {}", id.0), piece.to_bytes());
        stacks.add(format!("bytes of {}", id.0), piece.bytes.0.clone());
    }
    for (_, piece) in evidence::recent(&desk.device()) {
        stacks.add("in memory", piece.to_bytes());
    }
    stacks.add("file", file.to_bytes());
    for (key, value) in desk.drawer.0.borrow().iter() {
        stacks.add(key.clone(), value.clone());
    }
    let leaks = stacks.search(&canary.needles());
    assert!(leaks.is_empty(), "{leaks:#?}");
    // Session ids and MACs, as they stand in a header and as bytes.
    let mut headers = Canary::new();
    for token in &tokens {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
        headers = headers.bytes("of a header", &bytes);
    }
    let needles: Vec<_> = headers
        .needles()
        .into_iter()
        .filter(|needle| needle.what == "of a header" || needle.what.contains("alignment 0"))
        .collect();
    assert!(needles.len() >= 2 * tokens.len());
    let leaks = stacks.search(&needles);
    assert!(leaks.is_empty(), "{leaks:#?}");
    // The search finds what is there: the name of the document, in what is kept and nowhere in the store itself.
    let found = stacks.search(&Canary::new().text("name", "bail.pdf").needles());
    assert!(found.iter().any(|leak| leak.place == "file"));
    assert!(found.iter().all(|leak| !leak.place.starts_with("evidence/")));
}

type Met = BTreeSet<&'static str>;

/// Notes the checks of the last refusals; memory holds eight.
fn note(desk: &Desk, met: &mut Met) {
    let recent = evidence::recent(&desk.device());
    met.extend(recent.iter().map(|(_, piece)| piece.check.name()));
    desk.line.mend();
}

async fn refused_at_the_door(desk: &Desk, person: &Person) {
    match login::open(desk.device(), &person.handle, &person.phrase).await {
        Err(OpenError::Refused(_)) => {}
        _ => panic!("not refused"),
    }
}

async fn provoke_at_the_door(desk: &Desk, alice: &Person, met: &mut Met) {
    alter::<Deployment>(
        desk,
        |path| path.ends_with("/deployment"),
        |card| card.suites = vec![2],
    );
    refused_at_the_door(desk, alice).await;
    alter::<SessionOpened>(desk, is_finish, |opened| flip(&mut opened.slot.0, 900));
    refused_at_the_door(desk, alice).await;
    let records: [fn(&mut Account); 4] = [
        |account| flip(&mut account.bundle.0, 800),
        |account| flip(&mut account.manifest.0, 3_000),
        |account| flip(&mut account.secrets.0, 3_000),
        |account| account.handle = "mallory".to_owned(),
    ];
    for change in records {
        alter::<Account>(desk, is_account, change);
        refused_at_the_door(desk, alice).await;
    }
    note(desk, met);
    // The pin says that this device has seen a later manifest.
    let later = |by: fn(u8) -> u8| {
        let mut drawer = desk.drawer.0.borrow_mut();
        let pin = drawer.iter_mut().find(|(key, _)| key.ends_with("/manifest"));
        let version = &mut pin.unwrap().1[7];
        *version = by(*version);
    };
    later(|version| version + 1);
    refused_at_the_door(desk, alice).await;
    later(|version| version - 1);
    // The slot of after a change of phrase, beside the account of before it.
    let before = Rc::<RefCell<Option<Account>>>::default();
    let keep = Rc::clone(&before);
    alter::<Account>(desk, is_account, move |account| {
        *keep.borrow_mut() = Some(account.clone());
    });
    let safe = alice.opens(desk).await;
    let before = before.take().unwrap();
    desk.line.mend();
    let phrase = "une autre phrase, le temps d’un essai".to_owned();
    safe.set_phrase(&phrase).await.unwrap();
    alter::<Account>(desk, is_account, move |account| *account = before.clone());
    let changed = Person {
        phrase,
        ..alice.clone()
    };
    refused_at_the_door(desk, &changed).await;
    note(desk, met);
    changed.opens(desk).await.set_phrase(&alice.phrase).await.unwrap();
}

async fn provoke_in_the_list(
    world: &tests::world::World,
    desk: &Desk,
    alice: &Person,
    safe: &Safe,
    met: &mut Met,
) {
    let past = Rc::<RefCell<Option<Collection>>>::default();
    let keep = Rc::clone(&past);
    alter::<Collection>(desk, is_list, move |stored| {
        *keep.borrow_mut() = Some(stored.clone())
    });
    safe.sync().await.unwrap();
    let elsewhere = alice.opens(&Desk::new(world)).await;
    for name in ["Un", "Deux", "Trois"] {
        elsewhere.make_folder(name, None).await.unwrap();
    }
    alter::<Collection>(desk, is_list, |stored| stored.charters.clear());
    safe.sync().await.unwrap_err();
    alter::<Collection>(desk, is_list, |stored| flip(&mut stored.head.0, 900));
    safe.sync().await.unwrap_err();
    alter::<Heads>(
        desk,
        |path| path.contains("/heads"),
        |heads| heads.items.reverse(),
    );
    safe.sync().await.unwrap_err();
    alter::<Pages>(
        desk,
        |path| path.ends_with("/pages"),
        |pages| pages.pages[0] = None,
    );
    safe.sync().await.unwrap_err();
    alter::<Pages>(
        desk,
        |path| path.ends_with("/pages"),
        |pages| flip(&mut pages.pages[0].as_mut().unwrap().0, 900),
    );
    safe.sync().await.unwrap_err();
    desk.line.mend();
    safe.sync().await.unwrap();
    let past = past.take().unwrap();
    alter::<Collection>(desk, is_list, move |stored| *stored = past.clone());
    safe.sync().await.unwrap_err();
    note(desk, met);
}

async fn provoke_in_documents(desk: &Desk, safe: &Safe, met: &mut Met) {
    let refused = async || {
        let read = safe
            .download(&safe.id("bail.pdf"), &mut Vec::new(), &Watch::none())
            .await;
        assert!(read.unwrap_err().refusal().is_some());
    };
    let is_body = |path: &str| path.contains("/bodies/") && !path.ends_with("/content");
    alter::<Body>(desk, is_body, |body| flip(&mut body.header.0, 900));
    refused().await;
    alter::<Body>(desk, is_body, |body| flip(&mut body.part_hashes.0, 20));
    refused().await;
    desk.line.alter("/content", |response| {
        let mut bytes = response.body.to_vec();
        flip(&mut bytes, 900);
        response.body = bytes.into();
    });
    refused().await;
    desk.line.alter("/content", |response| {
        response.status = 404;
        response.headers = vec![("content-type".to_owned(), "application/problem+json".to_owned())];
        response.body = MISSING.into();
    });
    refused().await;
    desk.line.before(|request| {
        if request.path.contains("/parts/") {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    let half = sample::noise(3_000, 8);
    safe.upload(&half, &document("avis.pdf"), &Watch::none())
        .await
        .unwrap_err();
    desk.line.mend();
    alter::<Uploads>(
        desk,
        |path| path.starts_with("/api/v1/uploads"),
        |uploads| flip(&mut uploads.items[0].record.0, 900),
    );
    assert!(safe.unfinished().await.unwrap().is_empty());
    note(desk, met);
}

async fn provoke_by_words(desk: &Desk, alice: &Person, met: &mut Met) -> [u8; 32] {
    let secret = Rc::<RefCell<Option<[u8; 32]>>>::default();
    let keep = Rc::clone(&secret);
    alter::<RecoveryOpened>(
        desk,
        |path| path.ends_with("/recoveries/finish"),
        move |opened| {
            *keep.borrow_mut() = Some(opened.session_secret.0);
            flip(&mut opened.slot.0, 900);
        },
    );
    let refused = login::open_with_words(desk.device(), &alice.words).await;
    assert!(matches!(refused, Err(OpenError::Refused(_))));
    note(desk, met);
    let piece = evidence::recent(&desk.device()).pop().unwrap().1;
    assert_eq!((piece.route, piece.len), (Route::RecoveriesFinish, 168));
    secret.take().unwrap()
}

async fn provoke_at_creation(desk: &Desk, met: &mut Met) {
    alter::<Account>(desk, is_account, |account| flip(&mut account.slots[1].0, 167 * 8));
    let draft = Draft::make(desk.device()).unwrap();
    let Err(CreateError::Refused(refusal)) = draft.register("bob", "la phrase").await else {
        panic!("not refused")
    };
    // It holds the handle: sealed, though the account did not open.
    assert!(!refusal.evidence.unwrap().0.starts_with("evidence/open/"));
    note(desk, met);
}

fn is_account(path: &str) -> bool {
    path.ends_with("/account")
}

fn is_finish(path: &str) -> bool {
    path.ends_with("/sessions/finish")
}

const MISSING: &str = r#"{"type":"about:blank","status":404,"code":"not_found","retry_after":null,"limit":null,"request":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
