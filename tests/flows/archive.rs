//! "Tout télécharger": one archive that opens without the server, and the way back into another account.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use async_trait::async_trait;
use crypto::account::bundle::VerifiedBundle;
use crypto::document::content;
use crypto::hash::sha256;
use crypto::label::Label;
use sdk::error::FileError;
use sdk::flows::archive::list::{Missing, Why};
use sdk::flows::archive::parcel::Parcel;
use sdk::flows::archive::read::Archive;
use sdk::flows::archive::write::{Choice, ExportError, Exported, Target};
use sdk::flows::item::{Category, Item};
use sdk::flows::{Cancel, Sink, Watch};
use tests::adversary::flip;
use tests::person::{Desk, Person, Safe, document};
use tests::sample;

use crate::world;

/// All of a safe as one archive.
pub(crate) async fn exports(safe: &Safe) -> (Vec<u8>, Exported) {
    let mut file = Vec::new();
    let done = safe.export(&mut file, Choice::default(), &Watch::none()).await;
    let done = done.unwrap();
    assert_eq!(done.len, file.len() as u64);
    (file, done)
}

/// Every file of a ZIP, by a reader that is not ours.
pub(crate) fn unpacked(file: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut member = zip.by_index(index).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

/// What a stranger does who has the archive, `spec/archive.md` and nothing else. Returns the list.
fn verified(files: &BTreeMap<String, Vec<u8>>) -> serde_json::Value {
    let list: serde_json::Value = serde_json::from_slice(&files["civis/documents.json"]).unwrap();
    let identity = VerifiedBundle::parse(&files["civis/identity"]).unwrap();
    let bytes = |text: &serde_json::Value| {
        base64::BASE64URL_NOPAD
            .decode(text.as_str().unwrap().as_bytes())
            .unwrap()
    };
    let sums = str::from_utf8(&files["civis/SHA256SUMS"]).unwrap();
    let documents = list["documents"].as_array().unwrap();
    assert_eq!(sums.lines().count(), documents.len());
    for (document, line) in documents.iter().zip(sums.lines()) {
        let path = document["path"].as_str().unwrap();
        let content = &files[path];
        let hash: String = sha256(content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(document["sha256"], *hash, "{path}");
        assert_eq!(line, format!("{hash}  {path}"));
        assert_eq!(document["size"], content.len() as u64);
        let author = &document["author"];
        assert_eq!(
            bytes(&author["content_root"]),
            content::content_root(content),
            "{path}"
        );
        let size = (content.len() as u64).to_be_bytes();
        let signed: [&[u8]; 3] = [
            &bytes(&author["body_hash"]),
            &size,
            &bytes(&author["content_root"]),
        ];
        let signature = bytes(&author["signature"]).try_into().unwrap();
        assert_eq!(author["identity"], identity.seq());
        let key = identity.identity_key();
        key.verify(Label::SigAuthor, &signed, &signature).unwrap();
    }
    list
}

/// Name, way of folders, size, dates and labels of everything, whatever its id.
pub(crate) fn shown(safe: &Safe) -> Vec<String> {
    let items = safe.list();
    let mut lines: Vec<_> = items
        .iter()
        .map(|item| {
            let mut way = vec![item.name.clone()];
            let mut above = item.parent.clone();
            while let Some(folder) = items.iter().find(|one| Some(&one.id) == above.as_ref()) {
                way.push(folder.name.clone());
                above = folder.parent.clone();
            }
            way.reverse();
            format!(
                "{way:?} {:?} {} {:?} {}",
                item.kind,
                item.len,
                item.media,
                facts(item)
            )
        })
        .collect();
    lines.sort();
    lines
}

/// Of a folder no date is carried.
fn facts(item: &Item) -> String {
    let labels = format!("{:?} {:?} {:?}", item.category, item.tags, item.retention_end);
    match item.media {
        Some(_) => format!("{labels} {} {}", item.added, item.modified),
        None => labels,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_documents_leave_and_come_back_the_same() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    let papers = safe.make_folder("Papiers", None).await.unwrap();
    let old = safe
        .make_folder("Anciens : 2019/".trim_end_matches('/'), Some(&papers))
        .await
        .unwrap();
    safe.make_folder("Vide", None).await.unwrap();
    safe.set_tags(&papers, &["à trier".to_owned()]).await.unwrap();
    const MIB: usize = 1 << 20;
    for number in 0..1_000_usize {
        let len = match number {
            0 => 0,
            100 => MIB - 1,
            200 => MIB,
            300 => MIB + 1,
            400 => 3 * MIB + 17,
            _ => 40 + number,
        };
        let mut new = document(&format!("facture {}.pdf", number / 2));
        new.parent = [None, Some(papers.clone()), Some(old.clone())][number % 3].clone();
        new.category = Category::ALL.get(number % 20).map(|(category, _)| *category);
        new.tags = (0..number % 4).map(|tag| format!("étiquette {tag}")).collect();
        new.retention_end = number.is_multiple_of(7).then_some(1_900_000_000 + number as u64);
        let content = sample::noise(len, number as u64);
        safe.upload(&content, &new, &Watch::none()).await.unwrap();
    }
    // Years later: what is imported keeps the dates that it had.
    let years = 5 * 365 * 86_400;
    let (file, done) = exports(&safe).await;
    assert_eq!((done.documents, done.missing), (1_000, Vec::new()));
    let files = unpacked(&file);
    verified(&files);
    assert!(
        files.contains_key("documents/Vide/"),
        "an empty folder is one too"
    );
    // The stranger needs no server; another account needs another one.
    drop(world);
    let world = crate::world().await;
    let desk = Desk::new(&world);
    desk.later.set(years);
    let (_bob, other) = Person::creates_account("bob", &desk).await;
    let archive = Archive::open(&file).await.unwrap();
    let parcel = Parcel::of_archive(archive);
    let imported = other.import(&parcel, &Watch::none()).await.unwrap();
    assert_eq!((imported.added, imported.already), (1_000, 0));
    assert!(imported.left.is_empty());
    assert_eq!(shown(&other), shown(&safe));
    let (again, _) = exports(&other).await;
    let again = unpacked(&again);
    for (path, content) in files.iter().filter(|(path, _)| path.starts_with("documents/")) {
        assert!(again[path] == *content, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_document_is_named_and_nothing_of_it_is_in_the_archive() {
    let world = world().await;
    let desk = Desk::new(&world);
    let (_alice, safe) = Person::creates_account("alice", &desk).await;
    safe.saves("bail.pdf", b"le bail").await;
    safe.saves("film.mp4", &sample::noise(4 << 20, 1)).await;
    safe.saves("{rows}<script>.pdf", b"un nom").await;
    let mut parts = 0;
    desk.line.alter("/content", move |answer| {
        // The film alone has whole parts; the third comes with another bit.
        if answer.body.len() > 1 << 20 {
            parts += 1;
            if parts == 3 {
                let mut body = answer.body.to_vec();
                flip(&mut body, 8_000);
                answer.body = body.into();
            }
        }
    });
    let (file, done) = exports(&safe).await;
    let film = Missing {
        name: "film.mp4".to_owned(),
        folder: None,
        why: Why::Refused,
    };
    assert_eq!((done.documents, &done.missing), (2, &vec![film]));
    assert!(file.len() < 40_000, "the parts before the refused one went again");
    let files = unpacked(&file);
    let list = verified(&files);
    assert_eq!(list["missing"][0]["name"], "film.mp4");
    assert_eq!(safe.evidence().await.unwrap().len(), 1);
    for page in ["LISEZMOI.html", "README.html"] {
        let page = str::from_utf8(&files[page]).unwrap();
        assert!(page.contains("<bdi>film.mp4</bdi>"));
        assert!(page.contains("<bdi>&#123;rows}&lt;script&gt;.pdf</bdi>"));
        assert!(page.contains("href=\"documents/%7Brows%7D_script_.pdf\""));
        assert!(!page.contains("<script") && !page.contains("http:") && !page.contains("https:"));
    }
    assert!(Archive::open(&file).await.is_ok());
}

/// Keeps nothing: what is written is counted.
#[derive(Default)]
struct Counting {
    len: u64,
    longest: usize,
    back: u64,
}

#[async_trait(?Send)]
impl Sink for Counting {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.len += bytes.len() as u64;
        self.longest = self.longest.max(bytes.len());
        Ok(())
    }
}

#[async_trait(?Send)]
impl Target for Counting {
    async fn rewind(&mut self, to: u64) -> Result<(), FileError> {
        self.len = to;
        Ok(())
    }

    async fn patch(&mut self, at: u64, bytes: &[u8]) -> Result<(), FileError> {
        self.back = self.back.max(self.len - at - bytes.len() as u64);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_document_passes_in_pieces_of_one_part() {
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    safe.saves("film.mp4", &sample::noise(24_000_000, 1)).await;
    let (mut target, said) = (Counting::default(), RefCell::new(Vec::new()));
    let watch = Watch {
        cancel: Cancel::new(),
        progress: &|now| said.borrow_mut().push(now),
    };
    let done = safe.export(&mut target, Choice::default(), &watch).await.unwrap();
    assert_eq!(done.len, target.len);
    assert!(target.len > 24_000_000);
    assert!(target.longest <= 1 << 20, "{}", target.longest);
    assert_eq!(target.back, 24_000_000, "its header is written again once");
    let said = said.take();
    assert!(said.is_sorted_by_key(|now| now.done) && said.len() > 20);
    assert_eq!(
        said.last().map(|now| (now.done, now.total)),
        Some((24_000_000, 24_000_000))
    );
    // And stops when it is asked to.
    let cancel = Cancel::new();
    let watch = Watch {
        cancel: cancel.clone(),
        progress: &|now| {
            if now.done > 2_000_000 {
                cancel.cancel()
            }
        },
    };
    let stopped = safe
        .export(&mut Counting::default(), Choice::default(), &watch)
        .await;
    assert!(matches!(stopped, Err(ExportError::Cancelled)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_leaves_only_where_it_is_asked_for_and_stays_the_trash() {
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    let folder = safe.make_folder("Vieux", None).await.unwrap();
    let mut inside = document("quittance.pdf");
    inside.parent = Some(folder.clone());
    safe.upload(&b"x".to_vec(), &inside, &Watch::none())
        .await
        .unwrap();
    safe.saves("bail.pdf", b"y").await;
    safe.trash(&folder).await.unwrap();
    let (file, done) = exports(&safe).await;
    assert_eq!(done.documents, 1);
    assert!(!unpacked(&file).keys().any(|path| path.contains("Vieux")));
    let mut file = Vec::new();
    let all = Choice { trash: true };
    let done = safe.export(&mut file, all, &Watch::none()).await.unwrap();
    assert_eq!(done.documents, 2);
    let (_bob, other) = Person::creates_account("bob", &Desk::new(&world)).await;
    for (added, already) in [(2, 0), (0, 2)] {
        let parcel = Parcel::of_archive(Archive::open(&file).await.unwrap());
        let imported = other.import(&parcel, &Watch::none()).await.unwrap();
        assert_eq!((imported.added, imported.already), (added, already));
    }
    let items = other.list();
    assert!(
        items
            .iter()
            .any(|item| item.name == "quittance.pdf" && item.in_trash)
    );
    assert!(items.iter().any(|item| item.name == "bail.pdf" && !item.in_trash));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_the_first_version_is_read_for_good() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../spec/vectors/archive.zip");
    let world = world().await;
    let (_alice, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    if std::env::var_os("CIVIS_WRITE_VECTORS").is_some() {
        let folder = safe.make_folder("Impôts : 2025", None).await.unwrap();
        let mut notice = document("Avis.pdf");
        notice.parent = Some(folder);
        notice.category = Some(Category::Tax);
        notice.tags = vec!["à garder".to_owned()];
        notice.retention_end = Some(1_900_000_000);
        safe.upload(&sample::noise(20_000, 7), &notice, &Watch::none())
            .await
            .unwrap();
        safe.saves("CON.txt", "une note\n".as_bytes()).await;
        safe.saves("vide", b"").await;
        std::fs::write(place, exports(&safe).await.0).unwrap();
        safe.purge(&safe.list().into_iter().map(|item| item.id).collect::<Vec<_>>())
            .await
            .unwrap();
    }
    let file = std::fs::read(place).unwrap();
    let files = unpacked(&file);
    verified(&files);
    let paths = [
        "LISEZMOI.html",
        "README.html",
        "civis/SHA256SUMS",
        "civis/documents.json",
        "civis/identity",
        "documents/Impôts _ 2025/",
        "documents/Impôts _ 2025/Avis.pdf",
        "documents/_CON.txt",
        "documents/vide",
    ];
    assert!(files.keys().map(String::as_str).eq(paths));
    let parcel = Parcel::of_archive(Archive::open(&file).await.unwrap());
    let imported = safe.import(&parcel, &Watch::none()).await.unwrap();
    assert_eq!((imported.added, imported.left), (3, Vec::new()));
    let notice = safe.finds("Avis.pdf");
    assert_eq!(notice.category, Some(Category::Tax));
    assert_eq!(
        (notice.tags, notice.retention_end),
        (vec!["à garder".to_owned()], Some(1_900_000_000))
    );
    assert_eq!(notice.parent, Some(safe.id("Impôts : 2025")));
    assert_eq!(safe.reads("CON.txt").await, "une note\n".as_bytes());
}
