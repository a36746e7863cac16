//! The server together with somebody who holds keys: what truly sealed and truly signed structures still may not say.

use crypto::account::secrets::Identity;
use crypto::collection::entry::{By, Entry};
use crypto::collection::name::Name;
use crypto::document::body::{BodyKind, BodySealer};
use crypto::document::content::content_root;
use crypto::document::descriptor::{Author, Content, Descriptor, MediaType};
use crypto::label::Label;
use crypto::secret::BodyKey;
use sdk::flows::{Watch, login};
use sdk::native::SystemRandom;
use sdk::{Check, Subject};
use shared::account::Account;
use shared::document::Body;
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, Insider, Switch};
use tests::person::{Desk, Person, Safe};
use tests::sample;
use tests::world::World;

use crate::verdict::noticed;
use crate::world;

/// An account whose keys somebody else holds too, with one document.
struct Betrayed {
    desk: Desk,
    alice: Person,
    safe: Safe,
    evil: Evil,
    insider: Insider,
    content: Vec<u8>,
}

impl Betrayed {
    async fn in_world(world: &World) -> Self {
        let desk = Desk::new(world);
        let evil = Evil::on(&desk.line);
        let (alice, safe) = Person::creates_account("alice", &desk).await;
        let insider = Insider::of(&evil.memory(), &alice.words);
        let content = sample::noise(5_000, 5);
        safe.saves("bail.pdf", &content).await;
        Self {
            desk,
            alice,
            safe,
            evil,
            insider,
            content,
        }
    }

    /// The list with more entries, signed as by the account itself; the client believes the list.
    async fn shows(&self, entries: Vec<(&str, Descriptor)>) {
        let (before, mut index) = self.insider.newest(&self.evil.memory());
        for (name, descriptor) in entries {
            index.put(entry(&self.insider, name, descriptor)).unwrap();
        }
        self.evil
            .begin(self.insider.list_after(&before, &index).shown("a forged list"));
        self.safe.sync().await.unwrap();
        self.evil.end();
    }

    /// Opening this document is refused before anything of it is asked for.
    async fn refuses_author(&self, name: &str, attack: Attack) {
        let object = &self.safe.id(name);
        self.evil.begin(attack);
        self.desk.line.take_sent();
        let mut sink = Vec::new();
        let whole = self.safe.download(object, &mut sink, &Watch::none()).await;
        let range = self.safe.read_range(object, 0, 10).await;
        self.evil.end();
        for error in [whole.unwrap_err(), range.err().unwrap()] {
            let verdict = crate::verdict::verdict(&error);
            assert_eq!(verdict.check(), Check::Author, "{name}");
            let subject = Subject::Document {
                name: name.to_owned(),
            };
            assert_eq!(verdict.subject, Some(subject));
        }
        assert!(sink.is_empty());
        assert!(
            self.desk.line.take_sent().is_empty(),
            "{name}: something was asked for"
        );
        let kept = self.safe.evidence().await.unwrap();
        assert!(kept.iter().any(|(_, kept)| kept.check == Check::Author));
    }
}

/// A body of somebody else, with everything that the server tells of it.
struct Planted {
    key: BodyKey,
    header: crypto::document::body::BodyHeader,
    part: Vec<u8>,
    hash: [u8; 32],
}

impl Planted {
    fn of(content: &[u8]) -> Self {
        let key = BodyKey::make(&mut SystemRandom).unwrap();
        let len = content.len() as u64;
        let mut sealer = BodySealer::new(&key, [9; 24], [0xab; 16], BodyKind::Document, len).unwrap();
        let part = sealer.seal_part(0, content).unwrap();
        Self {
            key,
            header: sealer.header(&[part.hash]).unwrap(),
            part: part.bytes,
            hash: part.hash,
        }
    }

    fn described_by(&self, content: &[u8], author: &Author<'_>) -> Descriptor {
        let content = Content {
            plain_len: content.len() as u64,
            content_root: content_root(content),
            media: MediaType::Pdf,
        };
        Descriptor::new(&self.header, &self.key, &content, author)
    }

    /// The server serves it well.
    fn served(self) -> Attack {
        let body = Body {
            header: self.header.to_bytes().into(),
            part_hashes: self.hash.to_vec().into(),
        };
        Attack::new("served", move |_, request, response| {
            if request.path.ends_with("/content") {
                let (_, range) = request.headers.iter().find(|(name, _)| *name == "range").unwrap();
                let (start, end) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
                response.status = 206;
                response.headers = vec![("content-type".to_owned(), "application/octet-stream".to_owned())];
                response.body = self.part[start..=end].to_vec().into();
            } else if request.path.contains("/bodies/") {
                response.status = 200;
                response.headers = vec![("content-type".to_owned(), "application/json".to_owned())];
                response.body = serde_json::to_vec(&body).unwrap().into();
            }
            Fate::Pass
        })
    }
}

fn entry(insider: &Insider, name: &str, descriptor: Descriptor) -> Entry {
    let by = By {
        account: insider.account,
        time: 1_800_000_000,
        head_no: 9,
    };
    let object = crypto::random::make_bytes(&mut SystemRandom).unwrap();
    Entry::new(object, Name::new(name).unwrap(), Some(descriptor), &by)
}

