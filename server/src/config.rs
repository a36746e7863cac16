//! Settings: one table, three sources. A flag wins over a variable, a variable over the file; an unknown key is an
//! error, wherever it stands. `civis-server config` prints the result with its sources.
//!
//! Holds no secret: the one that the server has lies in a file of its own (`spec/wire.md`, section 9).

mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use crypto::audit::note::NoteKey;

use table::TABLE;

/// What the server runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where it listens. Only loopback: TLS ends in a proxy on the same machine.
    pub listen: SocketAddr,
    /// The data folder: `store/`, `keys/`, `lock`.
    pub data: PathBuf,
    /// The client's bundle, instead of the embedded one.
    pub assets_dir: Option<PathBuf>,
    /// People reach this server by https, through a proxy: adds Strict-Transport-Security.
    pub https: bool,
    /// Bytes of ciphertext that one account may store.
    pub account_bytes: u64,
    /// Bytes of pages and heads that one account may store beside that.
    pub index_bytes: u64,
    /// Bytes of free disk below which writes are refused.
    pub min_free_bytes: u64,
    /// Attempts to register, sign in or recover that one address may make in ten minutes; 0 lifts the limit.
    pub attempts_per_address: u32,
    /// Attempts at one way in (a handle's phrase, an account's words) that one address may make in ten minutes; ten
    /// times as many all addresses together. 0 lifts the limit.
    pub attempts_per_handle: u32,
    /// Accounts that may be made in ten minutes; 0 lifts the limit.
    pub new_accounts: u32,
    /// Connections at a time, and requests under way. Each takes a file descriptor.
    pub connections: u32,
    /// Of them, from one address; 0 lifts the limit, and so does `https`: behind a proxy all come from one address.
    pub connections_per_address: u32,
    /// Seconds between checkpoints of the log.
    pub checkpoint_seconds: u32,
    /// Keys of the auditors who may read what stands behind the log: no person's content, nobody's name.
    pub auditors: Vec<NoteKey>,
    /// Keys of the witnesses of the log.
    pub witnesses: Vec<NoteKey>,
    /// How many of them must have signed a checkpoint before it counts; 0 asks none.
    pub quorum: u8,
    /// Seconds after which their signatures are stale.
    pub max_age: u32,
    /// Whether clients stop writing while they are.
    pub strict: bool,
    /// Where the source of this very program is, as its licence asks.
    pub source: String,
    /// Least grave events that are logged.
    pub log: Level,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data: PathBuf::from("data"),
            assets_dir: None,
            https: false,
            account_bytes: 5 << 30,
            index_bytes: 256 << 20,
            min_free_bytes: 256 << 20,
            attempts_per_address: 60,
            attempts_per_handle: 20,
            new_accounts: 100,
            connections: 512,
            connections_per_address: 64,
            checkpoint_seconds: 30,
            auditors: Vec::new(),
            witnesses: Vec::new(),
            quorum: 0,
            max_age: 86_400,
            strict: false,
            source: env!("CARGO_PKG_REPOSITORY").to_owned(),
            log: Level::Info,
        }
    }
}

/// Least grave events that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Failures of the server.
    Error,
    /// And what an operator should look at.
    Warn,
    /// And one line for each request.
    Info,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Listen and answer.
    Serve,
    /// Print the settings and where each comes from.
    ShowConfig,
    /// Read everything in the store and check it.
    Scrub,
    /// Go on from a backup, and say so.
    Restored(Restored),
    /// Say this to everybody, in the log.
    State(String),
}

/// With what an operator says that the store came out of a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// What everybody is told about it.
    pub reason: Option<String>,
    /// A file with a later checkpoint of the log than this machine knows.
    pub last_checkpoint: Option<PathBuf>,
    /// Do it; otherwise say what would be done.
    pub yes: bool,
}

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Nobody said anything.
    Default,
    /// The TOML file.
    File,
    /// `CIVIS_...`.
    Variable,
    /// `--...`.
    Flag,
}

