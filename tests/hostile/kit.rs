//! The recovery sheet under a server that lies: numbers 5 and 28 of the hostile-server checklist.

use sdk::flows::Response;
use sdk::{Check, Fault};
use shared::account::{Account, ManifestStored, PutManifest};
use shared::path;
use tests::adversary::{Fate, flip};
use tests::evil::{Attack, Evil, path as path_of};
use tests::person::{Desk, Person};

use crate::verdict::noticed;
use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn n05_n06_words_are_tested_against_the_listed_slot_alone() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, _) = Person::creates_account("alice", &desk).await;
    type Change = fn(&mut Account);
    let changes: [(&str, Change); 3] = [
        ("one bit of the words slot", |account| {
            let words = account.slots.iter_mut().find(|slot| slot.0[5] == 3).unwrap();
            flip(&mut words.0, 167 * 8);
        }),
        ("no words slot", |account| {
            account.slots.retain(|slot| slot.0[5] != 3)
        }),
        ("no slots", |account| account.slots.clear()),
    ];
    for (name, change) in changes {
        let attack = Attack::json::<Account>(name, |request| path_of(request) == path::ACCOUNT, change);
        let testing = async || {
            alice
                .opens_without_reading(&desk)
                .await
                .check_words(&alice.words)
                .await
        };
        let verdict = noticed(&desk, &evil, attack, testing).await;
        assert_eq!(verdict.check(), Check::SlotNotListed, "{name}");
    }
    assert!(alice.opens(&desk).await.check_words(&alice.words).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn n28_a_manifest_that_is_only_said_to_be_stored_is_not_believed() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    desk.line.before(|request| {
        if request.path != path::MANIFEST {
            return Fate::Pass;
        }
        let put = serde_json::from_slice::<PutManifest>(&request.body).unwrap();
        let record = crypto::account::record::Record::parse(put.manifest.as_slice()).unwrap();
        let stored = ManifestStored {
            log_index: 1 << 40,
            manifest_hash: record.manifest_hash().into(),
        };
        Fate::Answer(Response {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: serde_json::to_vec(&stored).unwrap().into(),
        })
    });
    assert_eq!(safe.confirm_kit().await.unwrap_err().code(), "busy");
    assert_eq!(safe.kit().await.unwrap().confirmed, None);
    // No pin on the server's word: the same device goes on with an honest one.
    desk.line.mend();
    let safe = alice.opens(&desk).await;
    safe.confirm_kit().await.unwrap();
    assert!(safe.kit().await.unwrap().confirmed.is_some());
}
