//! Every refusal that a server can provoke, and a search of all that was kept for what must never be in it.
//! spec/evidence.md.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use base64::BASE64URL_NOPAD;
use cli::canary::needle::{Canary, Haystacks};
use crypto::account::slot::Slot;
use crypto::audit::entry::Entry;
use crypto::words::Words;
use sdk::Check;
use sdk::evidence::{self, Names, Route};
use sdk::fault::Fault;
use sdk::flows::Watch;
use sdk::flows::account::{CreateError, Draft};
use sdk::flows::login::{self, OpenError};
use shared::account::Account;
use shared::audit::LogCard;
use shared::collection::{Collection, Heads, Pages};
use shared::document::{Body, Uploads};
use shared::session::{Deployment, RecoveryOpened, SessionOpened};
use shared::{ErrorCode, path};
use tests::adversary::{Fate, flip};
use tests::evil::{Attack, Evil, LogKeeper, Switch, is_of, logged, problem};
use tests::person::{Desk, Person, Safe, document};
use tests::sample;
use tests::world::World;

use crate::evidence::{about, alter, is_list};
use crate::world;

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
    provoke_in_the_log(&world, &desk, &alice, &safe, &mut met).await;
    // A device that met a fork writes nothing any more; this one has to, for what is provoked next.
    desk.drawer
        .0
        .borrow_mut()
        .retain(|key, _| !key.starts_with("stop/"));
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

async fn provoke_in_the_list(world: &World, desk: &Desk, alice: &Person, safe: &Safe, met: &mut Met) {
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

async fn provoke_in_the_log(world: &World, desk: &Desk, alice: &Person, safe: &Safe, met: &mut Met) {
    alter::<LogCard>(desk, |path| path == path::LOG, |card| card.max_age += 1);
    let again = alice.opens_without_reading(desk).await;
    again.sync().await.unwrap_err();
    note(desk, met);
    desk.line.mend();
    let evil = Evil::on(&desk.line);
    let there = Desk::new(world);
    evil.listens_to(&there.line);
    let elsewhere = alice.opens(&there).await;
    LogKeeper::of(world, logged(&evil.memory())).await;
    safe.sync().await.unwrap();
    let past = evil
        .memory()
        .into_iter()
        .rfind(|seen| is_list(&seen.request.path));
    let past = past.unwrap();
    elsewhere.make_folder("Quatre", None).await.unwrap();
    let mut log = LogKeeper::of(world, logged(&evil.memory())).await;
    let (label, bundle_hash) = (log.label_of(0), [7; 32]);
    let foreign = Entry::Identity {
        label,
        seq: 1,
        bundle_hash,
    };
    log.entries.push(foreign.to_bytes());
    let one = |switch: Switch, about: &str| {
        let mut attacks = switch.attacks().into_iter();
        attacks.find(|attack| attack.name().starts_with(about)).unwrap()
    };
    let hiding = Attack::new("the list of then", move |_, request, response| {
        if request.path == past.request.path {
            *response = past.response.clone();
        }
        Fate::Pass
    });
    // So many entries more that the map is asked for them.
    let mut long = log.clone();
    long.entries.resize(long.entries.len() + 300, foreign.to_bytes());
    let without_map = Attack::new("no map", move |_, request, response| {
        long.tell(request, response);
        if is_of(request, path::MAP) {
            *response = problem(ErrorCode::NotFound);
        }
        Fate::Pass
    });
    for attack in [
        one(Switch::N41, "checkpoint"),
        one(Switch::N42, "consistency"),
        one(Switch::N42, "entry"),
        one(Switch::N42, "bundle"),
        hiding,
        log.clone().shown("a foreign identity"),
        without_map,
    ] {
        let name = attack.name().to_owned();
        evil.begin(attack);
        let error = safe.sync().await.unwrap_err();
        assert!(error.refusal().is_some(), "{name}: {error:?}");
    }
    note(desk, met);
    safe.sync().await.unwrap();
    // What was seen ends in a backup, says the log that follows.
    let seen = LogKeeper::of(world, 0).await;
    let kept = seen.entries.len() - 1;
    let next = seen.goes_on(kept, seen.checkpoint());
    let again = alice.opens_without_reading(desk).await;
    let evil = Evil::on(&desk.line);
    evil.begin(next.stated("a backup", move |log, card| log.state(card, Some(kept as u64))));
    again.sync().await.unwrap_err();
    assert!(again.restored().is_some());
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
