//! A backup that was put back: named, and accepted by a person alone; a stranger's log is not taken for one.

use cli::audit::Outcome;
use cli::audit::folder_of;
use shared::audit::LogCard;
use tests::adversary::Fate;
use tests::evil::LogKeeper;

use crate::ground::Ground;

fn names(outcome: &Outcome) -> Vec<&'static str> {
    outcome.findings.counts().keys().map(|name| name.name()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_named_and_goes_on_when_it_is_accepted() {
    let mut ground = Ground::with(1, 4).await;
    let backup = ground.world.snapshot().await.unwrap();
    let (person, desk, _) = ground.people.remove(0);
    person.opens(&desk).await.saves("Après.pdf", b"perdu").await;
    ground.is_signed().await;
    let before = ground.audit("state", 5).await;
    assert_eq!(names(&before), [] as [&str; 0]);
    ground.world.restores(&backup, "Disque en panne").await.unwrap();
    for _ in 0..2 {
        let found = ground.audit("state", 5).await;
        assert_eq!(names(&found), ["restored"]);
        assert_eq!(found.findings.kept()[0].proof.len(), 3);
    }
    ground.accept_restored = true;
    let accepted = ground.audit("state", 5).await;
    assert_eq!((names(&accepted), accepted.sizes.0), (vec![], 0));
    assert!(ground.folder("state.before-1").exists());
    ground.accept_restored = false;
    let later = ground.audit("state", 5).await;
    assert_eq!((names(&later), later.sizes.0), (vec![], accepted.sizes.1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_only_says_so_is_another_log() {
    let mut ground = Ground::with(1, 2).await;
    ground.is_signed().await;
    let before = ground.audit("state", 5).await;
    assert_eq!(names(&before), [] as [&str; 0]);
    let log = LogKeeper::of(&ground.world, before.sizes.1).await;
    ground.accept_restored = true;
    let kept = log.entries.len() / 2;
    let mut shorter = log.clone();
    shorter.entries.truncate(kept + 1);
    // A last note of somebody else's, one that is smaller than what was audited, none.
    for last in [
        log.goes_on(kept, vec![]).checkpoint(),
        shorter.checkpoint(),
        Vec::new(),
    ] {
        let next = log.goes_on(kept, last);
        ground.line.after(move |request, response| {
            if request.path.ends_with("/log") && response.status < 300 {
                let mut card: LogCard = serde_json::from_slice(&response.body).unwrap();
                next.state(&mut card, Some(kept as u64));
                response.body = serde_json::to_vec(&card).unwrap().into();
            }
            next.tell(request, response);
            Fate::Pass
        });
        assert_eq!(names(&ground.audit("state", 5).await), ["log_key"]);
    }
    ground.line.after(|_, _| Fate::Pass);
    assert_eq!(names(&ground.audit("state", 5).await), [] as [&str; 0]);
}

#[test]
fn the_state_of_a_deployment_lies_in_one_folder_whatever_its_log_is_called() {
    let all = std::path::Path::new("audits");
    let name = "civis/AAECAwQFBgcICQoLDA0ODw";
    assert_eq!(folder_of(all, name), folder_of(all, &format!("{name}/g7")));
    assert_ne!(
        folder_of(all, name),
        folder_of(all, "civis/AAECAwQFBgcICQoLDA0OEA")
    );
}
