//! What is known of people besides the log: everything that passed between them and the server, and what they know
//! themselves. None of it may stand in the log.

use std::collections::BTreeMap;

use base64::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::Value;

use crate::evil::Exchange;

/// Byte strings, each with where it is from.
#[derive(Default, Clone)]
pub struct Facts {
    /// Under their bytes, so that each is there once.
    pub(super) known: BTreeMap<Vec<u8>, String>,
    /// Those that an IDENTITY says to everybody: label, hash of the bundle.
    pub(super) of_identities: BTreeMap<Vec<u8>, String>,
}

impl Facts {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every id, hash, ciphertext and text that passed on a line, but what is the log's own: its routes, and the tags that
    /// stand in it.
    pub fn hear(&mut self, memory: &[Exchange]) -> &mut Self {
        for exchange in memory {
            let path = exchange.request.path.as_str();
            if path.starts_with("/log/") || path.starts_with("/api/v1/log") {
                continue;
            }
            path.split('/').for_each(|step| self.text("path", step));
            for (name, value) in &exchange.request.headers {
                let words = value.split([' ', ',', '=', '"']);
                words.for_each(|word| self.text(name, word));
            }
            for (side, bytes) in [
                ("sent", &exchange.request.body),
                ("told", &exchange.response.body),
            ] {
                if let Ok(json) = serde_json::from_slice(bytes) {
                    self.json(side, &json);
                }
            }
        }
        self
    }

    /// Bytes that somebody knows, and how they are written in texts.
    pub fn know(&mut self, what: &str, bytes: &[u8]) -> &mut Self {
        let texts = match bytes.len() {
            ..=64 => [BASE64URL_NOPAD.encode(bytes), HEXLOWER.encode(bytes)].map(String::into_bytes),
            _ => Default::default(),
        };
        for form in [bytes.to_vec()].into_iter().chain(texts) {
            if form.len() >= LEAST {
                self.known.entry(form).or_insert_with(|| what.to_owned());
            }
        }
        self
    }

    /// What an IDENTITY says of this account; it may stand nowhere else.
    pub fn identity(&mut self, what: &str, bytes: &[u8]) -> &mut Self {
        self.of_identities.insert(bytes.to_vec(), what.to_owned());
        self.known.remove(bytes);
        self
    }

    /// With what is known of others.
    pub fn join(&mut self, other: &Self) -> &mut Self {
        self.known.extend(other.known.clone());
        self.of_identities.extend(other.of_identities.clone());
        self
    }

    /// The bytes of an id as texts write it; none where it is none.
    #[must_use]
    pub fn decoded(id: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(id.as_bytes()).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.len() + self.of_identities.len()
    }

    fn json(&mut self, at: &str, value: &Value) {
        match value {
            // Of a write: where its owner finds the entry, so that it stands there.
            Value::Object(map) => map
                .iter()
                .filter(|(key, _)| !(at.ends_with(".log") && *key == "tag"))
                .for_each(|(key, value)| self.json(&format!("{at}.{key}"), value)),
            Value::Array(items) => items.iter().for_each(|item| self.json(at, item)),
            Value::String(text) if at == "sent.label" => {
                let label = BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default();
                self.of_identities.insert(label, at.to_owned());
            }
            Value::String(text) => self.text(at, text),
            _ => {}
        }
    }

    fn text(&mut self, at: &str, text: &str) {
        match BASE64URL_NOPAD.decode(text.as_bytes()) {
            Ok(bytes) if bytes.len() >= LEAST => _ = self.know(at, &bytes),
            _ => _ = self.know(at, text.as_bytes()),
        }
    }
}

/// Fewer bytes are met by chance.
pub(super) const LEAST: usize = 8;

#[cfg(test)]
mod tests {
    use sdk::flows::{Method, Request, Response};

    use super::*;

    fn exchange(path: &str, sent: &str) -> Exchange {
        Exchange {
            request: Request {
                method: Method::Put,
                path: path.to_owned(),
                headers: vec![("authorization", "Civis s=AAECAwQFBgcICQoLDA0ODw".to_owned())],
                body: sent.as_bytes().to_vec().into(),
                max_answer: 0,
            },
            response: Response {
                status: 200,
                headers: Vec::new(),
                body: br#"{"head_hash":"_____________________w"}"#.to_vec().into(),
            },
        }
    }

    #[test]
    fn what_passed_is_known_but_what_the_log_has_itself() {
        let sent = r#"{"label":"EREREREREREREREREREREQ","log":{"seed":"IiIiIiIiIiIiIiIiIiIiIg",
            "tag":"MzMzMzMzMzMzMzMzMzMzMw"},"pages":["RERERERERERERERERERERA"],"handle":"alice.durand","short":"AA"}"#;
        let mut facts = Facts::new();
        facts.hear(&[
            exchange("/api/v1/collections/VVVVVVVVVVVVVVVVVVVVVQ/head", sent),
            exchange("/log/tile/0/ZmZmZmZmZmZmZmZmZmZmZg", "{}"),
        ]);
        let is_known = |bytes: &[u8]| facts.known.contains_key(bytes);
        for byte in [0x22, 0x44, 0x55, 0xff] {
            assert!(is_known(&[byte; 16]), "{byte:x}");
        }
        assert!(is_known(b"alice.durand") && is_known(&(0..16).collect::<Vec<u8>>()));
        assert!(is_known(b"VVVVVVVVVVVVVVVVVVVVVQ") && is_known(b"55555555555555555555555555555555"));
        for byte in [0x11, 0x33, 0x66] {
            assert!(!is_known(&[byte; 16]), "{byte:x}");
        }
        assert!(facts.of_identities.contains_key(&vec![0x11; 16]));
    }
}
