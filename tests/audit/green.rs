//! Nothing wrong: a first audit, one with nothing new, one with something new, one after an account was closed.

use std::cell::Cell;
use std::rc::Rc;

use cli::audit::Outcome;
use cli::audit::report::{Language, Report};

use shared::path;
use tests::adversary::Fate;
use tests::evil::{LogKeeper, is_of};
use tests::person::{Desk, Person};
use tests::sample;

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
    // Somebody erases something and goes, before any audit: nobody can tell any more who signed for it.
    let desk = Desk::new(&ground.world);
    let (_, carol) = Person::creates_account("carol", &desk).await;
    carol.saves("c.txt", b"c").await;
    let gone = carol.id("c.txt");
    carol.trash(&gone).await.unwrap();
    carol.purge(&[gone]).await.unwrap();
    carol.close_account().await.unwrap();
    alice.saves("d.txt", b"d").await;
    ground.is_signed().await;
    let fourth = ground.audit("state", 10).await;
    green(&fourth);
    assert_eq!(fourth.counts.closed_accounts, 1);
    // A new auditor, who has not seen what is gone.
    green(&ground.audit("other", 10).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_made_while_the_store_is_listed_is_nobody_s_fault() {
    let ground = Ground::with(1, 1).await;
    ground.is_signed().await;
    // The log was read before; the store is listed with somebody new in it, whom the next checkpoint names.
    let desk = Desk::new(&ground.world);
    let checkpoint = LogKeeper::of(&ground.world, 0).await.checkpoint();
    Person::creates_account("nouvelle", &desk).await;
    let seen = Rc::new(Cell::new(false));
    ground.line.after(move |request, response| {
        if is_of(request, path::CHECKPOINT) && !seen.replace(true) {
            response.body = checkpoint.clone().into();
        }
        Fate::Pass
    });
    green(&ground.audit("state", 10).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_drawn_twice_counts_once() {
    let ground = Ground::with(1, 0).await;
    let content = sample::noise(1_200_000, 5);
    ground.people[0].2.saves("film.mp4", &content).await;
    ground.is_signed().await;
    // One fewer than there are: drawn blindly, a third of them would come twice or more, and look like no chance.
    let outcome = ground.audit("state", 73).await;
    green(&outcome);
    let sample = outcome.sample.unwrap();
    assert_eq!(sample.of, 74);
    assert_eq!(sample.fleet.samples(), sample.chunks);
    assert_eq!(sample.chunks, 73);
}