/// The command line, understood.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What to do.
    pub action: Action,
    /// With what.
    pub config: Config,
    /// Where each setting comes from, by its name in the file.
    pub sources: BTreeMap<&'static str, Source>,
}

/// Why no settings came out.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A flag, or `--help`; the text is for the terminal.
    #[error("{0}")]
    Flags(clap::Error),
    /// The file could not be read.
    #[error("cannot read the settings in {}: {error}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the settings file is not TOML: {0}")]
    Toml(#[from] toml::de::Error),
    /// A key of the file, or a variable `CIVIS_...`, is no setting.
    #[error("unknown setting: {0}")]
    Unknown(String),
    /// A value does not fit its setting.
    #[error("setting {name}: expected {expected}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What fits.
        expected: &'static str,
    },
    /// More witnesses are asked for than there are.
    #[error("setting quorum: {quorum} witnesses are to sign, and `witnesses` names {witnesses}")]
    Quorum {
        /// Asked for.
        quorum: u8,
        /// Named.
        witnesses: usize,
    },
    /// An address that other machines reach, without TLS.
    #[error(
        "refusing to listen on {0}: what people type would cross the network in clear. Listen on 127.0.0.1 and let a \
         proxy on this machine end TLS (then set https = true)"
    )]
    Exposed(SocketAddr),
}

impl Invocation {
    /// Reads command line, variables and file.
    ///
    /// # Errors
    /// See [`ConfigError`]; nothing was opened or made.
    pub fn read(
        arguments: impl IntoIterator<Item = std::ffi::OsString>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let matches = command()
            .try_get_matches_from(arguments)
            .map_err(ConfigError::Flags)?;
        let variables: BTreeMap<String, String> = variables
            .into_iter()
            .filter_map(|(key, value)| Some((key.strip_prefix("CIVIS_")?.to_ascii_lowercase(), value)))
            .collect();
        if let Some(unknown) = variables.keys().find(|key| *key != "config" && !is_setting(key)) {
            return Err(ConfigError::Unknown(format!(
                "CIVIS_{}",
                unknown.to_ascii_uppercase()
            )));
        }
        let flag = flag(&matches, "config");
        let file = flag
            .or_else(|| variables.get("config").cloned())
            .map(PathBuf::from);
        let file = file.as_deref().map(read_file).transpose()?.unwrap_or_default();
        Self::assemble(&matches, &variables, &file)
    }

    /// Every setting from where it is said, flags first, then variables, then the file.
    pub(crate) fn assemble(
        matches: &ArgMatches,
        variables: &BTreeMap<String, String>,
        file: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let action = match matches.subcommand() {
            Some(("config", _)) => Action::ShowConfig,
            Some(("scrub", _)) => Action::Scrub,
            Some(("restored", inner)) => Action::Restored(Restored {
                reason: inner.get_one::<String>("reason").cloned(),
                last_checkpoint: inner.get_one::<String>("last-checkpoint").map(PathBuf::from),
                yes: inner.get_flag("yes"),
            }),
            Some(("statement", inner)) => {
                Action::State(inner.get_one::<String>(TEXT).cloned().unwrap_or_default())
            }
            _ => Action::Serve,
        };
        let mut config = Config::default();
        let mut sources = BTreeMap::new();
        for setting in TABLE {
            let (source, value) = find(setting.name, matches, variables, file);
            if let Some(value) = value {
                (setting.read)(&mut config, &value).ok_or(ConfigError::Value {
                    name: setting.name,
                    expected: setting.expected,
                })?;
            }
            sources.insert(setting.name, source);
        }
        if !config.listen.ip().is_loopback() {
            return Err(ConfigError::Exposed(config.listen));
        }
        if usize::from(config.quorum) > config.witnesses.len() {
            return Err(ConfigError::Quorum {
                quorum: config.quorum,
                witnesses: config.witnesses.len(),
            });
        }
        Ok(Self {
            action,
            config,
            sources,
        })
    }
}

