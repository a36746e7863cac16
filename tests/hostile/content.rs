//! What decrypted fields may do: nothing but be shown. Names, types, sizes and the same file twice.

use std::collections::HashSet;

use sdk::Check;
use sdk::flows::commit::CommitError;
use sdk::flows::upload::UploadError;
use sdk::flows::{Method, Watch};
use shared::collection::{Collection, Heads, Pages};
use shared::document::{BeginUpload, CommitUpload};
use shared::path;
use tests::adversary::Fate;
use tests::evil::{Attack, Evil, Exchange, is_of, writes};
use tests::insider::{BodyKeys, Insider};
use tests::person::{Desk, Person, document};
use tests::sample;
use tests::world::{World, plain_get};
use tokio::net::TcpListener;

use crate::verdict::noticed;
use crate::world;

#[tokio::test(flavor = "multi_thread")]
async fn n35_the_policy_of_the_real_server_lets_pages_fetch_from_it_alone() {
    let world = world().await;
    for page in [
        "/",
        "/safe",
        "/api/v1/deployment",
        "/api/v1/account",
        "/nothing.js",
    ] {
        let answer = plain_get(world.address(), page, "").await.unwrap();
        let policy = answer.header("content-security-policy").unwrap();
        let rule = |name: &str| {
            let mut rules = policy.split(';').map(str::trim);
            let rule = rules.find(|rule| rule.split(' ').next() == Some(name));
            rule.map(str::to_owned)
        };
        assert_eq!(
            rule("connect-src").as_deref(),
            Some("connect-src 'self'"),
            "{page}"
        );
        assert_eq!(rule("img-src").as_deref(), Some("img-src 'self' blob:"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n35_the_framed_page_may_ask_for_nothing() {
    let folder = framed();
    let world = serves(folder.path()).await;
    for page in ["/viewer", "/viewer.html"] {
        let answer = plain_get(world.address(), page, "").await.unwrap();
        let policy = answer.header("content-security-policy").unwrap();
        let rules: Vec<&str> = policy.split(';').map(str::trim).collect();
        for rule in ["default-src 'none'", "connect-src 'none'", "img-src blob:"] {
            assert!(rules.contains(&rule), "{page}: {rule}");
        }
        assert!(
            !policy.contains("'self' ") && !policy.contains("http"),
            "{policy}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n35_a_field_that_looks_like_an_address_is_a_text_like_any_other() {
    let world = world().await;
    let elsewhere = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let to = elsewhere.local_addr().unwrap();
    let desk = Desk::new(&world);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    let names = [
        format!("http:{to}"),
        format!("<img src=http:{to}>"),
        format!("url({to})"),
        "data:text,x".to_owned(),
        format!("{to}%2Ficon.png"),
    ];
    for name in &names {
        let mut named = document(name);
        named.media = format!("http://{to}/type");
        safe.upload(&b"x".to_vec(), &named, &Watch::none()).await.unwrap();
        safe.make_folder(name, None).await.unwrap();
    }
    let fresh = Desk::new(&world);
    let other = alice.opens(&fresh).await;
    for item in other.list() {
        assert!(names.contains(&item.name));
        if item.media.is_some() {
            assert_eq!(item.media.as_deref(), Some("application/octet-stream"));
            other
                .download(&item.id, &mut Vec::new(), &Watch::none())
                .await
                .unwrap();
        }
        other
            .rename(&item.id, &format!("{} bis", item.name))
            .await
            .unwrap();
    }
    for request in desk.line.take_sent().into_iter().chain(fresh.line.take_sent()) {
        let known = request.path.starts_with(path::API) || request.path.starts_with("/log/");
        assert!(known, "{}", request.path);
        assert!(!request.path.contains(&to.port().to_string()), "{}", request.path);
    }
    let came = tokio::time::timeout(std::time::Duration::from_millis(50), elsewhere.accept()).await;
    assert!(came.is_err(), "somebody came");
}

#[test]
fn n35_no_screen_takes_an_address_from_a_field() {
    // Addresses stand in four places: the requests of the transport, the Blob that is saved or is a small picture, our own
    // drawings, and the framed page.
    for (word, places) in [
        ("set_href(", vec!["client/src/platform/page.rs"]),
        (
            "create_object_url",
            vec!["client/src/platform/page.rs", "client/src/platform/thumbnail.rs"],
        ),
        ("fetch_with_", vec!["client/src/platform/transport.rs"]),
        ("src=", vec![PREVIEW, "client/src/components/thumbnail.rs"]),
        ("set_src(", vec![]),
        ("open_with_url", vec![]),
        ("send_beacon", vec![]),
        ("WebSocket", vec![]),
        ("EventSource", vec![]),
        ("XmlHttpRequest", vec![]),
    ] {
        assert_eq!(naming(word), places, "{word}");
    }
    let preview = include_str!("../../client/src/components/preview.rs");
    assert_eq!(preview.matches("src=").count(), 1);
    assert_eq!(preview.matches("src=\"/viewer\"").count(), 1);
    let thumbnail = include_str!("../../client/src/components/thumbnail.rs");
    assert_eq!(thumbnail.matches("src=").count(), 1);
    assert_eq!(thumbnail.matches("src=address").count(), 1);
    // The framed page takes bytes, never an address; what pdf.js would fetch is in the file or is not there.
    let viewer = include_str!("../../client/viewer/viewer.js");
    for word in [
        "XMLHttpRequest",
        "WebSocket",
        "import(",
        "importScripts",
        "http:",
        "https:",
        "location =",
    ] {
        assert!(!viewer.contains(word), "{word}");
    }
    assert_eq!(viewer.matches("fetch(").count(), 1);
    assert_eq!(viewer.matches("  async fetch({ filename }) {").count(), 1);
    assert_eq!(viewer.matches("useWorkerFetch: false,").count(), 1);
}

/// Where content is shown, in a frame.
const PREVIEW: &str = "client/src/components/preview.rs";

/// The client's sources that hold this word, once or more.
fn naming(word: &str) -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folder = format!("{root}/client/src");
    let files = cli::canary::needle::files_below(std::path::Path::new(&folder)).unwrap();
    assert!(files.len() > 30);
    let mut found: Vec<String> = files
        .into_iter()
        .filter(|file| std::fs::read_to_string(file).unwrap().contains(word))
        .map(|file| file.strip_prefix(root).unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn n36_a_name_that_misleads_is_refused_where_it_is_given() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"x").await;
    let object = safe.id("bail.pdf");
    desk.line.take_sent();
    for name in [
        "../secret",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "C:\\a",
        "facture\u{202e}fdp.exe",
        "facture\u{2066}fdp.exe",
        "a\u{2028}b",
        "a\0.pdf",
        "a\r\nb",
        "a\u{7f}",
        "a\u{9b}31m",
    ] {
        let upload = safe.upload(&b"x".to_vec(), &document(name), &Watch::none()).await;
        assert!(matches!(upload, Err(UploadError::Name)), "{name:?}");
        let renamed = safe.rename(&object, name).await;
        assert!(matches!(renamed, Err(CommitError::Name)), "{name:?}");
        let made = safe.make_folder(name, None).await;
        assert!(matches!(made, Err(CommitError::Name)), "{name:?}");
    }
    assert!(desk.line.take_sent().iter().all(|request| !writes(request)));
    assert_eq!(safe.names(), ["bail.pdf"]);
}

/// What passed last: the collection and its one page.
fn list_in(memory: &[Exchange]) -> (Collection, Vec<u8>) {
    let read = |route: &str| {
        let mut newest = memory.iter().rev();
        newest
            .find(|exchange| is_of(&exchange.request, route) && !writes(&exchange.request))
            .map(|exchange| exchange.response.body.clone())
            .unwrap()
    };
    let collection = serde_json::from_slice(&read(path::COLLECTION)).unwrap();
    let pages: Pages = serde_json::from_slice(&read(path::PAGES)).unwrap();
    let [Some(page)] = &pages.pages[..] else {
        panic!("more than one page")
    };
    (collection, page.0.clone())
}

/// Serves this list in the place of the stored one.
fn serving(name: &str, (collection, page): (Collection, Vec<u8>)) -> Attack {
    Attack::new(name, move |_, request, response| {
        if request.method == Method::Get && is_of(request, path::COLLECTION) {
            response.body = serde_json::to_vec(&collection).unwrap().into();
        } else if is_of(request, path::HEADS) {
            let mut heads: Heads = serde_json::from_slice(&response.body).unwrap();
            heads.items.push(collection.head.clone());
            response.body = serde_json::to_vec(&heads).unwrap().into();
        } else if is_of(request, path::PAGES) {
            let pages = Pages {
                pages: vec![Some(page.clone().into())],
            };
            response.body = serde_json::to_vec(&pages).unwrap().into();
        }
        Fate::Pass
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn n36_a_list_of_ones_own_with_a_hostile_field_is_refused() {
    // The lists are in no log: a checkpoint made meanwhile would have them refused for that.
    let world = World::start(|config| config.checkpoint_seconds = 3_600);
    let world = world.await.unwrap();
    let desk = Desk::new(&world);
    let evil = Evil::on(&desk.line);
    let (alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("abcdefgh.pdf", b"x").await;
    let (first, second) = (Desk::new(&world), Desk::new(&world));
    evil.listens_to(&first.line);
    alice.opens(&first).await;
    let memory = evil.memory();
    let (stored, page) = list_in(&memory);
    let insider = Insider::of(&alice, &memory);
    // Another client of the same account may write what it wants; no client shows it. First, what is allowed.
    let name = &b"abcdefgh.pdf"[..];
    let allowed = insider.forge(&stored, &page, name, b"zyxwvuts.pdf");
    let lies = Evil::on(&second.line);
    lies.begin(serving("an ordinary name", allowed));
    assert_eq!(alice.opens(&second).await.names(), ["zyxwvuts.pdf"]);
    let media = &[7, 1, 8, 0x50][..];
    let hostile: [(&str, &[u8], &[u8]); 9] = [
        ("reversed", name, "ab\u{202e}fdp.exe".as_bytes()),
        ("isolated", name, "\u{2067}abcde.pdf".as_bytes()),
        ("a path", name, b"../../ab.pdf"),
        ("a path of Windows", name, b"..\\..\\ab.pdf"),
        ("a line", name, b"abc\nefgh.pdf"),
        ("an end", name, b"abcdefgh\0pdf"),
        ("not composed", name, "e\u{301}abcde.pdf".as_bytes()),
        ("a type of no list", media, &[7, 21, 8, 0x50]),
        ("another type of no list", media, &[7, 23, 8, 0x50]),
    ];
    for (what, from, to) in hostile {
        let forged = insider.forge(&stored, &page, from, to);
        let verdict = noticed(&desk, &evil, serving(what, forged), async || safe.sync().await).await;
        assert_eq!(verdict.check(), Check::Page, "{what}");
        assert_eq!(safe.names(), ["abcdefgh.pdf"]);
    }
    safe.sync().await.unwrap();
    safe.saves("b.pdf", b"y").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n36_active_types_are_octets_and_nothing_shows_content() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    for (number, media) in [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/xml",
        "application/javascript",
        "text/html; charset=utf-8",
        "TEXT/HTML",
        "multipart/x-mixed-replace",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{number}.bin");
        let mut named = document(&name);
        named.media = media.to_owned();
        safe.upload(&b"<script>alert(1)</script>".to_vec(), &named, &Watch::none())
            .await
            .unwrap();
        assert_eq!(
            safe.finds(&name).media.as_deref(),
            Some("application/octet-stream"),
            "{media}"
        );
    }
    // The page saves a file, whatever it is, and has no way to show one but in the frame that can do nothing.
    for worker in [
        include_str!("../../client/src/worker/transfer.rs"),
        include_str!("../../client/src/worker/list.rs"),
    ] {
        assert_eq!(worker.matches(".finish(").count(), 1);
        assert_eq!(worker.matches(".finish(\"application/octet-stream\")").count(), 1);
    }
    assert_eq!(naming("<iframe"), [PREVIEW]);
    let preview = include_str!("../../client/src/components/preview.rs");
    assert_eq!(preview.matches("<iframe").count(), 1);
    assert_eq!(preview.matches("sandbox=").count(), 1);
    assert_eq!(preview.matches("sandbox=\"allow-scripts\"").count(), 1);
    let viewer = include_str!("../../client/viewer/viewer.js");
    for line in [
        "if (event.source !== parent || event.origin !== location.origin || event.ports.length !== 1) return;",
        "isEvalSupported: false,",
        "enableXfa: false,",
        "words.textContent = new TextDecoder(\"utf-8\", { fatal: true }).decode(bytes);",
        "if (url === workerUrl) return url;",
    ] {
        assert_eq!(viewer.matches(line).count(), 1, "{line}");
    }
    for word in [
        "innerHTML",
        "AnnotationLayer",
        "XfaLayer",
        "eval(",
        "Function(",
        "createHTML",
        "createScript(",
    ] {
        assert!(!viewer.contains(word), "{word}");
    }
    let page = include_str!("../../client/src/platform/page.rs");
    assert_eq!(page.matches("anchor.set_download(name);").count(), 1);
    for word in [
        "inner_html",
        "outer_html",
        "insert_adjacent_html",
        "srcdoc",
        "<embed",
        "<object",
        "document.write",
        "create_contextual_fragment",
        "DomParser",
        "js_sys::eval",
    ] {
        assert_eq!(naming(word), Vec::<String>::new(), "{word}");
    }
}

/// A bundle with a framed page.
fn framed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<!doctype html><p>x</p>").unwrap();
    let viewer = "<!doctype html><style>p{}</style><script type=module>show()</script>";
    std::fs::write(folder.path().join("viewer.html"), viewer).unwrap();
    folder
}

async fn serves(folder: &std::path::Path) -> World {
    World::start(|config| config.assets_dir = Some(folder.to_owned()))
        .await
        .unwrap()
}

/// Everything that the wire says of one upload, but for what is the account's own.
fn traces(memory: &[Exchange]) -> Vec<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<Vec<u8>>> = Vec::new();
    for request in memory.iter().map(|exchange| &exchange.request) {
        if request.method == Method::Post && request.path == path::UPLOADS {
            let begin: BeginUpload = serde_json::from_slice(&request.body).unwrap();
            // Before the box: magic, account, version and the body's id once more.
            let sealed = begin.record.0[68..].to_vec();
            all.push(vec![begin.body_id.0.to_vec(), sealed]);
        } else if is_of(request, path::UPLOAD_PART) {
            let hash = request.headers.iter().find(|(name, _)| *name == path::PART_HASH);
            let last = all.last_mut().unwrap();
            last.push(hash.unwrap().1.clone().into_bytes());
            last.push(request.body.to_vec());
        } else if is_of(request, path::UPLOAD_COMMIT) {
            let commit: CommitUpload = serde_json::from_slice(&request.body).unwrap();
            all.last_mut().unwrap().push(commit.header.0[32..].to_vec());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn n37_the_same_file_twice_leaves_unrelated_traces() {
    let world = world().await;
    let content = sample::pdf(&["le même fichier"], 40_000);
    let (mut uploads, mut keys) = (Vec::new(), HashSet::new());
    for handle in ["alice", "bob"] {
        let desk = Desk::new(&world);
        let evil = Evil::on(&desk.line);
        let (person, safe) = Person::creates_account(handle, &desk).await;
        safe.saves("1.pdf", &content).await;
        safe.saves("2.pdf", &content).await;
        let memory = evil.memory();
        uploads.extend(traces(&memory));
        for BodyKeys(key, salt) in Insider::of(&person, &memory).body_keys(&memory).into_values() {
            assert!(
                keys.insert(key.to_vec()) && keys.insert(salt.to_vec()),
                "drawn anew each time"
            );
        }
    }
    assert_eq!((uploads.len(), keys.len()), (4, 8));
    // Whoever knows the file can make nothing of it that would be on the wire: no two uploads share even twelve bytes.
    let mut seen = HashSet::new();
    for upload in &uploads {
        assert_eq!(upload.len(), 5, "id, record, part hash, part, header");
        let own: HashSet<&[u8]> = upload.iter().flat_map(|trace| trace.windows(12)).collect();
        assert!(own.len() > 40_000);
        let shared = own.iter().filter(|window| seen.contains(*window)).count();
        assert_eq!(shared, 0);
        seen.extend(own);
    }
}
