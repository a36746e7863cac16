//! The flows of `spec/flows.md`, each driven through the sdk against the product's server and store.

#![allow(clippy::unwrap_used, reason = "tests")]

mod account;
mod archive;
mod commit;
mod device;
mod document;
mod evidence;
mod import;
mod secrets;
mod upload;

use tests::world::World;

/// A server of the product's own making, with its ordinary settings.
async fn world() -> World {
    World::start(|_| {}).await.unwrap()
}
