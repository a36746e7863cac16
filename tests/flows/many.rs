//! Acts on many documents at once, folders, categories, tags, days, and a long list.
#![expect(clippy::print_stdout, reason = "figures of the run")]

use sdk::flows::commit::CommitError;
use sdk::flows::due::{Due, reminders};
use sdk::flows::item::{Category, ObjectId};
use shared::collection::Commit;
use tests::adversary::Fate;
use tests::person::{Desk, Person, Safe};

use crate::world;

/// Commits of the list that went out over this line, since it was asked last.
fn commits(desk: &Desk) -> Vec<Commit> {
    let sent = desk.line.take_sent();
    let puts = sent.iter().filter(|request| request.path.ends_with("/head"));
    puts.map(|put| serde_json::from_slice(&put.body).unwrap())
        .collect()
}

fn documents(safe: &Safe) -> Vec<ObjectId> {
    let items = safe.list().into_iter();
    items.filter(|item| item.len > 0).map(|item| item.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_go_to_the_trash_in_few_commits_and_an_interruption_can_be_repeated() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"le bail").await.object;
    safe.file_copies(&object, 499).await.unwrap();
    let all = documents(&safe);
    assert_eq!(all.len(), 500);
    desk.line.take_sent();

    // The line breaks after the first commit.
    let mut seen = 0;
    desk.line.before(move |request| {
        seen += u32::from(request.path.ends_with("/head"));
        if seen > 1 { Fate::Lose } else { Fate::Pass }
    });
    assert!(matches!(safe.trash_many(&all).await, Err(CommitError::Api(_))));
    desk.line.mend();
    let other = alice.opens(&Desk::new(&world)).await;
    let thrown = other.list().iter().filter(|item| item.in_trash).count();
    assert!(0 < thrown && thrown < 500, "{thrown}");
    assert_eq!(safe.list(), other.list(), "what is not stored is not shown");

    commits(&desk);
    safe.trash_many(&all).await.unwrap();
    let rest = commits(&desk);
    assert!((1..=4).contains(&rest.len()), "{} commits", rest.len());
    assert!(rest.iter().all(|commit| commit.pages.len() <= 128));
    println!(
        "500 to the trash: {thrown} before the line broke, the rest in {} commits",
        rest.len()
    );
    let items = safe.list();
    assert!(items.iter().all(|item| item.trashed_at.is_some()));
    let first = items[0].trashed_at.unwrap();
    assert_eq!(items[0].purge_at, Some(first + 30 * 86_400));
    // What is as wanted already is not written again.
    safe.trash_many(&all).await.unwrap();
    assert!(commits(&desk).is_empty());
    safe.restore_many(&all).await.unwrap();
    assert!(
        safe.list()
            .iter()
            .all(|item| !item.in_trash && item.purge_at.is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn few_things_are_one_commit_and_a_folder_goes_nowhere_into_itself() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"x").await.object;
    safe.file_copies(&object, 9).await.unwrap();
    let papers = safe.make_folder("Papiers", None).await.unwrap();
    let inner = safe.make_folder("Anciens", Some(&papers)).await.unwrap();
    let all = documents(&safe);
    desk.line.take_sent();
    safe.move_many(&all, Some(&inner)).await.unwrap();
    assert_eq!(commits(&desk).len(), 1);
    assert!(
        safe.list()
            .iter()
            .filter(|item| item.len > 0)
            .all(|item| item.parent.as_ref() == Some(&inner))
    );

    // One of several that may not go there: none goes, and nothing is sent.
    let before = safe.list();
    for (objects, to) in [
        (vec![all[0].clone(), papers.clone()], &inner),
        (vec![papers.clone()], &papers),
    ] {
        let moved = safe.move_many(&objects, Some(to)).await;
        assert!(matches!(moved, Err(CommitError::Circle)));
    }
    let unknown = ObjectId("AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let moved = safe.move_many(&[all[0].clone(), unknown], None).await;
    assert!(matches!(moved, Err(CommitError::NotFound)));
    assert!(desk.line.take_sent().is_empty());
    assert_eq!(safe.list(), before);

    // What lies in a folder that is moved or thrown away with it stays in it.
    let target = safe.make_folder("Archives", None).await.unwrap();
    safe.move_many(&[papers.clone(), inner.clone(), all[0].clone()], Some(&target))
        .await
        .unwrap();
    assert_eq!(safe.finds("Papiers").parent, Some(target));
    assert_eq!(safe.finds("Anciens").parent, Some(papers.clone()));
    safe.trash_many(&[papers.clone(), all[0].clone()]).await.unwrap();
    let item = |id: &ObjectId| safe.list().into_iter().find(|item| item.id == *id).unwrap();
    assert!(item(&all[0]).in_trash && item(&all[0]).trashed_at.is_none());
    assert!(item(&all[0]).purge_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_out_of_the_trash_is_in_sight() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"x").await.object;
    let home = safe.make_folder("Maison", None).await.unwrap();
    let outer = safe.make_folder("Papiers", Some(&home)).await.unwrap();
    let inner = safe.make_folder("Anciens", Some(&outer)).await.unwrap();
    safe.move_to(&object, Some(&inner)).await.unwrap();
    safe.trash(&object).await.unwrap();
    safe.trash(&outer).await.unwrap();
    // Its folders stay in the trash: it lies beside the highest of them.
    safe.restore(&object).await.unwrap();
    let item = safe.finds("bail.pdf");
    assert_eq!((item.parent, item.in_trash), (Some(home), false));
    // Together with its folder it stays in it, whichever is named first.
    safe.move_to(&object, None).await.unwrap();
    safe.restore(&outer).await.unwrap();
    safe.move_to(&object, Some(&inner)).await.unwrap();
    safe.trash(&object).await.unwrap();
    safe.trash(&outer).await.unwrap();
    safe.restore_many(&[object.clone(), outer]).await.unwrap();
    assert_eq!(safe.finds("bail.pdf").parent, Some(inner));
}

#[tokio::test(flavor = "multi_thread")]
async fn categories_tags_and_days_reach_the_other_device() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let one = safe.saves("bail.pdf", b"x").await.object;
    let two = safe.saves("avis.pdf", b"y").await.object;
    let before = safe.finds("bail.pdf");
    assert!(before.added > 1_700_000_000 && before.category.is_none() && before.tags.is_empty());
    safe.set_category(&[one.clone(), two.clone()], Some(Category::Tax))
        .await
        .unwrap();
    safe.set_category(std::slice::from_ref(&one), Some(Category::Housing))
        .await
        .unwrap();
    let tags = [" Été ", "2024", "2024"].map(str::to_owned);
    safe.set_tags(&one, &tags).await.unwrap();
    let day = before.added + 10 * 86_400;
    safe.set_retention(&one, Some(day)).await.unwrap();
    safe.set_retention(&two, Some(before.added - 1)).await.unwrap();

    let other = alice.opens(&Desk::new(&world)).await;
    let item = other.finds("bail.pdf");
    assert_eq!(item.category, Some(Category::Housing));
    assert_eq!(item.tags, ["2024", "Été"]);
    assert_eq!((item.retention_end, item.added), (Some(day), before.added));
    assert_eq!(
        item.modified, before.modified,
        "neither name, place nor content changed"
    );
    assert_eq!(other.finds("avis.pdf").category, Some(Category::Tax));
    let due = reminders(&other.list(), before.added);
    let due: Vec<_> = due.iter().map(|one| (&one.object, one.due)).collect();
    assert_eq!(due, [(&two, Due::Past), (&one, Due::Soon)]);

    let many: Vec<String> = (0..32).map(|n| format!("tag {n}")).collect();
    for bad in [
        vec!["civis:tax".to_owned()],
        vec![" ".to_owned()],
        vec!["a/b".to_owned()],
        vec!["t".repeat(65)],
        many,
    ] {
        assert!(
            matches!(safe.set_tags(&one, &bad).await, Err(CommitError::Tag)),
            "{bad:?}"
        );
    }
    safe.set_category(&[one, two], None).await.unwrap();
    assert_eq!(safe.finds("bail.pdf").category, None);
    assert_eq!(safe.finds("bail.pdf").tags, ["2024", "Été"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_among_ten_thousand_is_changed_for_twenty_kilobytes() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", b"le bail").await.object;
    safe.file_copies(&object, 9_999).await.unwrap();
    let items = safe.list();
    assert_eq!(items.len(), 10_000);
    let folder = safe.make_folder("Papiers", None).await.unwrap();
    let mut sizes = Vec::new();
    for item in items.iter().step_by(400) {
        for step in ["rename", "move"] {
            desk.line.take_sent();
            let done = if step == "rename" {
                safe.rename(&item.id, &format!("Un autre nom que {}", item.name))
                    .await
            } else {
                safe.move_to(&item.id, Some(&folder)).await
            };
            done.unwrap();
            let sent = desk.line.take_sent();
            assert_eq!(sent.len(), 1, "one request");
            sizes.push(sent.iter().map(bytes_of).sum::<usize>());
        }
    }
    let (least, worst) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    println!(
        "a rename or move of one among 10,000, {} times: {least} to {worst} bytes sent, {mean} on average",
        sizes.len()
    );
    assert!(*worst <= 20_000, "{worst} bytes");
}

/// Only the way in changes: no document is encrypted again, no page of the list is written (protocol.md 5.4 N2).
#[tokio::test(flavor = "multi_thread")]
async fn a_new_phrase_for_a_thousand_documents_sends_none_of_them() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let object = safe.saves("bail.pdf", &[7; 5_000]).await.object;
    safe.file_copies(&object, 999).await.unwrap();
    let before = safe.list();
    assert_eq!(before.len(), 1_000);
    desk.line.take_sent();
    let phrase = "neuf mots choisis pour que personne ne les devine".to_owned();
    safe.set_phrase(&phrase).await.unwrap();
    let sent = desk.line.take_sent();
    for request in &sent {
        let of_documents = ["/uploads", "/bodies", "/head", "/pages"];
        assert!(
            !of_documents.iter().any(|part| request.path.contains(part)),
            "{}",
            request.path
        );
    }
    let bytes: usize = sent.iter().map(bytes_of).sum();
    println!(
        "a new phrase with 1,000 documents: {bytes} bytes in {} requests",
        sent.len()
    );
    assert!(bytes <= 20_000, "{bytes} bytes");
    let changed = Person { phrase, ..alice };
    let again = changed.opens(&Desk::new(&world)).await;
    again.sync().await.unwrap();
    assert_eq!(again.list(), before);
}

/// Path, headers and body of a request, without what HTTP adds below the sdk.
fn bytes_of(request: &sdk::flows::Request) -> usize {
    let headers = request.headers.iter();
    let headers: usize = headers.map(|(name, value)| name.len() + value.len() + 4).sum();
    request.path.len() + headers + request.body.len()
}
