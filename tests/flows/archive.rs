//! "Tout télécharger": one archive that opens without the server, and the way back into another account.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use crypto::account::bundle::VerifiedBundle;
use crypto::document::content;
use crypto::hash::sha256;
use crypto::label::Label;
use sdk::flows::Watch;
use sdk::flows::archive::parcel::Parcel;
use sdk::flows::archive::read::Archive;
use sdk::flows::archive::write::{Choice, Exported};
use sdk::flows::item::{Category, Item};
use tests::person::{Desk, Person, Safe, document};
use tests::sample;

use crate::world;

/// All of a safe as one archive.
async fn exports(safe: &Safe) -> (Vec<u8>, Exported) {
    let mut file = Vec::new();
    let done = safe.export(&mut file, Choice::default(), &Watch::none()).await;
    let done = done.unwrap();
    assert_eq!(done.len, file.len() as u64);
    (file, done)
}

/// Every file of a ZIP, by a reader that is not ours.
fn unpacked(file: &[u8]) -> BTreeMap<String, Vec<u8>> {
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
fn shown(safe: &Safe) -> Vec<String> {
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
