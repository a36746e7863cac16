//! Counts, lengths and depths beyond every bound: a clean error, soon, and in bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crypto::collection::entry::{By, Entry};
use crypto::collection::name::Name;
use crypto::collection::page::page_id;
use crypto::document::body::{BodyKind, BodySealer};
use crypto::document::descriptor::{Content, Descriptor, MediaType};
use crypto::secret::BodyKey;
use sdk::Check;
use sdk::error::TransportError;
use sdk::flows::{Method, Request, Response, Transport, Watch};
use sdk::native::{Http, SystemRandom};
use shared::document::Body;
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, Insider, Switch};
use tests::person::{Desk, Person, Safe, document};
use tests::sample;
use tests::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::verdict::{Verdict, noticed};
use crate::world;

/// What one refusal may cost beside what the process held before: the lies themselves are up to forty megabytes.
const ROOM: u64 = 128 << 20;

/// The most memory that this process ever held, bytes; each test is a process of its own.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kib << 10
}

fn attacks(kinds: &[&str]) -> Vec<Attack> {
    let about = |attack: &Attack| kinds.contains(&attack.name().split(':').next().unwrap());
    let attacks: Vec<_> = Switch::N38.attacks().into_iter().filter(about).collect();
    assert!(!attacks.is_empty());
    attacks
}

