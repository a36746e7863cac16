//! The flows of `spec/flows.md`, each driven through the sdk against the product's server and store.

#![allow(clippy::unwrap_used, reason = "tests")]

mod account;
mod archive;
mod bad_input;
mod commit;
mod device;
mod document;
mod evidence;
mod history;
mod import;
mod kit;
mod many;
mod random;
mod restored;
mod resume;
mod secrets;
mod upload;
mod versions;
mod ways;

use tests::world::World;

/// A server of the product's own making, with its ordinary settings.
async fn world() -> World {
    World::start(|_| {}).await.unwrap()
}