#[tokio::test(flavor = "multi_thread")]
async fn n20_a_head_by_who_is_no_member_is_refused() {
    let world = world().await;
    let it = Betrayed::in_world(&world).await;
    let (before, index) = it.insider.newest(&it.evil.memory());
    let root = *before.head().root_page_id();
    let stranger = Identity::make(1, &mut SystemRandom).unwrap();
    // The collection's own write key, in the hands of who may not write: as a stranger, and in the owner's name.
    for account in [[7; 16], it.insider.account] {
        let author = Author {
            account,
            seq: 0,
            identity: stranger.signing(),
        };
        let pages = Vec::new();
        let forged = it.insider.list_of(&before, root, index.count(), pages, &author);
        let attack = forged.shown("a head of the write key alone");
        let verdict = noticed(&it.desk, &it.evil, attack, async || it.safe.sync().await).await;
        assert_eq!(verdict.check(), Check::Head);
    }
    it.safe.sync().await.unwrap();
    assert_eq!(it.safe.reads("bail.pdf").await, it.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn n21_weak_or_malformed_keys_are_refused_even_when_signed() {
    let world = world().await;
    let it = Betrayed::in_world(&world).await;
    let mut attacks = Switch::N21.attacks();
    // Points of low order: 0, 1, one of order 8, p - 1; coefficients of q and above, in both halves of a triple.
    let x25519 = 96 + 1_184;
    let eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    let eight: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&eight[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut one = [0; 32];
    one[0] = 1;
    let weak: [(&str, usize, Vec<u8>); 6] = [
        ("zero", x25519, vec![0; 32]),
        ("one", x25519, one.to_vec()),
        ("order eight", x25519, eight),
        ("minus one", x25519, minus_one.to_vec()),
        ("a coefficient of q", 96, vec![0x01, 0x0d, 0x00]),
        ("a coefficient of 4095", 96 + 1_149, vec![0x00, 0xf0, 0xff]),
    ];
    for (name, at, bytes) in weak {
        let mut bundle = it.insider.bundle.to_bytes().to_vec();
        bundle[at..at + bytes.len()].copy_from_slice(&bytes);
        let signature = it
            .insider
            .identity
            .signing()
            .sign(Label::SigIdentity, &[&bundle[..1_320]]);
        bundle[1_320..1_384].copy_from_slice(&signature);
        let is_account = |request: &sdk::flows::Request| {
            request.path == shared::path::ACCOUNT && request.method == sdk::flows::Method::Get
        };
        attacks.push(Attack::json::<Account>(name, is_account, move |account| {
            account.bundle = bundle.as_slice().into();
        }));
    }
    for attack in attacks {
        let name = attack.name().to_owned();
        let opening = async || login::open_with_words(it.desk.device(), &it.alice.words).await;
        let verdict = noticed(&it.desk, &it.evil, attack, opening).await;
        assert_eq!(verdict.check(), Check::Bundle, "{name}");
    }
    it.alice.opens(&it.desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n31_a_planted_document_of_another_author_is_refused() {
    let world = world().await;
    let it = Betrayed::in_world(&world).await;
    let content = b"un contrat que personne ici n'a vu".to_vec();
    let planted = Planted::of(&content);
    let stranger = Identity::make(1, &mut SystemRandom).unwrap();
    let author = Author {
        account: [7; 16],
        seq: 0,
        identity: stranger.signing(),
    };
    let descriptor = planted.described_by(&content, &author);
    it.shows(vec![("contrat.pdf", descriptor)]).await;
    it.refuses_author("contrat.pdf", planted.served()).await;
    // The document that is the account's own still opens.
    assert_eq!(it.safe.reads("bail.pdf").await, it.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn n32_an_author_signature_holds_for_its_own_bytes_alone() {
    let world = world().await;
    let it = Betrayed::in_world(&world).await;
    let (_, index) = it.insider.newest(&it.evil.memory());
    let genuine = index
        .entries()
        .find_map(|entry| entry.descriptor.clone())
        .unwrap();
    // Another body of the same length under the genuine signature, with the length and root of the genuine content.
    let planted = Planted::of(&sample::noise(it.content.len(), 6));
    let (key, other_key) = (genuine.body_key().key(), planted.key.key());
    let moved = with(
        &genuine,
        &[
            (genuine.body_id(), planted.header.body_id()),
            (key.expose(), other_key.expose()),
            (genuine.body_hash(), &planted.header.hash()),
            (genuine.body_root(), planted.header.body_root()),
        ],
    );
    // The genuine body, said to hold another content; the genuine one whole, in a second entry.
    let reworded = with(&genuine, &[(genuine.content_root(), &[3; 32])]);
    it.shows(vec![
        ("quittance.pdf", moved),
        ("avenant.pdf", reworded),
        ("copie.pdf", genuine),
    ])
    .await;
    it.refuses_author("quittance.pdf", planted.served()).await;
    it.refuses_author("avenant.pdf", Attack::new("nothing", |_, _, _| Fate::Pass))
        .await;
    // The signature follows its bytes: whoever placed them again, they are the ones that were signed.
    for name in ["copie.pdf", "bail.pdf"] {
        assert_eq!(it.safe.reads(name).await, it.content);
    }
}

/// The descriptor with byte strings of the same length in the place of others.
fn with(descriptor: &Descriptor, exchanged: &[(&[u8], &[u8])]) -> Descriptor {
    let mut bytes = descriptor.to_bytes().to_vec();
    for (old, new) in exchanged {
        assert_eq!(old.len(), new.len());
        let at = bytes
            .windows(old.len())
            .position(|window| window == *old)
            .unwrap();
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    Descriptor::parse(&bytes).unwrap()
}
