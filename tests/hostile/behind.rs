//! What the tests of the list stand on: an account with two devices, and a server that heard both.

use sdk::flows::Response;
use sdk::{Check, Subject};
use tests::evil::{Attack, Evil, Switch};
use tests::person::{Desk, Person, Safe};
use tests::world::World;

use crate::verdict::noticed;

/// A device of an account that has not read what another device of it wrote since; the server heard both.
pub(crate) struct Behind {
    pub(crate) alice: Person,
    pub(crate) first: Safe,
    pub(crate) desk: Desk,
    pub(crate) second: Safe,
    pub(crate) evil: Evil,
}

impl Behind {
    pub(crate) async fn in_world(world: &World) -> Self {
        let desk = Desk::new(world);
        let evil = Evil::on(&desk.line);
        let writing = Desk::new(world);
        evil.listens_to(&writing.line);
        let (alice, first) = Person::creates_account("alice", &writing).await;
        let second = alice.opens(&desk).await;
        Self {
            alice,
            first,
            desk,
            second,
            evil,
        }
    }

    /// Reads the list while the server lies: refused, about the list, and what was shown before stays.
    pub(crate) async fn refuses(&self, attack: Attack) -> Check {
        let name = attack.name().to_owned();
        let before = self.second.list();
        let verdict = noticed(&self.desk, &self.evil, attack, async || self.second.sync().await).await;
        assert_eq!(verdict.subject, Some(Subject::Collection), "{name}");
        assert_eq!(self.second.list(), before, "{name}");
        verdict.check()
    }

    /// Honest again, the same device goes on.
    pub(crate) async fn goes_on(&self) {
        self.second.sync().await.unwrap();
        assert_eq!(self.second.list(), self.first.list());
    }
}

/// What the name of an attack begins with says what is lied about.
pub(crate) fn about(attack: &Attack) -> &str {
    attack.name().split(':').next().unwrap()
}

/// The attacks of a number on these things.
pub(crate) fn attacks(switch: Switch, kinds: &[&str]) -> Vec<Attack> {
    let attacks: Vec<_> = switch
        .attacks()
        .into_iter()
        .filter(|attack| kinds.contains(&about(attack)))
        .collect();
    assert!(!attacks.is_empty());
    attacks
}

/// The honest server's words for a commit that came too late.
pub(crate) fn lost_race() -> Response {
    let problem = shared::Problem::new(shared::ErrorCode::LostRace, shared::RequestId([0; 16]));
    Response {
        status: problem.status,
        headers: vec![("content-type".to_owned(), shared::error::PROBLEM_JSON.to_owned())],
        body: serde_json::to_vec(&problem).unwrap().into(),
    }
}