async fn one_document(world: &World) -> (Desk, Evil, Person, Safe) {
    let desk = Desk::new(world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("film.mp4", &sample::noise((1 << 20) + 9, 3)).await;
    (desk, evil, alice, safe)
}

/// Refused bytes, or an answer outside the contract: nothing else.
fn clean(verdict: &Verdict, checks: &[Check]) -> bool {
    match verdict.check {
        Some(check) => checks.contains(&check),
        None => verdict.code == "hostile",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n38_lists_beyond_every_bound_are_refused() {
    let world = world().await;
    let (desk, evil, alice, _safe) = one_document(&world).await;
    let other = Desk::new(&world);
    let reader = alice.opens(&other).await;
    let writer = alice.opens(&desk).await;
    for name in ["a", "b", "c"] {
        writer.make_folder(name, None).await.unwrap();
    }
    let evil = {
        drop(evil);
        Evil::on(&other.line)
    };
    let before = peak();
    for attack in attacks(&["list", "page", "chain"]) {
        let name = attack.name().to_owned();
        let verdict = noticed(&other, &evil, attack, async || reader.sync().await).await;
        let checks = [Check::Charter, Check::Head, Check::HeadChain, Check::Page];
        assert!(clean(&verdict, &checks), "{name}: {verdict:?}");
    }
    let grown = peak() - before;
    assert!(grown < ROOM, "{grown} bytes");
    reader.sync().await.unwrap();
    assert_eq!(reader.list(), writer.list());
}

#[tokio::test(flavor = "multi_thread")]
async fn n38_bodies_beyond_every_bound_are_refused() {
    let world = world().await;
    let (desk, evil, _alice, safe) = one_document(&world).await;
    let object = safe.id("film.mp4");
    let before = peak();
    for attack in attacks(&["body"]) {
        let name = attack.name().to_owned();
        let mut sink = Vec::new();
        let reading = async || safe.download(&object, &mut sink, &Watch::none()).await;
        let verdict = noticed(&desk, &evil, attack, reading).await;
        let checks = [Check::Header, Check::PartHashes, Check::Part];
        assert!(clean(&verdict, &checks), "{name}: {verdict:?}");
        assert!(sink.is_empty(), "{name}");
    }
    let grown = peak() - before;
    assert!(grown < ROOM, "{grown} bytes");
    safe.reads("film.mp4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n38_uploads_and_quotas_beyond_every_bound_are_refused() {
    let world = world().await;
    let (desk, evil, _alice, safe) = one_document(&world).await;
    for attack in attacks(&["uploads"]) {
        let name = attack.name().to_owned();
        let verdict = noticed(&desk, &evil, attack, async || safe.unfinished().await).await;
        assert_eq!(verdict.code, "hostile", "{name}");
    }
    for attack in attacks(&["quota"]) {
        let name = attack.name().to_owned();
        let content = vec![1; 5_000];
        let (new, watch) = (document("a.pdf"), Watch::none());
        let uploading = async || safe.upload(&content, &new, &watch).await;
        let verdict = noticed(&desk, &evil, attack, uploading).await;
        // Counted without overflow, "full" is what the largest numbers say.
        let expected = if name.contains("2^64-1") {
            "quota_exceeded"
        } else {
            "hostile"
        };
        assert_eq!(verdict.code, expected, "{name}");
    }
    safe.saves("a.pdf", b"1").await;
}

/// A tower of pages, each with one child, down to an entry whose id leads there: deeper than any trie grows.
#[tokio::test(flavor = "multi_thread")]
async fn n38_a_trie_deeper_than_the_bound_is_refused() {
    let world = world().await;
    let (desk, evil, alice, safe) = one_document(&world).await;
    let insider = Insider::of(&evil.memory(), &alice.words);
    let (before, _) = insider.newest(&evil.memory());
    let by = By {
        account: insider.account,
        time: 1_800_000_000,
        head_no: 9,
    };
    let entry = Entry::new([0; 16], Name::new("au fond").unwrap(), None, &by);
    for depth in [13, 31] {
        let mut pages = vec![insider.page(&[&[0x82, 1, 0x81][..], &entry.to_bytes().unwrap()].concat())];
        for _ in 0..depth {
            let child = page_id(pages.last().unwrap());
            pages.push(insider.page(&[&[0x82, 0, 0x81, 0x83, 0, 0x58, 32][..], &child, &[0]].concat()));
        }
        let root = page_id(pages.last().unwrap());
        let forged = insider.list_of(&before, root, 1, pages, &insider.author());
        let attack = forged.shown(format!("{depth} deep"));
        let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::Page, "{depth}");
    }
    safe.sync().await.unwrap();
    assert_eq!(safe.names(), ["film.mp4"]);
}

/// A page that announces 2^64-1 entries, or children, or bytes, and holds none.
#[tokio::test(flavor = "multi_thread")]
async fn n38_announced_lengths_are_not_believed() {
    let world = world().await;
    let (desk, evil, alice, safe) = one_document(&world).await;
    let insider = Insider::of(&evil.memory(), &alice.words);
    let (before, _) = insider.newest(&evil.memory());
    let peak_before = peak();
    for start in [
        &[0x82, 1, 0x9b][..],
        &[0x82, 0, 0x9b],
        &[0x82, 1, 0x81, 0xbb],
        &[0x5b],
        &[0x9b],
    ] {
        let page = insider.page(&[start, &[0xff; 8]].concat());
        let forged = insider.list_of(&before, page_id(&page), 1, vec![page], &insider.author());
        let attack = forged.shown(format!("{start:02x?}"));
        let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::Page, "{start:02x?}");
    }
    assert!(peak() - peak_before < 16 << 20);
    safe.sync().await.unwrap();
}

/// A document of a million chunks, all of it signed, none of it there: memory is that of its part hashes.
#[tokio::test(flavor = "multi_thread")]
async fn n38_a_million_chunks_cost_no_memory() {
    let world = world().await;
    let (desk, evil, alice, safe) = one_document(&world).await;
    let insider = Insider::of(&evil.memory(), &alice.words);
    let (before, mut index) = insider.newest(&evil.memory());
    let key = BodyKey::make(&mut SystemRandom).unwrap();
    let len = 1_000_000 * 16_384;
    let sealer = BodySealer::new(&key, [9; 24], [0xab; 16], BodyKind::Document, len).unwrap();
    let hashes = vec![[7; 32]; sealer.shape().parts as usize];
    let header = sealer.header(&hashes).unwrap();
    let content = Content {
        plain_len: len,
        content_root: [1; 32],
        media: MediaType::Pdf,
    };
    let descriptor = Descriptor::new(&header, &key, &content, &insider.author());
    let by = By {
        account: insider.account,
        time: 1_800_000_000,
        head_no: 9,
    };
    let name = Name::new("immense.pdf").unwrap();
    index
        .put(Entry::new([9; 16], name, Some(descriptor), &by))
        .unwrap();
    evil.begin(insider.list_after(&before, &index).shown("immense"));
    safe.sync().await.unwrap();
    let object = safe.id("immense.pdf");
    let peak_before = peak();
    let body = Body {
        header: header.to_bytes().into(),
        part_hashes: hashes.concat().into(),
    };
    let attack = Attack::new("sixteen gigabytes", move |_, request, response| {
        if request.path.ends_with("/content") {
            *response = answer(206, "application/octet-stream", vec![0; 16_000]);
        } else if request.path.contains("/bodies/") {
            *response = answer(200, "application/json", serde_json::to_vec(&body).unwrap());
        }
        Fate::Pass
    });
    let mut sink = Vec::new();
    let reading = async || safe.download(&object, &mut sink, &Watch::none()).await;
    let verdict = noticed(&desk, &evil, attack, reading).await;
    assert_eq!(verdict.check(), Check::Part);
    assert!(sink.is_empty());
    let grown = peak() - peak_before;
    assert!(grown < 16 << 20, "{grown} bytes");
}

fn answer(status: u16, media: &str, body: Vec<u8>) -> Response {
    Response {
        status,
        headers: vec![("content-type".to_owned(), media.to_owned())],
        body: body.into(),
    }
}

/// A head whose author counts more entries than a list may have: no page of it is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn n38_a_count_beyond_the_bound_is_refused_before_any_page() {
    let world = world().await;
    let (desk, evil, alice, safe) = one_document(&world).await;
    let insider = Insider::of(&evil.memory(), &alice.words);
    let (before, _) = insider.newest(&evil.memory());
    for count in [1_000_001, u64::MAX - 1, u64::MAX] {
        let page = insider.page(&[0x82, 1, 0x80]);
        let root = page_id(&page);
        let forged = insider.list_of(&before, root, count, vec![page], &insider.author());
        desk.line.take_sent();
        let attack = forged.shown(format!("{count} entries"));
        let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::EntryCount, "{count}");
        let sent = desk.line.take_sent();
        assert!(
            sent.iter().all(|request| !request.path.ends_with("/pages")),
            "{count}"
        );
    }
    // Far fewer entries than pages: the head's count bounds what is asked for.
    let children: Vec<u8> = (0..16_u8)
        .flat_map(|nibble| [&[0x83, nibble, 0x58, 32][..], &[nibble; 32], &[0]].concat())
        .collect();
    let page = insider.page(&[&[0x82, 0, 0x90][..], &children].concat());
    let forged = insider.list_of(&before, page_id(&page), 5, vec![page], &insider.author());
    let attack = forged.shown("sixteen pages for five entries");
    let verdict = noticed(&desk, &evil, attack, async || safe.sync().await).await;
    assert_eq!(verdict.check(), Check::Page);
    safe.sync().await.unwrap();
}

/// An answer without an end: the transport stops reading where the call does.
#[tokio::test(flavor = "multi_thread")]
async fn n38_an_endless_answer_is_cut_off() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let endless = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4_096]).await.unwrap() > 0);
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
        stream.write_all(head).await.unwrap();
        // Until the client hangs up, or far past what it may take.
        while count.load(Ordering::Relaxed) < 1 << 30 && stream.write_all(&[b' '; 65_536]).await.is_ok() {
            count.fetch_add(65_536, Ordering::Relaxed);
        }
    });
    let before = peak();
    let request = Request {
        method: Method::Get,
        path: "/api/v1/deployment".to_owned(),
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        max_answer: shared::limit::JSON_BYTES,
    };
    let error = Http::new(&origin).unwrap().send(request).await.unwrap_err();
    assert_eq!(error, TransportError::TooLong);
    endless.await.unwrap();
    // What the sockets of both sides take in, and no more.
    assert!(sent.load(Ordering::Relaxed) < 64 << 20);
    assert!(peak() - before < 64 << 20);
}