/// One line for each setting, as a settings file that says where each value comes from.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for setting in TABLE {
            let source = match self.sources.get(setting.name) {
                Some(Source::File) => "file",
                Some(Source::Variable) => "variable",
                Some(Source::Flag) => "flag",
                Some(Source::Default) | None => "default",
            };
            let value = (setting.show)(&self.config);
            let unset = if value.is_empty() { "# " } else { "" };
            writeln!(
                f,
                "{unset}{} = {value}  # {source}: {}",
                setting.name, setting.help
            )?;
        }
        Ok(())
    }
}

fn is_setting(name: &str) -> bool {
    TABLE.iter().any(|setting| setting.name == name)
}

pub(crate) fn command() -> Command {
    let name_of_flag = |name: &'static str| {
        Arg::new(name)
            .long(name.replace('_', "-"))
            .num_args(1)
            .global(true)
    };
    Command::new("civis-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Stores and orders ciphertext. Every flag can also stand in the settings file, or as CIVIS_<NAME>.")
        .args(TABLE.iter().map(|setting| name_of_flag(setting.name).help(setting.help)))
        .arg(name_of_flag("config").help("the settings file (TOML)"))
        .subcommand(Command::new("serve").about("listen and answer (what happens without a command)"))
        .subcommand(Command::new("config").about("print the settings and where each comes from"))
        .subcommand(Command::new("scrub").about("read everything in the store and check it"))
        .subcommand(
            Command::new("restored")
                .about("go on from a backup: the log gets a new name, and everybody is told")
                .arg(Arg::new("reason").long("reason").num_args(1).help("what everybody is told about it"))
                .arg(
                    Arg::new("last-checkpoint")
                        .long("last-checkpoint")
                        .num_args(1)
                        .help("a file with a later checkpoint of the log than this machine knows"),
                )
                .arg(
                    Arg::new("yes")
                        .long("yes")
                        .action(ArgAction::SetTrue)
                        .help("do it, instead of saying what would be done"),
                ),
        )
        .subcommand(
            Command::new("statement")
                .about("say something to everybody who has an account, for ever: of a maintenance, for one")
                .arg(Arg::new(TEXT).required(true).help("what to say")),
        )
}

/// The argument of `statement`.
const TEXT: &str = "text";

fn flag(matches: &ArgMatches, name: &str) -> Option<String> {
    let deepest = matches.subcommand().map_or(matches, |(_, inner)| inner);
    match deepest.value_source(name) {
        Some(ValueSource::CommandLine) => deepest.get_one::<String>(name).cloned(),
        _ => None,
    }
}

fn find(
    name: &'static str,
    matches: &ArgMatches,
    variables: &BTreeMap<String, String>,
    file: &BTreeMap<String, String>,
) -> (Source, Option<String>) {
    if let Some(value) = flag(matches, name) {
        return (Source::Flag, Some(value));
    }
    if let Some(value) = variables.get(name) {
        return (Source::Variable, Some(value.clone()));
    }
    match file.get(name) {
        Some(value) => (Source::File, Some(value.clone())),
        None => (Source::Default, None),
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File {
        path: path.to_owned(),
        error,
    })?;
    read_settings(&text)
}

pub(crate) fn read_settings(text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut settings = BTreeMap::new();
    for (key, value) in text.parse::<toml::Table>()? {
        if !is_setting(&key) {
            return Err(ConfigError::Unknown(key));
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Array(list) => joined(&list).ok_or_else(|| ConfigError::Unknown(key.clone()))?,
            _ => return Err(ConfigError::Unknown(key)),
        };
        settings.insert(key, value);
    }
    Ok(settings)
}

