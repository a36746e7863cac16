//! The command line: what is asked, what is printed, with which code the program ends.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use crypto::audit::note::{Kind, NoteKey, NoteSigner};
use sdk::api::auditor::Auditor;
use sdk::native::{SystemClock, SystemRandom};

use crate::address::{AddressError, reach};
use crate::audit::report::{Language, Report, Words};
use crate::audit::source::Source;
use crate::audit::{AuditError, Plan, audit, folder_of};
use crate::canary::{self, secrets::Secrets};
use crate::evidence::{self, Proof, Worth};
use crate::key;
use crate::witness::{self, Round};

/// Nothing is wrong.
pub const GREEN: u8 = 0;
/// Something is wrong.
pub const FOUND: u8 = 1;
/// Nothing can be said: the command, the network, this machine.
pub const NOT_DONE: u8 = 2;

/// Runs a command line and writes to `out`; the exit code.
pub async fn run(arguments: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> u8 {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = write!(out, "{error}");
            return if error.use_stderr() { NOT_DONE } else { GREEN };
        }
    };
    let Some(("audit", matches)) = matches.subcommand() else {
        return NOT_DONE;
    };
    let language = match matches.get_one::<String>("language").map(String::as_str) {
        Some("en") => Language::English,
        _ => Language::French,
    };
    let done = match matches.subcommand() {
        Some(("key", own)) => make_key(own, out),
        Some(("witness", own)) => cosign(own, language, out).await,
        Some(("evidence", own)) => judge(own, language, out),
        _ => Box::pin(examine(matches, language, out)).await,
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            let _ = writeln!(out, "{message}");
            NOT_DONE
        }
    }
}

/// A message for the terminal: nothing was done.
type Message = String;

