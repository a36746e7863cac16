//! A hostile server against the list: charters, heads, pages; rollback, fork, withholding, planting.

use sdk::flows::Method;
use sdk::flows::collection::SyncError;
use sdk::{Check, Subject};
use shared::collection::Collection;
use tests::adversary::{Fate, flip};
use tests::evil::{Attack, Evil, Switch};
use tests::person::{Desk, Person, Safe};
use tests::sample;

use crate::behind::{Behind, about, attacks, lost_race};
use crate::verdict::{Verdict, noticed};
use crate::world;

fn check_of(kind: &str) -> Check {
    match kind {
        "charter" => Check::Charter,
        "head" | "root" | "time" => Check::Head,
        "chain" => Check::HeadChain,
        "page" | "older" => Check::Page,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n20_a_head_or_charter_of_other_keys_is_refused() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    it.first.saves("bail.pdf", b"x").await;
    it.first.make_folder("Papiers", None).await.unwrap();
    for attack in Switch::N20.attacks() {
        let (name, expected) = (attack.name().to_owned(), check_of(about(&attack)));
        assert_eq!(it.refuses(attack).await, expected, "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_altered_charters_heads_and_pages_are_refused() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    // More than one leaf, more than one head.
    for number in 0..40_u8 {
        it.first
            .make_folder(&format!("Dossier {number:02}"), None)
            .await
            .unwrap();
    }
    for attack in attacks(Switch::N24, &["charter", "head", "chain", "page"]) {
        let (name, expected) = (attack.name().to_owned(), check_of(about(&attack)));
        assert_eq!(it.refuses(attack).await, expected, "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_kept_once_and_never_without_bound() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    for round in 0..70 {
        for _ in 0..2 {
            it.evil.begin(Attack::json::<Collection>(
                "head",
                |request| request.path.contains("/collections/"),
                move |stored| flip(&mut stored.head.0, (200 + round) * 8),
            ));
            assert!(matches!(it.second.sync().await, Err(SyncError::Refused(_))));
        }
        let kept = it.second.evidence().await.unwrap().len();
        assert_eq!(kept, (round + 1).min(sdk::evidence::KEPT_PIECES));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n26_exchanged_pages_and_collections_are_refused() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    for number in 0..40_u8 {
        it.first
            .make_folder(&format!("Dossier {number:02}"), None)
            .await
            .unwrap();
    }
    let bobs_desk = Desk::new(&world);
    it.evil.listens_to(&bobs_desk.line);
    let (_bob, bobs) = Person::creates_account("bob", &bobs_desk).await;
    bobs.make_folder("À Bob", None).await.unwrap();
    for attack in attacks(Switch::N26, &["charter", "head", "page"]) {
        let (name, expected) = (attack.name().to_owned(), check_of(about(&attack)));
        assert_eq!(it.refuses(attack).await, expected, "{name}");
    }
    it.goes_on().await;
}

/// An older page of the same place opens under the same key and has as many entries: only its name gives it away.
#[tokio::test(flavor = "multi_thread")]
async fn n26_an_older_page_in_the_place_of_the_newest_is_refused() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    let object = it.first.saves("bail.pdf", b"x").await.object;
    it.first.rename(&object, "bail 2024.pdf").await.unwrap();
    it.first.trash(&object).await.unwrap();
    it.first.restore(&object).await.unwrap();
    for attack in attacks(Switch::N26, &["older"]) {
        let name = attack.name().to_owned();
        assert_eq!(it.refuses(attack).await, Check::Page, "{name}");
    }
    it.goes_on().await;
    assert_eq!(it.second.names(), ["bail 2024.pdf"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn n27_names_places_dates_and_types_are_not_the_servers_to_change() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    let object = it.first.saves("bail.pdf", b"x").await.object;
    let folder = it.first.make_folder("Papiers", None).await.unwrap();
    it.first.rename(&object, "bail 2024.pdf").await.unwrap();
    it.first.move_to(&object, Some(&folder)).await.unwrap();
    it.first.trash(&object).await.unwrap();
    it.first.restore(&object).await.unwrap();
    for attack in Switch::N27.attacks() {
        let (name, expected) = (attack.name().to_owned(), check_of(about(&attack)));
        assert_eq!(it.refuses(attack).await, expected, "{name}");
    }
    it.goes_on().await;
    assert_eq!(it.second.finds("bail 2024.pdf").parent, Some(folder));
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_list_of_the_past_is_refused_in_memory_and_after_a_restart() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    for name in ["un.pdf", "deux.pdf", "trois.pdf"] {
        it.first.saves(name, b"1").await;
        it.second.sync().await.unwrap();
    }
    for attack in attacks(Switch::N28, &["list"]) {
        let name = attack.name().to_owned();
        assert_eq!(it.refuses(attack).await, Check::HeadRolledBack, "{name}");
    }
    // The same device, closed and opened again: its pin remembers, and nothing old is shown.
    let open = sdk::flows::login::open(it.desk.device(), &it.alice.handle, &it.alice.phrase);
    let again = Safe(open.await.unwrap());
    for attack in attacks(Switch::N28, &["list"]) {
        let verdict = noticed(&it.desk, &it.evil, attack, async || again.sync().await).await;
        assert_eq!(verdict.check(), Check::HeadRolledBack);
        assert!(again.list().is_empty(), "nothing old is shown");
    }
    again.sync().await.unwrap();
    assert_eq!(again.list(), it.first.list());
    // In the middle of a change: "somebody was faster", and the list of the past to merge with.
    let mut past = attacks(Switch::N28, &["list"]).remove(0);
    let attack = Attack::new("a race lost to the past", move |memory, request, response| {
        if request.method == Method::Put && request.path.ends_with("/head") {
            *response = lost_race();
        }
        past.act(memory, request, response)
    });
    it.desk.line.before(|request| {
        if request.path.ends_with("/head") {
            Fate::Answer(lost_race())
        } else {
            Fate::Pass
        }
    });
    let changing = async || it.second.make_folder("Papiers", None).await;
    let verdict = noticed(&it.desk, &it.evil, attack, changing).await;
    assert_eq!(verdict.check(), Check::HeadRolledBack);
    it.desk.line.before(|_| Fate::Pass);
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_an_account_record_of_the_past_is_refused() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    // The slot of the words did not change: the old record lists it, only the pin knows better.
    for attack in attacks(Switch::N28, &["account"]) {
        let opening = async || sdk::flows::login::open_with_words(desk.device(), &alice.words).await;
        let verdict = noticed(&desk, &evil, attack, opening).await;
        assert_eq!(verdict.check(), Check::ManifestRolledBack);
        assert_eq!(verdict.subject, Some(Subject::Account));
    }
    let opening = sdk::flows::login::open_with_words(desk.device(), &alice.words);
    opening.await.unwrap().sync().await.unwrap();
}

/// The newest account with an older list: what a change of phrase noted is the least that a new device accepts.
#[tokio::test(flavor = "multi_thread")]
async fn n28_a_new_device_accepts_no_list_from_before_the_newest_manifest() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    it.first.saves("un.pdf", b"1").await;
    // What the server told then, it tells again later.
    it.second.sync().await.unwrap();
    it.first.saves("deux.pdf", b"2").await;
    it.first.set_phrase("une phrase toute neuve").await.unwrap();
    let fresh = Desk::new(&world);
    it.evil.listens_to(&fresh.line);
    let alice = Person {
        phrase: "une phrase toute neuve".to_owned(),
        ..it.alice.clone()
    };
    let old = it.evil.memory().into_iter().rfind(|seen| {
        let rest = seen
            .request
            .path
            .split_once("/collections/")
            .map(|(_, rest)| rest);
        seen.request.method == Method::Get && rest.is_some_and(|rest| !rest.contains('/'))
    });
    let (old, evil) = (old.unwrap(), Evil::on(&fresh.line));
    let safe = opened(&fresh, &alice).await;
    let path = old.request.path.clone();
    let attack = Attack::rewrite(
        "the list of then",
        move |request| request.path == path,
        move |response| *response = old.response.clone(),
    );
    let verdict = noticed(&fresh, &evil, attack, async || safe.sync().await).await;
    assert_eq!(verdict.check(), Check::HeadRolledBack);
    assert!(safe.list().is_empty());
    safe.sync().await.unwrap();
    assert_eq!(safe.names(), ["deux.pdf", "un.pdf"]);
}

/// The server restores a backup: slots, records, list, everything of one moment, all genuine.
#[tokio::test(flavor = "multi_thread")]
async fn n28_a_whole_account_of_the_past_is_refused_and_a_new_device_says_what_it_sees() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("un.pdf", b"1").await;
    let before = now();
    let past = world.snapshot().await.unwrap();
    let safe = {
        drop(safe);
        alice.opens(&desk).await
    };
    // Time passes for this device: the date tells the two lists apart.
    desk.later.set(86_400);
    safe.saves("deux.pdf", b"2").await;
    let present = world.snapshot().await.unwrap();

    world.roll_back(&past).await.unwrap();
    let seen = refused_opening(&desk, &alice).await;
    assert_eq!(seen, Check::HeadRolledBack);
    // A device that was never here cannot know (S0): it says when the list last changed and what it holds, once.
    let fresh = opened(&Desk::new(&world), &alice).await;
    let told = fresh.sync().await.unwrap().first_time.unwrap();
    assert_eq!(told.documents, 1);
    assert!(told.when <= before && told.when + 60 > before, "{told:?}");
    assert_eq!(fresh.sync().await.unwrap().first_time, None);

    // The present again: the device that refused goes on, a new one tells the later day and both documents.
    world.roll_back(&present).await.unwrap();
    let safe = alice.opens(&desk).await;
    assert_eq!(safe.names(), ["deux.pdf", "un.pdf"]);
    let fresh = opened(&Desk::new(&world), &alice).await;
    let told = fresh.sync().await.unwrap().first_time.unwrap();
    assert_eq!(told.documents, 2);
    assert!(told.when >= before + 86_400, "{told:?}");

    // And after a change of phrase not even the account opens from the past, with the phrase of then or the words.
    safe.set_phrase("une phrase toute neuve").await.unwrap();
    world.roll_back(&past).await.unwrap();
    assert_eq!(refused_opening(&desk, &alice).await, Check::ManifestRolledBack);
    let error = sdk::flows::login::open_with_words(desk.device(), &alice.words).await;
    let error = error.err().expect("an old account opened");
    assert_eq!(crate::verdict::verdict(&error).check(), Check::ManifestRolledBack);
}

/// Opens and reads what the server has; both count as one opening, as on the screen.
async fn refused_opening(desk: &Desk, alice: &Person) -> Check {
    desk.line.take_sent();
    let verdict: Verdict = match sdk::flows::login::open(desk.device(), &alice.handle, &alice.phrase).await {
        Err(error) => crate::verdict::verdict(&error),
        Ok(safe) => {
            let error = safe.sync().await.unwrap_err();
            assert!(safe.list().is_empty());
            crate::verdict::verdict(&error)
        }
    };
    let sent = desk.line.take_sent();
    let only_logins = |path: &str| path.contains("/sessions/");
    assert!(
        sent.iter()
            .all(|request| !tests::evil::writes(request) || only_logins(&request.path))
    );
    verdict.check()
}

async fn opened(desk: &Desk, alice: &Person) -> Safe {
    let opened = sdk::flows::login::open(desk.device(), &alice.handle, &alice.phrase).await;
    Safe(opened.unwrap())
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_withheld_pages_and_lists_are_missing_with_evidence() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    it.first.saves("bail.pdf", b"x").await;
    it.first.saves("acte.pdf", b"y").await;
    for attack in attacks(Switch::N29, &["page", "list", "chain"]) {
        let name = attack.name().to_owned();
        let expected = match about(&attack) {
            "chain" => Check::HeadChain,
            _ => Check::PageMissing,
        };
        assert_eq!(it.refuses(attack).await, expected, "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_purged_entry_does_not_come_back() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    it.first.saves("reste.pdf", b"r").await;
    let content = sample::noise(5_000, 7);
    let object = it.first.saves("secret.pdf", &content).await.object;
    it.second.sync().await.unwrap();
    it.first.trash(&object).await.unwrap();
    it.first.purge(std::slice::from_ref(&object)).await.unwrap();
    for attack in attacks(Switch::N29, &["purged"]) {
        assert_eq!(it.refuses(attack).await, Check::Page);
    }
    it.goes_on().await;
    assert_eq!(it.second.names(), ["reste.pdf"]);
    // Its pages and its body are of no use any more: whatever the server kept, nothing asks for it.
    it.desk.line.take_sent();
    let mut sink = Vec::new();
    let watch = sdk::flows::Watch::none();
    let error = it.second.download(&object, &mut sink, &watch).await.unwrap_err();
    assert!(matches!(error, sdk::flows::read::ReadError::NotFound));
    assert!(it.desk.line.take_sent().is_empty() && sink.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_heads_that_form_no_chain_are_refused() {
    let world = world().await;
    let it = Behind::in_world(&world).await;
    for name in ["a", "b", "c", "d"] {
        it.first.make_folder(name, None).await.unwrap();
    }
    for attack in Switch::N30.attacks() {
        let name = attack.name().to_owned();
        assert_eq!(it.refuses(attack).await, Check::HeadChain, "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n30_two_histories_of_one_number_are_refused() {
    let mut world = world().await;
    let desk = Desk::new(&world);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    // The server keeps a copy of its past, lets one device write, goes back, lets another write.
    let past = world.snapshot().await.unwrap();
    let first = alice.opens(&Desk::new(&world)).await;
    first.make_folder("Une histoire", None).await.unwrap();
    assert_eq!(alice.opens(&desk).await.names(), ["Une histoire"]);
    world.roll_back(&past).await.unwrap();
    let writer = alice.opens(&Desk::new(&world)).await;
    writer.make_folder("Une autre", None).await.unwrap();
    let reader = opened(&desk, &alice).await;
    let check = async || {
        let error = reader.sync().await.unwrap_err();
        assert!(reader.list().is_empty());
        crate::verdict::verdict(&error).check()
    };
    assert_eq!(check().await, Check::HeadRolledBack);
    // And later heads do not heal it: the chain does not lead from what this device knows.
    writer.make_folder("Et encore", None).await.unwrap();
    assert_eq!(check().await, Check::HeadRolledBack);
    writer.make_folder("Et encore une", None).await.unwrap();
    assert_eq!(check().await, Check::HeadChain);
}