/// A list of texts as one, as a flag or a variable has it.
fn joined(list: &[toml::Value]) -> Option<String> {
    let texts: Option<Vec<&str>> = list.iter().map(toml::Value::as_str).collect();
    Some(texts?.join(","))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use crypto::audit::note::Kind;

    use super::*;

    fn read(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Invocation, ConfigError> {
        let arguments = std::iter::once("civis-server").chain(arguments.iter().copied());
        let variables = variables
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Invocation::read(arguments.map(Into::into), variables)
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("civis.toml");
        std::fs::write(
            &file,
            "listen = \"127.0.0.1:1\"\ndata = \"file\"\naccount_bytes = 7\nhttps = true\n",
        )
        .unwrap();
        let file = file.to_str().unwrap();
        let read = read(
            &["config", "--config", file, "--listen", "127.0.0.1:3"],
            &[
                ("CIVIS_LISTEN", "127.0.0.1:2"),
                ("CIVIS_DATA", "variable"),
                ("HOME", "/"),
            ],
        )
        .unwrap();
        assert_eq!(read.action, Action::ShowConfig);
        assert_eq!(read.config.listen.port(), 3);
        assert_eq!(read.config.data, PathBuf::from("variable"));
        assert_eq!((read.config.account_bytes, read.config.https), (7, true));
        assert_eq!(read.sources["listen"], Source::Flag);
        assert_eq!(read.sources["data"], Source::Variable);
        assert_eq!(read.sources["https"], Source::File);
        assert_eq!(read.sources["log"], Source::Default);
        // What is printed can be read again.
        assert!(read.to_string().parse::<toml::Table>().is_ok());
    }

    #[test]
    fn without_a_word_it_serves_on_loopback() {
        let read = read(&[], &[]).unwrap();
        assert_eq!(read.action, Action::Serve);
        assert_eq!(read.config, Config::default());
    }

    #[test]
    fn a_restoration_is_an_act_with_a_reason_and_a_yes() {
        let read = read(&["restored", "--reason", "disque", "--yes", "--data", "d"], &[]).unwrap();
        let wanted = Restored {
            reason: Some("disque".to_owned()),
            last_checkpoint: None,
            yes: true,
        };
        assert_eq!(read.action, Action::Restored(wanted));
        assert_eq!(read.config.data, PathBuf::from("d"));
        assert!(matches!(
            super::tests::read(&["scrub", "--yes"], &[]),
            Err(ConfigError::Flags(_))
        ));
    }

    #[test]
    fn what_is_unknown_is_an_error_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("civis.toml");
        std::fs::write(&file, "lisen = \"127.0.0.1:1\"\n").unwrap();
        let named = ["--config", file.to_str().unwrap()];
        assert!(matches!(read(&named, &[]), Err(ConfigError::Unknown(_))));
        assert!(matches!(
            read(&[], &[("CIVIS_LISEN", "x")]),
            Err(ConfigError::Unknown(_))
        ));
        assert!(matches!(read(&["--lisen", "x"], &[]), Err(ConfigError::Flags(_))));
        assert!(matches!(
            read(&["--log", "loud"], &[]),
            Err(ConfigError::Value { name: "log", .. })
        ));
    }

    #[test]
    fn a_text_over_several_lines_is_no_setting() {
        for (flag, name) in [
            ("--data", "data"),
            ("--assets-dir", "assets_dir"),
            ("--source", "source"),
        ] {
            for text in ["https://a\nhttps = true", "https://a\u{85}", ""] {
                let refused = read(&[flag, text], &[]);
                assert!(
                    matches!(refused, Err(ConfigError::Value { name: wrong, .. }) if wrong == name),
                    "{flag} {text:?}"
                );
            }
        }
    }

    fn key(name: &str, kind: Kind, seed: u8) -> String {
        let signer = crypto::audit::note::NoteSigner::from_seed(name, kind, &[seed; 32]).unwrap();
        signer.public().to_string()
    }

    #[test]
    fn witnesses_come_from_a_list_or_a_line() {
        let keys = [
            key("a.fr", Kind::Cosignature, 1),
            key("b.fr", Kind::Cosignature, 2),
        ];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("civis.toml");
        let text = format!("witnesses = {keys:?}\nquorum = 2\nmax_age = 60\nstrict = true\n");
        std::fs::write(&file, text).unwrap();
        let from_file = read(&["--config", file.to_str().unwrap()], &[]).unwrap();
        assert_eq!(from_file.config.witnesses.len(), 2);
        let asked = &from_file.config;
        assert_eq!((asked.quorum, asked.max_age, asked.strict), (2, 60, true));
        let line = keys.join(", ");
        let from_flags = [
            "--witnesses",
            &line,
            "--quorum",
            "2",
            "--max-age",
            "60",
            "--strict",
            "true",
        ];
        assert_eq!(read(&from_flags, &[]).unwrap().config, from_file.config);
        // What is printed is read again.
        std::fs::write(&file, from_file.to_string()).unwrap();
        let again = read(&["--config", file.to_str().unwrap()], &[]).unwrap();
        assert_eq!(again.config, from_file.config);
    }

    #[test]
    fn witnesses_that_are_none_and_a_quorum_beyond_them_are_refused() {
        let one = key("a.fr", Kind::Cosignature, 1);
        let many: Vec<String> = (0..17)
            .map(|number| key(&format!("w{number}.fr"), Kind::Cosignature, number))
            .collect();
        for wrong in [
            "a.fr".to_owned(),
            key("a.fr", Kind::Text, 1),
            one.replace("a.fr", "b.fr"),
            format!("{one},"),
            format!("{one},{one}"),
            // One key under two names, two keys under one name.
            format!("{one},{}", key("b.fr", Kind::Cosignature, 1)),
            format!("{one},{}", key("a.fr", Kind::Cosignature, 2)),
            many.join(","),
        ] {
            let refused = read(&["--witnesses", &wrong], &[]);
            let named = matches!(
                refused,
                Err(ConfigError::Value {
                    name: "witnesses",
                    ..
                })
            );
            assert!(named, "{wrong}");
        }
        assert!(read(&["--witnesses", &many[..16].join(",")], &[]).is_ok());
        let refused = read(&["--witnesses", &one, "--quorum", "2"], &[]);
        let beyond = matches!(
            refused,
            Err(ConfigError::Quorum {
                quorum: 2,
                witnesses: 1
            })
        );
        assert!(beyond);
        assert!(matches!(
            read(&["--quorum", "1"], &[]),
            Err(ConfigError::Quorum { .. })
        ));
        for (flag, value) in [
            ("--quorum", "256"),
            ("--quorum", "two"),
            ("--max-age", "0"),
            ("--strict", "1"),
        ] {
            assert!(
                matches!(read(&[flag, value], &[]), Err(ConfigError::Value { .. })),
                "{flag}"
            );
        }
    }

    #[test]
    fn auditors_are_keys_each_once() {
        let key = |seed| key(&format!("a{seed}.example"), Kind::Text, seed);
        let two = format!("{}, {}", key(1), key(2));
        assert_eq!(read(&["--auditors", &two], &[]).unwrap().config.auditors.len(), 2);
        assert!(read(&["--auditors", ""], &[]).unwrap().config.auditors.is_empty());
        let twice = format!("{},{}", key(1), key(1));
        for other in [twice.as_str(), "a.example", ",", &key(1)[1..]] {
            let refused = read(&["--auditors", other], &[]);
            assert!(
                matches!(refused, Err(ConfigError::Value { name: "auditors", .. })),
                "{other}"
            );
        }
    }

    #[test]
    fn other_machines_are_not_listened_to() {
        for address in ["0.0.0.0:8080", "192.168.1.4:80", "[::]:8080"] {
            assert!(
                matches!(read(&["--listen", address], &[]), Err(ConfigError::Exposed(_))),
                "{address}"
            );
        }
        assert!(read(&["--listen", "[::1]:8080"], &[]).is_ok());
    }
}
