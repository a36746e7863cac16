//! Nothing wrong: a first audit, one with nothing new, one with something new, one after an account was closed.

use cli::audit::Outcome;
use cli::audit::report::{Language, Report};

use crate::ground::Ground;

fn green(outcome: &Outcome) {
    let text = Report::new(outcome, 0).to_text(Language::English);
    assert!(
        outcome.findings.is_empty(),
        "{text}\n{:#?}",
        outcome.findings.kept()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_is_green_and_later_audits_read_what_is_new() {
    let ground = Ground::with(2, 6).await;
    let (alice, bob) = (&ground.people[0].2, &ground.people[1].2);
    let folder = alice.make_folder("Dossier", None).await.unwrap();
    alice.saves("a.txt", &[b'a'; 70_000]).await;
    ground.is_signed().await;
    let first = ground.audit("state", 459).await;
    green(&first);
    assert_eq!(first.sizes.0, 0);
    let census = first.census.as_ref().unwrap();
    assert_eq!((census.bodies.len(), first.counts.drops), (13, 0));
    let sample = first.sample.as_ref().unwrap();
    assert_eq!((sample.chunks, sample.lost.len()), (sample.of, 0));

    let nothing = ground.audit("state", 10).await;
    green(&nothing);
    assert_eq!((nothing.sizes.0, nothing.counts.entries), (first.sizes.1, 0));

    let gone = alice.id("Pièce 1.pdf");
    alice.trash(&gone).await.unwrap();
    alice.purge(&[gone]).await.unwrap();
    bob.saves("b.txt", b"b").await;
    alice.rename(&folder, "Autre").await.unwrap();
    ground.is_signed().await;
    let second = ground.audit("state", 10).await;
    green(&second);
    assert_eq!((second.sizes.0, second.counts.drops), (first.sizes.1, 1));
    assert!(second.counts.entries < first.counts.entries);

    bob.close_account().await.unwrap();
    ground.is_signed().await;
    let third = ground.audit("state", 10).await;
    green(&third);
    assert_eq!(third.counts.closed_accounts, 1);
    // A new auditor, who has not seen what is gone.
    green(&ground.audit("other", 10).await);
}
