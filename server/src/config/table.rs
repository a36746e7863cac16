//! The table of settings: name, what it is for, what fits, how it is read and shown.

use std::fmt;
use std::path::PathBuf;

use crypto::audit::note::{Kind, NoteKey};
use shared::limit;

use super::{Config, Level};

/// One line of the table.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) expected: &'static str,
    pub(super) read: fn(&mut Config, &str) -> Option<()>,
    pub(super) show: fn(&Config) -> String,
}

/// Every setting.
pub(super) const TABLE: &[Setting] = &[
    Setting {
        name: "listen",
        help: "address and port, loopback only",
        expected: "an address like 127.0.0.1:8080",
        read: |config, text| text.parse().ok().map(|listen| config.listen = listen),
        show: |config| quoted(config.listen),
    },
    Setting {
        name: "data",
        help: "the data folder",
        expected: "a path on one line",
        read: |config, text| is_plain(text).then(|| config.data = PathBuf::from(text)),
        show: |config| quoted(config.data.display()),
    },
    Setting {
        name: "assets_dir",
        help: "folder of the client's bundle, instead of the one built in",
        expected: "a path on one line",
        read: |config, text| is_plain(text).then(|| config.assets_dir = Some(PathBuf::from(text))),
        show: |config| {
            config
                .assets_dir
                .as_ref()
                .map(|path| quoted(path.display()))
                .unwrap_or_default()
        },
    },
    Setting {
        name: "https",
        help: "people come by https, through a proxy on this machine",
        expected: "true or false",
        read: |config, text| text.parse().ok().map(|https| config.https = https),
        show: |config| config.https.to_string(),
    },
    Setting {
        name: "account_bytes",
        help: "bytes of ciphertext that one account may store",
        expected: "a number of bytes",
        read: |config, text| text.parse().ok().map(|bytes| config.account_bytes = bytes),
        show: |config| config.account_bytes.to_string(),
    },
    Setting {
        name: "index_bytes",
        help: "bytes of pages and heads that one account may store beside that",
        expected: "a number of bytes",
        read: |config, text| text.parse().ok().map(|bytes| config.index_bytes = bytes),
        show: |config| config.index_bytes.to_string(),
    },
    Setting {
        name: "min_free_bytes",
        help: "bytes of free disk below which writes are refused",
        expected: "a number of bytes",
        read: |config, text| text.parse().ok().map(|bytes| config.min_free_bytes = bytes),
        show: |config| config.min_free_bytes.to_string(),
    },
    Setting {
        name: "attempts_per_address",
        help: "attempts to register, sign in or recover of one address in ten minutes, 0 for no limit",
        expected: "a number",
        read: |config, text| {
            text.parse()
                .ok()
                .map(|attempts| config.attempts_per_address = attempts)
        },
        show: |config| config.attempts_per_address.to_string(),
    },
    Setting {
        name: "attempts_per_handle",
        help: "attempts at one way in from one address in ten minutes (ten times as many in all), 0 for no limit",
        expected: "a number",
        read: |config, text| {
            text.parse()
                .ok()
                .map(|attempts| config.attempts_per_handle = attempts)
        },
        show: |config| config.attempts_per_handle.to_string(),
    },
    Setting {
        name: "new_accounts",
        help: "accounts that may be made in ten minutes, 0 for no limit",
        expected: "a number",
        read: |config, text| text.parse().ok().map(|accounts| config.new_accounts = accounts),
        show: |config| config.new_accounts.to_string(),
    },
    Setting {
        name: "connections",
        help: "connections at a time; each takes a file descriptor",
        expected: "a number from 1",
        read: |config, text| {
            config.connections = text.parse().ok().filter(|connections| *connections > 0)?;
            Some(())
        },
        show: |config| config.connections.to_string(),
    },
    Setting {
        name: "connections_per_address",
        help: "of them, from one address; 0 for no limit, and so with https, where all are the proxy's",
        expected: "a number",
        read: |config, text| {
            text.parse()
                .ok()
                .map(|connections| config.connections_per_address = connections)
        },
        show: |config| config.connections_per_address.to_string(),
    },
    Setting {
        name: "checkpoint_seconds",
        help: "seconds between checkpoints of the log: clients see what they wrote in the next one",
        expected: "a number from 1 to 3600",
        read: |config, text| {
            let seconds = text.parse().ok().filter(|seconds| (1..=3_600).contains(seconds));
            config.checkpoint_seconds = seconds?;
            Some(())
        },
        show: |config| config.checkpoint_seconds.to_string(),
    },
    Setting {
        name: "auditors",
        help: "public keys of the auditors who may read what stands behind the log, with commas between them",
        expected: "keys as `civis audit key` prints them, at most 16, each once",
        read: |config, text| {
            config.auditors = keys(text, limit::AUDITORS, Kind::Text)?;
            Some(())
        },
        show: |config| shown(&config.auditors),
    },
    Setting {
        name: "witnesses",
        help: "keys of the log's witnesses, commas between them",
        expected: "at most 16 keys of witnesses (name+id+key), commas between them, each key and each name once",
        read: |config, text| {
            config.witnesses = keys(text, limit::WITNESSES, Kind::Cosignature)?;
            Some(())
        },
        show: |config| shown(&config.witnesses),
    },
    Setting {
        name: "quorum",
        help: "witnesses that must have signed a checkpoint before it counts, 0 to ask none",
        expected: "a number up to the number of witnesses",
        read: |config, text| text.parse().ok().map(|quorum| config.quorum = quorum),
        show: |config| config.quorum.to_string(),
    },
    Setting {
        name: "max_age",
        help: "seconds after which the witnesses' signatures are stale",
        expected: "a number of seconds from 1",
        read: |config, text| {
            config.max_age = text.parse().ok().filter(|seconds| *seconds > 0)?;
            Some(())
        },
        show: |config| config.max_age.to_string(),
    },
    Setting {
        name: "strict",
        help: "clients write nothing while the witnesses' signatures are stale",
        expected: "true or false",
        read: |config, text| text.parse().ok().map(|strict| config.strict = strict),
        show: |config| config.strict.to_string(),
    },
    Setting {
        name: "source",
        help: "address of the source of this very program",
        expected: "an address on one line that starts with https://",
        read: |config, text| {
            (is_plain(text) && text.starts_with("https://")).then(|| text.clone_into(&mut config.source))
        },
        show: |config| quoted(&config.source),
    },
    Setting {
        name: "log",
        help: "least grave events that are logged",
        expected: "error, warn or info",
        read: |config, text| {
            config.log = match text {
                "error" => Level::Error,
                "warn" => Level::Warn,
                "info" => Level::Info,
                _ => return None,
            };
            Some(())
        },
        show: |config| {
            quoted(match config.log {
                Level::Error => "error",
                Level::Warn => "warn",
                Level::Info => "info",
            })
        },
    },
];

/// Says something, on one line: what is printed of it can be read again.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_control)
}

/// Keys of notes with commas between them; none for an empty text. Each key and each name once.
fn keys(text: &str, most: u64, kind: Kind) -> Option<Vec<NoteKey>> {
    let mut keys: Vec<NoteKey> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        let key = NoteKey::parse(part).ok().filter(|key| key.kind() == kind)?;
        let is_known = |other: &NoteKey| other.is_like(&key) || other.name() == key.name();
        if keys.iter().any(is_known) {
            return None;
        }
        keys.push(key);
    }
    (keys.len() as u64 <= most).then_some(keys)
}

/// As it is read; nothing for none.
fn shown(keys: &[NoteKey]) -> String {
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    if keys.is_empty() {
        String::new()
    } else {
        quoted(keys.join(","))
    }
}

fn quoted(text: impl fmt::Display) -> String {
    toml::Value::String(text.to_string()).to_string()
}
