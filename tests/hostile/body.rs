//! A hostile server against bodies. Each time: nothing of the refused bytes comes out, the evidence names the document.

use sdk::flows::Watch;
use sdk::{Check, Subject};
use tests::evil::{Attack, Evil, Switch, writes};
use tests::person::{Desk, Person, Safe};
use tests::sample;
use tests::world::World;

use crate::verdict::noticed;
use crate::world;

const MIB: usize = 1 << 20;

/// One account with two films of the same length and one small document; the server has seen each of them read.
struct Cinema {
    desk: Desk,
    safe: Safe,
    evil: Evil,
    film: Vec<u8>,
}

impl Cinema {
    async fn in_world(world: &World) -> Self {
        let desk = Desk::new(world);
        let evil = Evil::on(&desk.line);
        let (_alice, safe) = Person::creates_account("alice", &desk).await;
        let film = sample::noise(2 * MIB + 9, 3);
        safe.saves("autre.mp4", &sample::noise(2 * MIB + 9, 4)).await;
        safe.saves("film.mp4", &film).await;
        for name in ["film.mp4", "autre.mp4"] {
            safe.reads(name).await;
        }
        Self {
            desk,
            safe,
            evil,
            film,
        }
    }

    /// Downloads while the server lies: refused, about this document; says what came out before.
    async fn refuses(&self, attack: Attack) -> (Check, Vec<u8>) {
        let name = attack.name().to_owned();
        let mut sink = Vec::new();
        let id = self.safe.id("film.mp4");
        self.desk.line.take_sent();
        let reading = async || self.safe.download(&id, &mut sink, &Watch::none()).await;
        let verdict = noticed(&self.desk, &self.evil, attack, reading).await;
        let film = Subject::Document {
            name: "film.mp4".to_owned(),
        };
        assert_eq!(verdict.subject, Some(film), "{name}");
        self.verify_silence(&name, verdict.check()).await;
        (verdict.check(), sink)
    }

    /// The server is told nothing; the evidence is sealed on the device, and names the document only there.
    async fn verify_silence(&self, name: &str, check: Check) {
        // It sees reads, as in any opening (and of the list, if a body is missing).
        let about = |path: &str| {
            ["/bodies/", "/collections/", "/log/"]
                .iter()
                .any(|at| path.contains(at))
        };
        assert!(
            self.desk
                .line
                .take_sent()
                .iter()
                .all(|request| !writes(request) && about(&request.path)),
            "{name}"
        );
        let evidence = self.safe.evidence().await.unwrap();
        let (id, kept) = evidence
            .into_iter()
            .find(|(_, kept)| kept.check == check)
            .unwrap();
        assert!(kept.when > 1_700_000_000);
        let stored = self.desk.drawer.0.borrow().get(&id.0).cloned().unwrap();
        assert!(!stored.windows(8).any(|window| window == b"film.mp4"));
    }

    /// Honest again, the same document is whole.
    async fn goes_on(&self) {
        assert!(self.safe.reads("film.mp4").await == self.film);
    }
}

fn attacks(switch: Switch, kinds: &[&str]) -> Vec<Attack> {
    let about = |attack: &Attack| kinds.contains(&attack.name().split(':').next().unwrap());
    let attacks: Vec<_> = switch.attacks().into_iter().filter(about).collect();
    assert!(!attacks.is_empty());
    attacks
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_an_altered_header_is_refused() {
    let world = world().await;
    let it = Cinema::in_world(&world).await;
    for attack in attacks(Switch::N24, &["header"]) {
        let name = attack.name().to_owned();
        let (check, out) = it.refuses(attack).await;
        assert_eq!((check, out.len()), (Check::Header, 0), "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_an_altered_list_of_part_hashes_is_refused() {
    let world = world().await;
    let it = Cinema::in_world(&world).await;
    for attack in attacks(Switch::N24, &["hashes"]) {
        let name = attack.name().to_owned();
        let (check, out) = it.refuses(attack).await;
        assert_eq!((check, out.len()), (Check::PartHashes, 0), "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n24_an_altered_part_is_refused_and_nothing_of_it_comes_out() {
    let world = world().await;
    let it = Cinema::in_world(&world).await;
    // The second part: what comes out is the first, verified, and no byte more.
    for attack in attacks(Switch::N24, &["part"]) {
        let name = attack.name().to_owned();
        let (check, out) = it.refuses(attack).await;
        assert_eq!(check, Check::Part, "{name}");
        assert!(out == it.film[..MIB], "{name}: {} bytes came out", out.len());
    }
    for attack in attacks(Switch::N24, &["last"]) {
        let (check, out) = it.refuses(attack).await;
        assert_eq!((check, out.len()), (Check::Part, 0));
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n25_reordered_repeated_cut_or_extended_parts_are_refused() {
    let world = world().await;
    let it = Cinema::in_world(&world).await;
    for attack in Switch::N25.attacks() {
        let name = attack.name().to_owned();
        // As its name says: after how many parts it is met.
        let before: usize = name.split(':').next().unwrap().parse().unwrap();
        let (check, out) = it.refuses(attack).await;
        assert_eq!(check, Check::Part, "{name}");
        assert!(
            out == it.film[..before * MIB],
            "{name}: {} bytes came out",
            out.len()
        );
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n26_the_body_of_another_document_is_refused() {
    let world = world().await;
    let it = Cinema::in_world(&world).await;
    // Header, hashes and chunks, all genuine, of the other document; then its header alone.
    for attack in attacks(Switch::N26, &["body"]) {
        let name = attack.name().to_owned();
        let (check, out) = it.refuses(attack).await;
        assert_eq!((check, out.len()), (Check::Header, 0), "{name}");
    }
    it.goes_on().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n29_a_withheld_body_is_missing_with_evidence() {
    let world = world().await;
    let it = Cinema::in_world(&world).await;
    for attack in attacks(Switch::N29, &["body", "content"]) {
        let name = attack.name().to_owned();
        let (check, out) = it.refuses(attack).await;
        assert_eq!((check, out.len()), (Check::BodyMissing, 0), "{name}");
    }
    it.goes_on().await;
}
