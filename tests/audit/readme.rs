//! The commands of README.md for auditors, as they stand there, one after the other.
//!
//! Every line that begins with `civis ` in a fenced block of the section is run in one empty folder, which becomes the
//! folder of this process: a test of its own (nextest). One thing is replaced: `https://civis.example` by the address of a
//! running world. Two things stand for people: the operator, who lists the keys that were printed, and somebody whose
//! safe has refused something, and who brings `evidence.json`.

use std::path::Path;

use cli::command::{FOUND, GREEN, run};
use crypto::audit::note::NoteKey;
use sdk::evidence::{About, Export, Names};
use tests::adversary::{Fate, pretend_stored};
use tests::person::{Desk, Person};
use tests::world::World;

const ADDRESS: &str = "https://civis.example";

/// What a reader is to see: how the command begins, the exit code, and the beginnings of the first lines.
const SEEN: [(&str, u8, &[&str]); 6] = [
    ("civis audit key --name audit.example", GREEN, &["audit.example+"]),
    (
        "civis audit https://civis.example --key auditor.key --state audits --language en",
        GREEN,
        &["Audit of the log civis/", "Entries: 0 at the last audit, "],
    ),
    (
        "civis audit https://civis.example --key auditor.key --state audits --language en --canary",
        GREEN,
        &["Audit of the log civis/", "Entries: "],
    ),
    ("civis audit key --witness", GREEN, &["witness.example+"]),
    (
        "civis audit witness https://civis.example",
        GREEN,
        &["Signed: the log of "],
    ),
    ("civis audit evidence", FOUND, &["head_"]),
];

/// The commands of the section, in their order.
fn commands() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let section = text.split("\n## Audit it\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```").skip(1).step_by(2);
    let lines = blocks
        .flat_map(str::lines)
        .filter(|line| line.starts_with("civis "));
    lines.map(str::to_owned).collect()
}

/// Runs one; the exit code and what was printed.
async fn runs(command: &str, address: &str) -> (u8, String) {
    let mut out = Vec::new();
    let command = command.replace(ADDRESS, address);
    let code = run(command.split_whitespace().map(Into::into), &mut out).await;
    (code, String::from_utf8(out).unwrap())
}

/// A deployment whose operator lists these keys, with somebody who uses it.
async fn deployment(auditor: &str, witness: &str) -> World {
    let [auditor, witness] = [auditor, witness].map(|key| NoteKey::parse(key.trim()).unwrap());
    let world = World::start(|config| {
        config.auditors = vec![auditor];
        config.witnesses = vec![witness];
    });
    let world = world.await.unwrap();
    let (_, safe) = Person::creates_account("alice", &Desk::new(&world)).await;
    safe.saves("Avis.pdf", b"avis").await;
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    world
}

/// Somebody's safe is shown another change of the same number as its own, and keeps both.
async fn evidence(world: &World) -> Vec<u8> {
    let desk = Desk::new(world);
    let (bob, left) = Person::creates_account("bob", &desk).await;
    let right = bob.opens(&desk).await;
    desk.line.before(|request| match request.path.ends_with("/head") {
        true => Fate::Answer(pretend_stored(request)),
        false => Fate::Pass,
    });
    left.make_folder("Gauche", None).await.unwrap();
    desk.line.mend();
    right.make_folder("Droite", None).await.unwrap_err();
    let kept = left.evidence().await.unwrap().into_iter().map(|(_, piece)| piece);
    let about = About {
        fr: "Ce que ce fichier contient.".to_owned(),
        en: "What this file holds.".to_owned(),
    };
    Export::new(kept, Names::LeftOut, about).to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_readme_tells_auditors_to_do_can_be_done() {
    let commands = commands();
    assert_eq!(commands.len(), SEEN.len(), "{commands:#?}");
    let folder = tempfile::tempdir().unwrap();
    std::env::set_current_dir(folder.path()).unwrap();
    // Keys are made before anybody is asked to list them.
    let mut printed = Vec::new();
    for command in commands
        .iter()
        .filter(|command| command.starts_with("civis audit key "))
    {
        let (code, said) = runs(command, "").await;
        assert_eq!(code, GREEN, "{command}: {said}");
        printed.push(said);
    }
    let world = deployment(&printed[0], &printed[1]).await;
    std::fs::write("evidence.json", evidence(&world).await).unwrap();
    let (code, again) = runs("civis audit key --show --out auditor.key", "").await;
    assert_eq!((code, &again), (GREEN, &printed[0]));
    let mut keys = printed.into_iter();
    for (command, (begins, code, lines)) in commands.iter().zip(SEEN) {
        assert!(command.starts_with(begins), "{command} is not {begins}");
        let (ended, said) = if command.starts_with("civis audit key ") {
            (GREEN, keys.next().unwrap())
        } else {
            runs(command, &world.origin()).await
        };
        println!("$ {command}\n{said}");
        assert_eq!(ended, code, "{command}: {said}");
        for (line, wanted) in said.lines().zip(lines) {
            assert!(line.starts_with(wanted), "{command}: {line}");
        }
        assert!(said.lines().count() >= lines.len(), "{command}: {said}");
    }
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read("report.json").unwrap()).unwrap();
    assert_eq!(report["checks"]["A12"], "passed");
    // The second audit began where the first one ended.
    assert!(report["size_before"].as_u64().unwrap() > 0);
}