fn command() -> Command {
    let url = || Arg::new("url").help("address of the deployment, https://…");
    let path = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    let log_key = || {
        Arg::new("log-key").long("log-key").help(
            "the log's key from a place that you trust; without it the first answer is believed, and held to for ever",
        )
    };
    let line = || {
        [
            path(
                "ca",
                "believe the authorities of this PEM file, and not those of the system",
            ),
            Arg::new("insecure-http")
                .long("insecure-http")
                .action(ArgAction::SetTrue)
                .help("allow plain http to another machine: then whoever is on the wire can say anything"),
        ]
    };
    let audit = Command::new("audit")
        .about("replays the log of a deployment and examines its store; see the commands below for the rest")
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .arg(url().required(true))
        .arg(path("key", "this auditor's key file").required(true))
        .arg(path("state", "folder with what earlier audits have seen").required(true))
        .args(line())
        .arg(log_key())
        .arg(
            Arg::new("chunks")
                .long("chunks")
                .value_parser(value_parser!(u64))
                .default_value("459")
                .help("chunks to draw: 459 find a loss of 1 % with 99 %, 4603 one of 0.1 %"),
        )
        .arg(
            Arg::new("accept-restored")
                .long("accept-restored")
                .action(ArgAction::SetTrue)
                .help("go on behind a backup that the operator has put back, as the last audit found"),
        )
        .arg(
            Arg::new("log-alone")
                .long("log-alone")
                .action(ArgAction::SetTrue)
                .help("leave the store out"),
        )
        .arg(
            Arg::new("canary")
                .long("canary")
                .action(ArgAction::SetTrue)
                .help("also make a throw-away account, watch all that it says, and close it"),
        )
        .arg(path("json", "also write the report, with all proofs, as JSON"))
        .arg(
            Arg::new("language")
                .long("language")
                .global(true)
                .value_parser(["fr", "en"])
                .default_value("fr")
                .help("language of the report"),
        )
        .subcommand(
            Command::new("key")
                .about("makes a key, and prints what the operator has to list")
                .arg(
                    Arg::new("name")
                        .long("name")
                        .required_unless_present("show")
                        .help("whose: a name without blanks, such as a domain"),
                )
                .arg(
                    Arg::new("show")
                        .long("show")
                        .action(ArgAction::SetTrue)
                        .conflicts_with_all(["name", "witness"])
                        .help("print what the operator has to list, of a key that is there already"),
                )
                .arg(path("out", "the key's file; one that exists is never overwritten").required(true))
                .arg(
                    Arg::new("witness")
                        .long("witness")
                        .action(ArgAction::SetTrue)
                        .help("a witness's key"),
                ),
        )
        .subcommand(
            Command::new("witness")
                .about("cosigns what the log asks to have signed, if it continues all that was signed before")
                .arg(url().required(true))
                .arg(path("key", "this witness's key file").required(true))
                .arg(path("state", "file with how far this witness has seen the log").required(true))
                .args(line())
                .arg(log_key()),
        )
        .subcommand(
            Command::new("evidence")
                .about("judges a file of evidence that somebody saved")
                .arg(
                    Arg::new("file")
                        .required(true)
                        .value_parser(value_parser!(PathBuf)),
                )
                .arg(log_key())
                .arg(
                    Arg::new("witness-key")
                        .long("witness-key")
                        .action(ArgAction::Append)
                        .help("key of a witness, once for each"),
                ),
        );
    Command::new("civis")
        .version(env!("CARGO_PKG_VERSION"))
        .about("What an auditor or a witness of a Civis deployment runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(audit)
}

fn make_key(matches: &ArgMatches, out: &mut dyn Write) -> Result<u8, Message> {
    let kind = if matches.get_flag("witness") {
        Kind::Cosignature
    } else {
        Kind::Text
    };
    let place = file(matches, "out");
    if matches.get_flag("show") {
        let signer = key::read(place).map_err(|error| format!("{}: {error}", place.display()))?;
        say(out, &signer.public().to_string());
        return Ok(GREEN);
    }
    let made = key::make(place, &text(matches, "name"), kind);
    let signer = made.map_err(|error| format!("{}: {error}", place.display()))?;
    say(out, &signer.public().to_string());
    Ok(GREEN)
}

async fn examine(matches: &ArgMatches, language: Language, out: &mut dyn Write) -> Result<u8, Message> {
    let signer = read_key(matches)?;
    let (source, card) = source(matches, language).await?;
    if expected(matches)?.is_some_and(|expected| expected.to_string() != card.key) {
        say(out, &Words::of(language).say("error.log_key"));
        say(out, &card.key);
        return Ok(FOUND);
    }
    let origin = card.key.split('+').next().unwrap_or_default().to_owned();
    let folder = folder_of(file(matches, "state"), &origin);
    let source = source.admitted(Auditor::new(signer, origin));
    let mut random = SystemRandom;
    let canary = match matches.get_flag("canary") {
        true => Some(Secrets::make(&mut random).map_err(|error| error.to_string())?),
        false => None,
    };
    let canary = canary.map(canary::Plan::new);
    let plan = Plan {
        folder: folder.clone(),
        chunks: matches.get_one("chunks").copied().unwrap_or(459),
        log_alone: matches.get_flag("log-alone"),
        accept_restored: matches.get_flag("accept-restored"),
        patience: PATIENCE,
        nonce: crypto::random::make_bytes(&mut random).map_err(|error| error.to_string())?,
        canary,
    };
    let outcome = audit(&source, &plan)
        .await
        .map_err(|error| not_done(error, language))?;
    let report = Report::new(&outcome, source.now());
    say(out, &report.to_text(language));
    let mut places: Vec<PathBuf> = matches.get_one::<PathBuf>("json").cloned().into_iter().collect();
    if !outcome.findings.is_empty() {
        // What proves a finding is kept, whoever forgot to ask for it.
        places.push(folder.join(format!("findings-{}.json", source.now())));
    }
    for place in places {
        std::fs::write(&place, report.to_json()).map_err(|error| format!("{}: {error}", place.display()))?;
        say(
            out,
            &Words::of(language)
                .say("saved")
                .replace("{path}", &place.display().to_string()),
        );
    }
    Ok(if outcome.findings.is_empty() { GREEN } else { FOUND })
}

async fn cosign(matches: &ArgMatches, language: Language, out: &mut dyn Write) -> Result<u8, Message> {
    let signer = read_key(matches)?;
    if signer.public().kind() != Kind::Cosignature {
        return Err(witness::WitnessError::Key.to_string());
    }
    let (source, _) = source(matches, language).await?;
    let expected = expected(matches)?;
    let state = file(matches, "state");
    let words = Words::of(language);
    match witness::round(&source, &signer, expected.as_ref(), state).await {
        Ok(Round::Signed(size)) => {
            say(
                out,
                &words.say("witness.signed").replace("{n}", &size.to_string()),
            );
            Ok(GREEN)
        }
        Ok(Round::Refused(findings)) => {
            for finding in findings.kept() {
                say(
                    out,
                    &format!(
                        "{}: {}",
                        finding.name.name(),
                        words.say(&format!("finding.{}", finding.name.name()))
                    ),
                );
            }
            let place = state.with_extension(format!("findings-{}.json", source.now()));
            let proofs: Vec<_> = findings
                .kept()
                .iter()
                .map(|finding| (finding.name.name(), &finding.place, &finding.proof))
                .collect();
            let json = serde_json::to_string_pretty(&proofs).unwrap_or_default();
            std::fs::write(&place, json).map_err(|error| format!("{}: {error}", place.display()))?;
            say(
                out,
                &words.say("saved").replace("{path}", &place.display().to_string()),
            );
            Ok(FOUND)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn judge(matches: &ArgMatches, language: Language, out: &mut dyn Write) -> Result<u8, Message> {
    let path = file(matches, "file");
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let witnesses = matches.get_many::<String>("witness-key").into_iter().flatten();
    let witnesses: Result<Vec<NoteKey>, _> = witnesses.map(|key| parse_key(key)).collect();
    let judged = evidence::judge(&bytes, expected(matches)?.as_ref(), &witnesses?)
        .map_err(|error| error.to_string())?;
    let words = Words::of(language);
    let mut is_proven = false;
    for piece in &judged {
        let (key, numbers) = match &piece.worth {
            Worth::Proven(Proof::TwoHistories { size, witnesses }) => (
                "evidence.two_histories",
                [*size, witnesses[0] as u64, witnesses[1] as u64],
            ),
            Worth::Proven(Proof::TwoHeads { number }) => ("evidence.two_heads", [*number, 0, 0]),
            Worth::Claimed => ("evidence.claimed", [0; 3]),
            Worth::NeedsKey => ("evidence.needs_key", [0; 3]),
        };
        is_proven |= matches!(piece.worth, Worth::Proven(_));
        let said = words.say(key).replace("{n}", &numbers[0].to_string());
        let said = said
            .replace("{a}", &numbers[1].to_string())
            .replace("{b}", &numbers[2].to_string());
        say(out, &format!("{} ({}): {said}", piece.check.name(), piece.when));
    }
    // As of an audit: 1 says that something is wrong, here that it is proven.
    Ok(if is_proven { FOUND } else { GREEN })
}

async fn source(
    matches: &ArgMatches,
    language: Language,
) -> Result<(Source, shared::audit::LogCard), Message> {
    let authorities = matches.get_one::<PathBuf>("ca").map(PathBuf::as_path);
    let transport = reach(
        &text(matches, "url"),
        authorities,
        matches.get_flag("insecure-http"),
    );
    let transport = transport.map_err(|error| unreachable(error, language))?;
    let source = Source::new(Rc::new(transport), Rc::new(SystemClock));
    let card = source
        .card()
        .await
        .map_err(|error| not_done(error.into(), language))?;
    Ok((source, card))
}

fn read_key(matches: &ArgMatches) -> Result<NoteSigner, Message> {
    let place = file(matches, "key");
    key::read(place).map_err(|error| format!("{}: {error}", place.display()))
}

fn unreachable(error: AddressError, language: Language) -> Message {
    Words::of(language).say(match error {
        AddressError::Form => "error.address",
        AddressError::Plain => "error.plain",
        AddressError::Authorities => "error.authorities",
        AddressError::System => "error.system",
    })
}

fn not_done(error: AuditError, language: Language) -> Message {
    let words = Words::of(language);
    words.say(match error {
        AuditError::Source(crate::audit::source::SourceError::None) => "error.none",
        AuditError::Source(crate::audit::source::SourceError::NotAdmitted) => "error.not_admitted",
        AuditError::Folder => "error.folder",
    })
}

fn expected(matches: &ArgMatches) -> Result<Option<NoteKey>, Message> {
    matches
        .get_one::<String>("log-key")
        .map(|key| parse_key(key))
        .transpose()
}

fn parse_key(text: &str) -> Result<NoteKey, Message> {
    NoteKey::parse(text).map_err(|_| format!("{text}: not a key (name+id+base64)"))
}

fn file<'a>(matches: &'a ArgMatches, name: &str) -> &'a Path {
    matches
        .get_one::<PathBuf>(name)
        .map_or(Path::new(""), PathBuf::as_path)
}

fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

fn say(out: &mut dyn Write, text: &str) {
    // A closed pipe is no reason to stop.
    let _ = writeln!(out, "{text}");
}

/// Milliseconds that an audit waits for entries that explain what was erased meanwhile: two checkpoints, with room.
const PATIENCE: u32 = 75_000;
