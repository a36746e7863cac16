//! Witnesses of a world's log: their keys, and what they sign. Honest ones sign whatever the server asks them to.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crypto::audit::note::{Kind, Note, NoteSigner};
use shared::path;
use tokio::task::JoinHandle;

use crate::world::{World, WorldError, plain_get, plain_post};

/// The key of a witness, by its number.
///
/// # Panics
/// Never: the name has the form of one.
#[must_use]
pub fn witness(number: u8) -> NoteSigner {
    NoteSigner::from_seed(
        &format!("temoin{number}.fr"),
        Kind::Cosignature,
        &[0x40 + number; 32],
    )
    .expect("a key")
}

/// This witness's signature of a text, at a time in Unix seconds.
///
/// # Panics
/// Where it is no text of a note.
#[must_use]
pub fn cosigned(number: u8, text: &str, time: u64) -> Note {
    witness(number).sign(text, time).expect("a text")
}

/// Unix seconds.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Witnesses that come again and again, until this is dropped.
pub struct Rounds(JoinHandle<()>);

impl Drop for Rounds {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl World {
    /// Starts a server that asks `quorum` of so many witnesses; each has signed once, and nobody comes again by itself.
    ///
    /// # Errors
    /// See [`WorldError`].
    pub async fn start_witnessed(witnesses: u8, quorum: u8, strict: bool) -> Result<Self, WorldError> {
        let keys = (0..witnesses).map(|number| witness(number).public().clone());
        let world = Self::start(|config| {
            config.witnesses = keys.collect();
            (config.quorum, config.strict) = (quorum, strict);
        })
        .await?;
        for number in 0..witnesses {
            cosign(world.address(), number, now()).await?;
        }
        Ok(world)
    }

    /// From now on these witnesses sign what the server asks for, as soon as it asks.
    #[must_use]
    pub fn comes_again(&self, witnesses: &[u8]) -> Rounds {
        let (address, witnesses) = (self.address(), witnesses.to_vec());
        Rounds(tokio::spawn(async move {
            loop {
                for number in &witnesses {
                    // A server that stops or restarts is asked again.
                    let _ = cosign(address, *number, now()).await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }))
    }
}

/// Has a witness sign what the server asks for; the status that it answers.
///
/// # Errors
/// See [`WorldError`].
pub async fn cosign(address: SocketAddr, number: u8, time: u64) -> Result<u16, WorldError> {
    let asked = plain_get(address, path::NEWEST, "").await?.body;
    let asked = Note::parse(&asked).map_err(|_| WorldError::Answer)?;
    let note = cosigned(number, asked.text(), time).to_bytes();
    let answer = plain_post(address, path::COSIGNATURES, "text/plain", &note).await?;
    Ok(answer.status)
}
