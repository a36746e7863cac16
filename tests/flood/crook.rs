//! A crook with an account: signs whatever it likes.

use std::net::SocketAddr;

use crypto::hash::sha256;
use crypto::id::Id;
use crypto::random::make_bytes;
use crypto::session::MacKey;
use crypto::words::Words;
use sdk::native::SystemRandom;
use shared::document::BeginUpload;
use shared::session::{Deployment, RecoveryChallenge, RecoveryFinish, RecoveryOpened, RecoveryStart};
use shared::{Blob, BodyId, Hash, RecoveryId, SessionId, path};

use crate::hostile::exchange;

/// An open session.
pub(crate) struct Crook {
    address: SocketAddr,
    account: Id,
    session: SessionId,
    key: MacKey,
}

impl Crook {
    /// Signs in by the words, which costs a crook nothing.
    pub(crate) async fn sign_in(address: SocketAddr, words: &str) -> Self {
        let words = Words::parse(words).unwrap();
        let ask = async |request: Vec<u8>| {
            let (status, body) = exchange(address, &request).await.unwrap();
            assert_eq!(status, 200);
            body
        };
        let card: Deployment = serde_json::from_slice(&ask(get(path::DEPLOYMENT)).await).unwrap();
        let start = RecoveryStart {
            recovery_id: RecoveryId(words.derive_recovery_id()),
        };
        let challenge = ask(post(path::RECOVERIES_START, &serde_json::to_vec(&start).unwrap())).await;
        let challenge: RecoveryChallenge = serde_json::from_slice(&challenge).unwrap();
        let proof = words.derive_recovery_auth().make_proof(
            card.deployment_id.as_bytes(),
            challenge.challenge.as_bytes(),
            challenge.login_id.as_bytes(),
        );
        let finish = RecoveryFinish {
            login_id: challenge.login_id,
            proof: Blob(proof.to_vec()),
        };
        let opened = ask(post(
            path::RECOVERIES_FINISH,
            &serde_json::to_vec(&finish).unwrap(),
        ))
        .await;
        let opened: RecoveryOpened = serde_json::from_slice(&opened).unwrap();
        Self {
            address,
            account: opened.account_id.0,
            session: opened.session_id,
            key: MacKey::derive(opened.session_secret.as_bytes(), opened.session_id.as_bytes()),
        }
    }

    /// Begins as many uploads as one may, each with the largest record.
    pub(crate) async fn hoard(&self) {
        for _ in 0..shared::limit::UPLOADS {
            let begin = self.begin_upload();
            let request = self.json("POST", path::UPLOADS, &serde_json::to_vec(&begin).unwrap());
            assert_eq!(exchange(self.address, &request).await.unwrap().0, 201);
        }
    }

    fn begin_upload(&self) -> BeginUpload {
        let body: Id = make_bytes(&mut SystemRandom).unwrap();
        let mut reference = [0; 32];
        reference[..16].copy_from_slice(&body);
        // Salt, commitment, a tag for each of three chunks, and the longest padded content that a record holds.
        let sealed = vec![7; 24 + 32 + 3 * 16 + 191 * 256];
        let len = u32::try_from(sealed.len()).unwrap().to_be_bytes();
        let head = [
            b"CAR1\x01\x03\0\0".as_slice(),
            &self.account,
            &1_u64.to_be_bytes(),
            &reference,
            &len,
        ];
        BeginUpload {
            body_id: BodyId(body),
            ct_len: crypto::document::padding::Shape::of_plain(1_000).unwrap().ct_len,
            record: Blob([head.concat(), sealed].concat()),
        }
    }

    /// A signed GET.
    pub(crate) fn get(&self, target: &str) -> Vec<u8> {
        self.request("GET", target, "", &sha256(b""), b"")
    }

    /// A signed JSON request.
    pub(crate) fn json(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let fields = format!(
            "content-type: application/json\r\ncontent-length: {}\r\nif-match: \"{}\"\r\n",
            body.len(),
            Hash([7; 32])
        );
        self.request(method, target, &fields, &sha256(body), body)
    }

    /// The head of a signed part of this length, of which nothing is sent yet.
    pub(crate) fn part(&self, target: &str, len: usize) -> Vec<u8> {
        let hash = [9; 32];
        let fields = format!(
            "content-type: application/octet-stream\r\ncontent-length: {len}\r\n{}: {}\r\n",
            path::PART_HASH,
            Hash(hash)
        );
        self.request("PUT", target, &fields, &hash, b"")
    }

    fn request(&self, method: &str, target: &str, fields: &str, digest: &[u8; 32], body: &[u8]) -> Vec<u8> {
        let mac = Hash(self.key.authenticate(method, target, digest));
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: civis\r\nauthorization: Civis {}.{mac}\r\n{fields}\r\n",
            self.session
        );
        [head.as_bytes(), body].concat()
    }
}

/// An unsigned GET.
pub(crate) fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: civis\r\n\r\n").into_bytes()
}

/// An unsigned JSON POST.
pub(crate) fn post(target: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: civis\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
