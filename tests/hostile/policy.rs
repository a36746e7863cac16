//! A hostile server against what an account has agreed to about its log: another log, or weaker guarantees.

use crypto::audit::note::{Kind, NoteKey, NoteSigner};
use sdk::flows::Request;
use sdk::{Check, Fault};
use shared::audit::LogCard;
use shared::{ErrorCode, path};
use tests::evil::{Attack, Evil, is_of, refusing};
use tests::person::{Desk, Person};

use crate::log::refuses_at_first_sight;
use crate::world;

fn is_card(request: &Request) -> bool {
    is_of(request, path::LOG)
}

fn lie(name: &str, change: impl Fn(&mut LogCard) + 'static) -> Attack {
    Attack::json::<LogCard>(name, is_card, change)
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_a_log_or_policy_that_the_account_has_not_agreed_to_is_refused() {
    let world = world().await;
    let (alice, _) = Person::creates_account("alice", &Desk::new(&world)).await;
    let another = |card: &mut LogCard| {
        let name = NoteKey::parse(&card.key).unwrap().name().to_owned();
        let other = NoteSigner::from_seed(&name, Kind::Text, &[7; 32]).unwrap();
        card.key = other.public().to_string();
    };
    for attack in [
        lie("another key under the same name", another),
        lie("older signatures count", |card| card.max_age += 1),
        lie("no key at all", |card| card.key.clear()),
        lie("more witnesses asked for than there are", |card| card.quorum = 3),
        lie("a witness twice", |card| {
            let witness = NoteSigner::from_seed("temoin.fr", Kind::Cosignature, &[8; 32]).unwrap();
            card.witnesses = vec![witness.public().to_string(); 2];
        }),
        refusing("withheld", is_card, ErrorCode::NotFound),
    ] {
        let name = attack.name().to_owned();
        let check = refuses_at_first_sight(&world, &alice, attack).await;
        assert_eq!(check, Check::LogPolicy, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n41_what_was_agreed_to_once_is_not_taken_back() {
    let world = world().await;
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    drop(safe);
    // More than this deployment asks for: the account agrees, on this device for all of them.
    evil.begin(lie("stops when it is stale", |card| card.strict = true));
    let safe = alice.opens_without_reading(&desk).await;
    safe.sync().await.unwrap();
    evil.end();
    for desk in [desk, Desk::new(&world)] {
        let safe = alice.opens_without_reading(&desk).await;
        let error = safe.sync().await.unwrap_err();
        assert_eq!(
            error.refusal().map(|refusal| refusal.check),
            Some(Check::LogPolicy)
        );
    }
}
